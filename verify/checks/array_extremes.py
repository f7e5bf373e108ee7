"""Safe for large arrays: finite at large entries too, wherever the true gradient and the value fit in floats."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from flint import arb

from backproof.verify.arithmetics.ulps import decimal
from backproof.verify.checks import array_counterexamples as most_visible
from backproof.verify.checks.array_case import ArrayCase, without_warnings
from backproof.verify.checks.array_cells import look_at
from backproof.verify.checks.table import ARRAY_EXTREMES
from backproof.verify.numerics.lattices import Sample
from backproof.verify.results.findings import Finding, Verdict
from backproof.verify.subjects.operation import ArrayOperation
from backproof.verify.support.errors import SubjectError, in_a_line

_LARGEST = 1.7e308
_BITS = 192


@without_warnings
def check(case: ArrayCase) -> Iterator[Finding]:
    """The first point where the gradient is not finite and should be; otherwise one finding that there is none."""
    pair = case.operation
    points = [*pair.samples(case.options.seed), *pair.samples(case.options.seed, far=True)]
    returned, unknown, first = 0, 0, ""
    for sample in points:
        reason, wrong = _result(pair, sample)
        if not reason:
            returned += 1
            continue
        found = _judged(case, pair, sample, reason, wrong)
        if found is not None:
            yield found
            return
        unknown, first = unknown + 1, first or reason
    if returned:
        aside = f" ({unknown} more are outside the domain, or overflow)" if unknown else ""
        where = "within the bounds" if pair.bounds else "entries up to 1000"
        message = f"finite gradients at {returned} points, {where}{aside}"
        yield case.finding(ARRAY_EXTREMES, Verdict.SAFE, message)
    else:
        message = f"no finite gradient at any of {len(points)} points ({first})"
        yield case.finding(ARRAY_EXTREMES, Verdict.INCONCLUSIVE, message)


def _result(pair: ArrayOperation, sample: Sample) -> tuple[str, int]:
    """What is wrong with the gradient on floats, "" if nothing, and the index of the wrong entry."""
    try:
        values = most_visible.entries_of_all(pair.partials(sample.arrays))
    except SubjectError as error:
        return in_a_line(error), 0
    wrong = np.flatnonzero(~np.isfinite(np.array(values, dtype=float)))
    return (f"{values[int(wrong[0])]!r}", int(wrong[0])) if len(wrong) else ("", 0)


def _judged(case: ArrayCase, pair: ArrayOperation, sample: Sample, reason: str, wrong: int) -> Finding | None:
    """A finding where the true value and gradient fit in floats; None where they do not, or are unknown."""
    look = look_at(pair, sample)
    if look is None:
        return None
    value = [look.ball(t, _BITS) for t in look.formula.outputs]
    true = look.ball(look.formula.partials[wrong], 4 * _BITS)
    if not all(map(_fits, (*value, true))):
        return None
    name, place = most_visible.entry(pair, wrong)
    label = name + most_visible.shown(place)
    return case.finding(
        ARRAY_EXTREMES,
        Verdict.UNSAFE,
        "the rule's result is not finite where the true gradient is",
        details=(
            ("ours", f"{reason}   for {label}, of the gradient of Σ g·out"),
            ("expected", f"{decimal(true)}   (reference)"),
            *most_visible.at(pair, sample),
            ("rerun", case.operation.rerun(case.options.seed, {})),
        ),
        point=most_visible.point(pair, sample),
    )


def _fits(ball: arb) -> bool:
    return bool(ball.is_finite() and abs(ball) < _LARGEST)
