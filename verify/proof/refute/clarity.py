"""Which of several counterexamples is clearest: claimed and expected value far apart, at a point that hides nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from flint import arb

_PART = 4  # a difference of a quarter of the larger is obvious


def hidden(point: Sequence[Fraction | float], ours: float, expected: float) -> int:
    """How much this counterexample hides, 0 at best.

    Worst is that claimed and expected value are nearly equal; then that operands cannot be distinguished, where one is
    0 or two are of one size: x*y and x + y agree at 2, 2, and at 0, 0 nearly everything does.
    """
    sizes = sorted(abs(Fraction(x)) for x in point)
    alike = any(larger - smaller <= larger / 8 for smaller, larger in pairwise(sizes))
    return 4 * (not _apart(ours, expected)) + 2 * alike + (not all(sizes))


def plain(point: Sequence[float]) -> bool:
    """Whether a person would type these numbers: if not, hiding less does not make the point clearer."""
    return all(len(repr(x)) <= 8 and (not x or 2.0**-10 <= abs(x) <= 2.0**10) for x in point)


def _apart(ours: float, expected: float) -> bool:
    if not (math.isfinite(ours) and math.isfinite(expected)):
        return ours != expected
    return abs(ours / 2 - expected / 2) >= max(abs(ours), abs(expected)) / (2 * _PART)


def digits(ours: arb, expected: arb) -> int:
    """How many digits it takes to see that the two differ: twelve do for most."""
    written = (n for n in (12, 17, 20, 30, 40) if ours.str(n, radius=False) != expected.str(n, radius=False))
    return next(written, 60)
