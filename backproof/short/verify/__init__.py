"""`backproof.verify` under its short name."""

from typing import TYPE_CHECKING

from backproof.short_names import adopt

if TYPE_CHECKING:
    from backproof.verify import *  # noqa: F403 - at runtime it would load SymPy and the rest

adopt("verify")
