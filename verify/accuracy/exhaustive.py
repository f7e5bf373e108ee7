"""Every input of a 16-bit format: the worst of all, counted and confirmed in balls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from verify.accuracy.conditioning import BUDGET
from verify.accuracy.formats import Array, every
from verify.accuracy.gauge import Gauge, Measured

_NEAR = 1.01  # screened errors within this factor of the largest are all measured in balls
_MOST = 256


@dataclass(frozen=True)
class Exhaustive:
    """What all inputs of a format gave.

    judged: inputs in the domain whose slope is a normal number of the format; beyond: those past the budget
    subnormal: inputs whose slope is below these, and not 0, and the worst of them
    """

    worst: Measured | None
    judged: int
    beyond: int
    worst_subnormal: Measured | None = None
    subnormal: int = 0

    @property
    def judged_by(self) -> Measured | None:
        """What the budget is held against: the worst, or a normal number for a subnormal slope."""
        below = self.worst_subnormal
        return below if below is not None and below.lost else self.worst


def exhaustive(gauge: Gauge, budget: float = BUDGET) -> Exhaustive:
    """A one-operand rule at every number of its 16-bit format."""
    column = every(gauge.fmt)
    first, last = gauge.case.region.intervals[0].floats
    column = column[(column >= first) & (column <= last)]
    if gauge.case.region.joint is not None or gauge.case.region.intervals[0].holes:
        column = np.array([x for x in column.tolist() if (x,) in gauge.case.region])
    ((errors, subnormal),) = gauge.all_errors([column])
    known = np.flatnonzero(~np.isnan(errors) & ~subnormal)
    below = np.flatnonzero(~np.isnan(errors) & subnormal)
    beyond = int((errors[known] > budget).sum())
    worst, worst_below = (_worst(gauge, column, errors, chosen) for chosen in (known, below))
    return Exhaustive(worst, len(known), beyond, worst_below, len(below))


def _worst(gauge: Gauge, column: Array, errors: Array, chosen: NDArray[np.intp]) -> Measured | None:
    """The worst of the chosen places, in balls."""
    if not len(chosen):
        return None
    ranked = chosen[np.argsort(-errors[chosen], kind="stable")]
    top = errors[ranked[0]]
    near = [k for k in ranked[:_MOST] if errors[k] * _NEAR >= top]
    measured = [m for k in near if (m := gauge.measured((float(column[k]),), 0, subnormal=True)) is not None]
    return max(measured, key=lambda m: (m.local, m.point), default=None)
