"""Whether the program is the function: run on floats, at the point that was traced and beside it.

Code that reads a number out of an array, or that keeps one from an earlier call, leaves a constant in its trace: at the
point the program is the function, and elsewhere it is not.  So it is compared at a second point, too, so close that
every comparison on the way comes out the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from backproof.verify.arrays.floats import values
from backproof.verify.arrays.program import Node
from backproof.verify.arrays.traced import Floats, Traced
from backproof.verify.support.errors import SubjectError, in_a_line

CLOSE = 1e-9
"""Relative to the largest entry: sums are taken in another order."""

SHIFTS = (1e-3, 1e-5, 1e-7)

Run = Callable[[Mapping[str, Floats]], Sequence[Floats | None]]
"""The real function: outputs and gradients at other values of the inputs, the upstream gradients as they were."""


def unfaithful(traced: Traced, run: Run, seed: int, *, beside: bool = True) -> str:
    """How the program differs from the function; "" if it does not.  ``beside``: at a second point, too."""
    roots = _roots(traced)
    found = values(traced.program, [node for _, node, _ in roots], {})
    for (label, _, real), ours in zip(roots, found, strict=True):
        if (gap := distance(ours, real)) > CLOSE:
            return f"{label} at the point itself, by {gap:.0e} of its size"
    return _beside(traced, run, seed) if beside else ""


def _roots(traced: Traced) -> list[tuple[str, Node, Floats]]:
    """What is compared: a label, the node, and the float of the real function."""
    found = [(f"output {k}", o, v) for k, (o, v) in enumerate(zip(traced.outputs, traced.values, strict=True))]
    for name, node in traced.gradients.items():
        real = traced.slopes[name]
        if node is not None and real is not None:
            found.append((f"the gradient of {name}", node, real))
    return found


def _beside(traced: Traced, run: Run, seed: int) -> str:
    rng = np.random.default_rng([seed, 17])
    at = {name: np.asarray(traced.program.leaves[name].value) for name in traced.inputs}
    moved = {name: rng.uniform(-1, 1, value.shape) * np.maximum(np.abs(value), 1e-2) for name, value in at.items()}
    margins = [margin.node for margin in traced.margins]
    signs = _signs(traced, margins, {})
    for shift in SHIFTS:
        there = {name: value + shift * moved[name] for name, value in at.items()}
        if margins and _signs(traced, margins, there) != signs:
            continue
        return _at(traced, run, there)
    return ""


def _signs(traced: Traced, margins: Sequence[Node], leaves: Mapping[str, Any]) -> list[bytes]:
    return [np.sign(found).tobytes() for found in values(traced.program, margins, leaves)]


def _at(traced: Traced, run: Run, there: Mapping[str, Floats]) -> str:
    try:
        real = run(there)
    except SubjectError as error:
        return f"at a point beside it the function fails ({in_a_line(error)})"
    roots = [*traced.outputs, *(node for node in traced.gradients.values() if node is not None)]
    ours = values(traced.program, roots, there)
    present = [one for one in real if one is not None]
    if len(present) != len(ours):
        return "at a point beside it another number of gradients is None"
    labels = [label for label, _, _ in _roots(traced)]
    for label, a, b in zip(labels, ours, present, strict=False):
        if a.shape != b.shape:
            return f"{label} has another shape at a point beside it"
        if (gap := distance(a, b)) > 10 * CLOSE:
            return f"{label} at a point beside it, by {gap:.0e} of its size"
    return ""


def distance(a: Floats, b: Floats) -> float:
    """The largest difference, relative to the largest entry; 0 where both are not finite alike."""
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if a.shape != b.shape:
        return float("inf")
    with np.errstate(all="ignore"):
        alike = (a == b) | (np.isnan(a) & np.isnan(b))
        gap = np.where(alike, 0.0, np.abs(a - b))
        size = np.abs(b[np.isfinite(b)]).max(initial=0.0)
    worst = float(gap.max(initial=0.0))
    return worst / max(float(size), 1e-300) if worst else 0.0
