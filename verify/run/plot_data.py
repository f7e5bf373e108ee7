"""The data of a case's page: its formulas, its proof, and plots of the rule, its error and a difference.

Nothing is checked here.  The numbers are the rule's own on floats and the reference; a few hundred per plot.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arithmetics.ulps import FLOAT64
from backproof.verify.checks.case import Case
from backproof.verify.evaluate.screen import errors_in_ulps
from backproof.verify.numerics.points import Column, Places, Point
from backproof.verify.numerics.reference import Reference, Status
from backproof.verify.reports.proof import explain
from backproof.verify.results.report import Kink, PlotData, Series
from backproof.verify.subjects.boundary import number
from backproof.verify.subjects.functions.formulas import root
from backproof.verify.subjects.operation import Together
from backproof.verify.support.errors import SubjectError
from backproof.verify.terms.from_sympy import from_sympy
from backproof.verify.terms.term import constant, substitute, symbol

SHOWN = 8.0  # how far from 0 a slice goes, where the domain does
SLICE = 200  # points of a slice: an even number, so that 0 is none of them
BUCKETS = 200  # points of a range: the worst of each stretch of the floats
FIXED = (2.0, 0.5, 1.0, 0.0, -0.5, -2.0)  # the other operands of a slice
SIMPLE = (0.7, 2.0, -0.7)  # where a difference is evaluated
STEPS = range(1, 53)  # a difference's steps: 1/2, 1/4, ...


def plot_data(case: Case, *, plots: bool = True) -> PlotData:
    """The case for a report, without its ``plots`` where they will not be drawn."""
    spec = case.spec
    return PlotData(
        case=spec.case,
        definition=str(spec.definition),
        partials=tuple(map(str, spec.partials)),
        domain="" if spec.domain == True else str(spec.domain),  # noqa: E712 - SymPy's true
        kinks=tuple(
            Kink(" and ".join(f"{e} = 0" for e in kink.at), tuple(map(str, kink.returns))) for kink in spec.kinks
        ),
        proof=explain(case),
        series=tuple(_all_series(case)) if plots else (),
    )


def _all_series(case: Case) -> Iterator[Series]:
    reference = Reference(case.derivatives, case.spec.inputs)
    for i in range(len(case.spec.inputs)):
        along = _along(case, i)
        for series in (
            _slice(case, i, reference, *along) if along is not None else None,
            _range(case, i),
            _steps(case, i, reference, *along) if along is not None else None,
        ):
            if series is not None:
                yield series


def _slice(case: Case, i: int, reference: Reference, points: list[Point], at: str) -> Series | None:
    """The rule, the reference and the error along operand i, the others fixed."""
    columns: dict[str, list[str]] = {"x": [], "rule": [], "reference": [], "error": []}
    for point, answer, values in zip(points, _answers(case, points, i), reference.many(points), strict=True):
        expected = values[i]
        if answer is None or expected.status is not Status.KNOWN:
            continue
        for name, value in zip(columns, (point[i], answer, expected.nearest, expected.error(answer)), strict=True):
            columns[name].append(repr(value))
    places = [place for place in _kinks(case, i, points[0]) if abs(place) <= SHOWN]
    exact = {name: tuple(numbers) for name, numbers in columns.items()}
    return Series("slice", case.spec.inputs[i], at, exact, tuple(map(repr, places))) if columns["x"] else None


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
    fixed = [f"{n} = {v:g}" for j, (n, v) in enumerate(zip(case.spec.inputs, others, strict=True)) if j != i]
    return points, ", ".join(fixed)


def _kinks(case: Case, i: int, point: Point) -> list[float]:
    """Where the slice through ``point`` along operand i meets a kink: the kinks of the table are linear."""
    names = case.spec.inputs
    fixed = {symbol(n): constant(x) for j, (n, x) in enumerate(zip(names, point, strict=True)) if j != i}
    found = set()
    for kink in case.spec.kinks:
        roots = set()
        for e in substitute(tuple(map(from_sympy, kink.at)), fixed):
            zero = root(e)
            roots.add(float(zero) if zero is not None else None if e is constant(0) else math.nan)
        roots.discard(None)
        if len(roots) == 1 and not math.isnan(place := float(roots.pop() or 0)):
            found.add(place)
    return sorted(found)


def _range(case: Case, i: int) -> Series | None:
    """The worst error in each stretch of the floats, from the points of the run: every size a float can have.

    The screen bounds the errors; only those that may be the worst of their stretch are evaluated.
    """
    x, computed, nearest = case.points.columns[i], case.samples.partials[i], case.reference_values.nearest[i]
    usable, normal = _measurable(case, i), abs(nearest) >= FLOAT64.smallest_normal
    low, high = _error_bounds(case, i)
    # what is not normal is exactly 0, as intervals decide, or so small that no error is defined
    high = np.where(normal, high, np.where(computed == 0, 0.0, np.inf))
    stretch = _stretches(x)
    largest = np.zeros(4 * BUCKETS)  # what the worst error of each stretch is at least
    np.maximum.at(largest, stretch[usable & normal], low[usable & normal])
    possible = np.flatnonzero(usable & (high >= largest[stretch]))
    case.reference_values.at(possible[high[possible] > 0].tolist())  # all of them at once
    worst: dict[int, tuple[float, float]] = {}
    columns = (possible, *(column[possible] for column in (stretch, normal, high)))
    for place, bucket, is_normal, most in zip(*(column.tolist() for column in columns), strict=True):
        if bucket in worst and most <= worst[bucket][1]:
            continue
        error = 0.0
        if not is_normal or most > 0:
            expected = case.reference_values[place][i]
            if not expected.known or not (is_normal or expected.ball.is_zero()):
                continue
            error = expected.error(computed.item(place))
        if bucket not in worst or error > worst[bucket][1]:
            worst[bucket] = x.item(place), error
    if not worst:
        return None
    xs, errors = zip(*(worst[bucket] for bucket in sorted(worst)), strict=True)
    return Series("range", case.spec.inputs[i], "", {"x": tuple(map(repr, xs)), "error": tuple(map(repr, errors))})


def _stretches(x: Column) -> Places:
    """The stretch of the floats that each is in: short around 1, where most work is done, long towards the ends."""
    with np.errstate(divide="ignore"):
        size = np.rint(np.arcsinh(np.log2(abs(x)) / 10) * BUCKETS / 20)
    size = np.where(x == 0, -BUCKETS, size).astype(np.int64)
    return np.where(x > 0, 3 * BUCKETS + size, BUCKETS - size)


def _measurable(case: Case, i: int) -> NDArray[np.bool_]:
    """At which points an error may be defined: normal numbers go in and come out."""
    out, partial = case.samples.out, case.samples.partials[i]
    usable = case.samples.returned & ~case.at_kink & case.reference_values.has(Status.KNOWN, i)
    usable &= (out == 0) | (abs(out) >= FLOAT64.smallest_normal)
    usable &= np.isfinite(out) & np.isfinite(partial)
    return usable


def _error_bounds(case: Case, i: int) -> tuple[Column, Column]:
    """Bounds of the error at each point, in ULPs; an upper bound of 0 says that there is none."""
    computed = case.samples.partials[i]
    if case.screened is None:
        return np.zeros_like(computed), np.full_like(computed, np.inf)
    exact = case.screened[1 + i]
    error, doubt = errors_in_ulps(computed, exact)
    doubt += error * 2.0**-40  # the rounding of the error itself
    with np.errstate(invalid="ignore"):
        low, high = np.fmax(error - doubt, 0.0), error + doubt
    high[np.isnan(high)] = np.inf
    high[(computed == exact.high) & (exact.low == 0) & (exact.error == 0)] = 0.0
    return low, high


def _steps(case: Case, i: int, reference: Reference, points: list[Point], at: str) -> Series | None:
    """The error of a central difference, relative, against its step, at a point of the slice."""
    simple = next((v for v in SIMPLE if v in case.region.intervals[i]), points[0][i])
    point = (*points[0][:i], simple, *points[0][i + 1 :])
    expected = reference.at(point)[i]
    if not expected.known or expected.nearest == 0:
        return None
    columns: dict[str, list[str]] = {"h": [], "error": []}
    for h, estimate in _differences(case, point, i):
        columns["h"].append(repr(h))
        columns["error"].append(repr(abs(estimate - expected.nearest) / abs(expected.nearest)))
    where = f"{case.spec.inputs[i]} = {point[i]!r}"
    exact = {name: tuple(numbers) for name, numbers in columns.items()}
    return Series("steps", case.spec.inputs[i], f"{where}, {at}" if at else where, exact) if columns["h"] else None


def _differences(case: Case, point: Point, i: int) -> Iterator[tuple[float, float]]:
    """(h, (f(x + h) - f(x - h)) / 2h) by the subject's own forward; left out where it has no value."""
    interval, x = case.region.intervals[i], point[i]
    steps = [h for h in (2.0**-k for k in STEPS) if x + h in interval and x - h in interval]
    values = iter(_forwards(case, [(*point[:i], x + side, *point[i + 1 :]) for h in steps for side in (h, -h)]))
    for h, above, below in zip(steps, values, values, strict=True):
        if above is not None and below is not None and math.isfinite(estimate := (above - below) / (2 * h)):
            yield h, estimate


