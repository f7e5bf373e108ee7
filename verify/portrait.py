"""What a reader wants to see of a case: its formulas, its proof, and plots of the rule, its error and a difference.

Nothing is judged here.  The numbers are the rule's own on floats beside the reference; a few hundred a plot.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from verify.case import Case
from verify.numbers.points import Point
from verify.numbers.reference import Reference, Status, Truth
from verify.numbers.ulps import FLOAT64
from verify.report import Bend, Portrait, Series
from verify.reports.proof import told
from verify.samples import Sample
from verify.subjects.formulas import root
from verify.trace.from_sympy import from_sympy
from verify.trace.term import constant, substitute, symbol

SHOWN = 8.0  # how far from 0 a slice goes, where the domain does
SLICE = 200  # points of a slice: an even number, so that 0 is none of them
BUCKETS = 200  # points of a range: the worst of each stretch of the floats
FIXED = (2.0, 0.5, 1.0, 0.0, -0.5, -2.0)  # what the other operands are, in a slice
SIMPLE = (0.7, 2.0, -0.7)  # where a difference is looked at
STEPS = range(1, 53)  # a difference's steps: 1/2, 1/4, ...


def portrait(case: Case, *, plots: bool = True) -> Portrait:
    """The case as a reader meets it, without its ``plots`` where nobody will draw them."""
    row = case.row
    return Portrait(
        case=row.case,
        definition=str(row.definition),
        slopes=tuple(map(str, row.slopes)),
        domain="" if row.domain == True else str(row.domain),  # noqa: E712 - SymPy's true
        corners=tuple(
            Bend(" and ".join(f"{e} = 0" for e in corner.at), tuple(map(str, corner.answers))) for corner in row.corners
        ),
        proof=told(case),
        series=tuple(_all_series(case)) if plots else (),
    )


def _all_series(case: Case) -> Iterator[Series]:
    for i in range(len(case.row.inputs)):
        for series in (_slice(case, i), _range(case, i), _steps(case, i)):
            if series is not None:
                yield series


def _slice(case: Case, i: int) -> Series | None:
    """The rule, the reference and the error along operand i, the others fixed."""
    along = _along(case, i)
    if along is None:
        return None
    points, at = along
    columns: dict[str, list[str]] = {"x": [], "rule": [], "reference": [], "error": []}
    for point, truths in zip(points, Reference(case.slopes, case.row.inputs).many(points), strict=True):
        answer, truth = _answer(case, point, i), truths[i]
        if answer is None or truth.status is not Status.KNOWN:
            continue
        for name, number in zip(columns, (point[i], answer, truth.nearest, truth.error(answer)), strict=True):
            columns[name].append(repr(number))
    places = [place for place in _corners(case, i, points[0]) if abs(place) <= SHOWN]
    exact = {name: tuple(numbers) for name, numbers in columns.items()}
    return Series("slice", case.row.inputs[i], at, exact, tuple(map(repr, places))) if columns["x"] else None


def _along(case: Case, i: int) -> tuple[list[Point], str] | None:
    """Evenly spaced points along operand i, and what the other operands are there; None where there are none."""
    intervals = case.region.intervals
    first, last = intervals[i].floats
    low, high = max(first, -SHOWN), min(last, SHOWN)
    if not low < high:
        return None
    others = [next((v for v in FIXED if v in interval), None) for interval in intervals]
    if any(v is None for k, v in enumerate(others) if k != i):
        return None
    points = []
    for k in range(SLICE):
        x = low + (high - low) * k / (SLICE - 1)
        if x in intervals[i]:
            points.append(tuple(x if j == i else float(v or 0) for j, v in enumerate(others)))
    fixed = [f"{n} = {v:g}" for j, (n, v) in enumerate(zip(case.row.inputs, others, strict=True)) if j != i]
    return points, ", ".join(fixed)


def _corners(case: Case, i: int, point: Point) -> list[float]:
    """Where the slice through ``point`` along operand i meets a corner: the corners of the table are linear."""
    names = case.row.inputs
    fixed = {symbol(n): constant(x) for j, (n, x) in enumerate(zip(names, point, strict=True)) if j != i}
    found = set()
    for corner in case.row.corners:
        roots = set()
        for e in substitute(tuple(map(from_sympy, corner.at)), fixed):
            zero = root(e)
            roots.add(float(zero) if zero is not None else None if e is constant(0) else math.nan)
        roots.discard(None)
        if len(roots) == 1 and not math.isnan(place := float(roots.pop() or 0)):
            found.add(place)
    return sorted(found)


def _range(case: Case, i: int) -> Series | None:
    """The worst error in each stretch of the floats, from the points of the run: every size a float can have."""
    worst: dict[int, tuple[float, float]] = {}
    for sample, truths, corner in zip(case.samples, case.truths, case.at_corner, strict=True):
        if corner or not _measurable(sample, truths[i], i):
            continue
        x = sample.point[i]
        bucket = _stretch(x)
        error = truths[i].error(float(sample.slopes[i]))
        if bucket not in worst or error > worst[bucket][1]:
            worst[bucket] = x, error
    if not worst:
        return None
    xs, errors = zip(*(worst[bucket] for bucket in sorted(worst)), strict=True)
    return Series("range", case.row.inputs[i], "", {"x": tuple(map(repr, xs)), "error": tuple(map(repr, errors))})


def _stretch(x: float) -> int:
    """Which stretch of the floats x is in: short around 1, where most work is done, long towards the ends."""
    size = round(math.asinh(math.log2(abs(x)) / 10) * BUCKETS / 20) if x else -BUCKETS
    return size + BUCKETS if x > 0 else -size - BUCKETS


def _measurable(sample: Sample, truth: Truth, i: int) -> bool:
    """Whether there is an error to speak of: normal numbers went in and ought to come out."""
    if sample.error is not None or not truth.known or not _finite(sample.out) or not _finite(sample.slopes[i]):
        return False
    least = FLOAT64.smallest_normal
    return (truth.ball.is_zero() or abs(truth.nearest) >= least) and not 0 < abs(sample.out) < least


def _steps(case: Case, i: int) -> Series | None:
    """The error of a central difference, relative, against its step, at a point of the slice."""
    along = _along(case, i)
    if along is None:
        return None
    points, at = along
    simple = next((v for v in SIMPLE if v in case.region.intervals[i]), points[0][i])
    point = (*points[0][:i], simple, *points[0][i + 1 :])
    truth = Reference(case.slopes, case.row.inputs).at(point)[i]
    if not truth.known or truth.nearest == 0:
        return None
    columns: dict[str, list[str]] = {"h": [], "error": []}
    for k in STEPS:
        h = 2.0**-k
        estimate = _difference(case, point, i, h)
        if estimate is not None:
            columns["h"].append(repr(h))
            columns["error"].append(repr(abs(estimate - truth.nearest) / abs(truth.nearest)))
    where = f"{case.row.inputs[i]} = {point[i]!r}"
    exact = {name: tuple(numbers) for name, numbers in columns.items()}
    return Series("steps", case.row.inputs[i], f"{where}, {at}" if at else where, exact) if columns["h"] else None


def _difference(case: Case, point: Point, i: int, h: float) -> float | None:
    """(f(x + h) - f(x - h)) / 2h by the subject's own forward; None where it has no value."""
    high, low = ((*point[:i], point[i] + side, *point[i + 1 :]) for side in (h, -h))
    if not all(interval_x in case.region.intervals[i] for interval_x in (high[i], low[i])):
        return None
    try:
        estimate = (float(case.operation.forward(*high)) - float(case.operation.forward(*low))) / (2 * h)
    except Exception:  # the subject's own code may raise anything
        return None
    return estimate if math.isfinite(estimate) else None


def _answer(case: Case, point: Point, i: int) -> float | None:
    try:
        answer = case.operation.run(point).gradients[i]
    except Exception:  # the subject's own code may raise anything
        return None
    return float(answer) if _finite(answer) else None


def _finite(x: Any) -> bool:
    return isinstance(x, (int, float)) and math.isfinite(x)
