"""Safe over the whole float range: an answer, and a finite one, wherever the true slope is a float.

Judged where the forward has a value that floats can hold.  A slope beyond the largest float is answered by infinity,
of its sign, or by a number nearly as large.  At the end of a domain where the slope is infinite, any answer but NaN
or an exception will do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from verify.case import Case
from verify.errors import in_a_line
from verify.findings import Finding, Verdict
from verify.numbers.reference import Status, Truth
from verify.numbers.ulps import decimal
from verify.samples import Sample
from verify.subjects.sandbox import NotCalled

_HUGE = 1.7e308  # slopes from here on may come out as infinity: a rounding away from the largest float


def check(case: Case) -> Iterator[Finding]:
    """The plainest point without a sensible answer, for each operand; one finding that there is none otherwise."""
    problems: dict[str, tuple[float, Sample, Truth]] = {}
    for index in _suspects(case):
        sample, truths = case.samples[index], case.truths[index]
        senseless = [i for i, truth in enumerate(truths) if not _sensible(sample, i, truth)]
        if not senseless or isinstance(sample.error, NotCalled) or not _forward_has_value(case, sample):
            continue  # nothing is known of a point where the rule was not called; where it hung is told of
        for i in senseless:
            name = case.row.inputs[i] if sample.error is None else ""  # an exception leaves no operand with an answer
            size = sum(map(_complexity, sample.point))
            if name not in problems or size < problems[name][0]:
                problems[name] = size, sample, truths[i]
    for i, name in enumerate(("", *case.row.inputs)):
        if name in problems:
            yield _unsafe(case, i - 1, name, *problems[name][1:])
    if not problems:
        yield case.finding("extremes", Verdict.SAFE, f"an answer at all {len(case.samples)} points of the float range")


def _suspects(case: Case) -> list[int]:
    """The points, but for corners, where an answer is missing or not finite, or the slope is beyond all floats."""
    operands = range(len(case.row.inputs))
    plain = np.logical_and.reduce([np.isfinite(slopes) for slopes in case.samples.slopes])
    beyond = np.logical_or.reduce([case.truths.has(Status.OVERFLOW, i) for i in operands])
    return np.flatnonzero(~case.at_corner & (~plain | beyond)).tolist()


def _finite(x: object) -> bool:
    try:
        return math.isfinite(x)  # type: ignore[arg-type]
    except TypeError:  # an answer that is no number at all
        return False


def _forward_has_value(case: Case, sample: Sample) -> bool:
    return case.values.at(sample.point)[0].status is Status.KNOWN


def _sensible(sample: Sample, i: int, truth: Truth) -> bool:
    if truth.status is Status.INCONCLUSIVE:
        return True  # nothing is known about the slope; the check of points says so
    if sample.error is not None:
        return False
    answer = sample.slopes[i]
    if _beyond(truth):
        return not math.isnan(answer) and answer * math.copysign(1.0, truth.nearest) > _HUGE / 2
    if _finite(answer):
        return True
    return truth.status is Status.UNDEFINED and isinstance(answer, float) and not math.isnan(answer)


def _beyond(truth: Truth) -> bool:
    """The slope is so large that it may come out as infinity."""
    return truth.status is Status.OVERFLOW or (truth.status is Status.KNOWN and abs(truth.nearest) > _HUGE)


def _complexity(x: float) -> float:
    """How far from plain: small exponents first, and few digits."""
    _, exponent = math.frexp(x)
    return abs(exponent) + (0 if x == int(x) else 1) if math.isfinite(x) and abs(x) < 2**53 else abs(exponent) + 2


def _unsafe(case: Case, i: int, name: str, sample: Sample, truth: Truth) -> Finding:
    if sample.error is not None:
        ours = in_a_line(sample.error)
        message = f"no answer at {case.shown(sample.point)}, where the operation has a value"
    else:
        ours = repr(sample.slopes[i])
        message = f"no finite answer at {case.shown(sample.point)}, where the slope has one"
        if _beyond(truth):
            wrong = "infinite with the wrong sign" if math.isinf(sample.slopes[i]) else "neither infinite nor near it"
            message = f"{wrong} at {case.shown(sample.point)}: the slope is beyond all floats, or nearly"
    known = (truth.status is Status.KNOWN and sample.error is None) or len(case.row.inputs) == 1
    expected = decimal(truth.ball) if known and truth.ball.is_finite() else "any number or infinity, but not NaN"
    if sample.error is None and truth.status is Status.OVERFLOW:
        expected = f"{math.copysign(math.inf, truth.nearest)}, or nearly"
    return case.finding(
        "extremes",
        Verdict.UNSAFE,
        message,
        operand=name,
        point=case.exact(sample.point),
        details=(("ours", ours), ("expected", expected), ("rerun", case.rerun(sample.point))),
    )
