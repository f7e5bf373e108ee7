"""Safe for rules of whole arrays: at ties and zeros a generalized gradient, and finite wherever the forward's slope is.

At a tie the slopes of the forward close by, on its different sides, enclose those of every generalized gradient along
one entry (Clarke, Optimization and Nonsmooth Analysis, chapter 2); where all of them agree along a direction, the rule
has to.  They are taken by finite differences of the real function, so that this needs no trace.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from backproof.verify.arithmetics.ulps import decimal
from backproof.verify.arrays.adjoints import adjoints
from backproof.verify.arrays.balls import TooLarge, entries
from backproof.verify.arrays.floats import values
from backproof.verify.arrays.points import ties
from backproof.verify.arrays.traced import Floats
from backproof.verify.checks.array_counterexamples import shown
from backproof.verify.checks.table import TENSOR_SAFETY
from backproof.verify.checks.tensor_case import LARGE, TensorCase, work
from backproof.verify.checks.tensor_differences import difference, moved
from backproof.verify.results.findings import Finding, Verdict
from backproof.verify.subjects.tensors.code import Ran, is_float
from backproof.verify.subjects.tensors.operation import Place
from backproof.verify.support.errors import SubjectError, UsageError, in_a_line

_BESIDE = 2.0**-13  # how far from a tie the slopes are taken: many entries find their places within it
_STEPS = (2.0**-24, 2.0**-25)  # of the differences: so short that no two entries change places
_WIDER = 0.25  # of their range: by how much more a sample of a fan of slopes is taken to enclose
_CLOSER = 32  # times as close: there a root is at least twice as steep, and what bends is nearly at its limit
_SIDES, _MORE_SIDES = 4, 256  # random sides of a tie, and further ones before a rule is blamed
_CONCLUSIVE = 1e-4  # of the slopes: how far those over two steps are apart
_SLACK = 1e-3  # of the slopes: what they change by on the way
_ENTRIES = 2  # of each input
_BITS, _LARGEST, _MOST_VALUES = 256, 1.7e308, 64  # of outputs that are looked at in intervals
_CLEAR = 1e-8  # a radicand from which on slopes beside a point are near those at it

_Direction = tuple[str, dict[str, Floats], bool]
"""What moves, the direction, and whether it is one entry."""


def check(case: TensorCase) -> Iterator[Finding]:
    """The first place where the gradient is not finite, or none that the forward has; otherwise that there is none."""
    first = case.looks[0].traced
    if case.accused is not None or (first is not None and work(first) > LARGE):  # what is wrong everywhere is no tie's
        yield from _summary(case, 0, *_finite(case))
        return
    seen = 0
    for place in _tied(case):
        judged = _at_tie(case, place)
        if isinstance(judged, Finding):
            yield judged
            return
        seen += judged
    yield from _summary(case, seen, *_finite(case))


def _summary(case: TensorCase, seen: int, finite: int, found: Finding | None) -> Iterator[Finding]:
    if found is not None:
        yield found
    elif finite:
        where = "within the bounds" if case.operation.bounds else "entries up to 1000 in size"
        message = f"finite gradients at {finite} points, {where}, and valid ones at {seen} ties"
        yield case.finding(TENSOR_SAFETY, Verdict.SAFE, message)
    else:
        message = "no finite gradient at any point that was tried"
        yield case.finding(TENSOR_SAFETY, Verdict.INCONCLUSIVE, message)


def _tied(case: TensorCase) -> Iterator[Place]:
    floats = _moving(case, case.operation.code.inputs)
    for told, there, _ in ties(floats, case.options.seed):
        if all(_within(there[name], bounds) for name, bounds in case.operation.bounds.items() if name in there):
            yield Place(told, {**case.operation.code.inputs, **there})


def _moving(case: TensorCase, inputs: Mapping[str, Any]) -> dict[str, Floats]:
    """The arrays of floats, and what else is differentiated; other numbers, such as an epsilon, stay what they are."""
    wanted = {name for name, x in inputs.items() if is_float(x) and (np.ndim(x) or name in case.operation.code.wrt)}
    return {name: np.asarray(inputs[name], dtype=float) for name in inputs if name in wanted}


def _within(value: Floats, bounds: tuple[float, float]) -> bool:
    return bool(((value >= bounds[0]) & (value <= bounds[1])).all())


# ------------------------------------------------------------------------------------------------------------- ties


def _at_tie(case: TensorCase, place: Place) -> Finding | int:
    """A finding where no generalized gradient is returned; else whether something was decided here."""
    try:
        outputs = case.operation.code.reference(place.inputs)
        if not all(np.isfinite(out).all() for out in outputs):
            return 0
        ran = case.run_at(place)
    except (SubjectError, UsageError):
        return 0
    finite = all(g is None or np.isfinite(g).all() for g in ran.gradients.values())
    staircase = case.narrowest != "float64" or any(look.false for look in case.looks)  # no slopes over short steps
    if finite and (is_smooth(case, place) or staircase):
        return 1
    decided, noise = 0, _noise(case, place, outputs, ran)
    for told, direction, single in _directions(case, ran):
        try:
            found = _judged(case, place, ran, (told, direction, single), noise)
        except _Edge:
            continue
        if isinstance(found, Finding):
            return found
        decided = max(decided, found)
    return decided


def _judged(case: TensorCase, place: Place, ran: Ran, along: _Direction, noise: float) -> Finding | int:
    """A finding where the rule is not enclosed along a direction, else whether that was decided.  Raises _Edge."""
    told, direction, single = along
    ours = _of_rule(ran, direction)
    slopes = list(_slopes_beside(case, place, direction, _SIDES))
    if ours is None or len(slopes) < _SIDES // 2 or not (single or _agree(slopes, noise)):
        return 0
    if _encloses(slopes, ours, noise):
        return 1
    for slope in _slopes_beside(case, place, direction, _MORE_SIDES):  # of many ties a few sides are not all
        slopes.append(slope)
        if _encloses(slopes, ours, noise) or not (single or _agree(slopes, noise)):
            return 1
    closer = list(_slopes_beside(case, place, direction, _SIDES, _BESIDE / _CLOSER))
    if _is_steeper(closer, slopes):  # its derivative is infinite there
        return 0
    limits = [(_CLOSER * near - far) / (_CLOSER - 1) for near, far in zip(closer, slopes, strict=False)]
    if _encloses(limits, ours, noise):  # the slopes change on the way, as those of x·|x| do
        return 1
    return _no_gradient(case, place, told, ours, min(slopes), max(slopes))


def _is_steeper(closer: list[float], slopes: list[float]) -> bool:
    """Whether slopes grow without end toward the tie, as those of a root at 0; the same sides come first in both."""
    as_many = slopes[: len(closer)]
    return not closer or statistics.median(map(abs, closer)) > 2 * statistics.median(map(abs, as_many))


def _noise(case: TensorCase, place: Place, outputs: list[Floats], ran: Ran) -> float:
    """What the rounding of the forward makes of a difference, and that of the rule of a sum of its entries."""
    entries = [np.abs(g[np.isfinite(g)]).max(initial=0.0) for g in ran.gradients.values() if g is not None]
    sizes = (float(np.abs(g * out).sum()) for g, out in zip(case.weights(place), outputs, strict=True))
    return sum(sizes) * 2.0**-50 / _STEPS[-1] + 1e-9 * float(max(entries, default=0.0))


def _slack(slopes: list[float], noise: float) -> float:
    return _SLACK * max(map(abs, slopes)) + noise


def _agree(slopes: list[float], noise: float) -> bool:
    """Whether the slopes on all sides are the same."""
    return max(slopes) - min(slopes) <= _slack(slopes, noise)


def _is_fan(slopes: list[float]) -> bool:
    """Whether nearly all slopes are different, so that the ends of their range are in no sample."""
    return len({f"{slope:.3g}" for slope in slopes}) > len(slopes) / 2


def _encloses(slopes: list[float], ours: float, noise: float) -> bool:
    slack = _slack(slopes, noise) + (_WIDER * (max(slopes) - min(slopes)) if _is_fan(slopes) else 0.0)
    return min(slopes) - slack <= ours <= max(slopes) + slack


def is_smooth(case: TensorCase, place: Place) -> bool:
    """Whether the program has no choice, and here no root of 0: then a tie is a point like others."""
    first = case.looks[0]
    if not first.has_no_choices or first.traced is None:
        return False
    program = first.traced.program
    roots = [node.operands[0] for node in program.nodes if node.kind == "power" and node.parameter.denominator > 1]
    there = {name: place.inputs[name] for name in first.traced.inputs}
    return all(bool((np.abs(found) > _CLEAR).all()) for found in values(program, roots, there))


def _directions(case: TensorCase, ran: Ran) -> Iterator[_Direction]:
    rng = np.random.default_rng([case.options.seed, 97])
    for name, gradient in ran.gradients.items():
        if gradient is None or not gradient.size:
            continue
        yield f"all entries of {name}", {name: np.ones(gradient.shape)}, False
        broken = np.flatnonzero(~np.isfinite(gradient.reshape(-1)))
        chosen = [*broken[:1], 0, *rng.integers(0, gradient.size, _ENTRIES)][: _ENTRIES + 1]
        for flat in dict.fromkeys(int(k) for k in chosen):
            single = np.zeros(gradient.size)
            single[flat] = 1.0
            place = tuple(int(k) for k in np.unravel_index(flat, gradient.shape)) if gradient.shape else ()
            yield f"{name}{shown(place)}", {name: single.reshape(gradient.shape)}, True


def _slopes_beside(
    case: TensorCase, place: Place, direction: Mapping[str, Floats], count: int, beside: float = _BESIDE
) -> Iterator[float]:
    """Slopes of the forward along the direction at points on different sides of the tie, ``count`` of them random."""
    rng = np.random.default_rng([case.options.seed, 13])
    weights = case.weights(place)
    (name,) = direction
    floats = _moving(case, place.inputs)
    sides: list[dict[str, Floats]] = []
    for sign in (1.0, -1.0):
        for others in (0.0, 0.25):
            side = {one: others * rng.uniform(-1, 1, x.shape) for one, x in floats.items()}
            side[name] = side[name] + sign * direction[name]
            sides.append(side)
    random = ({one: rng.uniform(-1, 1, x.shape) for one, x in floats.items()} for _ in range(count))
    for side in (*sides, *random):
        there = {one: floats[one] + beside * side[one] for one in floats}
        at = Place(place.told, {**place.inputs, **there})
        if not case.operation.keeps_kind(at.inputs):
            continue
        try:
            slope = _slope(moved(case, at, direction, weights))
        except (SubjectError, UsageError, ArithmeticError):
            continue
        if slope is not None:
            yield slope


class _Edge(Exception):
    """The forward has no value on a side: the point is at an edge of its domain."""


def _slope(value: Callable[[float], float]) -> float | None:
    """The slope at 0 by central differences over two steps; None where they do not agree.  Raises _Edge."""
    wide, narrow = ((value(h) - value(-h)) / (2 * h) for h in _STEPS)
    if not math.isfinite(narrow):
        raise _Edge
    return narrow if abs(wide - narrow) <= _CONCLUSIVE * max(abs(wide), abs(narrow), 1e-6) else None


def _of_rule(ran: Ran, direction: Mapping[str, Any]) -> float | None:
    """The rule's slope along the direction; None where it returned no gradient."""
    total = 0.0
    for name, along in direction.items():
        gradient = ran.gradients[name]
        if gradient is None:
            return None
        with np.errstate(invalid="ignore"):  # of infinities of both signs
            total += float((gradient[along != 0] * along[along != 0]).sum())
    return total


