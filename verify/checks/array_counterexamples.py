"""Reports a wrong entry of a large gradient, with what is needed to reproduce it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import arb

from backproof.verify.arithmetics.ulps import decimal
from backproof.verify.checks.table import ARRAY_IDENTITY, Check
from backproof.verify.numerics import differences
from backproof.verify.numerics.lattices import Sample
from backproof.verify.results.findings import Finding, Verdict
from backproof.verify.subjects.arrays.small import flat
from backproof.verify.subjects.boundary import NotCalled
from backproof.verify.subjects.operation import ArrayOperation
from backproof.verify.support.errors import SubjectError

if TYPE_CHECKING:
    from backproof.verify.checks.array_case import ArrayCase
    from backproof.verify.checks.array_cells import Look

_DIGITS = (12, 20, 30, 50)


def wrong_gradient(case: ArrayCase, look: Look, wrong: Sequence[int], check: Check = ARRAY_IDENTITY) -> Finding:
    """The first entry of the gradient that is wrong, and how many are."""
    pair = look.pair
    first = wrong[0]
    name, place = entry(pair, first)
    left, right = _distinguished(look.ball(look.formula.rule[first], 768), look.ball(look.formula.partials[first], 768))
    label = f"{name}{shown(place)}"
    details = [
        ("ours", f"{left}   for {label}, of the gradient of Σ g·out"),
        ("expected", f"{right}   (reference)"),
        *difference(pair, look.sample, name, place),
        *at(pair, look.sample),
        ("wrong", f"{len(wrong)} of {len(look.formula.rule)} entries, {label} the first"),
        ("rerun", case.operation.rerun(case.options.seed, {})),
    ]
    message = f"the rule is not {case.derivative}: entry {label} of its gradient is wrong"
    return case.finding(
        check,
        Verdict.REFUTED,
        message,
        operand=name if len(pair.inputs) > 1 else "",
        details=tuple(details),
        point=point(pair, look.sample),
    )


def wrong_value(case: ArrayCase, look: Look, wrong: Sequence[int]) -> Finding:
    """The first entry of the output that differs from the definition."""
    first = wrong[0]
    left, right = _distinguished(look.ball(look.formula.outputs[first], 768), look.ball(look.formula.meant[first], 768))
    label = f"out{shown(np.unravel_index(first, look.pair.out_shape) if look.pair.out_shape else ())}"
    details = (
        ("ours", f"{left}   for {label}"),
        ("expected", f"{right}   (the definition)"),
        *at(look.pair, look.sample),
        ("wrong", f"{len(wrong)} of {len(look.formula.outputs)} entries, {label} the first"),
        ("rerun", case.operation.rerun(case.options.seed, {})),
    )
    return case.finding(
        ARRAY_IDENTITY, Verdict.REFUTED, "the forward is not the definition", details=details,
        point=point(look.pair, look.sample),
    )


def _distinguished(ours: arb, true: arb) -> tuple[str, str]:
    """Both numbers with as many digits as it takes to see that they differ."""
    if not ours.is_finite():
        return "no value", decimal(true, _DIGITS[0])
    digits = next((d for d in _DIGITS if decimal(ours, d) != decimal(true, d)), 60)
    return decimal(ours, digits), decimal(true, digits)


def entry(pair: ArrayOperation, index: int) -> tuple[str, tuple[int, ...]]:
    """The input and the index in it of an entry of the concatenated gradients."""
    for one in pair.inputs:
        size = pair.sizes[one]
        if index < size:
            shape = pair.shapes[one]
            return one, tuple(int(k) for k in np.unravel_index(index, shape)) if shape else ()
        index -= size
    raise IndexError(index)


def shown(place: Sequence[Any]) -> str:
    """[3], or [3, 4]; empty for a scalar."""
    return f"[{', '.join(map(str, map(int, place)))}]" if len(place) else ""


def at(pair: ArrayOperation, sample: Sample) -> Iterator[tuple[str, str]]:
    """The detail that says how the point is constructed."""
    lines = [f"{'g' if name == pair.upstream else name} = {one}" for name, one in sample.lattices.items()]
    yield "at", "\n".join(lines)


def point(pair: ArrayOperation, sample: Sample) -> dict[str, str]:
    """The point in machine-readable form: the formula of each array."""
    return {("g" if name == pair.upstream else name): str(one) for name, one in sample.lattices.items()}


def difference(pair: ArrayOperation, sample: Sample, name: str, place: tuple[int, ...]) -> Iterator[tuple[str, str]]:
    """The finite difference of the forward in one entry, where it is conclusive."""
    direction = np.zeros(pair.shapes[name])
    direction[place] = 1.0
    estimate = along(pair, sample, {name: direction})
    if estimate.within(differences.USELESS):
        told = f"finite difference of the {pair.compared}"
        yield "difference", f"{estimate.value:.12g} ± {estimate.error:.0e}   ({told})"


def along(
    pair: ArrayOperation, sample: Sample, direction: dict[str, Any], unit: float = differences.UNIT_ROUNDOFF
) -> differences.Estimate:
    """The directional derivative of Σ g·out on floats, by finite differences."""
    arrays = sample.arrays
    try:
        value, reach = _moved(pair, sample, direction), pair.reach(arrays, direction)
        return differences.finite_difference(value, 0.0, *reach, unit=unit)
    except SubjectError:
        return differences.NO_ESTIMATE


def is_rounded(pair: ArrayOperation, sample: Sample, direction: dict[str, Any], slope: float) -> bool:
    """Whether Σ g·out is a staircase: computed in a narrower format, it stays the same where its slope would show."""
    value, (least, most) = _moved(pair, sample, direction), pair.reach(sample.arrays, direction)
    try:
        here = value(0.0)
        shown = [step for step in _TINY if least < step < most and abs(slope * step) > abs(here) * 2.0**-48]
        return bool(shown) and all(value(step) == here for step in shown)
    except (SubjectError, ArithmeticError):
        return False


_TINY = tuple(sign * 1.37 * 2.0**-k for k in (30, 31, 33) for sign in (1, -1))


def _moved(pair: ArrayOperation, sample: Sample, direction: dict[str, Any]) -> Callable[[float], float]:
    """Σ g·out along a direction."""
    arrays = sample.arrays
    weights = np.asarray(arrays[pair.upstream])

    def value(t: float) -> float:
        moved = {one: arrays[one] + t * direction[one] if one in direction else arrays[one] for one in arrays}
        try:
            out = np.asarray(pair.values(moved), dtype=float)
        except NotCalled as error:  # a shorter step may stay in the domain
            raise ArithmeticError(str(error)) from error
        return float((weights * out).sum())

    return value


def entries_of_all(found: dict[str, Any]) -> list[Any]:
    """The entries of all gradients, concatenated."""
    return [v for one in found.values() for v in flat(one)]
