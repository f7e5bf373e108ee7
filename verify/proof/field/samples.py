"""A point of a cell, and elements there in ball arithmetic: shows that no denominator vanishes identically."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from typing import Any

from flint import arb, ctx

from backproof.verify.proof.cell import NOT_ZERO, Cell
from backproof.verify.proof.field import algebra
from backproof.verify.proof.field.algebra import Element
from backproof.verify.proof.field.differential_field import Field
from backproof.verify.proof.field.signs import between
from backproof.verify.proof.field.values import Values
from backproof.verify.proof.thin_cells import points_between

Point = dict[str, Fraction]
BITS = 160
TRIES = 120

def sample(field: Field) -> Values | None:
    """The values at a point of the field's cell where all given signs hold; None if none was found."""
    point = sample_point(field)
    with ctx.workprec(BITS):
        return None if point is None else _values(field, point)


def sample_point(field: Field) -> Point | None:
    """A point of the field's cell where all given signs hold; None if none was found."""
    with ctx.workprec(BITS):
        for point in chain(_candidates(field.cell), _thin(field.cell)):
            values = _values(field, point)
            if all(_agrees(values.polynomial(p), s) for p, s in field.given):
                return point
    return None


def _values(field: Field, point: Point) -> Values:
    return Values(field, {name: arb(algebra.rational(x)) for name, x in point.items()})


def nowhere_zero_denominators(values: Values, elements: tuple[Element, ...]) -> bool:
    """Whether no denominator is 0 at the sampled point: then none is 0 identically."""
    with ctx.workprec(BITS):
        return all(u.den.is_one() or not values.polynomial(u.den).contains(0) for u in elements)


def _agrees(value: Any, sign: int) -> bool:
    if sign == NOT_ZERO:
        return bool(value > 0 or value < 0)
    return bool(value * sign > 0)


def _candidates(cell: Cell) -> Iterator[Point]:
    """The middle of the box, then points scattered over several sizes, always the same ones."""
    yield {name: between(lo, hi) + _offset(lo, hi, k) for k, (name, lo, hi) in enumerate(cell.box)}
    source = random.Random(0)
    for _ in range(TRIES):
        yield {name: _scattered(lo, hi, source) for name, lo, hi in cell.box}


def _thin(cell: Cell) -> Iterator[Point]:
    """Points between the changes of sign along lines, for a cell with little room."""
    names = [name for name, _, _ in cell.box]
    middle = {name: between(lo, hi) + _offset(lo, hi, k) for k, (name, lo, hi) in enumerate(cell.box)}
    yield from points_between(cell, names, middle)


def _offset(lo: Fraction | None, hi: Fraction | None, k: int) -> Fraction:
    """A small shift, different for every symbol, so that the first candidate is on no simple line."""
    room = Fraction(1) if lo is None or hi is None else (hi - lo)
    return room * Fraction(1, 7 + 4 * k) if hi is None or lo is not None else -room * Fraction(1, 7 + 4 * k)


def _scattered(lo: Fraction | None, hi: Fraction | None, source: random.Random) -> Fraction:
    share = Fraction(source.randrange(1, 1000), 1000)
    if lo is not None and hi is not None:
        return lo + (hi - lo) * share
    far = share * Fraction(10) ** source.randrange(-1, 3)
    if lo is None and hi is None:
        return far if source.random() < 0.5 else -far
    return lo + far if lo is not None else (hi or Fraction(0)) - far
