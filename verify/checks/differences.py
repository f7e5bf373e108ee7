"""Right by finite differences of the subject's own float forward: a witness that knows nothing of formulas.

It agrees or disagrees within the error that it states itself, and never overrules the reference: where the rule
and the difference disagree, the reference says which of the two is wrong.  What is compared is the rule, not its
round-off: a traced rule is taken in balls where its floats are those of the trace, and an answer on floats alone may
be off by what lost digits explain.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from flint import arb, ctx

from verify.case import Case
from verify.findings import Finding, Verdict
from verify.numbers import differences
from verify.numbers.reference import Status, Truth
from verify.numbers.ulps import decimal
from verify.samples import Sample
from verify.trace.balls import BallProgram
from verify.trace.floats import compile_floats

_COUNT = 16  # points an operand: each costs some tens of forward values
_SLIGHT = 1e-9  # lost digits, beside the slope or its usual size
_FAR = 2.0**10  # how far out they lie: a difference says little of the extremes


def check(case: Case) -> Iterator[Finding]:
    """The first point where a rule leaves the difference's error; one finding that they agree otherwise."""
    agreed = silent = 0
    spread = _spread(case)
    case.truths.at(spread)  # all of them in one go
    formula = None if case.proved else _Formula(case)
    for i, name in enumerate(case.row.inputs):
        corners = [place for corner in case.row.corners for place in corner.places]
        for index in spread:
            sample, truth = case.samples[index], case.truths[index][i]
            low, high = differences.neighbourhood(sample.point[i], case.region.intervals[i], corners)
            estimate = differences.slope(lambda v: _forward(case, sample, i, v), sample.point[i], low, high)  # noqa: B023
            rule, exact = (truth.nearest, True) if formula is None else formula.at(sample, i)
            verdict = differences.agrees(estimate, rule)
            if verdict is None or not math.isfinite(rule):
                silent += 1
            elif verdict:
                agreed += 1
            elif not exact and abs(rule - truth.nearest) <= _SLIGHT * max(abs(truth.nearest), case.usual[i]):
                silent += 1
            elif differences.agrees(estimate, truth.nearest):  # the reference takes the difference's side
                operand = name if len(case.row.inputs) > 1 else ""
                yield _disagree(case, sample, operand, rule, truth, estimate)
                return
            else:
                silent += 1
    if agreed:
        message = f"finite differences of the forward agree at {agreed} points ({silent} decided nothing)"
        yield case.finding("differences", Verdict.MATCHED, message)


class _Formula:
    """The rule at a point as the formula it is, wherever its floats are those of the formula."""

    def __init__(self, case: Case) -> None:
        trace, names = case.understood, case.row.inputs
        self.seeds = [1.0, *[0.0] * len(names)]
        symbols = [*names, "g", *(f"acc_{n}" for n in names)]
        self.floats = compile_floats(trace.gradients, symbols) if trace is not None else None
        self.balls = BallProgram(trace.gradients, symbols) if trace is not None else None

    def at(self, sample: Sample, i: int) -> tuple[float, bool]:
        """The slope that the rule gives for operand ``i``, and whether no round-off is left in it."""
        ours = float(sample.slopes[i])
        if self.floats is None or self.balls is None or self.floats(*sample.point, *self.seeds)[i] != ours:
            return ours, False
        with ctx.workprec(256):
            ball = self.balls(*map(arb, sample.point), *map(arb, self.seeds))[i]
        decided = ball.is_finite() and (ball.is_zero() or ball.rel_accuracy_bits() > 60)
        return (float(ball.mid()), True) if decided else (ours, False)


def _spread(case: Case) -> list[int]:
    """Some points where a difference can say something, evenly taken from all; those of moderate size first."""
    operands = range(len(case.row.inputs))
    usable = case.samples.answered & ~case.at_corner
    usable &= np.logical_and.reduce([abs(column) < _FAR for column in case.points.columns])
    usable &= np.logical_and.reduce([case.truths.has(Status.KNOWN, i) for i in operands])
    possible = np.flatnonzero(usable)
    chosen = possible[:: max(1, len(possible) // _COUNT)][:_COUNT].tolist()
    return sorted(chosen, key=lambda k: (max(abs(math.log2(abs(x))) if x else 0 for x in case.points[k]), k))


def _forward(case: Case, sample: Sample, i: int, value: float) -> float:
    point = (*sample.point[:i], value, *sample.point[i + 1 :])
    try:
        return float(case.operation.forward(*point))
    except (ArithmeticError, ValueError):
        raise
    except Exception as error:  # the subject's own code may raise anything
        raise ArithmeticError(str(error)) from error


def _disagree(
    case: Case, sample: Sample, operand: str, rule: float, truth: Truth, estimate: differences.Estimate
) -> Finding:
    return case.finding(
        "differences",
        Verdict.REFUTED,
        "the rule is not the slope of its own forward",
        operand=operand,
        point=case.exact(sample.point),
        details=(
            ("ours", f"{rule!r}   at {case.shown(sample.point)}"),
            ("expected", f"{decimal(truth.ball)}   (reference)"),
            ("difference", f"{estimate.value!r} ± {estimate.error:.0e}   (of the forward, Ridders' method)"),
            ("rerun", case.rerun(sample.point)),
        ),
    )
