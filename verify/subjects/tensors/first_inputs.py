"""Inputs in given shapes at which a function has a value: what is drawn where a user passes none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from backproof.verify.numerics.working_range import Bounds
from backproof.verify.subjects.operation import Shape
from backproof.verify.support.errors import SubjectError

FARTHEST = 1000.0  # of what lies between bounds one of which is open


def first_inputs(
    shapes: Mapping[str, Shape], bounds: Bounds, values: Callable[[dict[str, Any]], Sequence[Any]], seed: int
) -> tuple[dict[str, Any], bool] | None:
    """Floats in these shapes at which all values are finite, and whether they are of a kind; None if none was found.

    Standard normal, which is no kind; else positive, else between 0 and 1.  What has bounds is uniform between them.
    """
    for index, draw in enumerate(DRAWN):
        rng = np.random.default_rng([seed, 7, index])
        inputs = {name: _drawn(rng, draw, shape, bounds.get(name)) for name, shape in shapes.items()}
        try:
            with np.errstate(all="ignore"):
                found = [np.asarray(one, dtype=float) for one in values(dict(inputs))]
        except SubjectError:
            continue
        if all(np.isfinite(one).all() for one in found):
            return inputs, index > 0
    return None


def _drawn(rng: np.random.Generator, draw: Callable[..., Any], shape: Shape, ends: tuple[float, float] | None) -> Any:
    found = np.asarray(draw(rng, shape))
    if ends is not None:
        low, high = (np.clip(end, -FARTHEST, FARTHEST) for end in ends)
        found = np.clip(low + (high - low) * rng.random(shape), *ends)
    return found if shape else float(found)


DRAWN: tuple[Callable[[np.random.Generator, Shape], Any], ...] = (
    lambda rng, shape: rng.standard_normal(shape),
    lambda rng, shape: 0.1 + np.abs(rng.standard_normal(shape)),
    lambda rng, shape: rng.uniform(0.05, 0.95, shape),
)
"""How they are drawn, the most general first."""
