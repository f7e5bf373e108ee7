"""Right, first of all in the forward: the subject's float function is the mirror's function.

A forward that runs on symbols is compared as a formula, in interval arithmetic, unless it is proved; on floats it may
lose digits, but only as the trace run on floats loses them too.  A forward that runs on floats only may differ by the
effect of a relative change of 2**-40 in the inputs or the result (also sin of a huge argument), and by what a subnormal
number has lost: nobody knows of what size its intermediate results were.  A kernel may return 0 for a subnormal number,
as processors that flush them do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np
from flint import arb, ctx
from numpy.typing import NDArray

from backproof.verify.arithmetics.ulps import decimal
from backproof.verify.checks.case import SLIGHT, Case
from backproof.verify.checks.points import norm_error
from backproof.verify.checks.table import FORWARD
from backproof.verify.evaluate.balls import BallProgram
from backproof.verify.evaluate.floats import compile_floats
from backproof.verify.numerics.points import Column, Places, Point
from backproof.verify.numerics.reference import ReferenceValue, Status
from backproof.verify.numerics.reference_values import CODES
from backproof.verify.numerics.typical import sizes_about_one
from backproof.verify.results.findings import Finding, Verdict
from backproof.verify.support.chunks import pieces
from backproof.verify.terms.term import Term

_EVERY, _MOST = 4, 4096  # one in four of those that need interval arithmetic: the rule is the main subject
_PLAIN = 24  # the plainest points, where people put their branches
Mask = NDArray[np.bool_]
_SUBNORMAL = arb(2) ** -1070  # a few of the smallest floats: digits that a subnormal number has lost are not an error
_LEAST = 2.0**-1022
_NORMAL = arb(_LEAST)  # below it a kernel may flush to 0, and a forward without a trace may have lost its digits
_WORSE = 8  # a kernel may lose this many times what the trace loses: another tanh under the same cancellation
_BESIDE = tuple(2.0**-k for k in range(6, 41, 3))  # relative steps to where the trace is not right by chance
_BELOW_ZERO = arb(2) ** -1100  # -0.0 stands for the limit from below


def check(case: Case) -> Iterator[Finding]:
    """The first point where the forward is another function; otherwise one finding that it agrees."""
    if case.own is not None and case.own.nearly:
        yield case.finding(FORWARD, Verdict.MATCHED, f"the forward is {case.spec.definition}, to 2**-30 of its size")
        return
    settled = _settled(case)
    traced = case.recognised_trace.forward if case.recognised_trace is not None else None
    compared = traced is not None and not case.proved and not case.negligible  # no proof covers it
    formula = BallProgram([traced], case.spec.inputs) if compared and traced is not None else None
    chosen = _chosen(case, settled if formula is None else np.zeros_like(settled))
    judged = int(np.count_nonzero(settled))
    values = case.values.many(case.points[index] for index in chosen)
    rooms = _room(case, np.array(chosen, dtype=int)).tolist()
    for index, (expected,), room in zip(chosen, values, rooms, strict=True):
        if expected.status is not Status.KNOWN:
            continue
        judged += not settled[index]
        ours = case.samples.out.item(index)
        near = abs(ours - expected.nearest) <= case.good / 2 * (abs(expected.nearest) + room) < math.inf
        if (not near or formula is not None) and _differs(case, index, expected, room, traced, formula):
            yield _refuted(case, index, expected)
            return
    if judged:
        message = f"the {case.operation.compared} is {case.spec.definition} at {judged} points"
        yield case.finding(FORWARD, Verdict.MATCHED, message)
    else:
        why = case.no_result_reason or "no point has a known value to compare the forward with"
        yield case.finding(FORWARD, Verdict.INCONCLUSIVE, why)


def _room(case: Case, at: slice | Places) -> Column:
    """How far a relative change of 1 in the inputs moves the value, by its derivatives; infinite if one overflows.

    So steep a function maps neighbouring inputs to anything.
    """
    room = np.zeros(len(case.points.columns[0][at]))
    with np.errstate(all="ignore"):
        for i, x in enumerate(case.points.columns):
            status = case.reference_values.status[i][at]
            room += np.where(status == CODES[Status.KNOWN], abs(x[at] * case.reference_values.nearest[i][at]), 0.0)
            room[status == CODES[Status.OVERFLOW]] = np.inf
    return room


def _settled(case: Case) -> Mask:
    """The points where the screen shows that the forward agrees; interval arithmetic decides the others."""
    agrees = np.zeros(len(case.points), dtype=bool)
    if case.screened is not None:
        high, _, error = case.screened[0]
        for part in pieces(len(agrees)):
            with np.errstate(all="ignore"):
                bar = case.good / 2 * (abs(high[part]) + _room(case, part))
                near = abs(case.samples.out[part] - high[part]) + error[part] <= bar
            agrees[part] = near & np.isfinite(bar)
    return agrees


def _chosen(case: Case, settled: Mask) -> list[int]:
    """Points to evaluate in interval arithmetic: the plainest, settled or not, then those not decided, and some evenly.

    So no forward passes by the screen alone.  The check of extremes reports points without a result; an overflow beyond
    the working range is its business, too, where no formula tells it from another function.
    """
    returned = case.samples.returned & case.in_range_of_format
    if case.operation.of_entries:  # NumPy and LAPACK work in an order of their own, which overflows elsewhere
        returned &= case.in_working_range
    if case.recognised_trace is None or case.operation.compiled:
        returned &= np.isfinite(case.samples.out) | case.in_working_range
    still_open = returned & ~settled
    plainest = (case.points.plainest(_PLAIN, among) for among in (returned, still_open))
    spread = np.flatnonzero(still_open)[:: max(_EVERY, len(case.points) // _MOST)]
    return list(dict.fromkeys(np.concatenate((*plainest, spread)).tolist()))


def _differs(
    case: Case, index: int, expected: ReferenceValue, room: float, traced: Term | None, formula: BallProgram | None
) -> bool:
    """Whether the forward is another function at this point, on floats or as the formula that it is."""
    point, ours = case.points[index], case.samples.out.item(index)
    least = _NORMAL if case.operation.compiled or traced is None else _SUBNORMAL
    place = list(map(arb, point)) if formula is not None else []
    same = _agrees(case, ours, expected, room, least)
    if not same:
        place = list(map(_with_signed_zero, point))
        expected = _at(case, place, expected)
        same = _agrees(case, ours, expected, room, least)
    if not same and traced is None and math.isfinite(ours):  # lost digits, if they are few beside its size about one
        (size,) = sizes_about_one((case.stable,), case.spec.inputs, case.region)
        same = bool(abs(expected.ball - ours) <= SLIGHT * size) if math.isfinite(size) else False
    if not same and traced is not None:  # lost digits, if the trace run on floats loses them too
        on_floats = _on_floats(traced, case.spec.inputs)
        same = not _agrees(case, float(on_floats(*point)[0]), expected, room, least)
        if not same and case.operation.compiled and math.isfinite(ours):
            same = bool(abs(expected.ball - ours) <= _WORSE * _lost(case, on_floats, point) * abs(expected.ball))
            same = same or _is_normwise(case, point, ours)
    return not same or (formula is not None and not _exactly(formula, place, expected).overlaps(expected.ball))


def _is_normwise(case: Case, point: Point, ours: float) -> bool:
    """Whether the value is exact for inputs that differ by what factoring a matrix may add to each of its entries."""
    if not (error := norm_error(case, point)):
        return False
    with ctx.workprec(256):
        around = case.values.program(*(arb(x, error) for x in point))[0]
        return not around.is_finite() or bool(around.contains(ours))


def _lost(case: Case, on_floats: Callable[..., tuple[float, ...]], point: Point) -> float:
    """The largest relative error of the trace run on floats, here and close by: at one point it may be right by chance.

    Near -36, for instance, 1 + tanh(x/2) is a small multiple of 2**-53, and exact where the true value is one too.
    """
    places = [point]
    for i, x in enumerate(point):
        places += [(*point[:i], x * (1 + sign * step), *point[i + 1 :]) for step in _BESIDE for sign in (-1, 1)]
    errors = [0.0]
    for place, (expected,) in zip(places, case.values.many(places), strict=True):
        if expected.status is Status.KNOWN and abs(expected.nearest) >= _LEAST:
            errors.append(abs(float(on_floats(*place)[0]) / expected.nearest - 1))
    return max(filter(math.isfinite, errors))


def _refuted(case: Case, index: int, expected: ReferenceValue) -> Finding:
    point = case.points[index]
    return case.finding(
        FORWARD,
        Verdict.REFUTED,
        f"the forward is not {case.spec.definition}",
        point=case.exact(point),
        details=(
            ("ours", f"{case.samples.out.item(index)!r}   at {case.shown(point)}"),
            ("expected", f"{decimal(expected.ball)}   (reference)"),
            ("rerun", case.rerun(point)),
        ),
    )


@lru_cache(maxsize=1)
def _on_floats(traced: Term, inputs: tuple[str, ...]) -> Callable[..., tuple[float, ...]]:
    """The traced forward as a float program, compiled when it is first needed."""
    return compile_floats([traced], inputs)


def _with_signed_zero(x: float) -> arb:
    return -_BELOW_ZERO if x == 0 and math.copysign(1, x) < 0 else arb(x)


def _at(case: Case, place: list[arb], expected: ReferenceValue) -> ReferenceValue:
    """The reference value with every -0.0 a step below 0: a different one where the operation jumps, as atan2 does."""
    with ctx.workprec(256):
        ball = case.values.program(*place)[0]
    return ReferenceValue(ball, float(ball.mid()), Status.KNOWN) if ball.is_finite() else expected


def _exactly(formula: BallProgram, place: list[arb], expected: ReferenceValue) -> arb:
    """The traced forward as an interval; the reference value itself where the trace has no value."""
    with ctx.workprec(256):
        ball = formula(*place)[0]
    return ball if ball.is_finite() else expected.ball


def _agrees(case: Case, ours: float, expected: ReferenceValue, room: float, least: arb) -> bool:
    if ours == expected.nearest:
        return True
    if not math.isfinite(ours):
        return abs(expected.nearest) > 1.7e308  # within rounding of the largest float
    if math.isinf(room):
        return True
    return bool(abs(expected.ball - ours) <= arb(case.good) * (arb(abs(expected.nearest)) + arb(room)) + least)
