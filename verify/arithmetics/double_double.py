"""Double-double arrays with a running bound on their error: the arithmetic of the screening tier.

A number is the sum of two floats, ``high + low`` with |low| at most half an ULP of ``high``, and ``error`` bounds
how far that sum is from the true number.  Sums and products are exact but for terms of 2**-104 (Dekker, "A
floating-point technique for extending the available precision", 1971; Knuth, TAOCP 2, 4.2.2); each function below
states its bound.  The bounds themselves are rounded: `SLACK` at the end accounts for that.  Where a
float overflows the error becomes NaN or infinite, and the point is left to ball arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import cache, reduce
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backproof.engine.arithmetic import Arithmetic

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

TINY = 2.0**-1060  # more than all that underflow can take away in one operation
SLACK = 1 + 2.0**-20
_SUM, _PRODUCT, _QUOTIENT, _ROOT = 2.0**-104, 2.0**-102, 2.0**-100, 2.0**-98
_SPLIT = 134217729.0  # 2**27 + 1


class Doubled(NamedTuple):
    """high + low, within ``error`` of the true number; arrays, or single numbers that fit any array."""

    high: Any
    low: Any
    error: Any


def constant(value: Fraction | float) -> Doubled:
    """An exact number, to 106 bits."""
    try:
        high = float(value)
    except OverflowError:  # beyond all floats
        return Doubled(math.inf, 0.0, math.inf)
    low = float(Fraction(value) - Fraction(high))
    return Doubled(high, low, abs(high) * 2.0**-105 if Fraction(high) + Fraction(low) != value else 0.0)


PI = Doubled(math.pi, 1.2246467991473532e-16, 2.0**-105)
"""The float nearest to π, the float nearest to the rest, and a bound on the remainder."""


def two_sum(a: Any, b: Any) -> tuple[Any, Any]:
    """a + b, and what its rounding lost: exact (Knuth)."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def two_product(a: Any, b: Any) -> tuple[Any, Any]:
    """a * b, and what its rounding lost: exact where nothing over- or underflows (Dekker, Veltkamp)."""
    p = a * b
    t = a * _SPLIT
    a_high = t - (t - a)
    a_low = a - a_high
    t = b * _SPLIT
    b_high = t - (t - b)
    b_low = b - b_high
    return p, ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low


def add(a: Doubled, b: Doubled) -> Doubled:
    """a + b; its own rounding is at most 3·2**-106 of |a| + |b|."""
    s, t = two_sum(a.high, b.high)
    high, low = two_sum(s, t + (a.low + b.low))
    return Doubled(high, low, a.error + b.error + _SUM * (abs(a.high) + abs(b.high)))


def neg(a: Doubled) -> Doubled:
    return Doubled(-a.high, -a.low, a.error)


def sub(a: Doubled, b: Doubled) -> Doubled:
    return add(a, neg(b))


def _underflow(*factors: Doubled) -> Any:
    """A bound on the loss by underflow: none where a factor is exactly 0."""
    if all(np.all(factor.error > 0) for factor in factors):
        return TINY
    zero: Any = np.False_
    for factor in factors:
        zero = zero | ((np.asarray(factor.high) == 0) & (np.asarray(factor.error) == 0))
    return np.where(zero, 0.0, TINY)


def mul(a: Doubled, b: Doubled) -> Doubled:
    """a * b; its own rounding is at most 8·2**-106 of the product, and underflow where no factor is 0."""
    for factor, other in ((a, b), (b, a)):
        if _doubles(factor):
            return Doubled(other.high * factor.high, other.low * factor.high, other.error * abs(factor.high))
    p, t = two_product(a.high, b.high)
    high, low = two_sum(p, t + (a.high * b.low + a.low * b.high))
    passed = abs(a.high) * b.error + abs(b.high) * a.error + a.error * b.error
    return Doubled(high, low, passed + (_PRODUCT * abs(p) + _underflow(a, b)))


def _doubles(a: Doubled) -> bool:
    """One exact number, plus or minus a power of two from 1 on: a product with it is exact where it is finite."""
    single = type(a.high) is float and a.low == 0 and a.error == 0
    return single and abs(math.frexp(a.high)[0]) == 0.5 and abs(a.high) >= 1


