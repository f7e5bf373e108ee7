"""Verify hand-written derivatives: proved, or refuted with a point anyone can check by hand.

    from backproof import verify
    verify.check(tanh, tanh_backward, definition="tanh(x)")

Importing this package loads nothing else: SymPy and the rest are imported with the first name that needs them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backproof.verify.api import cases as cases
    from backproof.verify.api import check as check
    from backproof.verify.api import check_engine as check_engine
    from backproof.verify.graph import check_graph as check_graph
    from backproof.verify.graph import mirror_gradient as mirror_gradient
    from backproof.verify.run.report import Report as Report
    from backproof.verify.run.targets import pair as pair
    from backproof.verify.support.errors import DerivativeError as DerivativeError
    from backproof.verify.support.errors import UsageError as UsageError

_PLACES = {
    **dict.fromkeys(("cases", "check", "check_engine"), "backproof.verify.api"),
    **dict.fromkeys(("DerivativeError", "UsageError"), "backproof.verify.support.errors"),
    **dict.fromkeys(("check_graph", "mirror_gradient"), "backproof.verify.graph"),
    "pair": "backproof.verify.run.targets",
    "Report": "backproof.verify.run.report",
}

__all__ = [
    *("DerivativeError", "Report", "UsageError"),
    *("cases", "check", "check_engine", "check_graph", "mirror_gradient", "pair"),
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'verify' has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *_PLACES]


if __name__ == "verify":  # found by its short name
    from backproof.short_names import adopt

    adopt(__name__)
