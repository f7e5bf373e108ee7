"""Points of thin cells: the band ``-1/100 < y - x < 0`` has room for none of a few points scattered over the plane.

Along a line parallel to an axis the sign of each boundary changes at a few places.  They are found by bisection on
floats, and between neighbouring places lies one stretch of a cell: its simplest fraction is a candidate.  Floats only
suggest it; whether it lies in the cell is for intervals to show.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

from backproof.verify.evaluate.floats import compile_floats
from backproof.verify.proof.cell import Cell
from backproof.verify.proof.simple_rationals import simplest
from backproof.verify.terms.term import symbols_of

_BASES = (0, 1, -1, 2, Fraction(1, 2), Fraction(-3, 4))  # where the other symbols are fixed
_GRID = [s * m * 2.0**e for e in range(-20, 21, 2) for m in (1.0, 1.4375) for s in (1, -1)]
_HALVINGS = 60
_MOST = 64  # candidates in all

Point = dict[str, Fraction]


def points_between(cell: Cell, names: Sequence[str], fixed: Mapping[str, Fraction]) -> Iterator[Point]:
    """Candidates for points of the cell.

    names: the symbols that vary; fixed: all others, and these
    """
    terms = [term for term, _ in cell.signs]
    varied = [name for name in names if name in symbols_of(*terms)]
    everything = [name for name, _, _ in cell.box]
    program = compile_floats(terms, everything, ieee=True)
    count = 0
    for base in _BASES:
        inside = {name: nearest_inside(Fraction(base), *cell.interval(name)) for name in varied}
        point = {**fixed, **inside}
        for name in varied:
            low, high = cell.interval(name)

            def signs(x: float, name: str = name, point: Point = point) -> tuple[int, ...]:
                data = [x if one == name else float(point[one]) for one in everything]
                try:
                    return tuple((v > 0) - (v < 0) for v in program(*data))
                except (ArithmeticError, ValueError):
                    return ()

            for x in _between(signs, low, high):
                yield {**point, name: x}
                count += 1
                if count == _MOST:
                    return


def nearest_inside(x: Fraction, low: Fraction | None, high: Fraction | None) -> Fraction:
    """The number itself where it is inside, else the simplest fraction that is."""
    inside = (low is None or low < x) and (high is None or x < high)
    return x if inside else simplest(low, high)


def _between(
    signs: Callable[[float], tuple[int, ...]], low: Fraction | None, high: Fraction | None
) -> Iterator[Fraction]:
    """The simplest fraction between each two neighbouring places where a sign changes, the ends included."""
    ends = [float(end) for end in (low, high) if end is not None]
    grid = sorted({0.0, *ends, *(x for x in _GRID if (low is None or low < x) and (high is None or x < high))})
    known = [signs(x) for x in grid]
    places = list(ends)
    for a, b, one, other in zip(grid, grid[1:], known, known[1:], strict=False):
        for i in (i for i in range(min(len(one), len(other))) if one[i] != other[i]):
            places.append(_change(lambda x, i=i: signs(x)[i : i + 1], a, b))  # type: ignore[misc]
    places = sorted(dict.fromkeys(places))
    for a, b in pairwise(places):
        if a < b:
            yield simplest(Fraction(a), Fraction(b))
    if places and high is None:
        yield simplest(Fraction(places[-1]), None)
    if places and low is None:
        yield simplest(None, Fraction(places[0]))


def _change(sign: Callable[[float], tuple[int, ...]], a: float, b: float) -> float:
    first = sign(a)
    for _ in range(_HALVINGS):
        middle = a / 2 + b / 2
        if not a < middle < b or not math.isfinite(middle):
            break
        if sign(middle) == first:
            a = middle
        else:
            b = middle
    return a
