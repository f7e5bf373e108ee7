"""Right on floats for large arrays: the rule matches its trace there, and agrees with finite differences.

Along random directions v, the derivative of t -> Σ g·f(x + t·v) must be Σ v·(the rule's gradient).  A difference that
disagrees counts only where the reference confirms it; without a trace there is no reference, and the disagreement
must be large.  At further points, of large entries too, a large disagreement is checked in interval arithmetic.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from flint import arb

from backproof.verify.arithmetics.ulps import decimal
from backproof.verify.checks import array_counterexamples as most_visible
from backproof.verify.checks.array_case import ArrayCase, without_warnings
from backproof.verify.checks.array_cells import Look, look_at
from backproof.verify.checks.array_counterexamples import wrong_gradient
from backproof.verify.checks.table import ARRAY_DIFFERENCES
from backproof.verify.numerics import differences
from backproof.verify.numerics.lattices import Sample
from backproof.verify.results.findings import Finding, Verdict
from backproof.verify.subjects.operation import ArrayOperation
from backproof.verify.support.errors import SubjectError, in_a_line

_DIRECTIONS = 6  # at each of the points
_FEW = 2  # further points, not sampled before
_BAD, _BAD_IN_SHORT = 1e-6, 1e-2  # of the usual size: round-off allowed for float64, and narrower floats
_SHORT = 2.0**-24  # half the distance of float32 from 1
_BY_FAR, _BY_FAR_IN_SHORT = 2.0**-16, 1e-3  # of the derivative, where no reference says which of the two is right


@without_warnings
def check(case: ArrayCase) -> Iterator[Finding]:
    """The first entry or direction that is wrong; one finding that all agree otherwise."""
    pair, sampled = case.operation, case.sampled.sampled
    typical = _typical(sampled)
    for one in sampled:
        found = _not_as_traced(case, one, typical)
        if found is not None:
            yield found
            return
    points: list[tuple[Sample, Look | None]] = [(look.sample, look) for look in sampled]
    points += [(sample, None) for sample in case.sampled.dropped]
    if not points:
        points = [(sample, None) for far in (False, True) for sample in pair.samples(case.options.seed, far=far)]
    agreed = undecided = 0
    for index, (sample, look) in enumerate(points):
        for direction in _directions(pair, f"{case.options.seed}|{pair.name}|{index}"):
            result = _along(case, sample, look, direction, typical)
            if isinstance(result, Finding):
                yield result
                return
            agreed, undecided = agreed + result, undecided + (not result)
    if sampled and (found := _elsewhere(case, pair, [look.sample for look in sampled])) is not None:
        yield found
        return
    if agreed:
        of = f" of its surrogate {pair.surrogate}" if pair.surrogate else ""
        message = f"finite differences{of} agree along {agreed} directions ({undecided} inconclusive)"
        yield case.finding(ARRAY_DIFFERENCES, Verdict.MATCHED, message)
    elif not sampled:
        refused = _refused(pair, points[0][0]) if points else ""
        message = f"no finite difference is conclusive ({undecided} tried{refused})"
        yield case.finding(ARRAY_DIFFERENCES, Verdict.INCONCLUSIVE, message)


def _elsewhere(case: ArrayCase, pair: ArrayOperation, looked: Sequence[Sample]) -> Finding | None:
    """Errors that interval arithmetic confirms at further points, where floats disagree with differences."""
    for index, sample in enumerate((*pair.samples(case.options.seed), *pair.samples(case.options.seed, far=True))):
        if sample in looked:
            continue
        for direction in islice(_directions(pair, f"{case.options.seed}|{pair.name}|elsewhere {index}"), _FEW):
            if _is_at_odds(pair, sample, direction):
                look = look_at(pair, sample)
                if look is None or not look.wrong:
                    break  # lost digits here say nothing about other points
                return wrong_gradient(case, look, look.wrong, ARRAY_DIFFERENCES)
    return None


def _is_at_odds(pair: ArrayOperation, sample: Sample, direction: dict[str, Any]) -> bool:
    """Whether the rule on floats and a difference of the forward are far apart."""
    rule = _on_floats(pair, sample, direction)
    estimate = most_visible.along(pair, sample, direction)
    return differences.agrees(estimate, rule) is False and _are_far_apart(pair, sample, direction, rule, estimate)


def _on_floats(pair: ArrayOperation, sample: Sample, direction: dict[str, Any]) -> float:
    """The directional derivative by the rule; NaN where the rule raises."""
    try:
        found = pair.partials(sample.arrays)
        return float(sum((np.asarray(found[one], dtype=float) * v).sum() for one, v in direction.items()))
    except SubjectError:  # reported by the check of scales
        return math.nan


def _are_far_apart(
    pair: ArrayOperation, sample: Sample, direction: dict[str, Any], rule: float, estimate: differences.Estimate
) -> bool:
    error, size = abs(rule - estimate.value), max(abs(rule), abs(estimate.value))
    if error <= max(_BY_FAR * size, 10 * estimate.error):
        return False
    double = all(map(_is_double, (pair.values(sample.arrays), *pair.partials(sample.arrays).values())))
    if double and not most_visible.is_rounded(pair, sample, direction, size):
        return True
    again = most_visible.along(pair, sample, direction, _SHORT)
    return differences.agrees(again, rule) is False and error > max(_BY_FAR_IN_SHORT * size, 10 * again.error)


def _typical(sampled: Sequence[Look]) -> dict[str, float]:
    """The size of the gradient by each input over all sample points; round-off is small relative to it."""
    typical: dict[str, float] = {}
    for look in sampled:
        start = 0
        for name in look.pair.inputs:
            part = look.reference[start : start + look.pair.sizes[name]]
            start += len(part)
            typical[name] = max(typical.get(name, 0.0), *(abs(float(b.mid())) for b in part))
    return typical


def _not_as_traced(case: ArrayCase, look: Look, typical: Mapping[str, float]) -> Finding | None:
    """An entry on floats that differs from the reference by more than round-off explains."""
    pair = look.pair
    try:
        found = pair.partials(look.sample.arrays)
        double = all(map(_is_double, (pair.values(look.sample.arrays), *found.values())))
    except SubjectError as error:
        message = f"the rule fails on floats where it has a value on symbols ({in_a_line(error)})"
        details = tuple(most_visible.at(pair, look.sample))
        return case.finding(ARRAY_DIFFERENCES, Verdict.REFUTED, message, details=details)
    start = 0
    for name, gradient in found.items():
        values = np.asarray(gradient, dtype=float).reshape(-1)
        true = look.reference[start : start + len(values)]
        start += len(values)
        expected = np.array([float(b.mid()) for b in true])
        if not np.isfinite(values).all():
            continue  # reported by the check of scales
        bar = (_BAD if double else _BAD_IN_SHORT) * max(typical[name], 2.0**-1000)
        worst = int(np.argmax(np.abs(values - expected)))
        if abs(values[worst] - expected[worst]) > bar:
            shape = pair.shapes[name]
            return _off(case, look, name, np.unravel_index(worst, shape) if shape else (), values[worst], true[worst])
    return None


def _is_double(x: Any) -> bool:
    return getattr(x, "dtype", np.dtype(float)).itemsize >= 8


def _off(case: ArrayCase, look: Look, name: str, place: Any, ours: float, true: arb) -> Finding:
    label = name + most_visible.shown(place)
    return case.finding(
        ARRAY_DIFFERENCES,
        Verdict.REFUTED,
        f"on floats the rule is not {case.derivative}: entry {label} of its gradient is wrong",
        operand=name if len(look.pair.inputs) > 1 else "",
        details=(
            ("ours", f"{float(ours)!r}   for {label}, of the gradient of Σ g·out"),
            ("expected", f"{decimal(true)}   (reference)"),
            *most_visible.difference(look.pair, look.sample, name, tuple(int(k) for k in place)),
            *most_visible.at(look.pair, look.sample),
            ("rerun", case.operation.rerun(case.options.seed, {})),
        ),
        point=most_visible.point(look.pair, look.sample),
    )


def _directions(pair: ArrayOperation, seed: str) -> Iterator[dict[str, Any]]:
    """Directions in all inputs together, then in each; some along single entries."""
    rng = random.Random(seed)
    entries = sum(pair.sizes[one] for one in pair.inputs)
    for index in range(_DIRECTIONS if entries > 1 else 1):  # all directions of one number are the same
        chosen = pair.wrt if index < 2 else [pair.wrt[index % len(pair.wrt)]]
        direction = {}
        for one in chosen:
            shape = pair.shapes[one]
            size = pair.sizes[one]
            flat = np.array([rng.uniform(-1, 1) for _ in range(size)])
            if index % 2:
                flat = np.where(np.arange(size) == rng.randrange(size), 1.0, 0.0)
            direction[one] = flat.reshape(shape)
        yield direction


def _along(
    case: ArrayCase, sample: Sample, look: Look | None, direction: dict[str, Any], typical: Mapping[str, float]
) -> Finding | bool:
    """A finding where the rule is wrong along the direction; else whether the difference confirms the rule.

    An error that is small beside the typical size of the gradient is one of digits.
    """
    pair = case.operation
    rule = _on_floats(pair, sample, direction)
    estimate = most_visible.along(pair, sample, direction)
    verdict = differences.agrees(estimate, rule) if np.isfinite(rule) else None
    if verdict is None:
        return False
    if verdict:
        return True
    if look is not None:
        true = _true(look, direction)
        size = sum(typical[one] * float(np.abs(moved).sum()) for one, moved in direction.items())
        bar = _BAD * max(abs(true), abs(estimate.scale), size)
        believed = differences.agrees(estimate, true) and abs(rule - true) > bar
    else:
        believed = _are_far_apart(pair, sample, direction, rule, estimate)
    return _disagrees(case, sample, direction, rule, estimate) if believed else False


def _refused(pair: ArrayOperation, sample: Sample) -> str:
    """What the rule raises there, for a message; "" if it raises nothing."""
    try:
        pair.partials(sample.arrays)
    except SubjectError as error:
        return f": {in_a_line(error)}"
    return ""


def _true(look: Look, direction: dict[str, Any]) -> float:
    total, start = arb(0), 0
    for one in look.pair.inputs:
        size = look.pair.sizes[one]
        if one in direction:
            moved = np.asarray(direction[one]).reshape(-1).tolist()
            for v, partial in zip(moved, look.reference[start : start + size], strict=True):
                total += partial * arb(v)
        start += size
    return float(total.mid())


def _disagrees(
    case: ArrayCase, sample: Sample, direction: dict[str, Any], rule: float, estimate: differences.Estimate
) -> Finding:
    pair = case.operation
    moved = ", ".join(direction)
    return case.finding(
        ARRAY_DIFFERENCES,
        Verdict.REFUTED,
        f"the rule is not {case.derivative if pair.surrogate else 'the derivative of its own forward'}",
        operand=next(iter(direction)) if len(direction) == 1 and len(pair.inputs) > 1 else "",
        details=(
            ("ours", f"{rule!r}   along a direction of {moved}"),
            ("difference", f"{estimate.value!r} ± {estimate.error:.0e}   (of the {pair.compared}, Ridders' method)"),
            *most_visible.at(pair, sample),
            ("rerun", case.operation.rerun(case.options.seed, {})),
        ),
        point=most_visible.point(pair, sample),
    )
