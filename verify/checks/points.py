"""Right at points: the rule against the reference, wherever the points fall.

A rule that runs on symbols is compared as a formula: its trace and the true slope, both in balls, must overlap, so
that round-off is no excuse and no accusation.  Where the rule is proved, a few points do: there SymPy's derivative,
which is the reference, meets the prover's own.  And the rule that ran on floats must be the rule that was traced.
A rule that runs on floats only is matched to the digits that floats allow, and the finding says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from flint import arb, ctx
from numpy.typing import NDArray

from verify.case import Case
from verify.errors import in_a_line
from verify.findings import Finding, Verdict
from verify.numbers.pieces import by_pieces, pieces
from verify.numbers.points import Column, Places
from verify.numbers.reference import LIMIT, Reference, Status
from verify.numbers.ulps import decimal
from verify.proof.telling import digits, hidden, plain
from verify.subjects.operation import Traced
from verify.trace.balls import BallProgram
from verify.trace.columns import on_columns
from verify.trace.floats import compile_floats
from verify.trace.term import Term, constant, substitute, symbol

_FEW = 16  # points where SymPy's derivative and the prover's meet; tests/verify/test_mirror.py proves them equal
_MOST = 100_000  # points in balls: more of them would take longer than a check may
_MANY = 64  # counterexamples, of which the one that tells most is shown
_BATCH = 256  # points at a time: where the rule is wrong, the next are not looked at any more
_GOOD, _BAD = 2.0**-40, 1e-6  # relative errors between which one point says nothing about floats, only most of them
_FAR, _CLOSE = 2.0**40, 2.0**-1000  # beyond these a kernel's range of floats is felt
_LEAST = 2.0**-1022  # an error in a subnormal number is measured against the smallest normal one
_SLIGHT = 1e-9  # an error as small as that, beside the usual size of the slope, is lost digits

Mask = NDArray[np.bool_]


def check(case: Case) -> Iterator[Finding]:
    """The first point, plainest first, where the rule is not the slope; one finding that it matches otherwise."""
    operands = range(len(case.row.inputs))
    unsettled = np.logical_or.reduce([case.truths.has(Status.INCONCLUSIVE, i) for i in operands])
    open_points = int(np.count_nonzero(unsettled))
    trace = case.understood
    if trace is None:
        problem = _floats_only(case)
        agrees = f"the rule is the slope at {len(case.points)} points, to {-math.log10(_GOOD):.0f} digits"
    else:
        count = _FEW if case.proved else 0 if case.bounds else _MOST
        if case.proved and case.operation.own_definition:
            count = 0  # the slope is the forward's own, its literals floats; the proof took them as they are meant
        places = _places(case, count)
        problem = _formula(case, trace, places) or _same_on_floats(case, trace)
        agrees = f"the rule is the slope at {len(places)} points, in balls"
        if case.proved:
            agrees = f"on floats the rule does what was proved, at {len(case.points)} points"
        elif case.bounds:
            agrees = f"on floats the rule does what was traced, at {len(case.points)} points"
    yield from _asked_for(case)
    if problem is not None:
        yield problem
    elif case.silent:
        yield case.finding("points", Verdict.INCONCLUSIVE, case.silent)
    elif open_points:
        yield case.finding("points", Verdict.INCONCLUSIVE, f"the reference could not decide {open_points} points")
    else:
        yield case.finding("points", Verdict.MATCHED, agrees)


def _asked_for(case: Case) -> Iterator[Finding]:
    """What is at the point that the user asked for, whatever else is found."""
    if not case.asked:
        return
    sample, truths = case.samples[0], case.truths[0]
    for i, (name, truth) in enumerate(zip(case.row.inputs, truths, strict=True)):
        ours = repr(sample.slopes[i]) if sample.error is None else in_a_line(sample.error)
        true = decimal(truth.ball) if truth.ball.is_finite() else truth.status.value
        if sample.point not in case.region:
            true = f"undefined: the point is outside the domain {case.row.domain}"
        message = f"at {case.shown(sample.point)} the rule gives {ours}, the slope is {true}"
        yield case.finding("points", Verdict.MATCHED, message, operand=name if len(truths) > 1 else "")


def _places(case: Case, count: int) -> Places:
    """So many of the points, the plainest; of more than `_MOST` half of these, and half of them evenly."""
    if count < _MOST or len(case.points) <= _MOST:
        return case.points.plainest(count)
    evenly = np.arange(0, len(case.points), -(-2 * len(case.points) // _MOST))
    both = np.concatenate((case.points.plainest(_MOST // 2), evenly))
    return both[np.sort(np.unique(both, return_index=True)[1])]


def _formula(case: Case, trace: Traced, places: Places) -> Finding | None:
    """The traced rule in balls against the true slope, at these places."""
    names = case.row.inputs
    program = BallProgram(trace.gradients, [*names, "g", *(f"acc_{n}" for n in names)])
    seeds = (1.0, *[0.0] * len(names))
    operands = range(len(names))
    comparable = ~case.at_corner & np.logical_and.reduce([case.truths.has(Status.KNOWN, i) for i in operands])
    chosen = places[comparable[places]]
    for start in range(0, len(chosen), _BATCH):
        batch = chosen[start : start + _BATCH].tolist()
        found: list[tuple[int, Finding]] = []  # how much each hides
        for index, truths in zip(batch, case.truths.at(batch), strict=True):
            point = case.points[index]
            for i, (name, truth) in enumerate(zip(names, truths, strict=True)):
                ours = _decided(program, (*point, *seeds), i, truth.ball)
                if not ours.is_finite() or ours.overlaps(truth.ball) or (found and not plain(point)):
                    continue
                few = digits(ours, truth.ball)
                refuted = _refuted(case, index, i, name, decimal(ours, few), "the rule in balls", few)
                found.append((hidden(point, float(ours), float(truth.ball)), refuted))
            if found and (found[-1][0] == 0 or len(found) >= _MANY):
                break
        if found:
            return _most_telling(found)
    return None


def _decided(program: BallProgram, data: Sequence[float], i: int, true: arb) -> arb:
    """What the rule gives for an operand, narrow enough to be told from the slope, if that can be had."""
    prec = 128
    while True:
        with ctx.workprec(prec):
            ours: arb = program(*map(arb, data))[i]
            enough = ours.rel_accuracy_bits() > 60 or ours.rad() < arb(2) ** -1100
            if not ours.is_finite() or not ours.overlaps(true) or enough or 2 * prec > LIMIT:
                return ours
        prec *= 2


def _same_on_floats(case: Case, trace: Traced) -> Finding | None:
    """The rule that ran on floats must be the traced one: no worse than the trace, run on floats, lets expect.

    One point far off is enough; an error between `_GOOD` and `_BAD` must be there at most of them.  A compiled
    kernel may lose digits where the trace does not (a tanh that saturates early, a pole), or underflow far out:
    slight errors, explained ones and such far away are let pass here; the check of accuracy tells of them.
    """
    names = case.row.inputs
    note = "the rule on floats; on symbols it computes the slope"
    for i, name in enumerate(names):
        off = _worse(case, trace, i, _judged(case, i) & ~_near(case, i, _GOOD))
        for index in off:
            far = _relative(case.samples.slopes[i].item(index), case.truths[index][i].nearest) > _BAD
            if far and not (case.operation.compiled and _lost(case, index, i)):
                return _refuted(case, index, i, name, repr(case.samples.slopes[i].item(index)), note)
        if len(off) > np.count_nonzero(_judged(case, i)) / 2:
            index = min(off, key=case.points.digits.item)
            return _refuted(case, index, i, name, repr(case.samples.slopes[i].item(index)), note)
    return None


def _judged(case: Case, i: int) -> Mask:
    """At which points there is a slope, an answer, and no corner."""
    return ~case.at_corner & case.truths.has(Status.KNOWN, i) & np.isfinite(case.samples.slopes[i])


def _near(case: Case, i: int, bar: float) -> Mask:
    """At which points the answer is within ``bar`` of the slope, relative to it; at the plainest ones by balls."""
    answers = case.samples.slopes[i]
    with np.errstate(all="ignore"):
        near: Mask = by_pieces(
            lambda ours, nearest: abs(ours - nearest) <= bar * np.maximum(abs(nearest), _LEAST),
            bool,
            answers,
            case.truths.nearest[i],
        )
    plainest = case.points.plainest(_FEW).tolist()
    for index, truths in zip(plainest, case.truths.at(plainest), strict=True):
        near[index] = _relative(answers.item(index), truths[i].nearest) <= bar
    return near


def _worse(case: Case, trace: Traced, i: int, suspects: Mask) -> list[int]:
    """The suspects at which the rule on floats answers worse than its trace on floats."""
    places = np.flatnonzero(suspects)
    if not len(places):
        return []
    names, ours = case.row.inputs, case.samples.slopes[i]
    seeds = {symbol("g"): constant(1), **{symbol(f"acc_{n}"): constant(0) for n in names}}
    (rule,) = substitute((trace.gradients[i],), seeds)
    program = compile_floats((rule,), names)
    if len(places) > _FEW:  # most of them answer just what the trace does
        places = np.concatenate([_others(rule, case, ours, places[part]) for part in pieces(len(places))])
    worse = []
    for index in places.tolist():
        (expected,) = program(*case.points[index])
        if ours.item(index) != expected:
            true = case.truths[index][i].nearest
            if _relative(expected, true) <= _GOOD < _relative(ours.item(index), true):
                worse.append(index)
    return worse


def _others(rule: Term, case: Case, ours: Column, places: Places) -> Places:
    """The places where the answer may be another than what the trace on floats says."""
    (traced,), doubtful = on_columns((rule,), case.row.inputs, case.points.where(places).columns)
    found: Places = places[doubtful | (traced != ours[places])]
    return found


def _lost(case: Case, index: int, i: int) -> bool:
    """Whether an error is one of digits: slight beside the usual slope, far out, or where the slope is steep itself."""
    answer, truth, point = case.samples[index].slopes[i], case.truths[index][i], case.points[index]
    if abs(answer - truth.nearest) <= _SLIGHT * case.usual[i]:
        return True
    if any(abs(x) > _FAR or 0 < abs(x) < _CLOSE for x in point):
        return True
    around = BallProgram(case.slopes, case.row.inputs)(*(arb(x, abs(x) * _GOOD) for x in point))[i]
    return not around.is_finite() or bool(around.contains(answer))  # beside a pole, or nearly as steep


def _relative(x: float, true: float) -> float:
    return abs(x - true) / max(abs(true), _LEAST) if math.isfinite(x) else math.inf


def _floats_only(case: Case) -> Finding | None:
    """Without a trace: most points must match to twelve digits, and none may be far off.

    A formula that loses digits is no wrong formula.  So an error is let pass that is slight beside the usual size
    of the slope (1 - tanh² has no digits left at 20), or that a slight change of the operands explains.
    """
    for i, name in enumerate(case.row.inputs):
        nearest, ours = case.truths.nearest[i], case.samples.slopes[i]
        judged = _judged(case, i) & ((abs(nearest) >= _LEAST) | (nearest == 0))
        off = judged & ~_near(case, i, _GOOD)
        often = np.count_nonzero(off) > np.count_nonzero(judged) / 2
        with np.errstate(all="ignore"):
            far = off & ~_near(case, i, _BAD) & (abs(ours - nearest) > _SLIGHT * case.usual[i])
        found: list[tuple[int, Finding]] = []
        for index in case.points.plainest(among=off if often else far).tolist():
            answer, true = ours.item(index), case.truths[index][i].nearest
            if _relative(answer, true) <= _GOOD:
                continue  # balls know a subnormal number better than the screen
            if found and not plain(case.points[index]):
                break
            if often or not _explained(case, index, i):
                refuted = _refuted(case, index, i, name, repr(answer), "the rule on floats")
                found.append((hidden(case.points[index], answer, true), refuted))
                if found[-1][0] == 0 or len(found) >= _MANY:
                    break
        if found:
            return _most_telling(found)
    return None


def _most_telling(found: list[tuple[int, Finding]]) -> Finding | None:
    """The first of those that hide least."""
    return min(found, key=lambda entry: entry[0])[1] if found else None


def _explained(case: Case, index: int, i: int) -> bool:
    """Whether the answer is the slope at operands that differ by a relative 2**-40 at most: steep, but not wrong."""
    point = case.points[index]
    near = [
        (*point[:k], x * factor, *point[k + 1 :]) for k, x in enumerate(point) for factor in (1 - _GOOD, 1 + _GOOD)
    ]
    slopes = [t[i].nearest for t in Reference(case.slopes, case.row.inputs).many(near) if t[i].status is Status.KNOWN]
    return bool(slopes) and min(slopes) <= case.samples.slopes[i].item(index) <= max(slopes)


def _refuted(case: Case, index: int, i: int, name: str, ours: str, note: str, few: int = 30) -> Finding:
    point, truth = case.points[index], case.truths[index][i]
    return case.finding(
        "points",
        Verdict.REFUTED,
        f"the rule is not the derivative of {case.row.definition}",
        operand=name if len(case.row.inputs) > 1 else "",
        point=case.exact(point),
        details=(
            ("ours", f"{ours}   at {case.shown(point)}   ({note})"),
            ("expected", f"{decimal(truth.ball, few)}   (reference)"),
            ("rerun", case.rerun(point)),
        ),
    )
