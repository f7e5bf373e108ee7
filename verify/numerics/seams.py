"""Seams: the floats at which a rule may change its behaviour, found from its trace and the constants of its code.

A formula can be right on real numbers and its code another function on a few floats: where an intermediate result
overflows, where ``1 + d*1e-9 == 1``, at a constant that a table holds.  Points drawn at random miss these.  The places:

constants   every constant c of code and trace, its neighbours and its negative, and c + s·2**-k for a few k
comparisons where the outcome of a comparison changes on floats
events      where an intermediate result turns from finite to infinite, to NaN, to 0

Of each the neighbouring floats between which it changes, found by bisection between the points of a fixed grid (both
signs, powers of 2 in the working range), and the midpoints between the places: each branch has one.  With several
inputs one is varied at a time, the others being fixed at two places, and all together; and there are the corners, where
each is at a number that it is compared with.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice, pairwise, product

import numpy as np

from backproof.verify.arithmetics.ulps import FLOAT64
from backproof.verify.evaluate.floats import compile_floats
from backproof.verify.numerics.domain import Domain
from backproof.verify.numerics.points import Points
from backproof.verify.terms.ops import COMPARISONS
from backproof.verify.terms.term import Condition, Term, topological

_AROUND = (5, 15, 20, 30)  # distances from a constant, in powers of 2: what happens close to it without a comparison
_COARSE, _DENSE = range(-60, 61, 6), range(-8, 6)  # binary exponents of the grid
_MOST_SEAMS = 32  # along one line; a comparison of sines has any number
_MOST_NODES = 400  # of a trace that is looked at step by step; of a larger one the constants alone are taken
_MOST_CORNERS = 256
_LARGEST = 2**1023
_MOST_INPUTS = 3  # that are varied one at a time
_OTHERS = (0.75, -1.375)  # where the other inputs are fixed

_Behaviour = Callable[..., tuple[int, ...]]
_Key = Callable[[float], tuple[int, ...]]


def seams(roots: Sequence[Term], constants: Iterable[float], inputs: Sequence[str], region: Domain) -> Points:
    """The seams inside the region, each point once; roots: the trace, constants: those of the code."""
    nodes = topological(*roots)
    numbers = dict.fromkeys(x for x in (*constants, *_constants(nodes)) if math.isfinite(x) and not _usual(x))
    plain = len(nodes) <= _MOST_NODES and len(inputs) <= _MOST_INPUTS
    key = _behaviour(nodes, inputs) if plain else None
    found: dict[tuple[float, ...], None] = {}
    for line in _lines(len(inputs)):
        values = list(_near(numbers))
        if key is not None:
            values += _changes(partial(_along, key, line), _grid(numbers))
        found.update((line(x), None) for x in values if math.isfinite(x))
    found.update((corner, None) for corner in _corners(nodes, inputs))
    columns = [np.array(column, dtype=float) for column in zip(*found, strict=True)] or [np.empty(0)] * len(inputs)
    return Points(columns).where(region.holds(columns)) if len(columns[0]) else Points(columns)


def _along(key: _Behaviour, line: Callable[[float], tuple[float, ...]], x: float) -> tuple[int, ...]:
    return key(*line(x))


def _lines(inputs: int) -> Iterator[Callable[[float], tuple[float, ...]]]:
    """The ways to vary one number: one input and the others fixed, or all at once."""
    yield lambda x: (x,) * inputs
    if inputs > 1:
        for i, other in product(range(inputs if inputs <= _MOST_INPUTS else 1), _OTHERS):
            yield partial(_one_varied, inputs, i, other)


def _one_varied(inputs: int, i: int, other: float, x: float) -> tuple[float, ...]:
    return tuple(x if k == i else other for k in range(inputs))


def _corners(nodes: Iterable[Term], inputs: Sequence[str]) -> Iterator[tuple[float, ...]]:
    """Where every input is at a number that it is compared with; an input that is compared with none is as it is."""
    marks: dict[str, dict[float, None]] = {name: {} for name in inputs}
    for node in nodes:
        if isinstance(node, Condition) and node.op in COMPARISONS:
            for side, other in (node.args, node.args[::-1]):
                if side.op == "symbol" and side.value in marks and other.op == "const" and abs(other.value) < _LARGEST:
                    marks[side.value][float(other.value)] = None
    if sum(map(bool, marks.values())) > 1:
        yield from islice(product(*(found or _OTHERS for found in marks.values())), _MOST_CORNERS)


def _constants(nodes: Iterable[Term]) -> Iterator[float]:
    for node in nodes:
        if node.op == "const":
            try:
                yield float(node.value)
            except OverflowError:
                continue


def _usual(x: float) -> bool:
    """Small whole numbers and their halves are points already."""
    return abs(x) <= 8 and (2 * x).is_integer()


def _near(constants: Iterable[float]) -> Iterator[float]:
    for c in constants:
        yield from (c, FLOAT64.step(c, 1), FLOAT64.step(c, -1), -c)
        yield from (c + sign * 2.0**-k for k in _AROUND for sign in (1, -1))


def _grid(constants: Iterable[float]) -> list[float]:
    sizes = [m * 2.0**e for e in {*_COARSE, *_DENSE} for m in (1.0, 1.375)]
    around = [c + s * 2.0**-k for c in constants for k in (3, 12, 24) for s in (1, -1)]
    return sorted({0.0, *sizes, *(-x for x in sizes), *constants, *around})


def _behaviour(nodes: Sequence[Term], inputs: Sequence[str]) -> _Behaviour:
    """For given inputs: whether each intermediate result is 0, finite, infinite or NaN, and how comparisons end."""
    values = [n for n in nodes if n.args and not isinstance(n, Condition)]
    compared = [n.args for n in nodes if isinstance(n, Condition) and n.op in COMPARISONS]
    program = compile_floats([*values, *(side for pair in compared for side in pair)], inputs, ieee=True)
    count = len(values)

    def behaviour(*data: float) -> tuple[int, ...]:
        try:
            found = program(*data)
        except (ArithmeticError, ValueError):
            return ()
        kinds = (0 if x == 0 else 1 if abs(x) < math.inf else 2 if x == x else 3 for x in found[:count])
        sides = zip(found[count::2], found[count + 1 :: 2], strict=True)
        return (*kinds, *((a > b) - (a < b) for a, b in sides))

    return behaviour


def _changes(key: _Key, grid: Sequence[float]) -> list[float]:
    """Both floats at each change of a part of the key between neighbours of the grid, and the midpoints between.

    Parts that change seldom come first: a comparison that changes everywhere would leave no room for them.
    """
    keys = [key(x) for x in grid]
    changes: dict[int, list[tuple[float, float]]] = {}
    for a, b, one, other in zip(grid, grid[1:], keys, keys[1:], strict=False):
        for part in (i for i in range(min(len(one), len(other))) if one[i] != other[i]):
            changes.setdefault(part, []).append((a, b))
    seldom = sorted(changes, key=lambda part: (len(changes[part]), part))
    chosen = islice(((part, *ends) for part in seldom for ends in changes[part]), _MOST_SEAMS)
    places = sorted({end for part, a, b in chosen for end in _bisected(key, part, a, b)})
    return [*places, *(a / 2 + b / 2 for a, b in pairwise(places))]


def _bisected(key: _Key, part: int, a: float, b: float) -> tuple[float, float]:
    """Neighbouring floats between which a part of the key changes."""
    low, high, first = FLOAT64.ordinal(a), FLOAT64.ordinal(b), key(a)[part]
    while high - low > 1:
        middle = (low + high) // 2
        if key(FLOAT64.from_ordinal(middle))[part : part + 1] == (first,):
            low = middle
        else:
            high = middle
    return FLOAT64.from_ordinal(low), FLOAT64.from_ordinal(high)