def div(a: Doubled, b: Doubled) -> Doubled:
    """a / b by one correction; |a/b - â/b̂| <= (e_a + |â/b̂|·e_b)/(|b̂| - e_b), and q·b may underflow."""
    q = a.high / b.high
    p, t = two_product(q, b.high)
    rest = (((a.high - p) - t) + a.low) - q * b.low
    high, low = two_sum(q, rest / b.high)
    room = np.maximum(abs(b.high) - b.error, 0.0)  # if this is 0 the error is infinite or NaN
    tiny = _underflow(a)
    passed = (a.error + tiny + abs(q) * b.error) / room
    return Doubled(high, low, passed + (_QUOTIENT * abs(q) + tiny))


def sqrt(a: Doubled) -> Doubled:
    """√a by one Newton step; |√a - √â| <= e_a/√â, and s·s may underflow."""
    s = np.sqrt(a.high)
    p, t = two_product(s, s)
    high, low = two_sum(s, ((a.high - p) - t + a.low) / (2 * s))
    return Doubled(high, low, (a.error + TINY) / s + (_ROOT * s + TINY))


def absolute(a: Doubled) -> Doubled:
    below = a.high < 0
    return Doubled(abs(a.high), np.where(below, -a.low, a.low), a.error)


def powi(a: Doubled, n: int) -> Doubled:
    """a**n for a whole n >= 1, by squaring."""
    result: Doubled | None = None
    while True:
        if n & 1:
            result = a if result is None else mul(result, a)
        n >>= 1
        if not n:
            assert result is not None
            return result
        a = mul(a, a)


# ---------------------------------------------------------------------------------------- exponential, logarithm

_PARTS = 1024
"""e**x = 2**k · 2**(j/1024) · e**r with |r| <= log(2)/2048."""


def _rounded_bits(x: Fraction, bits: int, exponent: int) -> Fraction:
    """x to ``bits`` bits after a leading bit of 2**exponent."""
    grain = Fraction(2) ** (exponent - bits + 1)
    return round(x / grain) * grain


@cache
def _exp_tables() -> tuple[Array, Array, tuple[float, float, float]]:
    """2**(j/1024) as two floats each, and log(2)/1024 in three, the first two short enough for exact products."""
    from flint import arb, ctx

    def exact(x: Any) -> Fraction:
        mantissa, exponent = x.mid().man_exp()
        return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)

    with ctx.workprec(200):
        step = exact(arb.const_log2() / _PARTS)
        roots = [(arb.const_log2() * j / _PARTS).exp() for j in range(_PARTS)]
        high = [float(root) for root in roots]
        low = [float(root - h) for root, h in zip(roots, high, strict=True)]
    first = _rounded_bits(step, 32, -11)
    second = _rounded_bits(step - first, 32, -43)
    third = step - first - second
    return np.array(high), np.array(low), (float(first), float(second), float(third))


def exp(a: Doubled) -> Doubled:
    """e**a to 2**-73, from a table of 1024 roots and six terms of the series."""
    roots, rests, (c1, c2, c3) = _exp_tables()
    x = np.clip(a.high, -800.0, 720.0)  # beyond: 0 within TINY, or an overflow
    low = 0.0 if type(a.low) is float and a.low == 0 else np.where(x == a.high, a.low, 0.0)
    k = np.rint(x * (_PARTS / math.log(2)))
    r, s = two_sum(x - k * c1, -k * c2)
    r, s = two_sum(r, (s - k * c3) + low)
    series = r * r * (0.5 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720)))))
    m, n = two_sum(r, series + s)
    whole = np.asarray(k).astype(np.int64)  # where k is not a number any will do
    place = whole & (_PARTS - 1)
    root, rest = roots.take(place), rests.take(place)
    p, t = two_product(root, m)
    high, low = two_sum(root, p)
    scale = (whole >> 10).astype(np.int32)
    high, low = two_sum(np.ldexp(high, scale), np.ldexp(low + (rest + t + root * n + rest * m), scale))
    grown = np.where(a.error < 0.5, a.error * (1 + a.error), np.inf)
    vanishes = a.high + a.error < -800.0  # far below, even with a large error
    return Doubled(high, low, np.where(vanishes, TINY, high * (grown + 2.0**-73) + TINY))


def log(a: Doubled) -> Doubled:
    """log a = y + (d - d²/2) for y = log(a) in floats and d = a·e**-y - 1, of 2**-42 at most; right to 2**-72."""
    y = np.log(a.high)
    d = add(mul(a, exp(Doubled(-y, 0.0, 0.0))), Doubled(-1.0, 0.0, 0.0))
    high, low = two_sum(y, d.high)
    high, low = two_sum(high, low + (d.low - d.high * d.high / 2))
    own = d.error * (1 + abs(d.high)) + abs(d.high) ** 3 + 2.0**-104 * abs(y)
    return Doubled(high, low, np.where(abs(d.high) + d.error < 0.5, own, np.inf))


