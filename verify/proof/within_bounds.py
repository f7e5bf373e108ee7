"""A proof within bounds: what is wrong, or open, only where no input of interest is, is left out.

Bounds add no boundary to a proof, whose cells are those of the whole domain.  A cell, or a boundary between cells, that
is not proved is *beyond* the bounds if intervals show that one of its conditions fails on the whole box.  Only what was
shown not to meet the box is dropped, so that what is proved of the rest is proved within the bounds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from flint import arb, ctx

from backproof.verify.evaluate.balls import BallProgram
from backproof.verify.proof.cell import NOT_ZERO, Cell
from backproof.verify.proof.result import BoundaryResult, Proof, Status
from backproof.verify.support.fuel import charge

Bounds = Mapping[str, tuple[float, float]]
Box = dict[str, tuple[float, float]]

_HALVINGS = 6  # of the box, along its widest side
_BITS = 128


def within_bounds(proof: Proof, bounds: Bounds) -> Proof:
    """The proof without what lies beyond the bounds, where that makes it one; the cells left clipped to the bounds.

    A proof that could not examine all cells says nothing of those that it has not seen, and stays as it is.
    """
    if not bounds or proof.status is Status.PROVED or proof.failure:
        return proof
    names = proof.obligation.inputs
    whole = {name: bounds.get(name, (-math.inf, math.inf)) for name in names}
    with ctx.workprec(_BITS):
        cells = tuple(c for c in proof.cells if c.status is Status.PROVED or not _is_beyond(c.cell, whole, names))
        boundaries = tuple(
            b for b in proof.boundaries if b.status is Status.PROVED or not _is_boundary_beyond(b, whole, names)
        )
    left = replace(proof, cells=cells, boundaries=boundaries, within=len(cells) + len(boundaries) < _size(proof))
    if left.status is Status.PROVED:
        return left
    clipped = tuple(replace(c, cell=_clipped(c.cell, whole)) for c in cells)
    return replace(left, cells=clipped)


def _size(proof: Proof) -> int:
    return len(proof.cells) + len(proof.boundaries)


def _clipped(cell: Cell, box: Box) -> Cell:
    """The cell, its intervals cut at the bounds."""
    for name, (low, high) in box.items():
        lo, hi = cell.interval(name)
        if math.isfinite(low):
            lo = Fraction(low) if lo is None else max(lo, Fraction(low))
        if math.isfinite(high):
            hi = Fraction(high) if hi is None else min(hi, Fraction(high))
        cell = cell.within(name, lo, hi)
    return cell


def _is_beyond(cell: Cell, box: Box, names: Sequence[str]) -> bool:
    if _is_beside(cell, box):
        return True
    faces = [(term, sign) for term, sign in cell.signs if sign != NOT_ZERO]
    if not faces:
        return False
    program = BallProgram([term for term, _ in faces], names)
    return _fails(program, [sign for _, sign in faces], box, _HALVINGS)


def _is_beside(cell: Cell, box: Box) -> bool:
    """Whether the open intervals of a cell do not meet those of the box."""
    for name, (low, high) in box.items():
        lo, hi = cell.interval(name)
        if (lo is not None and lo >= high) or (hi is not None and hi <= low):
            return True
    return False


def _fails(program: BallProgram, signs: Sequence[int], box: Box, halvings: int) -> bool:
    """Whether no point of the box has all of these signs, as far as intervals show it."""
    charge("balls", len(signs))
    values = program(*map(_ball, box.values()))
    if any(value.is_finite() and bool(value * sign <= 0) for value, sign in zip(values, signs, strict=True)):
        return True
    name, (low, high) = max(box.items(), key=lambda item: item[1][1] - item[1][0])
    middle = low / 2 + high / 2
    if not halvings or not math.isfinite(high - low) or not low < middle < high:
        return False
    return all(_fails(program, signs, {**box, name: half}, halvings - 1) for half in ((low, middle), (middle, high)))


def _is_boundary_beyond(boundary: BoundaryResult, box: Box, names: Sequence[str]) -> bool:
    """Whether a boundary lies outside: its part of the free symbols, or the value of a bound one."""
    if _is_beyond(boundary.cell, box, names):
        return True
    values = BallProgram([value for _, value in boundary.where], names)(*map(_ball, box.values()))
    for (name, _), value in zip(boundary.where, values, strict=True):
        low, high = box[name]
        if value.is_finite() and (bool(value < arb(low)) or bool(value > arb(high))):
            return True
    return False


def _ball(side: tuple[float, float]) -> arb:
    low, high = side
    if not (math.isfinite(low) and math.isfinite(high)):
        return arb("nan")
    return arb(low).union(arb(high))
