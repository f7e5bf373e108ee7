"""Two operands, box by box: the worst error found beside a sound bound, for stated sizes of both.

A box is a binade of |x| by a binade of |y|, all signs that the domain allows.  Where it has no bound the reason is
looked for: a slope that changes its sign in the box has a root there, and near a root no bound holds in ULPs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from flint import arb, ctx

from verify.accuracy.bounds import Bounder, Box, founded, sides
from verify.accuracy.formats import Array, from_ordinals
from verify.accuracy.gauge import Gauge, Measured
from verify.accuracy.libm import PROFILES
from verify.trace.balls import BallProgram

SIZES = ((0.125, 0.25), (1.0, 2.0), (8.0, 16.0))
"""The binades of |x| and |y|."""
_SAMPLES = 128  # points of a box
_PIECES = 128  # of a box, at most


@dataclass(frozen=True)
class Square:
    """The slope in one operand for low <= |x| < high and the same of |y|, all signs.

    worst: the worst answer found; bound: ULPs as they are worked out, though the worst refute them, infinite for none;
    root: the slope changes its sign in a box
    """

    sizes: tuple[tuple[float, float], tuple[float, float]]
    operand: int
    worst: Measured | None
    bound: float
    root: bool


def squares(gauge: Gauge, seed: int = 0) -> Iterator[Square]:
    """Every pair of sizes that the domain has, for both operands in turn."""
    case, fmt = gauge.case, gauge.fmt
    bounder = Bounder(case, PROFILES[fmt.name])
    slopes = BallProgram(case.slopes, case.row.inputs)
    rests = founded(case)
    for pair in product(SIZES, repeat=2):
        points = {box: _points(gauge, box, seed) for box in product(*(sides(case, k, *pair[k], fmt) for k in range(2)))}
        inside = {box: columns for box, columns in points.items() if len(columns[0])}
        for operand in range(2) if inside else ():
            found = [_worst(gauge, columns, operand) for columns in inside.values()]
            worst = max((m for m in found if m is not None), key=lambda m: m.local, default=None)
            enough = max(1.0, 2 * worst.local if worst else 0.0)
            bound = math.inf
            if rests:
                bound = max(bounder.bound(box, operand, _PIECES, enough).ulps for box in inside)
            root = any(_changes_sign(slopes, box, operand) for box in inside)
            yield Square((pair[0], pair[1]), operand, worst, bound, root)


def _points(gauge: Gauge, box: Box, seed: int) -> list[Array]:
    """Random points of a box that are in the domain, a column for each operand."""
    random = np.random.default_rng(seed)
    ends = [(gauge.fmt.ordinal(low), gauge.fmt.ordinal(high)) for low, high in box]
    columns = [from_ordinals(gauge.fmt, random.integers(low, high + 1, _SAMPLES)) for low, high in ends]
    inside = [point in gauge.case.region for point in zip(*(c.tolist() for c in columns), strict=True)]
    return [column[inside] for column in columns]


def _worst(gauge: Gauge, columns: Sequence[Array], operand: int) -> Measured | None:
    errors = gauge.errors(columns)[operand]
    if np.isnan(errors).all():
        return None
    k = int(np.nanargmax(errors))
    return gauge.measured(tuple(float(column[k]) for column in columns), operand)


def _changes_sign(slopes: BallProgram, box: Box, operand: int) -> bool:
    """Whether the slope has surely a root: its signs at the corners of the box differ, or one of them is 0."""
    with ctx.workprec(128):
        found = [slopes(*map(arb, corner))[operand] for corner in product(*box)]
    return any(s.is_zero() for s in found) or (any(s > 0 for s in found) and any(s < 0 for s in found))


def has_bound(square: Square, gauge: Gauge) -> bool:
    """A bound of more ULPs than the slope has is none, nor is one that an observed error refutes."""
    observed = square.worst.local if square.worst is not None else 0.0
    return observed <= square.bound < min(math.inf, 2.0 ** (gauge.fmt.precision + 1))
