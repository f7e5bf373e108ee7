"""mpmath numbers: ``mpmath.mp.prec`` bits of precision, constants included.

They are rounded, not enclosed; where an error bound is needed, use balls (`verify.arithmetics.balls`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
from mpmath import mp, mpf

from backproof.engine.arithmetic import FLOATS, Arithmetic, register
from backproof.verify.terms.ops import ENGINE


def _real(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """mpmath's function; raises ValueError where its value is complex."""

    def real(*x: Any) -> Any:
        value = function(*x)
        if isinstance(value, mpmath.mpc):
            raise ValueError(f"{name}({', '.join(map(repr, x))}) has no real value")
        return value

    return real


def _kept(choose: Callable[..., Any]) -> Callable[..., Any]:
    """A choice among numbers, as an mpmath number also where the plain constant is chosen."""
    return lambda *x: mpf(choose(*x))


def _cbrt(x: Any) -> Any:
    """The real cube root, odd in x."""
    return -mp.cbrt(-x) if x < 0 else mp.cbrt(x)


def _divide(a: Any, b: Any) -> Any:
    """a/b, infinite at a pole (mpmath has no -0, so a pole has the sign of a)."""
    if b != 0:
        return mpf(a) / b
    return mp.nan if a == 0 or a != a else mp.inf * mp.sign(a)


DIGITS = Arithmetic(
    "mpmath",
    {
        "pi": mp.pi,  # evaluated on use, at the current precision
        "ratio": lambda p, q: mpf(p) / q,
        "one": lambda _: mpf(1),
        "divide": _divide,
        "pow": _real("pow", lambda x, n: mpf(x) ** n),
        **{name: _real(name, getattr(mp, name)) for name in ENGINE if hasattr(mp, name)},
        "cbrt": _cbrt,
        **{name: _kept(getattr(FLOATS, name)) for name in ("maximum", "minimum", "where")},
        **{name: getattr(FLOATS, name) for name in ("ge", "gt", "le", "lt")},
    },
)

register(mpf, DIGITS)
