"""mpmath numbers: as many digits as ``mpmath.mp.prec`` asks for, constants included.

They are rounded, not enclosed; where a bound on the error is needed, use balls (`verify.kinds.balls`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
from mpmath import mp, mpf

from engine.arithmetic import FLOATS, Arithmetic, register


def _real(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """mpmath's function, refused where its value is complex."""

    def real(*x: Any) -> Any:
        value = function(*x)
        if isinstance(value, mpmath.mpc):
            raise ValueError(f"{name}({', '.join(map(repr, x))}) has no real value")
        return value

    return real


def _kept(choose: Callable[..., Any]) -> Callable[..., Any]:
    """A choice among numbers, as an mpmath number also where the plain constant wins."""
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
        "pi": mp.pi,  # evaluated where it is used, at the precision of the moment
        "ratio": lambda p, q: mpf(p) / q,
        "one": lambda _: mpf(1),
        "divide": _divide,
        "pow": _real("pow", lambda x, n: mpf(x) ** n),
        "cbrt": _cbrt,
        **{name: _kept(getattr(FLOATS, name)) for name in ("maximum", "minimum", "where")},
        **{name: getattr(FLOATS, name) for name in ("ge", "gt", "le", "lt")},
        **{
            name: _real(name, getattr(mp, name))
            for name in (
                *("sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "asin", "acos", "atan"),
                *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "atan2", "erf", "erfc", "hypot"),
            )
        },
    },
)

register(mpf, DIGITS)
