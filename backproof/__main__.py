"""``python -m backproof``: the same as ``python -m verify``, under a name that no folder of a user's takes."""

from backproof.verify import __main__ as __main__