# ------------------------------------------------------------------------------------------------ error function

_NODES, _TERMS, _PLAIN = 32, 20, 11  # nodes in a unit; terms of the series; those that plain floats are good for


@cache
def _erfc_tables() -> tuple[Array, Array, NDArray[np.int32]]:
    """Taylor's coefficients of erfc around j/32, as two floats each, over a power of two near erfc(j/32).

    erfc(c + t) = erfc(c) + 2/√π·e**(-c²)·Σ (-1)ⁿ·H(n-1)(c)·tⁿ/n!, with Hermite's polynomials H.
    """
    from flint import arb, ctx

    def exact(x: Any) -> Fraction:
        mantissa, exponent = x.mid().man_exp()
        return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)

    rows: list[list[Fraction]] = []
    scales = []
    with ctx.workprec(300):
        for j in range(27 * _NODES + 1):
            c = arb(j) / _NODES
            value = c.erfc()
            scale = math.floor(float((value.log() / arb.const_log2()).mid()))
            unit = arb((1, -scale))
            density = -2 / arb.pi().sqrt() * (-c * c).exp() * unit
            before, hermite, row = arb(0), arb(1), [exact(value * unit)]
            factorial = 1
            for n in range(1, _TERMS):
                factorial *= n
                row.append(exact(density * hermite / factorial))
                # the sign alternates: -H(n)
                before, hermite = hermite, -(2 * c * hermite) - 2 * (n - 1) * before
            rows.append(row)
            scales.append(scale)
    high = np.array([[float(v) for v in row] for row in rows]).T.copy()
    low = np.array([[float(v - Fraction(float(v))) for v in row] for row in rows]).T.copy()
    return high, low, np.array(scales, dtype=np.int32)


def erfc(a: Doubled) -> Doubled:
    """erfc(a) to 2**-66 of itself for a <= 27, from Taylor's series at the nearest of 32 nodes a unit.

    |erfc'| <= 2/√π·min(1, (|a| + 1)·erfc|a|·√π) bounds the effect of an error in a.
    """
    highs, lows, scales = _erfc_tables()
    below = a.high < 0
    z = abs(a.high)
    rest = np.where(below, -a.low, a.low)
    j = np.rint(np.minimum(np.nan_to_num(z), 27.0) * _NODES)
    node = j.astype(np.int64)
    t, u = two_sum(z - j / _NODES, rest)
    plain: Any = highs[_TERMS - 1].take(node)
    for n in range(_TERMS - 2, _PLAIN - 1, -1):
        plain = plain * t + highs[n].take(node)
    h: Any = plain
    low: Any = 0.0
    for n in range(_PLAIN - 1, -1, -1):  # (h + low)·(t + u) + coefficient
        p, q = two_product(h, t)
        q = q + (h * u + low * t)
        s, r = two_sum(highs[n].take(node), p)
        h, low = two_sum(s, r + (q + lows[n].take(node)))
    high, low = np.ldexp(h, scales[node]), np.ldexp(low, scales[node])
    partial = np.minimum(1.13, 2 * (z + 1) * high)
    error = np.where(a.error < 2.0**-20, 1.01 * a.error * partial, np.inf) + high * 2.0**-66 + TINY
    error = np.where(z > 27.0, np.inf, error)
    s, r = two_sum(2.0, -high)
    s, r = two_sum(s, r - low)
    high, low = np.where(below, s, high), np.where(below, r, low)
    error = error + np.where(below, 2.0**-104, 0.0)
    far = z - a.error > 27.5  # from here on erfc is 0, or 2, within 1e-330
    high, low = np.where(far, np.where(below, 2.0, 0.0), high), np.where(far, 0.0, low)
    return Doubled(high, low, np.where(far, TINY, error))


# -------------------------------------------------------------------------------------------- made of the others


def _whole(x: float) -> Doubled:
    return Doubled(x, 0.0, 0.0)


def cosh(a: Doubled) -> Doubled:
    grown = exp(absolute(a))
    return mul(_whole(0.5), add(grown, div(_whole(1.0), grown)))


