"""The working range: the sizes of numbers that a rule is held to by default, format by format.

Beyond it intermediate results of ordinary formulas overflow or vanish: the square in -2x/(1 + x²)² from 1e154 on.
What fails only there is `fragile`, a warning.  Bounds that a user states for an input take its place for that input.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from backproof.verify.terms.term import Condition, compare, symbol

Bounds = Mapping[str, tuple[float, float]]
"""Input -> (smallest, largest) value, both included."""

_BINADES = {"float64": 64, "float32": 20, "bfloat16": 20, "float16": 8}


def limits(fmt: str = "float64") -> tuple[float, float]:
    """The smallest and the largest size in the working range of a format; 0 is in it as well."""
    binades = _BINADES[fmt]
    return 2.0**-binades, 2.0**binades


def inside(
    columns: Sequence[NDArray[np.float64]], names: Sequence[str], bounds: Bounds, fmt: str = "float64"
) -> NDArray[np.bool_]:
    """Which points (one column of floats an input) have every coordinate in the working range or in its bounds."""
    least, most = limits(fmt)
    masks = []
    for name, column in zip(names, columns, strict=True):
        if name in bounds:
            low, high = bounds[name]
            masks.append((column >= low) & (column <= high))
        else:
            size = abs(column)
            masks.append((size == 0) | ((size >= least) & (size <= most)))
    found: NDArray[np.bool_] = np.logical_and.reduce(masks)
    return found


def bounded(bounds: Bounds) -> list[Condition]:
    """The bounds as conditions on the inputs; an infinite bound is none."""
    found = []
    for name, (low, high) in bounds.items():
        found += [compare("ge", symbol(name), low)] if math.isfinite(low) else []
        found += [compare("le", symbol(name), high)] if math.isfinite(high) else []
    return found
