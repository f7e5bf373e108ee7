"""`backproof.derivations` under its short name."""

from backproof.short_names import adopt

adopt("derivations")