def sinh(a: Doubled) -> Doubled:
    grown = exp(a)
    return mul(_whole(0.5), sub(grown, div(_whole(1.0), grown)))


def power(a: Doubled, b: Doubled) -> Doubled:
    """a**b = e**(b·log a) for a > 0; anything else is left to ball arithmetic."""
    return exp(mul(b, log(a)))


def _of_numpy(name: str) -> Callable[[Doubled], Doubled]:
    """NumPy's function of an exact float, trusted to 8 ULP: enough for smaller formats, never for float64."""
    function = getattr(np, name)

    def plain(a: Doubled) -> Doubled:
        value = function(a.high)
        exact = (np.asarray(a.low) == 0) & (np.asarray(a.error) == 0)
        return Doubled(value, 0.0, np.where(exact, abs(value) * 2.0**-49 + TINY, np.inf))

    return plain


FUNCTIONS: dict[str, Callable[..., Doubled]] = {
    **{function.__name__: function for function in (add, sub, mul, div, neg, sqrt, exp, log, erfc, cosh, sinh)},
    "abs": absolute,
    **{name: _of_numpy(name) for name in ("sin", "cos", "tan")},
}


def to_power(exponent: Fraction) -> Callable[[Doubled], Doubled] | None:
    """A whole power, or a half one, that is not large: by multiplications."""
    n = exponent.numerator
    if n == 0:
        return lambda _: _whole(1.0)
    if abs(n) > 64 or exponent.denominator > 2:
        return None

    def raised(a: Doubled) -> Doubled:
        found = powi(a if exponent.denominator == 1 else sqrt(a), abs(n))
        return found if n > 0 else div(_whole(1.0), found)

    return raised


# ------------------------------------------------------------------------------------------------------- conditions

Truth = tuple[Mask, Mask]
"""Where a condition holds, and where that is undecided."""


def _compared(holds: Callable[[Mask, Mask], Mask]) -> Callable[[Doubled, Doubled], Truth]:
    """Numbers without an error compare exactly; others are undecided unless they differ by more than their errors.

    holds: whether the comparison does, by whether the first number is the greater one, and whether they are the same
    """

    def compare(a: Doubled, b: Doubled) -> Truth:
        same = (a.high == b.high) & (a.low == b.low)
        greater = (a.high > b.high) | ((a.high == b.high) & (a.low > b.low))
        room = (a.error + b.error) * SLACK
        unequal = np.isnan(a.high + b.high)
        if type(room) is float and room == 0:
            return holds(greater, same), unequal
        apart = abs((a.high - b.high) + (a.low - b.low)) > room + 2.0**-50 * abs(a.high) * (room != 0)
        # a NaN bound decides nothing
        return holds(greater, same), unequal | ((room != 0) & ~apart)

    return compare


def where(condition: Truth, a: Doubled, b: Doubled) -> Doubled:
    holds, doubtful = condition
    high, low, error = (np.where(holds, x, y) for x, y in zip(a, b, strict=True))
    return Doubled(high, low, np.where(doubtful, np.inf, error))


def _joined(function: Callable[..., Mask]) -> Callable[..., Truth]:
    """Of conditions, any of which may be undecided; one of constants alone is no column."""
    return lambda *parts: (function(*(p[0] for p in parts)), reduce(np.logical_or, (p[1] for p in parts)))


_COMPARISONS: dict[str, Callable[[Doubled, Doubled], Truth]] = {
    "gt": _compared(lambda greater, same: greater),
    "ge": _compared(lambda greater, same: greater | same),
    "lt": _compared(lambda greater, same: ~(greater | same)),
    "le": _compared(lambda greater, same: ~greater),
    "eq": _compared(lambda greater, same: same),
    "ne": _compared(lambda greater, same: ~same),
}

DOUBLED = Arithmetic(
    "double-double",
    {
        **FUNCTIONS,
        **_COMPARISONS,
        "const": constant,
        "special": lambda value: Doubled(float(value), 0.0, np.inf),
        "pi": lambda: PI,
        "pow": power,
        "to_power": to_power,
        "where": where,
        "maximum": lambda a, b: where(_COMPARISONS["ge"](a, b), a, b),
        "minimum": lambda a, b: where(_COMPARISONS["le"](a, b), a, b),
        "true": lambda: (np.True_, np.False_),
        "false": lambda: (np.False_, np.False_),
        "and": _joined(np.logical_and),
        "or": _joined(np.logical_or),
        "not": _joined(np.logical_not),
    },
)
