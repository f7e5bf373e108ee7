"""How a wrong entry of a large gradient is told, so that a person can look at it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import arb

from verify.findings import Finding, Verdict
from verify.numbers import differences
from verify.numbers.lattices import Sample
from verify.numbers.ulps import decimal
from verify.subjects.large import LargePair
from verify.subjects.vectors import flat

if TYPE_CHECKING:
    from verify.case import Case
    from verify.identity.looks import Look

_DIGITS = (12, 20, 30, 50)


def wrong_gradient(case: Case, look: Look, wrong: Sequence[int], check: str = "identity") -> Finding:
    """The first entry of the gradient that is not the derivative, and how many there are."""
    pair = look.pair
    first = wrong[0]
    name, place = entry(pair, first)
    left, right = _told_apart(look.ball(look.formula.rule[first], 768), look.ball(look.formula.slopes[first], 768))
    label = f"{name}{shown(place)}"
    details = [
        ("ours", f"{left}   for {label}, of the gradient of Σ g·out"),
        ("expected", f"{right}   (reference)"),
        *difference(pair, look.sample, name, place),
        *at(pair, look.sample),
        ("wrong", f"{len(wrong)} of {len(look.formula.rule)} entries, {label} the first"),
        ("rerun", case.operation.rerun(case.options.seed, {})),
    ]
    message = f"the rule is not the derivative: the entry {label} of its answer is wrong"
    return case.finding(
        check,
        Verdict.REFUTED,
        message,
        operand=name if len(pair.arrays) > 1 else "",
        details=tuple(details),
        point=point(pair, look.sample),
    )


def wrong_value(case: Case, look: Look, wrong: Sequence[int]) -> Finding:
    """The first entry of the output that is not what the definition says."""
    first = wrong[0]
    left, right = _told_apart(look.ball(look.formula.outputs[first], 768), look.ball(look.formula.meant[first], 768))
    label = f"out{shown(np.unravel_index(first, look.pair.out_shape) if look.pair.out_shape else ())}"
    details = (
        ("ours", f"{left}   for {label}"),
        ("expected", f"{right}   (the definition)"),
        *at(look.pair, look.sample),
        ("wrong", f"{len(wrong)} of {len(look.formula.outputs)} entries, {label} the first"),
        ("rerun", case.operation.rerun(case.options.seed, {})),
    )
    return case.finding(
        "identity", Verdict.REFUTED, "the forward is not the definition", details=details,
        point=point(look.pair, look.sample),
    )


def _told_apart(ours: arb, true: arb) -> tuple[str, str]:
    """Both numbers with as many digits as it takes to see that they are not the same."""
    if not ours.is_finite():
        return "no value", decimal(true, _DIGITS[0])
    digits = next((d for d in _DIGITS if decimal(ours, d) != decimal(true, d)), 60)
    return decimal(ours, digits), decimal(true, digits)


def entry(pair: LargePair, index: int) -> tuple[str, tuple[int, ...]]:
    """The input and the place in it of an entry of all gradients, one after another."""
    for one in pair.arrays:
        size = pair.sizes[one]
        if index < size:
            shape = pair.shapes[one]
            return one, tuple(int(k) for k in np.unravel_index(index, shape)) if shape else ()
        index -= size
    raise IndexError(index)


def shown(place: Sequence[Any]) -> str:
    """[3], or [3, 4]; nothing for a number."""
    return f"[{', '.join(map(str, map(int, place)))}]" if len(place) else ""


def at(pair: LargePair, sample: Sample) -> Iterator[tuple[str, str]]:
    """How the point is made."""
    lines = [f"{'g' if name == pair.upstream else name} = {one}" for name, one in sample.lattices.items()]
    yield "at", "\n".join(lines)


def point(pair: LargePair, sample: Sample) -> dict[str, str]:
    """The point for a machine: the formula of each array."""
    return {("g" if name == pair.upstream else name): str(one) for name, one in sample.lattices.items()}


def difference(pair: LargePair, sample: Sample, name: str, place: tuple[int, ...]) -> Iterator[tuple[str, str]]:
    """The finite difference of the forward by one entry, where it says something."""
    direction = np.zeros(pair.shapes[name])
    direction[place] = 1.0
    estimate = along(pair, sample, {name: direction})
    if estimate.within(differences.USELESS):
        yield "difference", f"{estimate.value:.12g} ± {estimate.error:.0e}   (finite difference of the forward)"


def along(pair: LargePair, sample: Sample, direction: dict[str, Any]) -> differences.Estimate:
    """The slope of Σ g·out on floats along a direction, by differences."""
    arrays = sample.arrays
    weights = np.asarray(arrays[pair.upstream])

    def value(t: float) -> float:
        moved = {one: arrays[one] + t * direction[one] if one in direction else arrays[one] for one in arrays}
        out = np.asarray(pair.values(moved), dtype=float)
        return float((weights * out).sum())

    try:
        return differences.slope(value, 0.0)
    except Exception:  # the user's own forward may raise anything
        return differences.NO_ESTIMATE


def entries_of_all(found: dict[str, Any]) -> list[Any]:
    """The entries of all gradients, one after another."""
    return [v for one in found.values() for v in flat(one)]
