"""What a closure must keep, and why: two inputs with the same out and different derivatives, found and proved.

For one operand the pair lies left and right of a turning point, where the function takes the same value twice: both
are enclosed by a change of sign of f - c, and the derivatives over both enclosures are disjoint.  For two operands
the pair is the first in small whole numbers; SymPy's exact arithmetic says that the values are equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import sympy
from flint import arb, ctx

from backproof.verify.arithmetics.balls import ratio
from backproof.verify.checks.case import Case
from backproof.verify.evaluate.balls import compile_balls
from backproof.verify.evaluate.floats import compile_floats

_BITS = 160
_FINE = Fraction(1, 2**90)  # the width of an enclosure
_GRID = [Fraction(k, 8) for k in range(-64, 65)]


@dataclass(frozen=True)
class Pair:
    """Two points with the same value and different derivatives.

    exact: the points are the numbers shown; otherwise they are enclosed to 27 digits and shown rounded
    """

    points: tuple[tuple[float, ...], tuple[float, ...]]
    out: float
    partials: tuple[tuple[float, ...], tuple[float, ...]]
    exact: bool


def pair(case: Case) -> Pair | None:
    """A pair that proves that `out` alone is not enough; None where none is found."""
    return _on_a_line(case) if len(case.spec.inputs) == 1 else _in_whole_numbers(case)


# ----------------------------------------------------------------------------------------------- one operand


def _on_a_line(case: Case) -> Pair | None:
    inside = [x for x in _GRID if (float(x),) in case.region]
    value = compile_floats([case.stable], case.spec.inputs)
    heights = [value(float(x))[0] for x in inside]
    turns = [
        i for i in range(1, len(inside) - 1) if (heights[i] - heights[i - 1]) * (heights[i + 1] - heights[i]) < 0
    ]
    for turn in sorted(turns, key=lambda i: (abs(inside[i]), inside[i])):
        for level in _levels(case, inside, turn):
            sides = [_crossing(case, inside, heights, turn, step, level) for step in (1, -1)]
            if sides[0] is not None and sides[1] is not None:
                return _proved(case, level, (sides[0], sides[1]))
    return None


def _levels(case: Case, inside: list[Fraction], turn: int) -> Iterator[float]:
    """Heights to look at: half of the extreme value, twice it, then plain numbers."""
    value = compile_floats([case.stable], case.spec.inputs)
    low, high = float(inside[turn - 1]), float(inside[turn + 1])
    up = value(float(inside[turn]))[0] > value(low)[0]
    for _ in range(200):  # golden section would do better, and needs more lines
        a, b = low + (high - low) / 3, high - (high - low) / 3
        rising = value(a)[0] < value(b)[0]
        low, high = (a, high) if rising == up else (low, b)
    extreme = value((low + high) / 2)[0]
    yield from (extreme / 2, 2 * extreme) if abs(extreme) > 1e-9 else ()
    yield from (1.0, -1.0, 0.5, -0.5)


def _crossing(
    case: Case, inside: list[Fraction], heights: list[float], turn: int, step: int, level: float
) -> tuple[Fraction, Fraction] | None:
    """A narrow enclosure of the next place beyond the turn where the function passes the level."""
    i = turn
    above = heights[turn] > level
    while 0 <= i + step < len(inside):
        if heights[i + step] == level:
            beside = Fraction(1, 16)
            return _bisected(case, inside[i + step] - beside, inside[i + step] + beside, level)
        if (heights[i + step] > level) != above:
            return _bisected(case, inside[i], inside[i + step], level)
        i += step
    return None


def _bisected(case: Case, low: Fraction, high: Fraction, level: float) -> tuple[Fraction, Fraction] | None:
    program = compile_balls([case.stable], case.spec.inputs)
    with ctx.workprec(_BITS):

        def sign(x: Fraction) -> int:
            difference = program(ratio(x.numerator, x.denominator))[0] - arb(level)
            return 1 if difference > 0 else -1 if difference < 0 else 0

        left, right = sign(low), sign(high)
        if left * right >= 0:
            return None
        while abs(high - low) > _FINE:
            middle = (low + high) / 2
            here = sign(middle)
            if here == 0:
                low, high = middle - _FINE / 4, middle + _FINE / 4
                return (low, high) if sign(low) * sign(high) < 0 else None
            low, high = (middle, high) if here == left else (low, middle)
    return low, high


Enclosure = tuple[Fraction, Fraction]


def _proved(case: Case, level: float, sides: tuple[Enclosure, Enclosure]) -> Pair | None:
    """The pair, if the derivatives over the enclosures are disjoint."""
    program = compile_balls(case.partials, case.spec.inputs)
    with ctx.workprec(_BITS):
        balls = [ratio(a.numerator, a.denominator).union(ratio(b.numerator, b.denominator)) for a, b in sides]
        partials = [program(ball)[0] for ball in balls]
        if not all(s.is_finite() for s in partials) or partials[0].overlaps(partials[1]):
            return None
        (a, b), (s, t) = map(float, balls), map(float, partials)
    return Pair(((a,), (b,)), level, ((s,), (t,)), exact=False)


# ---------------------------------------------------------------------------------------------- two operands


def _in_whole_numbers(case: Case) -> Pair | None:
    names = sympy.symbols(case.spec.inputs, real=True)
    points = [p for p in product(range(1, 5), repeat=2) if tuple(map(float, p)) in case.region]
    at = [dict(zip(names, p, strict=True)) for p in points]
    ties = {p for p, there in zip(points, at, strict=True) if _on_a_kink(case, there)}
    points = [p for p in points if p not in ties]
    points.sort(key=lambda p: (max(p), sum(p), p))
    values = {p: case.spec.definition.subs(dict(zip(names, p, strict=True))) for p in points}
    program = compile_balls(case.partials, case.spec.inputs)
    with ctx.workprec(_BITS):
        partials = {p: program(*map(arb, p)) for p in points}
        for i, second in enumerate(points):
            for first in points[:i]:
                apart = any(not a.overlaps(b) for a, b in zip(partials[first], partials[second], strict=True))
                if values[first] == values[second] and apart:
                    return Pair(
                        (tuple(map(float, first)), tuple(map(float, second))),
                        float(values[first]),
                        (tuple(map(float, partials[first])), tuple(map(float, partials[second]))),
                        exact=True,
                    )
    return None


def _on_a_kink(case: Case, there: dict[sympy.Symbol, int]) -> bool:
    return any(all(e.subs(there) == 0 for e in kink.at) for kink in case.spec.kinks)
