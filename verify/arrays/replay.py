"""Whether the program is the function: run on floats, at the point that was traced and elsewhere.

Code that reads a number out of an array, or that keeps one from an earlier call, leaves a constant in its trace: at the
point the program is the function, and elsewhere it is not.  So it is compared at a second point, too, so close that
every comparison on the way comes out the same; a program without comparisons at any point.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from backproof.verify.arrays.floats import values
from backproof.verify.arrays.program import Node
from backproof.verify.arrays.traced import Floats, Traced
from backproof.verify.support.errors import SubjectError, SubjectStopped, in_a_line

CLOSE = {"float64": 1e-9, "float32": 1e-3, "bfloat16": 0.1, "float16": 2e-2}
"""For each format, relative to the largest entry: sums are taken in another order."""

SHIFTS = (1e-3, 1e-5, 1e-7)
NUDGE, ROOM = 2.0**-48, 64.0
"""By how much inputs are changed to see what rounding does there, and how often that change is allowed."""

FLOOR = 1e-3
"""Of the upstream gradients: what is smaller is what is left of them where they cancel."""

Run = Callable[[Mapping[str, Floats]], Sequence[Floats | None]]
"""The real function: outputs and gradients at other values of the inputs, the upstream gradients as they were."""


def unfaithful(traced: Traced, run: Run, seed: int, *, formats: str = "float64", beside: bool = True) -> str:
    """How the program differs from the function; "" if it does not.

    formats: the narrowest format of floats that the function computes in; beside: at a second point, too
    """
    real = [*traced.values, *(slope for slope in traced.slopes.values() if slope is not None)]
    if difference := _differs(traced, {}, real, CLOSE[formats]):
        return f"{difference} at the point itself"
    if not beside:
        return ""
    found = _differs_beside(traced, run, seed, formats)
    return f"{found} at a point beside it" if found else ""


def differs(traced: Traced, run: Run, there: Mapping[str, Floats], formats: str = "float64") -> str:
    """How the program differs from the function at other values of the inputs; "" if it does not."""
    try:
        return _differs(traced, there, [one for one in run(there) if one is not None], CLOSE[formats])
    except SubjectStopped:  # it is not called there, outside of its bounds
        return ""
    except SubjectError as error:
        return f"the function, which fails ({in_a_line(error)}),"


def _differs_beside(traced: Traced, run: Run, seed: int, formats: str) -> str:
    rng = np.random.default_rng([seed, 17])
    at = {name: np.asarray(traced.program.leaves[name].value) for name in traced.inputs}
    moved = {name: rng.uniform(-1, 1, value.shape) * np.maximum(np.abs(value), 1e-2) for name, value in at.items()}
    margins = [margin.node for margin in traced.margins]
    signs = _signs(traced, margins, {})
    for shift in SHIFTS:
        there = {name: value + shift * moved[name] for name, value in at.items()}
        if not margins or _signs(traced, margins, there) == signs:
            return differs(traced, run, there, formats)
    return ""


def _signs(traced: Traced, margins: Sequence[Node], leaves: Mapping[str, Any]) -> list[bytes]:
    return [np.sign(found).tobytes() for found in values(traced.program, margins, leaves)]


def _differs(traced: Traced, there: Mapping[str, Floats], real: Sequence[Floats], close: float) -> str:
    gradients = {name: node for name, node in traced.gradients.items() if node is not None}
    roots = [*traced.outputs, *gradients.values()]
    labels = [*(f"output {k}" for k in range(len(traced.outputs))), *(f"the gradient of {name}" for name in gradients)]
    if len(real) != len(roots):
        return "the number of gradients that are None"
    ours = values(traced.program, roots, there)
    least = max((float(np.abs(w).max(initial=0.0)) for w in _weights(traced)), default=0.0) * FLOOR
    gaps = [distance(a, b, least) for a, b in zip(ours, real, strict=True)]
    if max(gaps, default=0.0) <= close:
        return ""
    nudged = values(traced.program, roots, _nudged(traced, there))
    for label, a, b, again in zip(labels, ours, real, nudged, strict=True):
        gap = distance(a, b, least)
        if gap > close + ROOM * distance(again, a, least):
            return f"{label}, by {gap:.0e} of its size,"
    return ""


def _nudged(traced: Traced, there: Mapping[str, Floats]) -> dict[str, Floats]:
    """All leaves with a value, each entry changed in its last digits: what they do to a result is rounding."""
    rng = np.random.default_rng(0)
    known = {name: leaf.value for name, leaf in traced.program.leaves.items() if leaf.value is not None}
    return {name: x * (1 + NUDGE * rng.choice((-1.0, 1.0), np.shape(x))) for name, x in {**known, **there}.items()}


def _weights(traced: Traced) -> list[Floats]:
    """The upstream gradients at the point."""
    leaves = (node for weight in traced.weights for node in traced.program.below([weight]) if node.kind == "leaf")
    return [np.asarray(traced.program.leaves[leaf.parameter].value) for leaf in leaves]


def distance(a: Floats, b: Floats, least: float = 0.0) -> float:
    """The largest difference, relative to the largest entry, or ``least``; 0 where both are not finite alike."""
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if a.shape != b.shape:
        return float("inf")
    with np.errstate(all="ignore"):
        alike = (a == b) | (np.isnan(a) & np.isnan(b))
        gap = np.where(alike, 0.0, np.abs(a - b))
        size = np.abs(b[np.isfinite(b)]).max(initial=0.0)
    worst = float(np.nan_to_num(gap, nan=np.inf).max(initial=0.0))
    return worst / max(float(size), least, 1e-300) if worst else 0.0
