"""Verify hand-written derivatives: proved, or refuted with a point anyone can check by hand.

    import verify
    verify.check(tanh, tanh_backward, definition="tanh(x)")

Importing this package loads nothing else: SymPy and the rest come with the first name that is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verify.api import cases as cases
    from verify.api import check as check
    from verify.api import check_engine as check_engine
    from verify.api import pair as pair
    from verify.errors import DerivativeError as DerivativeError
    from verify.errors import UsageError as UsageError
    from verify.graph import check_graph as check_graph
    from verify.graph import mirror_gradient as mirror_gradient
    from verify.report import Report as Report

_PLACES = {
    **dict.fromkeys(("cases", "check", "check_engine", "pair"), "verify.api"),
    **dict.fromkeys(("DerivativeError", "UsageError"), "verify.errors"),
    **dict.fromkeys(("check_graph", "mirror_gradient"), "verify.graph"),
    "Report": "verify.report",
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
