"""`backproof.engine` under its short name."""

from backproof.engine import *  # noqa: F403 - for type checkers
from backproof.short_names import adopt

adopt("engine")
