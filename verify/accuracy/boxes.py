"""Two operands, box by box: the worst error found and a sound bound, for given sizes of both.

A box is a binade of |x| by a binade of |y|, all signs that the domain allows.  Where it has no bound the reason is
determined: a derivative that changes sign in the box has a zero there, and near a zero no bound holds in ULPs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from flint import arb, ctx

from backproof.verify.accuracy.bounds import Bounder, Box, founded, sides
from backproof.verify.accuracy.error_meter import ErrorMeter, Measured
from backproof.verify.accuracy.formats import Array, from_ordinals
from backproof.verify.accuracy.libm import PROFILES
from backproof.verify.evaluate.balls import BallProgram

SIZES = ((0.125, 0.25), (1.0, 2.0), (8.0, 16.0))
"""The binades of |x| and |y|."""
_SAMPLES = 128  # points of a box
_PIECES = 128  # of a box, at most


@dataclass(frozen=True)
class Square:
    """The derivative in one operand for low <= |x| < high and the same of |y|, all signs.

    worst: the worst result found; bound: ULPs as computed, even if ``worst`` refutes them, infinite for none;
    root: the derivative changes sign in a box
    """

    sizes: tuple[tuple[float, float], tuple[float, float]]
    operand: int
    worst: Measured | None
    bound: float
    root: bool


def squares(meter: ErrorMeter, seed: int = 0) -> Iterator[Square]:
    """Every pair of sizes in the domain, for both operands in turn."""
    case, fmt = meter.case, meter.fmt
    bounder = Bounder(case, PROFILES[fmt.name])
    partials = BallProgram(case.partials, case.spec.inputs)
    rests = founded(case)
    for pair in product(SIZES, repeat=2):
        points = {box: _points(meter, box, seed) for box in product(*(sides(case, k, *pair[k], fmt) for k in range(2)))}
        inside = {box: columns for box, columns in points.items() if len(columns[0])}
        for operand in range(2) if inside else ():
            found = [_worst(meter, columns, operand) for columns in inside.values()]
            worst = max((m for m in found if m is not None), key=lambda m: m.local, default=None)
            enough = max(1.0, 2 * worst.local if worst else 0.0)
            bound = math.inf
            if rests:
                bound = max(bounder.bound(box, operand, _PIECES, enough).ulps for box in inside)
            root = any(_changes_sign(partials, box, operand) for box in inside)
            yield Square((pair[0], pair[1]), operand, worst, bound, root)


def _points(meter: ErrorMeter, box: Box, seed: int) -> list[Array]:
    """Random points of a box in the domain, a column for each operand."""
    random = np.random.default_rng(seed)
    ends = [(meter.fmt.ordinal(low), meter.fmt.ordinal(high)) for low, high in box]
    columns = [from_ordinals(meter.fmt, random.integers(low, high + 1, _SAMPLES)) for low, high in ends]
    inside = [point in meter.case.region for point in zip(*(c.tolist() for c in columns), strict=True)]
    return [column[inside] for column in columns]


def _worst(meter: ErrorMeter, columns: Sequence[Array], operand: int) -> Measured | None:
    errors = meter.errors(columns)[operand]
    if np.isnan(errors).all():
        return None
    k = int(np.nanargmax(errors))
    return meter.measured(tuple(float(column[k]) for column in columns), operand)


def _changes_sign(partials: BallProgram, box: Box, operand: int) -> bool:
    """Whether the derivative certainly has a zero: its signs at the corners of the box differ, or one of them is 0."""
    with ctx.workprec(128):
        found = [partials(*map(arb, kink))[operand] for kink in product(*box)]
    return any(s.is_zero() for s in found) or (any(s > 0 for s in found) and any(s < 0 for s in found))


def has_bound(square: Square, meter: ErrorMeter) -> bool:
    """Infinite for a bound of more ULPs than the derivative has, and for one that an observed error refutes."""
    observed = square.worst.local if square.worst is not None else 0.0
    return observed <= square.bound < min(math.inf, 2.0 ** (meter.fmt.precision + 1))
