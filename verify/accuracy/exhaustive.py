"""Every input of a 16-bit format: the worst error, counted and confirmed in interval arithmetic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backproof.verify.accuracy.error_meter import ErrorMeter, Measured
from backproof.verify.accuracy.formats import Array, every
from backproof.verify.numerics.conditioning import BUDGET

_NEAR = 1.01  # screened errors within this factor of the largest are all measured in interval arithmetic
_MOST = 256


@dataclass(frozen=True)
class Exhaustive:
    """The results for all inputs of a format.

    judged: inputs in the domain whose derivative is a normal number of the format; beyond: those past the budget
    subnormal: inputs whose derivative is below these, and not 0, and the worst of them
    """

    worst: Measured | None
    judged: int
    beyond: int
    worst_subnormal: Measured | None = None
    subnormal: int = 0

    @property
    def judged_by(self) -> Measured | None:
        """The error compared with the budget: the worst, or a normal number for a subnormal derivative."""
        below = self.worst_subnormal
        return below if below is not None and below.lost else self.worst


def exhaustive(meter: ErrorMeter, budget: float = BUDGET) -> Exhaustive:
    """A one-operand rule at every number of its 16-bit format."""
    column = every(meter.fmt)
    first, last = meter.case.region.intervals[0].floats
    column = column[(column >= first) & (column <= last)]
    if meter.case.region.joint is not None or meter.case.region.intervals[0].holes:
        column = np.array([x for x in column.tolist() if (x,) in meter.case.region])
    ((errors, subnormal),) = meter.all_errors([column])
    known = np.flatnonzero(~np.isnan(errors) & ~subnormal)
    below = np.flatnonzero(~np.isnan(errors) & subnormal)
    beyond = int((errors[known] > budget).sum())
    worst, worst_below = (_worst(meter, column, errors, chosen) for chosen in (known, below))
    return Exhaustive(worst, len(known), beyond, worst_below, len(below))


def _worst(meter: ErrorMeter, column: Array, errors: Array, chosen: NDArray[np.intp]) -> Measured | None:
    """The worst of the chosen places, in interval arithmetic."""
    if not len(chosen):
        return None
    ranked = chosen[np.argsort(-errors[chosen], kind="stable")]
    top = errors[ranked[0]]
    near = [k for k in ranked[:_MOST] if errors[k] * _NEAR >= top]
    measured = [m for k in near if (m := meter.measured((float(column[k]),), 0, subnormal=True)) is not None]
    return max(measured, key=lambda m: (m.local, m.point), default=None)
