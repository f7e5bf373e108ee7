"""Right by finite differences of the subject's own float forward: a check that does not depend on formulas.

It agrees or disagrees within its own error estimate, and never overrules the reference: where the rule and the
difference disagree, the reference decides which of the two is wrong.  What is compared is the rule, not its
round-off: a traced rule is evaluated in interval arithmetic where its floats are those of the trace, and a result on
floats alone may be off by as much as lost digits explain.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
from flint import arb, ctx

from backproof.verify.arithmetics.ulps import decimal
from backproof.verify.checks.case import Case
from backproof.verify.checks.points import is_rounding_of_the_trace
from backproof.verify.checks.samples import Sample
from backproof.verify.checks.table import DIFFERENCES
from backproof.verify.evaluate.balls import BallProgram
from backproof.verify.evaluate.floats import compile_floats
from backproof.verify.numerics import differences
from backproof.verify.numerics.reference import ReferenceValue, Status
from backproof.verify.results.findings import Finding, Verdict
from backproof.verify.subjects.boundary import number
from backproof.verify.support.errors import SubjectError

_COUNT = 16  # points per operand: each costs some tens of forward evaluations
_FAR = 2.0**10  # how far out they lie: a difference is inconclusive at the extremes


def check(case: Case) -> Iterator[Finding]:
    """The first point where a rule is off by more than the difference's error; otherwise one finding of agreement."""
    agreed = undecided = 0
    spread = _spread(case)
    case.reference_values.at(spread)  # all of them at once
    formula = None if case.proved else _Formula(case)
    for i, name in case.moved:
        kinks = [place for kink in case.spec.kinks for place in kink.places]
        for index in spread:
            sample, expected = case.samples[index], case.reference_values[index][i]
            unit = 2.0**-case.format.precision
            estimate = differences.finite_difference(*_line(case, sample, i, kinks), unit=unit)
            rule, exact = (expected.nearest, True) if formula is None else formula.at(sample, i)
            verdict = differences.agrees(estimate, rule)
            if verdict is None or not math.isfinite(rule):
                undecided += 1
            elif verdict:
                agreed += 1
            elif _is_unseen(case) or (not exact and _is_of_digits(case, index, i, rule, expected.nearest)):
                undecided += 1
            elif differences.agrees(estimate, expected.nearest):  # the reference confirms the difference
                operand = name if len(case.moved) > 1 else ""
                yield _disagree(case, sample, operand, rule, expected, estimate)
                return
            else:
                undecided += 1
    if agreed:
        of = f"finite differences of the {case.operation.compared}"
        message = f"{of} agree at {agreed} points ({undecided} inconclusive)"
        yield case.finding(DIFFERENCES, Verdict.MATCHED, message)


def _is_unseen(case: Case) -> bool:
    """Whether the rule differs from the derivative, but nowhere so that a float of its size shows it."""
    return (case.own is not None and case.own.nearly) or bool(case.negligible)


def _is_of_digits(case: Case, index: int, i: int, rule: float, expected: float) -> bool:
    """Whether an error is one of rounding: slight, or that of a formula which is right there."""
    slight = case.slight * max(abs(expected), case.typical_size[i])
    return abs(rule - expected) <= slight or is_rounding_of_the_trace(case, index, i)


class _Formula:
    """The rule at a point, evaluated as a formula wherever its floats are those of the formula."""

    def __init__(self, case: Case) -> None:
        trace, names = case.recognised_trace, case.spec.inputs
        self.seeds = [1.0, *[0.0] * len(names)]
        symbols = [*names, "g", *(f"acc_{n}" for n in names)]
        self.floats = compile_floats(trace.gradients, symbols) if trace is not None else None
        self.balls = BallProgram(trace.gradients, symbols) if trace is not None else None

    def at(self, sample: Sample, i: int) -> tuple[float, bool]:
        """The rule's derivative for operand ``i``, and whether it is free of round-off."""
        ours = float(sample.partials[i])
        if self.floats is None or self.balls is None or self.floats(*sample.point, *self.seeds)[i] != ours:
            return ours, False
        with ctx.workprec(256):
            ball = self.balls(*map(arb, sample.point), *map(arb, self.seeds))[i]
        decided = ball.is_finite() and (ball.is_zero() or ball.rel_accuracy_bits() > 60)
        return (float(ball.mid()), True) if decided else (ours, False)


def _spread(case: Case) -> list[int]:
    """Some points where a difference can be conclusive, evenly taken from all; those of moderate size first."""
    operands = range(len(case.spec.inputs))
    usable = case.samples.returned & ~case.at_kink & case.in_range_of_format
    if case.operation.compiled:
        usable &= case.in_working_range
    usable &= np.logical_and.reduce([abs(column) < _FAR for column in case.points.columns])
    usable &= np.logical_and.reduce([case.reference_values.has(Status.KNOWN, i) for i in operands])
    possible = np.flatnonzero(usable[: case.before_seams])
    chosen = possible[:: max(1, len(possible) // _COUNT)][:_COUNT].tolist()
    return sorted(chosen, key=lambda k: (max(abs(math.log2(abs(x))) if x else 0 for x in case.points[k]), k))


def _line(
    case: Case, sample: Sample, i: int, kinks: list[Fraction]
) -> tuple[Callable[[float], float], float, float, float]:
    """The function whose slope the rule claims, where, and the room on both sides of it."""
    line = case.operation.line(sample.point, i)
    if line is None:
        forward = partial(_forward, case, sample, i)
        return forward, sample.point[i], *differences.neighbourhood(sample.point[i], case.region.intervals[i], kinks)
    low, high = -math.inf, math.inf
    for k, rate in line.rates.items():
        ends = differences.neighbourhood(sample.point[k], case.region.intervals[k], kinks)
        steps = sorted((end - sample.point[k]) / rate for end in ends)
        low, high = max(low, steps[0]), min(high, steps[1])
    return partial(_called, line.function), 0.0, low, high


def _forward(case: Case, sample: Sample, i: int, value: float) -> float:
    return _called(case.operation.forward, *sample.point[:i], value, *sample.point[i + 1 :])


def _called(function: Callable[..., Any], *point: float) -> float:
    try:
        return number(function(*point))
    except SubjectError as error:  # an exception of any kind means that there is no value
        raise ArithmeticError(str(error)) from error


def _disagree(
    case: Case, sample: Sample, operand: str, rule: float, expected: ReferenceValue, estimate: differences.Estimate
) -> Finding:
    of = case.operation.compared
    return case.finding(
        DIFFERENCES,
        Verdict.REFUTED,
        f"the rule is not the derivative of its {'surrogate' if case.operation.surrogate else 'own forward'}",
        operand=operand,
        point=case.exact(sample.point),
        details=(
            ("ours", f"{rule!r}   at {case.shown(sample.point)}"),
            ("expected", f"{decimal(expected.ball)}   (reference)"),
            ("difference", f"{estimate.value!r} ± {estimate.error:.0e}   (of the {of}, Ridders' method)"),
            ("rerun", case.rerun(sample.point)),
        ),
    )
