"""From a difference in finite fields to an entry that anybody can check: on floats, in balls, by a difference.

The true gradients come from reverse mode through the forward's program.  On floats both are compared entry by entry,
and the entry with the largest gap is looked at in balls (arb), where the two must be apart.  What is not apart there,
or smaller than 2**-30 of the gradient, accuses nobody.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb

from backproof.verify.arrays.adjoints import adjoints
from backproof.verify.arrays.balls import TooLarge, entries
from backproof.verify.arrays.floats import values
from backproof.verify.arrays.program import Node
from backproof.verify.arrays.traced import Floats, Traced

NEGLIGIBLE = 2.0**-30
"""Of the size of the gradient: a difference this small is one of digits (DESIGN, 2.1)."""

BITS = 192

_LOOKED = 8  # entries, those with the largest gaps


@dataclass(frozen=True)
class Accusation:
    """A wrong entry of a gradient.

    name, place: the input, and the index of the entry; ours, expected: balls; wrong: how many entries are, of ``size``
    rule, true: the whole gradients as floats, for a diagnosis; missing: the rule returned None
    """

    name: str
    place: tuple[int, ...]
    ours: arb
    expected: arb
    wrong: int
    size: int
    rule: Floats
    true: Floats
    missing: bool = False


@dataclass(frozen=True)
class Gradients:
    """The gradients of one input: by the rule and by reverse mode, as nodes and floats."""

    name: str
    rule: Node
    true: Node
    ours: Floats
    expected: Floats
    missing: bool

    @property
    def gaps(self) -> Floats:
        """The distance of each entry; infinite where one of the two is no number."""
        with np.errstate(all="ignore"):
            alike = (self.ours == self.expected) | (np.isnan(self.ours) & np.isnan(self.expected))
            gap = np.where(alike, 0.0, np.abs(self.ours - self.expected))
        return np.where(np.isnan(gap), math.inf, gap)  # of what is no float balls may know the number

    @property
    def scale(self) -> float:
        """The size of the gradient."""
        sizes = np.abs(self.expected[np.isfinite(self.expected)])
        return float(sizes.max(initial=0.0))


def gradients(traced: Traced) -> list[Gradients]:
    """Of each input that is differentiated.  Those of the program, at the point of the trace."""
    p = traced.program
    names = [*traced.gradients]
    true = adjoints(p, traced.outputs, traced.weights, [traced.inputs[name] for name in names])
    given = [traced.gradients[name] for name in names]
    rule = [p.number(0, a.shape) if r is None else r for r, a in zip(given, true, strict=True)]
    floats = values(p, [*rule, *true], {})
    columns = zip(names, rule, true, floats[: len(names)], floats[len(names) :], given, strict=True)
    return [Gradients(name, r, t, np.array(a), np.array(b), one is None) for name, r, t, a, b, one in columns]


def accused(traced: Traced, read: Mapping[float, arb] | None = None) -> list[Accusation]:
    """The worst entry of each gradient that is wrong, confirmed in balls; none where nothing is confirmed."""
    return [found for one in gradients(traced) if (found := _accused(traced, one)) is not None]


def _accused(traced: Traced, one: Gradients) -> Accusation | None:
    if one.ours.shape != one.expected.shape or not one.ours.size:
        return None
    gaps = one.gaps
    bar = NEGLIGIBLE * max(one.scale, float(np.abs(one.ours[np.isfinite(one.ours)]).max(initial=0.0)), 1e-300)
    wrong = max(1, int(np.count_nonzero((gaps > bar) & np.isfinite(one.expected))))
    for flat in np.argsort(gaps, axis=None)[::-1][:_LOOKED]:
        place = tuple(int(k) for k in np.unravel_index(int(flat), gaps.shape))
        if gaps[place] <= bar:
            return None
        try:
            ours, expected = entries(traced.program, [(one.rule, int(flat)), (one.true, int(flat))], {}, BITS)
        except TooLarge:
            ours, expected = arb(float(one.ours[place])), arb(float(one.expected[place]))
        apart = expected.is_finite() and (not ours.is_finite() or not ours.overlaps(expected))
        if apart and (not ours.is_finite() or bool(abs(ours - expected) > bar / 2)):
            size = int(one.ours.size)
            return Accusation(one.name, place, ours, expected, wrong, size, one.ours, one.expected, one.missing)
    return None


def along(traced: Traced, accusation: Accusation) -> dict[str, Any]:
    """The direction of the accused entry."""
    direction = np.zeros(accusation.rule.shape)
    direction[accusation.place] = 1.0
    return {accusation.name: direction}
