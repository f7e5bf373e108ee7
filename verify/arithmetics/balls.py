"""python-flint balls (intervals): every result contains the true value, at ``flint.ctx.prec`` bits.

A comparison of intervals is True, False or None (undecided).  Where it is undecided the indicator of a rule is
[0, 1], `where` is the union of both branches, and a maximum or minimum encloses both: a rule that branches stays
an enclosure.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from flint import arb, fmpq

from backproof.engine.arithmetic import Arithmetic, register
from backproof.verify.terms.ops import ENGINE, SPECIAL, UNARY

Number = arb | float | Fraction
"""Accepted where an interval is expected."""

UNDECIDED = arb(0.5, 0.5)  # [0, 1], exactly
_ENOUGH = 64  # bits, enough for most callers


class BallArithmetic(Arithmetic):
    """Functions of intervals; constants are made at the current precision."""

    @property
    def pi(self) -> arb:
        return arb.pi()


def ball(x: Number) -> arb:
    """``x`` as an interval: exact for ints and floats, rounded to the current precision for fractions."""
    if isinstance(x, arb):
        return x
    return ratio(x.numerator, x.denominator) if isinstance(x, Fraction) else arb(x)


def ratio(p: int, q: int) -> arb:
    """p/q at the current precision."""
    return arb(fmpq(p, q))


# -------------------------------------------------------------------------------------------- functions of intervals


def square(x: Any) -> Any:
    return x * x


def cbrt(x: arb) -> arb:
    """The real cube root, odd and increasing: around 0 it spans the roots of the ends."""
    if x > 0:
        return x.root(3)
    if x < 0:
        return -(-x).root(3)
    return _cbrt_of_end(x.lower()).union(_cbrt_of_end(x.upper()))


def _cbrt_of_end(x: arb) -> arb:
    return x if x == 0 or x.is_nan() else cbrt(x)  # arb's own root of 0 is not a number


def hypot(x: arb, y: arb) -> arb:
    """√(x² + y²); the sum of squares is clamped at 0, for intervals around 0."""
    return (x * x + y * y).nonnegative_part().sqrt()


def erfc(x: arb) -> arb:
    """erfc: far out by the mean value theorem, |erfc'| = 2/√π·e**(-x²), since arb's own loses all digits there."""
    own = x.erfc()
    if own.rel_accuracy_bits() > _ENOUGH or not x.is_finite():
        return own
    partial = 2 / arb.pi().sqrt() * (-(arb(x.abs_lower()) ** 2)).exp()
    better = x.mid().erfc() + arb(0, (partial * x.rad()).upper())
    return better if better.rad() < own.rad() else own


def lgamma(x: arb) -> arb:
    """log|Γ(x)|, as in `math.lgamma`: also left of 0, where Γ changes sign from pole to pole."""
    return x.lgamma() if x > 0 else abs(x.gamma()).log()


def trigamma(x: arb) -> arb:
    """ψ'(x) = ζ(2, x); left of 0 by the reflection π²/sin(πx)² - ψ'(1 - x)."""
    if x > 0:
        return arb(2).zeta(x)
    return (arb.pi() / x.sin_pi()) ** 2 - arb(2).zeta(1 - x)


def maximum(a: arb, b: arb) -> arb:
    if a >= b:
        return a
    return b if b >= a else a.max(b)


def minimum(a: arb, b: arb) -> arb:
    if a <= b:
        return a
    return b if b <= a else a.min(b)


def sigmoid(x: arb) -> arb:
    """1/(1 + e**-x), in which x occurs once; e**x/(1 + e**x) where e**-x is beyond any bound."""
    t = (-x).exp()
    if t.is_finite():
        return 1 / (1 + t)
    t = x.exp()
    return t / (1 + t)


def softplus(x: arb) -> arb:
    """log(1 + e**x), written for large x as x + log1p(e**-x)."""
    return x + (-x).exp().log1p() if x > 0 else x.exp().log1p()


FUNCTIONS: dict[str, Callable[..., arb]] = {
    **{name: getattr(arb, name) for name in (*UNARY, *SPECIAL) if hasattr(arb, name) and not hasattr(operator, name)},
    **{f.__name__: f for f in (cbrt, hypot, erfc, lgamma, trigamma, maximum, minimum)},
    "atan2": arb.atan2,
}
"""The primitives on intervals only; with those of `verify.arithmetics.special_balls`."""

# ------------------------------------------------------------------------------------------ three-valued conditions


def _decided(holds: Callable[[arb, arb], bool], fails: Callable[[arb, arb], bool]) -> Callable[[arb, arb], bool | None]:
    return lambda a, b: True if holds(a, b) else False if fails(a, b) else None


_OPPOSITE = {"lt": "ge", "ge": "lt", "le": "gt", "gt": "le", "eq": "ne", "ne": "eq"}

DECIDED: dict[str, Callable[..., bool | None]] = {
    **{op: _decided(getattr(operator, op), getattr(operator, other)) for op, other in _OPPOSITE.items()},
    "and": lambda a, b: False if a is False or b is False else True if a and b else None,
    "or": lambda a, b: True if a or b else False if a is False and b is False else None,
    "not": lambda a: None if a is None else not a,
    "true": lambda: True,
    "false": lambda: False,
}
"""Conditions on intervals: None where undecided."""


# ---------------------------------------------------------------------------------------------------- the arithmetic


def _where(condition: Number, a: Number, b: Number) -> arb:
    chosen = ball(condition)
    if chosen != 0:
        return ball(a)
    return ball(b) if chosen == 0 else ball(a).union(ball(b))


def _indicator(decide: Callable[[arb, arb], bool | None]) -> Callable[[Number, Number], arb | int]:
    def indicator(a: Number, b: Number) -> arb | int:
        result = decide(ball(a), ball(b))
        return UNDECIDED if result is None else int(result)

    return indicator


def _of_numbers(function: Callable[..., arb]) -> Callable[..., arb]:
    return lambda *x: function(*map(ball, x))


BALLS = BallArithmetic(
    "arb ball",
    {
        "ratio": ratio,
        "one": lambda _: arb(1),
        "where": _where,
        "divide": _of_numbers(operator.truediv),
        "pow": _of_numbers(operator.pow),
        **{name: _indicator(DECIDED[name]) for name in ("ge", "gt", "le", "lt")},
        **{name: _of_numbers(function) for name, function in FUNCTIONS.items() if name in ENGINE},
        **{function.__name__: _of_numbers(function) for function in (sigmoid, softplus)},
    },
)

register(arb, BALLS)
