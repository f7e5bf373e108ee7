"""Backproof verifies hand-written derivatives: proved, or refuted with a point anyone can check by hand.

    import backproof
    backproof.check(tanh, tanh_backward, definition="tanh(x)")

Importing this package loads nothing else: SymPy and the rest come with the first name that is asked for.

Its three parts are `backproof.engine`, `backproof.verify` and `backproof.derivations`, and our own code imports them
by these names only, since a user's folder may hold an ``engine.py`` of its own.  Wherever the short names ``engine``,
``verify`` and ``derivations`` are free they are the same modules (`backproof.short_names`).
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backproof.verify import DerivativeError as DerivativeError
    from backproof.verify import Report as Report
    from backproof.verify import UsageError as UsageError
    from backproof.verify import cases as cases
    from backproof.verify import check as check
    from backproof.verify import check_engine as check_engine
    from backproof.verify import check_graph as check_graph
    from backproof.verify import mirror_gradient as mirror_gradient
    from backproof.verify import pair as pair

_HERE = os.path.dirname(os.path.abspath(__file__))
_PART = os.path.join(_HERE, "verify")

if os.path.islink(_PART) or not os.path.isdir(_PART):
    # A checkout: the three parts stand beside this folder.  The links in it are for editors and type checkers, which
    # do not read `__path__`; Python goes by the real folders, and does so where a system has no links, too.
    __path__.insert(0, os.path.dirname(_HERE))


_PARTS = ("engine", "verify", "derivations")


def __getattr__(name: str) -> Any:
    if name in _PARTS:
        return import_module(f"backproof.{name}")
    verify = import_module("backproof.verify")
    if name not in verify.__all__:
        raise AttributeError(f"module 'backproof' has no attribute {name!r}")
    return getattr(verify, name)


def __dir__() -> list[str]:
    return [*globals(), *_PARTS, *import_module("backproof.verify").__all__]
