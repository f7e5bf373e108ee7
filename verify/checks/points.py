"""Right at points: the rule against the reference, wherever the points fall.

A rule that runs on symbols is compared as a formula: its trace and the true slope, both in balls, must overlap, so
that round-off is no excuse and no accusation.  Where the rule is proved, a few points do: there SymPy's derivative,
which is the reference, meets the prover's own.  And the rule that ran on floats must be the rule that was traced.
A rule that runs on floats only is matched to the digits that floats allow, and the finding says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from flint import arb, ctx

from verify.case import Case
from verify.findings import Finding, Verdict
from verify.numbers.reference import LIMIT, Reference, Status, Truth
from verify.numbers.ulps import decimal
from verify.subjects.operation import Traced
from verify.trace.balls import BallProgram
from verify.trace.floats import compile_floats

_FEW = 16  # points where SymPy's derivative and the prover's meet; tests/verify/test_mirror.py proves them equal
_GOOD, _BAD = 2.0**-40, 1e-6  # relative errors between which one point says nothing about floats, only most of them
_FAR = 2.0**40  # from here on a kernel's range of floats is felt
_SLIGHT = 1e-9  # an error as small as that, beside the usual size of the slope, is lost digits


def check(case: Case) -> Iterator[Finding]:
    """The first point, plainest first, where the rule is not the slope; one finding that it matches otherwise."""
    open_points = sum(any(t.status is Status.INCONCLUSIVE for t in truths) for truths in case.truths)
    trace = case.understood
    proved = False
    if trace is None:
        problem = _floats_only(case)
        agrees = f"the rule is the slope at {len(case.points)} points, to {-math.log10(_GOOD):.0f} digits"
    else:
        count = _FEW if case.proved else 0 if case.bounds else len(case.points)
        problem = _formula(case, trace, count) or _same_on_floats(case, trace)
        agrees = f"the rule is the slope at {len(case.points)} points, in balls"
        if case.proved:
            decided = len(case.points) - open_points
            agrees = f"on floats the rule does what was proved, at {decided} points"
        elif case.bounds:
            agrees = f"on floats the rule does what was traced, at {len(case.points)} points"
    yield from _asked_for(case)
    if problem is not None:
        yield problem
    elif case.samples and all(sample.error is not None for sample in case.samples):
        stopped = case.samples[0].error
        message = f"the rule has no answer at any of {len(case.samples)} points ({type(stopped).__name__}: {stopped})"
        yield case.finding("points", Verdict.INCONCLUSIVE, message)
    elif open_points and proved:
        message = f"{agrees}; at {open_points} more the numbers are beyond what balls can follow"
        yield case.finding("points", Verdict.MATCHED, message)
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
        ours = repr(sample.slopes[i]) if sample.error is None else f"{type(sample.error).__name__}: {sample.error}"
        true = decimal(truth.ball) if truth.ball.is_finite() else truth.status.value
        if sample.point not in case.region:
            true = f"undefined: the point is outside the domain {case.row.domain}"
        message = f"at {case.shown(sample.point)} the rule gives {ours}, the slope is {true}"
        yield case.finding("points", Verdict.MATCHED, message, operand=name if len(truths) > 1 else "")


def _formula(case: Case, trace: Traced, count: int) -> Finding | None:
    """The traced rule in balls against the true slope, at so many of the plainest points."""
    names = case.row.inputs
    program = BallProgram(trace.gradients, [*names, "g", *(f"acc_{n}" for n in names)])
    seeds = [arb(1), *[arb(0)] * len(names)]
    for index in case.plainest[:count]:
        point, truths = case.points[index], case.truths[index]
        if case.at_corner[index] or any(t.status is not Status.KNOWN for t in truths):
            continue
        for i, (name, truth) in enumerate(zip(names, truths, strict=True)):
            prec = 128
            while prec <= LIMIT:
                with ctx.workprec(prec):
                    ours = program(*map(arb, point), *seeds)[i]
                    if not ours.is_finite() or not ours.overlaps(truth.ball):
                        break
                    if ours.rel_accuracy_bits() > 60 or ours.rad() < arb(2) ** -1100:
                        break
                prec *= 2
            if ours.is_finite() and not ours.overlaps(truth.ball):
                return _refuted(case, index, i, name, decimal(ours), "the rule in balls")
    return None


def _same_on_floats(case: Case, trace: Traced) -> Finding | None:
    """The rule that ran on floats must be the traced one: no worse than the trace, run on floats, lets expect.

    One point far off is enough; an error between `_GOOD` and `_BAD` must be there at most of them.  A compiled
    kernel may lose digits where the trace does not (a tanh that saturates early, a pole), or underflow far out:
    slight errors, explained ones and such far away are let pass here; the check of accuracy tells of them.
    """
    names = case.row.inputs
    program = compile_floats(trace.gradients, [*names, "g", *(f"acc_{n}" for n in names)])
    seeds = [1.0, *[0] * len(names)]
    note = "the rule on floats; on symbols it computes the slope"
    compared = [0] * len(names)
    off: list[list[int]] = [[] for _ in names]
    for index, (sample, truths) in enumerate(zip(case.samples, case.truths, strict=True)):
        if sample.error is not None or case.at_corner[index]:
            continue
        traced = program(*sample.point, *seeds)
        for i, (ours, expected, truth) in enumerate(zip(sample.slopes, traced, truths, strict=True)):
            if truth.status is not Status.KNOWN or not math.isfinite(ours):
                continue
            compared[i] += 1
            if ours == expected or _relative(expected, truth) > _GOOD or _relative(ours, truth) <= _GOOD:
                continue
            off[i].append(index)
            if _relative(ours, truth) > _BAD and not (case.operation.compiled and _lost(case, index, i)):
                return _refuted(case, index, i, names[i], repr(ours), note)
    for i, name in enumerate(names):
        if len(off[i]) > compared[i] / 2:
            index = min(off[i], key=case.plainest.index)
            return _refuted(case, index, i, name, repr(case.samples[index].slopes[i]), note)
    return None


def _lost(case: Case, index: int, i: int) -> bool:
    """Whether an error is one of digits: slight beside the usual slope, far out, or where the slope is steep itself."""
    answer, truth, point = case.samples[index].slopes[i], case.truths[index][i], case.points[index]
    if abs(answer - truth.nearest) <= _SLIGHT * case.usual[i] or any(abs(x) > _FAR for x in point):
        return True
    around = BallProgram(case.slopes, case.row.inputs)(*(arb(x, abs(x) * _GOOD) for x in point))[i]
    return not around.is_finite() or bool(around.contains(answer))  # beside a pole, or nearly as steep


def _relative(x: float, truth: Truth) -> float:
    size = max(abs(truth.nearest), 2.0**-1022)
    return abs(x - truth.nearest) / size if math.isfinite(x) else math.inf


def _floats_only(case: Case) -> Finding | None:
    """Without a trace: most points must match to twelve digits, and none may be far off.

    A formula that loses digits is no wrong formula.  So an error is let pass that is slight beside the usual size
    of the slope (1 - tanh² has no digits left at 20), or that a slight change of the operands explains.
    """
    for i, name in enumerate(case.row.inputs):
        errors: list[tuple[float, float, int]] = []
        for index in case.plainest:
            sample, truth = case.samples[index], case.truths[index][i]
            if sample.error is not None or case.at_corner[index] or truth.status is not Status.KNOWN:
                continue
            if (abs(truth.nearest) < 2.0**-1022 and truth.nearest != 0) or not math.isfinite(sample.slopes[i]):
                continue
            errors.append((_relative(sample.slopes[i], truth), abs(sample.slopes[i] - truth.nearest), index))
        if not errors:
            continue
        often = sum(relative > _GOOD for relative, _, _ in errors) > len(errors) / 2
        for relative, absolute, index in errors:
            far = relative > _BAD and absolute > _SLIGHT * case.usual[i]
            if (often and relative > _GOOD) or (far and not _explained(case, index, i)):
                return _refuted(case, index, i, name, repr(case.samples[index].slopes[i]), "the rule on floats")
    return None


def _explained(case: Case, index: int, i: int) -> bool:
    """Whether the answer is the slope at operands that differ by a relative 2**-40 at most: steep, but not wrong."""
    point = case.points[index]
    near = [
        (*point[:k], x * factor, *point[k + 1 :]) for k, x in enumerate(point) for factor in (1 - _GOOD, 1 + _GOOD)
    ]
    slopes = [t[i].nearest for t in Reference(case.slopes, case.row.inputs).many(near) if t[i].status is Status.KNOWN]
    return bool(slopes) and min(slopes) <= case.samples[index].slopes[i] <= max(slopes)


def _refuted(case: Case, index: int, i: int, name: str, ours: str, note: str) -> Finding:
    point, truth = case.points[index], case.truths[index][i]
    return case.finding(
        "points",
        Verdict.REFUTED,
        f"the rule is not the derivative of {case.row.definition}",
        operand=name if len(case.row.inputs) > 1 else "",
        point=case.exact(point),
        details=(
            ("ours", f"{ours}   at {case.shown(point)}   ({note})"),
            ("expected", f"{decimal(truth.ball)}   (reference)"),
            ("rerun", case.rerun(point)),
        ),
    )
