"""Functions of IEEE doubles that never raise: poles are infinite, what has no value is NaN, as with NumPy scalars."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from flint import arb, ctx

from engine.arithmetic import FLOATS
from verify.trace.term import PARAMETRIC

_BITS = (96, 384, 1536, 4096)  # of a ball, for the functions that `math` lacks: until it tells the double
_ENOUGH = 60  # of them known, beyond the 53 of a double


def _total(function: Callable[..., float], poles: dict[float, float] | None = None) -> Callable[..., float]:
    """``function`` with its value at each pole, and NaN wherever else it has none."""
    if poles is None:

        def total(*x: float) -> float:
            try:
                return float(function(*x))
            except (ValueError, ArithmeticError):
                return math.nan

        return total

    def infinite(x: float) -> float:
        return poles[x] if x in poles else total(x)

    total = _total(function)
    return infinite


def _whole(function: Callable[[float], int]) -> Callable[[float], float]:
    """`math.floor` or `math.ceil` with a float for an answer: -0.0, infinities and NaN stay what they are."""
    return lambda x: math.copysign(float(function(x)), x) if math.isfinite(x) else x


def _by_balls(name: str) -> Callable[..., float]:
    """The float nearest to a ball of the function; NaN where it has no value, or none that balls can tell."""

    def nearest(*x: float) -> float:
        from verify.kinds import balls, special_balls

        function = special_balls.FUNCTIONS.get(name) or getattr(balls, name, None) or getattr(arb, name)
        for bits in _BITS:
            with ctx.workprec(bits):
                ball = function(*map(arb, x))
            if ball.rel_accuracy_bits() > _ENOUGH or ball.is_zero():
                return float(ball)
        return math.nan

    return nearest


def _lgamma(x: float) -> float:
    try:
        return math.lgamma(x)
    except (ValueError, OverflowError):  # a pole, or beyond the largest float
        return math.inf


def _gamma(x: float) -> float:
    try:
        return math.gamma(x)
    except OverflowError:
        return math.inf
    except ValueError:  # a pole: infinite at 0, where the sign of 0 says from which side
        return math.copysign(math.inf, x) if x == 0 else math.nan


def _digamma(x: float) -> float:
    if x == 0:
        return -math.copysign(math.inf, x)
    return x if x == math.inf else _by_balls("digamma")(x)


def _trigamma(x: float) -> float:
    if math.isinf(x):
        return 0.0 if x > 0 else math.nan
    return math.inf if x <= 0 and x == int(x) else _by_balls("trigamma")(x)


_INFINITE = {1.0: math.inf, -1.0: -math.inf}

SPECIAL: dict[str, Callable[..., float]] = {
    "lgamma": _lgamma,
    "digamma": _total(_digamma),
    "trigamma": _total(_trigamma),
    "erfinv": _total(_by_balls("erfinv"), _INFINITE),
    "gamma": _total(_gamma),
    "spence": _total(_by_balls("spence")),
    "expi": _total(_by_balls("expi"), {0.0: -math.inf}),
    **{name: _total(_by_balls(name)) for name in PARAMETRIC},
}
"""What `math` and the engine's float arithmetic lack."""

DOUBLES: dict[str, Any] = {
    **{name: _total(f) for name, f in vars(FLOATS).items() if callable(f) and name != "where"},
    **SPECIAL,
    "div": FLOATS.divide,
    "abs": abs,
    "floor": _whole(math.floor),
    "ceil": _whole(math.ceil),
    "log": _total(math.log, {0.0: -math.inf}),
    "log1p": _total(math.log1p, {-1.0: -math.inf}),
    "atanh": _total(math.atanh, _INFINITE),
}
"""Every function of a term, by op."""
