"""Right on floats for large arrays: the rule does there what was traced, and agrees with finite differences.

Along random directions v, the slope of t -> Σ g·f(x + t·v) must be Σ v·(the rule's answer).  A difference that
disagrees is believed only where the reference takes its side; without a trace there is no reference, and it must
disagree by far.  At points where nobody looked, far out too, one that disagrees by far calls for a look in balls.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from flint import arb

from verify.case import Case
from verify.checks.of_large import of_large
from verify.errors import in_a_line
from verify.findings import Finding, Verdict
from verify.identity import telling
from verify.identity.looks import Look, look_at
from verify.identity.telling import wrong_gradient
from verify.numbers import differences
from verify.numbers.lattices import Sample
from verify.numbers.ulps import decimal
from verify.subjects.large import LargePair

_DIRECTIONS = 6  # at each of the points
_FEW = 2  # where nobody looked
_BAD, _BAD_IN_SHORT = 1e-6, 1e-2  # of the usual size: what floats of 64, and of fewer, bits may lose
_BY_FAR = 1e-3


@of_large
def check(case: Case, pair: LargePair) -> Iterator[Finding]:
    """The first entry or direction that is wrong; one finding that all agree otherwise."""
    looks = case.looks.looks
    usual = _usual(looks)
    for one in looks:
        found = _not_as_traced(case, one, usual)
        if found is not None:
            yield found
            return
    points: list[tuple[Sample, Look | None]] = [(look.sample, look) for look in looks]
    points = points or [(sample, None) for sample in pair.samples(case.options.seed)]
    agreed = silent = 0
    for index, (sample, look) in enumerate(points):
        for direction in _directions(pair, f"{case.options.seed}|{pair.name}|{index}"):
            answer = _along(case, sample, look, direction)
            if isinstance(answer, Finding):
                yield answer
                return
            agreed, silent = agreed + answer, silent + (not answer)
    if looks and (found := _elsewhere(case, pair, [look.sample for look in looks])) is not None:
        yield found
        return
    if agreed:
        message = f"finite differences agree along {agreed} directions ({silent} decided nothing)"
        yield case.finding("directions", Verdict.MATCHED, message)
    elif not looks:
        refused = _refused(pair, points[0][0]) if points else ""
        message = f"no finite difference says anything ({silent} were tried{refused})"
        yield case.finding("directions", Verdict.INCONCLUSIVE, message)


def _elsewhere(case: Case, pair: LargePair, looked: Sequence[Sample]) -> Finding | None:
    """What balls find wrong at a point where nobody looked, and where floats are at odds with differences."""
    for index, sample in enumerate((*pair.samples(case.options.seed), *pair.samples(case.options.seed, far=True))):
        if sample in looked:
            continue
        for direction in islice(_directions(pair, f"{case.options.seed}|{pair.name}|elsewhere {index}"), _FEW):
            if _is_at_odds(pair, sample, direction):
                look = look_at(pair, sample)
                if look is None or not look.wrong:
                    return None
                return wrong_gradient(case, look, look.wrong, "directions")
    return None


def _is_at_odds(pair: LargePair, sample: Sample, direction: dict[str, Any]) -> bool:
    """Whether the rule on floats and a difference of the forward are far apart."""
    rule = _on_floats(pair, sample, direction)
    estimate = telling.along(pair, sample, direction)
    return differences.agrees(estimate, rule) is False and _are_far_apart(rule, estimate)


def _on_floats(pair: LargePair, sample: Sample, direction: dict[str, Any]) -> float:
    """The slope along the direction by the rule; NaN where it has no answer."""
    try:
        found = pair.slopes(sample.arrays)
        return float(sum((np.asarray(found[one], dtype=float) * v).sum() for one, v in direction.items()))
    except Exception:  # the user's own code may raise anything; the check of scales tells of it
        return math.nan


def _are_far_apart(rule: float, estimate: differences.Estimate) -> bool:
    return abs(rule - estimate.value) > max(_BY_FAR * max(abs(rule), abs(estimate.value)), 10 * estimate.error)


def _usual(looks: Sequence[Look]) -> dict[str, float]:
    """The size of the gradient by each input, wherever it was looked at: lost digits are small beside it."""
    usual: dict[str, float] = {}
    for look in looks:
        start = 0
        for name in look.pair.arrays:
            part = look.reference[start : start + look.pair.sizes[name]]
            start += len(part)
            usual[name] = max(usual.get(name, 0.0), *(abs(float(b.mid())) for b in part))
    return usual


def _not_as_traced(case: Case, look: Look, usual: Mapping[str, float]) -> Finding | None:
    """An entry on floats that is not the reference, by more than lost digits explain."""
    pair = look.pair
    try:
        found = pair.slopes(look.sample.arrays)
        double = all(map(_is_double, (pair.values(look.sample.arrays), *found.values())))
    except Exception as error:  # the user's own code may raise anything
        message = f"the rule has no answer on floats where it has one on symbols ({in_a_line(error)})"
        return case.finding("directions", Verdict.REFUTED, message, details=tuple(telling.at(pair, look.sample)))
    start = 0
    for name, gradient in found.items():
        values = np.asarray(gradient, dtype=float).reshape(-1)
        true = look.reference[start : start + len(values)]
        start += len(values)
        expected = np.array([float(b.mid()) for b in true])
        if not np.isfinite(values).all():
            continue  # the check of scales tells of it
        bar = (_BAD if double else _BAD_IN_SHORT) * max(usual[name], 2.0**-1000)
        worst = int(np.argmax(np.abs(values - expected)))
        if abs(values[worst] - expected[worst]) > bar:
            shape = pair.shapes[name]
            return _off(case, look, name, np.unravel_index(worst, shape) if shape else (), values[worst], true[worst])
    return None


def _is_double(x: Any) -> bool:
    return getattr(x, "dtype", np.dtype(float)).itemsize >= 8


def _off(case: Case, look: Look, name: str, place: Any, ours: float, true: arb) -> Finding:
    label = name + telling.shown(place)
    return case.finding(
        "directions",
        Verdict.REFUTED,
        f"on floats the rule is not the derivative: the entry {label} of its answer is wrong",
        operand=name if len(look.pair.arrays) > 1 else "",
        details=(
            ("ours", f"{float(ours)!r}   for {label}, of the gradient of Σ g·out"),
            ("expected", f"{decimal(true)}   (reference)"),
            *telling.difference(look.pair, look.sample, name, tuple(int(k) for k in place)),
            *telling.at(look.pair, look.sample),
            ("rerun", case.operation.rerun(case.options.seed, {})),
        ),
        point=telling.point(look.pair, look.sample),
    )


def _directions(pair: LargePair, seed: str) -> Iterator[dict[str, Any]]:
    """All inputs together, then one after another; some along single entries."""
    rng = random.Random(seed)
    for index in range(_DIRECTIONS):
        chosen = pair.arrays if index < 2 else [pair.arrays[index % len(pair.arrays)]]
        direction = {}
        for one in chosen:
            shape = pair.shapes[one]
            size = pair.sizes[one]
            flat = np.array([rng.uniform(-1, 1) for _ in range(size)])
            if index % 2:
                flat = np.where(np.arange(size) == rng.randrange(size), 1.0, 0.0)
            direction[one] = flat.reshape(shape)
        yield direction


def _along(case: Case, sample: Sample, look: Look | None, direction: dict[str, Any]) -> Finding | bool:
    """A finding where the rule is wrong along the direction; else whether the difference decided for it."""
    pair = case.operation
    assert isinstance(pair, LargePair)
    rule = _on_floats(pair, sample, direction)
    estimate = telling.along(pair, sample, direction)
    verdict = differences.agrees(estimate, rule) if np.isfinite(rule) else None
    if verdict is None:
        return False
    if verdict:
        return True
    if look is not None:
        true = _true(look, direction)
        believed = differences.agrees(estimate, true) and abs(rule - true) > _BAD * max(abs(true), abs(estimate.scale))
    else:
        believed = _are_far_apart(rule, estimate)
    return _disagrees(case, sample, direction, rule, estimate) if believed else False


def _refused(pair: LargePair, sample: Sample) -> str:
    """What the rule raises there, for a message; "" where it answers."""
    try:
        pair.slopes(sample.arrays)
    except Exception as error:  # the user's own code may raise anything
        return f": {in_a_line(error)}"
    return ""


def _true(look: Look, direction: dict[str, Any]) -> float:
    total, start = arb(0), 0
    for one in look.pair.arrays:
        size = look.pair.sizes[one]
        if one in direction:
            moved = np.asarray(direction[one]).reshape(-1).tolist()
            for v, slope in zip(moved, look.reference[start : start + size], strict=True):
                total += slope * arb(v)
        start += size
    return float(total.mid())


def _disagrees(
    case: Case, sample: Sample, direction: dict[str, Any], rule: float, estimate: differences.Estimate
) -> Finding:
    pair = case.operation
    assert isinstance(pair, LargePair)
    moved = ", ".join(direction)
    return case.finding(
        "directions",
        Verdict.REFUTED,
        "the rule is not the slope of its own forward",
        operand=next(iter(direction)) if len(direction) == 1 and len(pair.arrays) > 1 else "",
        details=(
            ("ours", f"{rule!r}   along a direction of {moved}"),
            ("difference", f"{estimate.value!r} ± {estimate.error:.0e}   (of the forward, Ridders' method)"),
            *telling.at(pair, sample),
            ("rerun", case.operation.rerun(case.options.seed, {})),
        ),
        point=telling.point(pair, sample),
    )
