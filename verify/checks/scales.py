"""Safe for large arrays: a finite answer at large entries too, wherever the true gradient and the value are floats."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from flint import arb

from verify.case import Case
from verify.checks.of_large import of_large
from verify.errors import in_a_line
from verify.findings import Finding, Verdict
from verify.identity import telling
from verify.identity.looks import look_at
from verify.numbers.lattices import Sample
from verify.numbers.ulps import decimal
from verify.subjects.large import LargePair

_LARGEST = 1.7e308
_BITS = 192


@of_large
def check(case: Case, pair: LargePair) -> Iterator[Finding]:
    """The first point without a sensible answer; one finding that there is none otherwise."""
    points = [*pair.samples(case.options.seed), *pair.samples(case.options.seed, far=True)]
    answered, unknown, first = 0, 0, ""
    for sample in points:
        reason, wrong = _answer(pair, sample)
        if not reason:
            answered += 1
            continue
        found = _judged(case, pair, sample, reason, wrong)
        if found is not None:
            yield found
            return
        unknown, first = unknown + 1, first or reason
    if answered:
        aside = f" ({unknown} more are outside the domain, or beyond all floats)" if unknown else ""
        yield case.finding("scales", Verdict.SAFE, f"a finite answer at {answered} points, entries up to 1000{aside}")
    else:
        yield case.finding("scales", Verdict.INCONCLUSIVE, f"no finite answer at any of {len(points)} points ({first})")


def _answer(pair: LargePair, sample: Sample) -> tuple[str, int]:
    """What is wrong with the answer on floats, "" for nothing, and the entry where it is."""
    try:
        values = telling.entries_of_all(pair.slopes(sample.arrays))
    except Exception as error:  # the user's own code may raise anything
        return in_a_line(error), 0
    wrong = np.flatnonzero(~np.isfinite(np.array(values, dtype=float)))
    return (f"{values[int(wrong[0])]!r}", int(wrong[0])) if len(wrong) else ("", 0)


def _judged(case: Case, pair: LargePair, sample: Sample, reason: str, wrong: int) -> Finding | None:
    """A finding where value and gradient are numbers that floats can hold; None where they are not, or unknown."""
    look = look_at(pair, sample)
    if look is None:
        return None
    value = [look.ball(t, _BITS) for t in look.formula.outputs]
    true = look.ball(look.formula.slopes[wrong], 4 * _BITS)
    if not all(map(_fits, (*value, true))):
        return None
    name, place = telling.entry(pair, wrong)
    label = name + telling.shown(place)
    return case.finding(
        "scales",
        Verdict.UNSAFE,
        "no finite answer where the gradient is finite",
        details=(
            ("ours", f"{reason}   for {label}, of the gradient of Σ g·out"),
            ("expected", f"{decimal(true)}   (reference)"),
            *telling.at(pair, sample),
            ("rerun", case.operation.rerun(case.options.seed, {})),
        ),
        point=telling.point(pair, sample),
    )


def _fits(ball: arb) -> bool:
    return bool(ball.is_finite() and abs(ball) < _LARGEST)
