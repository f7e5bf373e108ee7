"""Wired for rules of whole arrays: linear in the upstream gradient, however it lies in memory, and nothing overwritten.

Also: the same gradient in a second call, and a gradient for every input that the forward depends on.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from backproof.verify.arrays.layouts import LAYOUTS, values_in
from backproof.verify.arrays.replay import FLOOR
from backproof.verify.arrays.traced import Floats
from backproof.verify.checks.array_counterexamples import shown
from backproof.verify.checks.table import TENSOR_WIRING
from backproof.verify.checks.tensor_case import TensorCase
from backproof.verify.checks.tensor_differences import difference
from backproof.verify.results.findings import Finding, Verdict
from backproof.verify.subjects.tensors.code import Ran
from backproof.verify.subjects.tensors.operation import GIVEN, Place
from backproof.verify.support.errors import SubjectError, UsageError, in_a_line

_POINTS = 2
_SLACK = 1e-9  # of the largest entry
_SLACK_IN_SHORT = 1e-3
_DIGITS = {"float64": 1e-8, "float32": 0.02, "bfloat16": 0.3, "float16": 0.2}
"""By how much of its norm a gradient may differ in a format: more than rounding makes of a rule of ordinary care."""

_Problem = tuple[str, list[tuple[str, str]]]


def check(case: TensorCase) -> Iterator[Finding]:
    """The first wiring error; otherwise one finding that there is none."""
    looked, refused = 0, ""
    if (memory := case.operation.remembers()) is not None:
        message, details = memory
        yield case.finding(TENSOR_WIRING, Verdict.MISWIRED, message, details=tuple(details))
        return
    for place in case.operation.places(case.options.seed, _POINTS - 1):
        try:
            found = next(_problems(case, place), None)
        except SubjectError as error:
            refused = refused or in_a_line(error)
            continue
        looked += 1
        if found is not None:
            message, details = found
            evidence = (*details, ("at", place.lines()), ("rerun", case.operation.rerun(case.options.seed, {})))
            yield case.finding(TENSOR_WIRING, Verdict.MISWIRED, message, details=evidence)
            return
    for fault in () if case.looks[0].traced is None else case.looks[0].traced.faults:
        yield case.finding(TENSOR_WIRING, Verdict.MISWIRED, fault)
        return
    for note in case.operation.code.notes:
        yield case.finding(TENSOR_WIRING, Verdict.WIRED, note)
    if looked:
        layouts = f", in {len(LAYOUTS)} layouts of it" if case.operation.code.has_layouts else ""
        how = f"proportional to the upstream gradient{layouts}, and modifies no data, at {looked} points"
        yield case.finding(TENSOR_WIRING, Verdict.WIRED, how)
    else:
        yield case.finding(TENSOR_WIRING, Verdict.INCONCLUSIVE, f"the rule fails at every point ({refused})")


def _problems(case: TensorCase, place: Place) -> Iterator[_Problem]:
    code, weights = case.operation.code, case.weights(place)
    first = code.run(place.inputs, weights)
    for name, gradient in first.gradients.items():
        if gradient is None and (moved := _depends(case, place, name)):
            yield f"the backward returns None for {name}, on which the forward depends", [("difference", moved)]
    if first.changed:
        yield f"the backward modifies {', '.join(first.changed)}, which belongs to the caller", []
    again = code.run(place.inputs, weights)
    if not all(np.array_equal(a, b, equal_nan=True) for a, b in zip(again.outputs, first.outputs, strict=True)):
        yield "called again, the forward returns another value: seed what it draws, within the forward", []
    yield from _alone(case, place, weights, first)
    if place.told == GIVEN:
        yield from _as_given(case, weights, first)
    yield from _compared(again, first, 1.0, "called again, the backward returns another gradient")
    for factor in (0.0, -4.0, 1024.0):  # powers of two: they scale round-off exactly, too
        scaled = code.run(place.inputs, [factor * g for g in weights])
        yield from _compared(scaled, first, factor, f"not proportional to the upstream gradient: {factor:g}·g")
    for layout in LAYOUTS[1:] if code.has_layouts else ():
        values = [values_in(g, layout) for g in weights]
        usual = code.run(place.inputs, values)
        text = f"another gradient for an upstream gradient that is {layout} in memory"
        yield from _compared(code.run(place.inputs, values, layout), usual, 1.0, text)
    if len(first.outputs) > 1:
        yield from _one_output_at_a_time(case, place, weights, first)


def _as_given(case: TensorCase, weights: list[Floats], first: Ran) -> Iterator[_Problem]:
    """In the formats and strides of the inputs as they were given it is the same, but for the digits of the format."""
    try:
        ran = case.operation.code.as_given(weights)
    except (SubjectError, UsageError):  # in a narrow format, or written into, it may not run
        return
    if ran is None:
        return
    for name, was in first.gradients.items():
        now = ran.gradients[name]
        if was is None or now is None or was.shape != now.shape or not np.isfinite(now).all():
            continue
        gap, size = float(np.linalg.norm(now - was)), float(np.linalg.norm(was))
        if gap > _DIGITS[ran.formats] * max(size, FLOOR):
            told = f"{gap / max(size, FLOOR):.1e} of its norm"
            how = f"on the inputs in the format and the strides that they have ({ran.formats})"
            yield f"{how} the gradient of {name} is another than in float64 and in C's order", [("distance", told)]


def _alone(case: TensorCase, place: Place, weights: list[Floats], first: Ran) -> Iterator[_Problem]:
    """With the gradient of one input asked for and no other, as where layers are frozen, it is the same."""
    code = case.operation.code
    for name in code.wrt if code.has_requests and len(code.wrt) > 1 else ():
        ran = code.alone(name).run(place.inputs, weights)
        only = Ran(first.outputs, {name: first.gradients[name]}, first.formats)
        yield from _compared(ran, only, 1.0, f"another gradient of {name} where no other is asked for")


def _one_output_at_a_time(case: TensorCase, place: Place, weights: list[Floats], whole: Ran) -> Iterator[_Problem]:
    """Linear in all upstream gradients together: those of single outputs add up."""
    total: dict[str, Floats] = {}
    for index in range(len(weights)):
        alone = [g if k == index else np.zeros_like(g) for k, g in enumerate(weights)]
        for name, gradient in case.operation.code.run(place.inputs, alone).gradients.items():
            if gradient is not None:
                total[name] = total[name] + gradient if name in total else np.array(gradient)
    summed = Ran(whole.outputs, {name: total.get(name) for name in whole.gradients}, whole.formats)
    yield from _compared(summed, whole, 1.0, "the gradients of single outputs do not add up to that of all")


def _compared(now: Ran, first: Ran, factor: float, message: str) -> Iterator[_Problem]:
    slack = _SLACK if first.formats == "float64" else _SLACK_IN_SHORT
    for name, was in first.gradients.items():
        again = now.gradients[name]
        if was is None or again is None:
            if (was is None) != (again is None):
                yield f"{message}: None for {name} in one of the two", []
            continue
        expected = factor * was
        if was.shape != again.shape:
            yield f"{message} for {name}", [("shapes", f"{again.shape}, {was.shape} before")]
            continue
        size = max(float(np.abs(was[np.isfinite(was)]).max(initial=0.0)), FLOOR)  # upstream gradients are about 1
        room = slack * max(abs(factor), 1.0) * size
        with np.errstate(all="ignore"):
            apart = ~((np.abs(again - expected) <= room) | (np.isnan(again) & np.isnan(expected)) | (again == expected))
        if factor == 0.0:
            apart &= np.isfinite(was)
        if apart.any():
            place = tuple(int(k) for k in np.argwhere(apart)[0])
            entry = f"{name}{shown(place)}: {float(again[place])!r}, expected {float(expected[place])!r}"
            yield f"{message} does not scale that of {name}" if factor != 1.0 else message, [("entry", entry)]


def _depends(case: TensorCase, place: Place, name: str) -> str:
    """The difference that shows that the outputs depend on an input, "" if none does."""
    rng = np.random.default_rng([case.options.seed, 53])
    direction = {name: rng.uniform(0.5, 1, np.shape(place.inputs[name]))}
    estimate = difference(case, place, direction)
    if estimate.within(1e-3) and abs(estimate.value) > 10 * estimate.error:
        return f"{estimate.value:.12g} ± {estimate.error:.0e}   (of the forward, along a direction of {name})"
    return ""