def _no_gradient(case: TensorCase, place: Place, told: str, ours: float, low: float, high: float) -> Finding:
    message = "the rule returns no finite gradient at a tie" if not np.isfinite(ours) else "at a tie no valid gradient"
    enclosed = f"{low:.6g}" if f"{low:.6g}" == f"{high:.6g}" else f"from {low:.6g} to {high:.6g}"
    return case.finding(
        TENSOR_SAFETY,
        Verdict.UNSAFE,
        message,
        details=(
            ("ours", f"{ours!r}   along {told}, of the gradient of Σ g·out"),
            ("expected", f"{enclosed}   (slopes of the forward on all sides of it, by finite differences)"),
            ("at", place.lines()),
            ("rerun", case.operation.rerun(case.options.seed, {})),
        ),
    )


# ----------------------------------------------------------------------------------------------------- large entries


def _finite(case: TensorCase) -> tuple[int, Finding | None]:
    """The number of places with a finite gradient, and the first where it is not and the forward's slope is."""
    returned = 0
    for place in (*case.operation.places(case.options.seed), *case.operation.far(case.options.seed)):
        try:
            outputs = case.operation.code.reference(place.inputs)
            has_value = all(np.isfinite(out).all() for out in outputs)
        except (SubjectError, UsageError):
            continue
        try:
            ran = case.run_at(place)
        except (SubjectError, UsageError) as error:
            if has_value:
                return returned, _raises(case, place, error)
            continue
        if found := _not_finite(case, place, ran, has_value):
            return returned, found
        returned += all(g is None or np.isfinite(g).all() for g in ran.gradients.values())
    return returned, None


