"""The version of the distribution."""

from backproof.engine import __version__


def version() -> str:
    """Backproof's version, for example "0.1.0"."""
    return __version__
