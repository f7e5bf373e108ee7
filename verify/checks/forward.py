"""Right, first of all in the forward: the subject's float function is the mirror's function.

A forward that runs on symbols is compared as a formula, in balls, unless it is proved; on floats it may lose digits,
but only as the trace run on floats loses them too.  A forward that runs on floats only is held to the effect of a
relative change of 2**-40 in the inputs or the result (sin of a huge argument is held to it too).  A kernel may answer
0 for a subnormal number, as processors that flush them do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np
from flint import arb, ctx
from numpy.typing import NDArray

from verify.case import Case
from verify.findings import Finding, Verdict
from verify.numbers.pieces import pieces
from verify.numbers.points import Column, Places, Point
from verify.numbers.reference import Status, Truth
from verify.numbers.truths import CODES
from verify.numbers.ulps import decimal
from verify.trace.balls import BallProgram
from verify.trace.floats import compile_floats
from verify.trace.term import Term

_BAR = 2.0**-40
_EVERY, _MOST = 4, 4096  # of those that only balls can judge one in four: the forward is not the accused here
_PLAIN = 24  # the plainest points, where people put their branches
Mask = NDArray[np.bool_]
_SUBNORMAL = arb(2) ** -1070  # a few of the smallest floats: digits that a subnormal number has lost are no mistake
_LEAST = 2.0**-1022
_NORMAL = arb(_LEAST)  # below it a kernel may flush to 0
_WORSE = 8  # so many times what the trace loses a kernel may lose: another tanh under the same cancellation
_BESIDE = tuple(2.0**-k for k in range(6, 41, 3))  # relative steps to where the trace is not right by luck
_BELOW_ZERO = arb(2) ** -1100  # -0.0 stands for the limit from below


def check(case: Case) -> Iterator[Finding]:
    """The first point where the forward is another function; one finding that it agrees otherwise."""
    settled = _settled(case)
    traced = case.understood.forward if case.understood is not None else None
    formula = BallProgram([traced], case.row.inputs) if traced is not None and not case.proved else None
    chosen = _chosen(case, settled if formula is None else np.zeros_like(settled))
    judged = int(np.count_nonzero(settled))
    values = case.values.many(case.points[index] for index in chosen)
    rooms = _room(case, np.array(chosen, dtype=int)).tolist()
    for index, (truth,), room in zip(chosen, values, rooms, strict=True):
        if truth.status is not Status.KNOWN:
            continue
        judged += not settled[index]
        ours = case.samples.out.item(index)
        near = abs(ours - truth.nearest) <= _BAR / 2 * (abs(truth.nearest) + room) < math.inf
        if (not near or formula is not None) and _differs(case, index, truth, room, traced, formula):
            yield _refuted(case, index, truth)
            return
    if judged:
        yield case.finding("forward", Verdict.MATCHED, f"the forward is {case.row.definition} at {judged} points")
    else:
        why = case.silent or "no point has a known value to compare the forward with"
        yield case.finding("forward", Verdict.INCONCLUSIVE, why)


def _room(case: Case, at: slice | Places) -> Column:
    """How far a relative change of 1 in the inputs moves the value, by its slopes; infinite where one overflows.

    So steep a function maps neighbouring inputs to anything.
    """
    room = np.zeros(len(case.points.columns[0][at]))
    with np.errstate(all="ignore"):
        for i, x in enumerate(case.points.columns):
            status = case.truths.status[i][at]
            room += np.where(status == CODES[Status.KNOWN], abs(x[at] * case.truths.nearest[i][at]), 0.0)
            room[status == CODES[Status.OVERFLOW]] = np.inf
    return room


def _settled(case: Case) -> Mask:
    """The points where the screen sees that the forward agrees; wherever it does not, balls have the word."""
    agrees = np.zeros(len(case.points), dtype=bool)
    if case.screened is not None:
        high, _, error = case.screened[0]
        for part in pieces(len(agrees)):
            with np.errstate(all="ignore"):
                bar = _BAR / 2 * (abs(high[part]) + _room(case, part))
                near = abs(case.samples.out[part] - high[part]) + error[part] <= bar
            agrees[part] = near & np.isfinite(bar)
    return agrees


def _chosen(case: Case, settled: Mask) -> list[int]:
    """Where to look in balls: the plainest points, settled or not, then those that are open, and some evenly.

    So no forward passes by the screen alone.  The check of extremes tells of points without an answer.
    """
    answered = case.samples.answered
    still_open = answered & ~settled
    plainest = (case.points.plainest(_PLAIN, among) for among in (answered, still_open))
    spread = np.flatnonzero(still_open)[:: max(_EVERY, len(case.points) // _MOST)]
    return list(dict.fromkeys(np.concatenate((*plainest, spread)).tolist()))


def _differs(
    case: Case, index: int, truth: Truth, room: float, traced: Term | None, formula: BallProgram | None
) -> bool:
    """Whether the forward is another function at this point, on floats or as the formula that it is."""
    point, ours = case.points[index], case.samples.out.item(index)
    least = _NORMAL if case.operation.compiled else _SUBNORMAL
    place = list(map(arb, point)) if formula is not None else []
    same = _agrees(ours, truth, room, least)
    if not same:
        place = list(map(_with_signed_zero, point))
        truth = _at(case, place, truth)
        same = _agrees(ours, truth, room, least)
    if not same and traced is not None:  # lost digits, if the trace run on floats loses them too
        on_floats = _on_floats(traced, case.row.inputs)
        same = not _agrees(float(on_floats(*point)[0]), truth, room, least)
        if not same and case.operation.compiled and math.isfinite(ours):
            same = bool(abs(truth.ball - ours) <= _WORSE * _lost(case, on_floats, point) * abs(truth.ball))
    return not same or (formula is not None and not _exactly(formula, place, truth).overlaps(truth.ball))


def _lost(case: Case, on_floats: Callable[..., tuple[float, ...]], point: Point) -> float:
    """The largest relative error of the trace run on floats, here and close by: at one point it may be right by luck.

    Near -36, for instance, 1 + tanh(x/2) is a small multiple of 2**-53, and to all digits right where the truth is one.
    """
    places = [point]
    for i, x in enumerate(point):
        places += [(*point[:i], x * (1 + sign * step), *point[i + 1 :]) for step in _BESIDE for sign in (-1, 1)]
    errors = [0.0]
    for place, (truth,) in zip(places, case.values.many(places), strict=True):
        if truth.status is Status.KNOWN and abs(truth.nearest) >= _LEAST:
            errors.append(abs(float(on_floats(*place)[0]) / truth.nearest - 1))
    return max(filter(math.isfinite, errors))


def _refuted(case: Case, index: int, truth: Truth) -> Finding:
    point = case.points[index]
    return case.finding(
        "forward",
        Verdict.REFUTED,
        f"the forward is not {case.row.definition}",
        point=case.exact(point),
        details=(
            ("ours", f"{case.samples.out.item(index)!r}   at {case.shown(point)}"),
            ("expected", f"{decimal(truth.ball)}   (reference)"),
            ("rerun", case.rerun(point)),
        ),
    )


@lru_cache(maxsize=1)
def _on_floats(traced: Term, inputs: tuple[str, ...]) -> Callable[..., tuple[float, ...]]:
    """The traced forward as a float program, made where the first point asks for it."""
    return compile_floats([traced], inputs)


def _with_signed_zero(x: float) -> arb:
    return -_BELOW_ZERO if x == 0 and math.copysign(1, x) < 0 else arb(x)


def _at(case: Case, place: list[arb], truth: Truth) -> Truth:
    """The truth where every -0.0 is a step below 0: another one where the operation jumps, as atan2 does."""
    with ctx.workprec(256):
        ball = case.values.program(*place)[0]
    return Truth(ball, float(ball.mid()), Status.KNOWN) if ball.is_finite() else truth


def _exactly(formula: BallProgram, place: list[arb], truth: Truth) -> arb:
    """The traced forward in balls; the truth itself where the trace has no value that could contradict it."""
    with ctx.workprec(256):
        ball = formula(*place)[0]
    return ball if ball.is_finite() else truth.ball


def _agrees(ours: float, truth: Truth, room: float, least: arb) -> bool:
    if ours == truth.nearest:
        return True
    if not math.isfinite(ours):
        return abs(truth.nearest) > 1.7e308  # a rounding away from the largest float
    if math.isinf(room):
        return True
    return bool(abs(truth.ball - ours) <= arb(_BAR) * (arb(abs(truth.nearest)) + arb(room)) + least)