def _forwards(case: Case, points: list[Point]) -> list[float | None]:
    """The subject's forward at each point; None where it raises.  The sign of a zero may be lost."""
    found = _together(case, points)
    if found is None:
        return [_forward(case, point) for point in points]
    pairs = zip(points, found.out.tolist(), found.doubtful.tolist(), strict=True)
    return [_forward(case, point) if doubtful else value for point, value, doubtful in pairs]


def _forward(case: Case, point: Point) -> float | None:
    try:
        return number(case.operation.forward(*point))
    except SubjectError:
        return None


def _answers(case: Case, points: list[Point], i: int) -> list[float | None]:
    """The rule's derivative for operand i at each point; None where it has no finite one."""
    found = _together(case, points)
    if found is None:
        return [_answer(case, point, i) for point in points]
    partial = found.partials[i]
    alone = found.doubtful | ~np.isfinite(partial) | (partial == 0)  # a column may lose the sign of a zero
    pairs = zip(points, partial.tolist(), alone.tolist(), strict=True)
    return [_answer(case, point, i) if again else value for point, value, again in pairs]


def _together(case: Case, points: list[Point]) -> Together | None:
    """The operation at all the points in one run, if that is how the points of the run were evaluated."""
    if not case.samples.together or not points:
        return None
    return case.operation.at_once(list(np.array(points).T.copy()))


def _answer(case: Case, point: Point, i: int) -> float | None:
    try:
        answer = case.operation.run(point).gradients[i]
    except SubjectError:
        return None
    return float(answer) if isinstance(answer, (int, float)) and math.isfinite(answer) else None
