"""Safe over the whole float range: the rule returns a finite value wherever the true derivative fits in a float.

Checked where the value of the forward fits in a float.  For a derivative beyond the largest float the rule must return
infinity, of its sign, or a number nearly as large.  At the end of a domain where the derivative is infinite, any result
but NaN or an exception is accepted.

In the working range (`verify.numerics.working_range`) a failure is unsafe; beyond it, fragile.  A finite result in the
working range is unsafe, too, if it is far from the derivative although the formula is proved: an overflow turned into
0, say, or digits that cancel where the derivative has its usual size.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from flint import arb

from backproof.verify.arithmetics.ulps import decimal
from backproof.verify.checks.case import Case
from backproof.verify.checks.points import norm_error
from backproof.verify.checks.samples import Sample
from backproof.verify.checks.table import EXTREMES
from backproof.verify.evaluate.balls import evaluate
from backproof.verify.numerics.reference import ReferenceValue, Status
from backproof.verify.numerics.typical import sizes_about_one
from backproof.verify.proof.result import Status as Proved
from backproof.verify.results.findings import Finding, Verdict
from backproof.verify.subjects.boundary import NotCalled
from backproof.verify.support.errors import in_a_line

_HUGE = 2.0**1014  # derivatives from here on may come out as infinity: a factor of theirs overflows before they do
_FAR_OFF = 2.0**-10  # of the derivative or its size about one, whichever is larger: further off is no matter of digits
_NEARBY = 2.0**-40  # a relative change of the inputs that may explain a result: steep, but not wrong

_Problem = tuple[tuple[bool, float], Sample, ReferenceValue]
"""Its rank (the working range first, plain points first), the sample, and the true derivative there."""


def check(case: Case) -> Iterator[Finding]:
    """The plainest point without an acceptable result, for each operand; otherwise one finding that there is none."""
    problems: dict[str, _Problem] = {}
    for index in _suspects(case):
        sample, reference_values = case.samples[index], case.reference_values[index]
        senseless = [i for i, value in enumerate(reference_values) if not _sensible(sample, i, value)]
        if not senseless or isinstance(sample.error, NotCalled) or not _forward_has_value(case, sample):
            continue  # nothing is known of a point where the rule was not called; a rule that hung is reported
        if _is_at_an_edge(case, sample):
            continue
        if _is_all_but_excluded(case, sample.point):
            continue
        for i in senseless:
            name = case.spec.inputs[i] if sample.error is None else ""  # an exception affects every operand
            rank = not case.in_working_range[index], sum(map(_complexity, sample.point))
            if name not in problems or rank < problems[name][0]:
                problems[name] = rank, sample, reference_values[i]
    for i, name in enumerate(("", *case.spec.inputs)):
        if name in problems:
            yield _failure(case, i - 1, name, *problems[name])
        elif name and (problem := far_off(case, i - 1) or (far_off(case, i - 1, beyond=True) if case.guards else None)):
            problems[name] = problem
            yield _failure(case, i - 1, name, *problem)
    if case.operation.note:
        yield case.finding(EXTREMES, Verdict.FRAGILE, case.operation.note)
    if not problems:
        where = "within the bounds" if case.operation.bounds else "of the float range"
        yield case.finding(EXTREMES, Verdict.SAFE, f"a result at all {len(case.samples)} points {where}")


def _is_all_but_excluded(case: Case, point: tuple[float, ...]) -> bool:
    """Whether what the code takes for granted fails within rounding: a matrix is singular to working precision."""
    x = {name: arb(v, abs(v) * _NEARBY) for name, v in zip(case.spec.inputs, point, strict=True)}
    taken = (c for c in case.operation.assumed if c.op == "ne")
    return any(evaluate(c.args[0] - c.args[1], x).contains(0) for c in taken)


def far_off(case: Case, i: int, *, beyond: bool = False) -> _Problem | None:
    """The plainest point of the working range where a proved rule gives a finite number far from the derivative.

    Of a rule that is not proved, the check of points says whether it is wrong.

    beyond: outside of the working range instead
    """
    ours, nearest = case.samples.partials[i], case.reference_values.nearest[i]
    known = (case.in_working_range ^ beyond) & ~case.at_kink
    for k in range(len(case.spec.inputs)):
        known &= case.reference_values.has(Status.KNOWN, k)
    size = np.maximum.reduce([abs(column) for column in case.reference_values.nearest])  # of the gradient
    with np.errstate(all="ignore"):
        error = abs(ours - nearest)
    bar = max(_FAR_OFF, 4 * case.good)
    off = known & np.isfinite(ours) & (error > bar * size)
    if not off.any() or case.rule_proof is None or case.rule_proof.status is not Proved.PROVED:
        return None
    off &= error > bar * sizes_about_one(case.partials, case.spec.inputs, case.region)[i]
    partials = case.derivatives
    for index in sorted(np.flatnonzero(off).tolist(), key=lambda k: sum(map(_complexity, case.points[k]))):
        sample = case.samples[index]
        around = partials(*(arb(x, abs(x) * _NEARBY) for x in sample.point))[i]
        steep = not around.is_finite() or bool(around.contains(sample.partials[i]))
        if not steep and _forward_has_value(case, sample):
            return (beyond, 0.0), sample, case.reference_values[index][i]
    return None


def _suspects(case: Case) -> list[int]:
    """The points, except kinks, where a result is missing or not finite, or the derivative overflows."""
    operands = range(len(case.spec.inputs))
    plain = np.logical_and.reduce([np.isfinite(partials) for partials in case.samples.partials])
    beyond = np.logical_or.reduce([case.reference_values.has(Status.OVERFLOW, i) for i in operands])
    return np.flatnonzero(~case.at_kink & (~plain | beyond)).tolist()


def _finite(x: object) -> bool:
    try:
        return math.isfinite(x)  # type: ignore[arg-type]
    except TypeError:  # a result that is not a number at all
        return False


def _forward_has_value(case: Case, sample: Sample) -> bool:
    """Whether the value fits in a float; of an array that of each entry, which a weight of 0 would hide."""
    weights = [i for i, name in enumerate(case.spec.inputs) if name in case.operation.arriving]
    units = [
        tuple(float(i == one) if i in weights else x for i, x in enumerate(sample.point)) for one in weights
    ]
    return all(case.values.at(point)[0].status is Status.KNOWN for point in units or [sample.point])


def _is_at_an_edge(case: Case, sample: Sample) -> bool:
    """Whether compiled code cannot tell it from a point without a value: a matrix that is singular but for an ulp."""
    error = norm_error(case, sample.point)
    if not error:
        return False
    around = case.values.program(*(arb(x, error) for x in sample.point))[0]
    return not around.is_finite()


def _sensible(sample: Sample, i: int, value: ReferenceValue) -> bool:
    if value.status is Status.INCONCLUSIVE:
        return True  # the derivative is unknown; the check of points says so
    if sample.error is not None:
        return False
    result = sample.partials[i]
    if _beyond(value):
        return not math.isnan(result) and result * math.copysign(1.0, value.nearest) > _HUGE / 2
    if _finite(result):
        return True
    return value.status is Status.UNDEFINED and isinstance(result, float) and not math.isnan(result)


def _beyond(value: ReferenceValue) -> bool:
    """The derivative is so large that it may come out as infinity."""
    return value.status is Status.OVERFLOW or (value.status is Status.KNOWN and abs(value.nearest) > _HUGE)


def _complexity(x: float) -> float:
    """Sort key for plain points: small exponents first, and few digits."""
    _, exponent = math.frexp(x)
    return abs(exponent) + (0 if x == int(x) else 1) if math.isfinite(x) and abs(x) < 2**53 else abs(exponent) + 2


def _failure(case: Case, i: int, name: str, rank: tuple[bool, float], sample: Sample, value: ReferenceValue) -> Finding:
    beyond_working_range, _ = rank
    if sample.error is not None:
        ours = in_a_line(sample.error)
        message = f"forward or backward fails at {case.shown(sample.point)}, where the operation has a value"
    else:
        ours = repr(sample.partials[i])
        message = f"the result is not finite at {case.shown(sample.point)}, where the derivative is"
        if _finite(sample.partials[i]):
            message = f"the result is far off at {case.shown(sample.point)}, though the formula is right"
        if _beyond(value):
            wrong = "infinite with the wrong sign" if math.isinf(sample.partials[i]) else "neither infinite nor near it"
            message = f"{wrong} at {case.shown(sample.point)}: the derivative overflows, or nearly"
    known = (value.status is Status.KNOWN and sample.error is None) or len(case.spec.inputs) == 1
    expected = decimal(value.ball) if known and value.ball.is_finite() else "any number or infinity, but not NaN"
    if sample.error is None and value.status is Status.OVERFLOW:
        expected = f"{math.copysign(math.inf, value.nearest)}, or nearly"
    return case.finding(
        EXTREMES,
        Verdict.FRAGILE if beyond_working_range else Verdict.UNSAFE,
        f"{message}; beyond the working range" if beyond_working_range else message,
        operand=name,
        point=case.exact(sample.point),
        details=(("ours", ours), ("expected", expected), ("rerun", case.rerun(sample.point))),
    )
