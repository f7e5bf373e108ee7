"""Every input of a 16-bit format: the worst of all, counted and confirmed in balls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from verify.accuracy.conditioning import BUDGET
from verify.accuracy.formats import every
from verify.accuracy.gauge import Gauge, Measured

_NEAR = 1.01  # screened errors within this factor of the largest are all measured in balls
_MOST = 256


@dataclass(frozen=True)
class Exhaustive:
    """What all inputs of a format gave.

    judged: inputs in the domain whose slope is a normal number of the format; beyond: those past the budget
    """

    worst: Measured | None
    judged: int
    beyond: int


def exhaustive(gauge: Gauge, budget: float = BUDGET) -> Exhaustive:
    """A one-operand rule at every number of its 16-bit format."""
    column = every(gauge.fmt)
    first, last = gauge.case.region.intervals[0].floats
    column = column[(column >= first) & (column <= last)]
    if gauge.case.region.joint is not None or gauge.case.region.intervals[0].holes:
        column = np.array([x for x in column.tolist() if (x,) in gauge.case.region])
    (errors,) = gauge.errors([column])
    known = np.flatnonzero(~np.isnan(errors))
    if not len(known):
        return Exhaustive(None, 0, 0)
    ranked = known[np.argsort(-errors[known], kind="stable")]
    top = errors[ranked[0]]
    near = [k for k in ranked[:_MOST] if errors[k] * _NEAR >= top]
    measured = [m for k in near if (m := gauge.measured((float(column[k]),), 0)) is not None]
    worst = max(measured, key=lambda m: (m.local, m.point), default=None)
    return Exhaustive(worst, len(known), int((errors[known] > budget).sum()))
