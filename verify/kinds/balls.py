"""python-flint balls: every result contains the true value, at ``flint.ctx.prec`` bits.

A comparison of balls has three answers.  Where it is undecided the indicator is the ball [0, 1], `where` is
the union of both branches, and a maximum or minimum encloses both: a rule that branches stays an enclosure.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from flint import arb, fmpq

from engine.arithmetic import Arithmetic, register

Number = arb | float | Fraction
"""What may stand where a ball is expected."""

UNDECIDED = arb(0.5, 0.5)  # [0, 1], exactly
_ENOUGH = 64  # bits, for most who ask


class BallArithmetic(Arithmetic):
    """Functions of balls; constants are made at the precision of the moment."""

    @property
    def pi(self) -> arb:
        return arb.pi()


def ball(x: Number) -> arb:
    """``x`` as a ball: exact for ints and floats, rounded to the precision of the moment for fractions."""
    if isinstance(x, arb):
        return x
    return ratio(x.numerator, x.denominator) if isinstance(x, Fraction) else arb(x)


def ratio(p: int, q: int) -> arb:
    """p/q at the precision of the moment."""
    return arb(fmpq(p, q))


def union(a: arb, b: arb) -> arb:
    """The smallest ball around both; NaN stays out of sight only where the other is chosen."""
    return a.union(b)


def cbrt(x: Number) -> arb:
    """The real cube root, odd and increasing: around 0 it spans the roots of the ends."""
    x = ball(x)
    if x > 0:
        return x.root(3)
    if x < 0:
        return -(-x).root(3)
    return union(_cbrt_of_end(x.lower()), _cbrt_of_end(x.upper()))


def _cbrt_of_end(x: arb) -> arb:
    return x if x == 0 or x.is_nan() else cbrt(x)  # arb's own root of 0 is not a number


def hypot(x: Number, y: Number) -> arb:
    """√(x² + y²); the sum of squares of balls around 0 is kept from dipping below it."""
    x, y = ball(x), ball(y)
    return (x * x + y * y).nonnegative_part().sqrt()


def erfc(x: Number) -> arb:
    """erfc: far out by the mean value theorem, |erfc'| = 2/√π·e**(-x²); there arb's own of a ball keeps no digits."""
    x = ball(x)
    own = x.erfc()
    if own.rel_accuracy_bits() > _ENOUGH or not x.is_finite():
        return own
    slope = 2 / arb.pi().sqrt() * (-(arb(x.abs_lower()) ** 2)).exp()
    better = x.mid().erfc() + arb(0, (slope * x.rad()).upper())
    return better if better.rad() < own.rad() else own


def lgamma(x: Number) -> arb:
    """log|Γ(x)|, as `math.lgamma` has it: also left of 0, where Γ changes sign from pole to pole."""
    x = ball(x)
    return x.lgamma() if x > 0 else abs(x.gamma()).log()


def trigamma(x: Number) -> arb:
    """ψ'(x) = ζ(2, x); left of 0 by the reflection π²/sin(πx)² - ψ'(1 - x)."""
    x = ball(x)
    if x > 0:
        return arb(2).zeta(x)
    return (arb.pi() / x.sin_pi()) ** 2 - arb(2).zeta(1 - x)


def maximum(a: Number, b: Number) -> arb:
    a, b = ball(a), ball(b)
    if a >= b:
        return a
    return b if b >= a else a.max(b)


def minimum(a: Number, b: Number) -> arb:
    a, b = ball(a), ball(b)
    if a <= b:
        return a
    return b if b <= a else a.min(b)


def sigmoid(x: Number) -> arb:
    """1/(1 + e**-x), which mentions x once; e**x/(1 + e**x) where e**-x is beyond any bound."""
    t = (-ball(x)).exp()
    if t.is_finite():
        return 1 / (1 + t)
    t = ball(x).exp()
    return t / (1 + t)


def softplus(x: Number) -> arb:
    """log(1 + e**x), written for large x as x + log1p(e**-x)."""
    x = ball(x)
    return x + (-x).exp().log1p() if x > 0 else x.exp().log1p()


def _where(condition: Number, a: Number, b: Number) -> arb:
    chosen = ball(condition)
    if chosen != 0:
        return ball(a)
    return ball(b) if chosen == 0 else union(ball(a), ball(b))


Comparison = Callable[[arb, arb], bool]


def _indicator(holds: Comparison, fails: Comparison) -> Callable[[Number, Number], arb | int]:
    def indicator(a: Number, b: Number) -> arb | int:
        a, b = ball(a), ball(b)
        return 1 if holds(a, b) else 0 if fails(a, b) else UNDECIDED

    return indicator


def _method(name: str) -> Callable[[Number], arb]:
    function: Callable[[arb], arb] = getattr(arb, name)
    return lambda x: function(ball(x))


BALLS = BallArithmetic(
    "arb ball",
    {
        "ratio": ratio,
        "one": lambda _: arb(1),
        "divide": lambda a, b: ball(a) / ball(b),
        "pow": lambda x, n: ball(x) ** ball(n),
        "maximum": maximum,
        "minimum": minimum,
        "ge": _indicator(arb.__ge__, arb.__lt__),
        "gt": _indicator(arb.__gt__, arb.__le__),
        "le": _indicator(arb.__le__, arb.__gt__),
        "lt": _indicator(arb.__lt__, arb.__ge__),
        "where": _where,
        "cbrt": cbrt,
        "erfc": erfc,
        "hypot": hypot,
        "atan2": lambda y, x: arb.atan2(ball(y), ball(x)),
        "sigmoid": sigmoid,
        "softplus": softplus,
        **{
            name: _method(name)
            for name in (
                *("sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "asin", "acos", "atan"),
                *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf"),
            )
        },
    },
)

register(arb, BALLS)