def _raises(case: TensorCase, place: Place, error: SubjectError | UsageError) -> Finding:
    what = in_a_line(error) if isinstance(error, SubjectError) else str(error)
    details = (("raised", what), ("at", place.lines()), ("rerun", case.operation.rerun(case.options.seed, {})))
    return case.finding(TENSOR_SAFETY, Verdict.UNSAFE, "the rule fails where the forward has a value", details=details)


def _not_finite(case: TensorCase, place: Place, ran: Ran, has_value: bool) -> Finding | None:
    """has_value: the forward's outputs are floats; where they are not, they may still be numbers that floats hold."""
    for name, gradient in ran.gradients.items():
        if gradient is None or np.isfinite(gradient).all():
            continue
        flat = int(np.flatnonzero(~np.isfinite(gradient.reshape(-1)))[0])
        direction = np.zeros(gradient.size)
        direction[flat] = 1.0
        if has_value:
            estimate = difference(case, place, {name: direction.reshape(gradient.shape)})
            expected = f"{estimate.value:.12g} ± {estimate.error:.0e}   (finite difference of the forward)"
            known = estimate.within(_SLACK)
        else:
            known, expected = _in_balls(case, place, name, flat)
        if not known:
            continue
        index = tuple(int(k) for k in np.unravel_index(flat, gradient.shape)) if gradient.shape else ()
        ours = float(gradient.reshape(-1)[flat])
        label = f"{name}{shown(index)}"
        return case.finding(
            TENSOR_SAFETY,
            Verdict.UNSAFE,
            "the rule's result is not finite where the true gradient is",
            details=(
                ("ours", f"{ours!r}   for {label}, of the gradient of Σ g·out"),
                ("expected", expected),
                ("at", place.lines()),
                ("rerun", case.operation.rerun(case.options.seed, {})),
            ),
        )
    return None


def _in_balls(case: TensorCase, place: Place, name: str, flat: int) -> tuple[bool, str]:
    """Whether the true entry and the values of the forward are numbers that floats hold, by intervals; the entry."""
    first = case.looks[0]
    if not first.has_no_choices or first.traced is None:
        return False, ""
    traced, p = first.traced, first.traced.program
    (true,) = adjoints(p, traced.outputs, traced.weights, [traced.inputs[name]])
    there = {one: np.asarray(place.inputs[one], dtype=float) for one in traced.inputs}
    outputs = [(out, k) for out in traced.outputs for k in range(min(out.size, _MOST_VALUES))]
    try:
        entry, *values_there = entries(p, [(true, flat), *outputs], there, _BITS)
    except TooLarge:
        return False, ""
    fit = all(ball.is_finite() and bool(abs(ball) < _LARGEST) for ball in (entry, *values_there))
    return fit, f"{decimal(entry)}   (reference)"
