"""A baseline, not one of our checks: what a checker in the style of torch.autograd.gradcheck would have caught.

Central differences of the float forward with eps = 1e-6, compared at atol = 1e-5 and rtol = 1e-3, the defaults of
torch.autograd.gradcheck in float64; and its test that no upstream gradient gives no gradient.  Ten points, normally
distributed as with `torch.randn`, moved into the domain if they fall outside.  It checks one fresh leaf at a time, as
torch does; accumulation is done by torch's engine and not by a function there, so it cannot detect errors of
accumulation: those mutants are counted separately.
"""

from __future__ import annotations

import math
import random

from backproof.verify.checks.case import Case
from backproof.verify.numerics.points import Point
from backproof.verify.subjects.boundary import number
from backproof.verify.support.errors import SubjectError

EPS, ATOL, RTOL, POINTS = 1e-6, 1e-5, 1e-3, 10
_TRIES = 2000


def gradcheck_points(case: Case, seed: int = 0) -> list[Point]:
    """Ten points whose neighbours at a distance of eps are in the domain too."""
    source = random.Random(f"gradcheck {case.operation.name} {case.spec.case} {seed}")
    found: list[Point] = []
    for attempt in range(_TRIES):
        size = 1 if attempt < _TRIES // 2 else 2  # acosh needs a wider range
        point = tuple(source.gauss(0, size) for _ in case.spec.inputs)
        around = [(*point[:i], x + h, *point[i + 1 :]) for i, x in enumerate(point) for h in (-EPS, EPS)]
        if all(p in case.region for p in (point, *around)):
            found.append(point)
        if len(found) == POINTS:
            break
    return found


def gradcheck(case: Case, points: list[Point]) -> bool:
    """Whether the rule passes."""
    try:
        return all(_passes_at(case, point) for point in points)
    except SubjectError:  # torch would show the exception: that is caught
        return False


def _passes_at(case: Case, point: Point) -> bool:
    analytical = tuple(map(number, case.operation.partials(*point)))
    for i, ours in enumerate(analytical):
        low, high = ((*point[:i], point[i] + h, *point[i + 1 :]) for h in (-EPS, EPS))
        numerical = (number(case.operation.forward(*high)) - number(case.operation.forward(*low))) / (2 * EPS)
        if not abs(ours - numerical) <= ATOL + RTOL * abs(numerical):
            return False
    return not any(case.operation.run(point, upstream=0.0).gradients) and all(map(math.isfinite, analytical))
