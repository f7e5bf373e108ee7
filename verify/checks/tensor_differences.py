"""Right on floats for rules of whole arrays: along random directions the rule agrees with finite differences.

It needs no trace.  Where there is one, what is probable is also seen here to be about the real function.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from backproof.verify.arrays.traced import Floats
from backproof.verify.checks.table import TENSOR_DIFFERENCES
from backproof.verify.checks.tensor_case import LARGE, Look, TensorCase, work
from backproof.verify.numerics import differences
from backproof.verify.results.findings import Finding, Verdict
from backproof.verify.subjects.boundary import NotCalled
from backproof.verify.subjects.tensors.code import Ran
from backproof.verify.subjects.tensors.operation import Place
from backproof.verify.support.errors import SubjectError, UsageError, in_a_line

_POINTS, _DIRECTIONS = 3, 2
_FAR = 2.0**-16  # of the derivative, where no reference says which of the two is right
_FAR_IN_SHORT = 1e-2
_SHORT = 2.0**-24  # half the distance of float32 from 1


def check(case: TensorCase) -> Iterator[Finding]:
    """The first direction along which the rule is wrong; one finding that all agree otherwise."""
    if case.accused is not None:  # of one fault one finding, which has a difference
        return
    agreed = undecided = 0
    refused = ""
    for index, place in enumerate(_places(case)):
        try:
            ran = case.run_at(place)
        except SubjectError as error:
            refused = refused or in_a_line(error)
            continue
        for direction in _directions(case, place, ran, index):
            found = _along(case, place, ran, direction)
            if isinstance(found, Finding):
                yield found
                return
            agreed, undecided = agreed + (found is True), undecided + (found is None)
    if agreed:
        message = f"finite differences agree along {agreed} directions ({undecided} inconclusive)"
        yield case.finding(TENSOR_DIFFERENCES, Verdict.MATCHED, message)
    elif not any(look.told for look in case.looks):
        why = f": {refused}" if refused else ""
        message = f"no finite difference is conclusive ({undecided} tried{why})"
        yield case.finding(TENSOR_DIFFERENCES, Verdict.INCONCLUSIVE, message)


def _places(case: TensorCase) -> list[Place]:
    first = case.looks[0]
    if case.is_approximate:
        return [first.place]
    few = 1 if first.traced is not None and work(first.traced) > LARGE else _POINTS
    own = list(case.operation.places(case.options.seed, few - 1))
    own += [look.place for look in case.looks if look.false][:_POINTS]
    if first.traced is None:  # nothing else sees other sizes
        own += case.operation.other_sizes(case.options.seed)
    return own


def _directions(case: TensorCase, place: Place, ran: Ran, index: int) -> Iterator[dict[str, Any]]:
    """In all inputs together, and in each; of a rule without a trace also along single entries."""
    rng = np.random.default_rng([case.options.seed, 31, index])
    shapes = {name: np.shape(place.inputs[name]) for name in ran.gradients}
    yield {name: rng.uniform(-1, 1, shape) for name, shape in shapes.items()}
    if index == 0:
        for name, shape in shapes.items() if len(shapes) > 1 else ():
            yield {name: rng.uniform(-1, 1, shape)}
    if case.looks[0].traced is None:
        for name, shape in shapes.items():
            for _ in range(_DIRECTIONS):
                single = np.zeros(math.prod(shape))
                single[int(rng.integers(single.size)) if single.size else 0 :][:1] = 1.0
                yield {name: single.reshape(shape)}


def _along(case: TensorCase, place: Place, ran: Ran, direction: Mapping[str, Any]) -> Finding | bool | None:
    """A finding where the rule is wrong along the direction; whether the difference confirms it, None if undecided."""
    rule = _of_rule(ran, direction)
    if not math.isfinite(rule):
        return None
    estimate = difference(case, place, direction)
    verdict = differences.agrees(estimate, rule)
    if verdict is not False:
        return verdict
    short = case.narrowest != "float64" or ran.formats != "float64"
    error, size = abs(rule - estimate.value), max(abs(rule), abs(estimate.value))
    if short:
        estimate = difference(case, place, direction, _SHORT)
        error, size = abs(rule - estimate.value), max(abs(rule), abs(estimate.value))
    if error <= max((_FAR_IN_SHORT if short else _FAR) * size, 10 * estimate.error):
        return None
    if _is_known_right(case, place) or any(ran.gradients[name] is None for name in direction):
        return None
    moved = ", ".join(direction)
    return case.finding(
        TENSOR_DIFFERENCES,
        Verdict.REFUTED,
        f"the rule is not {case.derivative} of its own forward" if not case.operation.code.defined
        else f"the rule is not {case.derivative}",
        operand=moved if len(direction) == 1 and len(ran.gradients) > 1 else "",
        details=(
            ("ours", f"{rule!r}   along a direction of {moved}"),
            ("difference", f"{estimate.value!r} ± {estimate.error:.0e}   (of the forward, Ridders' method)"),
            ("at", place.lines()),
            ("rerun", case.operation.rerun(case.options.seed, {})),
        ),
    )


def _is_known_right(case: TensorCase, place: Place) -> bool:
    """Whether the rule is equal to the derivative at this place by its program, which a difference cannot outweigh."""

    def right(look: Look) -> bool:
        return look.told and look.place.told == place.told and look.judgement is not None and look.judgement.same

    return any(map(right, case.looks))


def _of_rule(ran: Ran, direction: Mapping[str, Any]) -> float:
    total = 0.0
    for name, along in direction.items():
        gradient = ran.gradients[name]
        total += 0.0 if gradient is None else float((gradient * along).sum())
    return total


def difference(
    case: TensorCase, place: Place, direction: Mapping[str, Any], unit: float = differences.UNIT_ROUNDOFF
) -> differences.Estimate:
    """The derivative of Σ g·out along a direction, by finite differences of the real function."""
    try:
        return differences.finite_difference(moved(case, place, direction, case.weights(place)), 0.0, unit=unit)
    except (SubjectError, UsageError):
        return differences.NO_ESTIMATE


def moved(
    case: TensorCase, place: Place, direction: Mapping[str, Any], weights: Sequence[Floats]
) -> Callable[[float], float]:
    """Σ g·out along a direction, for these g."""
    reference = case.operation.code.reference

    def value(t: float) -> float:
        there = dict(place.inputs)
        for name, along in direction.items():
            there[name] = np.asarray(there[name], dtype=float) + t * along
        try:
            outputs = reference(there)
        except NotCalled as error:  # a shorter step may stay within the bounds
            raise ArithmeticError(str(error)) from error
        with np.errstate(all="ignore"):
            return float(sum(float((g * out).sum()) for g, out in zip(weights, outputs, strict=True)))

    return value
