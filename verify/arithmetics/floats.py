"""Two more kinds of plain float, which never raise: a trace's own, and IEEE doubles; and columns of each.

`engine.FLOATS` raises where a function has no value, as `math` does.  A term holds all its branches, and the one not
taken must not raise: a `QUIET` float is NaN there.  `DOUBLES` behave as NumPy's scalars: poles are
infinite, a result without a value is NaN, and integer constants are floats too.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

from flint import arb, ctx

from backproof.engine.arithmetic import FLOATS, Arithmetic
from backproof.verify.arithmetics.columns import COLUMNS, indicator, pointwise
from backproof.verify.arithmetics.special_balls import ON_BALLS
from backproof.verify.terms.ops import COMPARISONS, PARAMETRIC, SPECIAL

_BITS = (96, 384, 1536, 4096)  # for the functions that `math` lacks: increased until the interval determines the double
_ENOUGH = 60  # known bits, beyond the 53 of a double


def _quiet(function: Callable[..., Any], poles: dict[float, float] | None = None) -> Callable[..., Any]:
    """``function`` with its value at each pole, and NaN wherever else it has none."""

    def quiet(*x: float) -> Any:
        try:
            return function(*x)
        except (ValueError, ArithmeticError):
            return math.nan

    return quiet if poles is None else lambda x: poles[x] if x in poles else quiet(x)


def _whole(function: Callable[[float], int]) -> Callable[[float], float]:
    """`math.floor` or `math.ceil` returning a float: -0.0, infinities and NaN are unchanged."""
    return lambda x: math.copysign(float(function(x)), x) if math.isfinite(x) else x


def _by_balls(name: str) -> Callable[..., float]:
    """The float nearest to an interval of the function; NaN where it has no value, or the interval stays too wide."""

    def nearest(*x: float) -> float:
        for bits in _BITS:
            with ctx.workprec(bits):
                ball = ON_BALLS[name](*map(arb, x))
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

_SPECIAL: dict[str, Callable[..., float]] = {
    **{name: _quiet(_by_balls(name)) for name in (*SPECIAL, *PARAMETRIC)},
    "lgamma": _lgamma,
    "digamma": _quiet(_digamma),
    "trigamma": _quiet(_trigamma),
    "erfinv": _quiet(_by_balls("erfinv"), _INFINITE),
    "gamma": _quiet(_gamma),
    "expi": _quiet(_by_balls("expi"), {0.0: -math.inf}),
    "ellipk": _quiet(_by_balls("ellipk"), {1.0: math.inf}),
}
"""Functions that `math` and the engine's float arithmetic lack."""

_CONDITIONS: dict[str, Any] = {
    **{name: getattr(operator, name) for name in COMPARISONS},
    **{"and": operator.and_, "or": operator.or_, "not": operator.not_, "true": lambda: True, "false": lambda: False},
}


def nearest(value: Any) -> float | int:
    """The float of a constant; integers stay integers, as in the rule's source."""
    if isinstance(value, str):
        return float(value)
    try:
        return int(value) if value.denominator == 1 and abs(value) < 2**53 else value.numerator / value.denominator
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _with(m: Arithmetic, name: str, functions: Mapping[str, Any]) -> Arithmetic:
    """The arithmetic with some functions of another kind."""
    found = copy(m)
    vars(found).update(functions, name=name)
    return found


QUIET = _with(
    FLOATS,
    "quiet float",
    {
        **{name: _quiet(f) for name, f in vars(FLOATS).items() if callable(f)},
        **_SPECIAL,
        **_CONDITIONS,
        "const": nearest,
        "where": FLOATS.where,
        "div": FLOATS.divide,
        "floor": _quiet(_whole(math.floor)),  # a float, as of x // 1: an int may be beyond all floats
        "ceil": _quiet(_whole(math.ceil)),
    },
)

DOUBLES = _with(
    QUIET,
    "IEEE double",
    {
        "const": lambda value: float(nearest(value)),
        "floor": _whole(math.floor),
        "ceil": _whole(math.ceil),
        "log": _quiet(math.log, {0.0: -math.inf}),
        "log1p": _quiet(math.log1p, {-1.0: -math.inf}),
        "atanh": _quiet(math.atanh, _INFINITE),
    },
)


def _columns(floats: Arithmetic) -> Arithmetic:
    """Columns of such floats; where a float would have raised, or is NaN, the point is doubtful."""
    own = {name: pointwise(f, f) for name, f in vars(floats).items() if callable(f)}
    conditions = {
        **{name: indicator(getattr(operator, name)) for name in COMPARISONS},
        **{"and": operator.mul, "or": COLUMNS.maximum, "not": lambda x: 1 - x, "true": lambda: 1, "false": lambda: 0},
    }
    functions = {**own, **vars(COLUMNS), **conditions, "const": nearest, "div": COLUMNS.divide}
    return _with(COLUMNS, f"column of {floats.name}s", functions)


QUIET_COLUMNS, IEEE_COLUMNS = _columns(QUIET), _columns(DOUBLES)
