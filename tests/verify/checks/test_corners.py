"""Corners that a definition shows: approached as closely far out as nearby."""

from __future__ import annotations

import math

import pytest

import verify
from verify.findings import Verdict

DEFINITION = "where(x >= y, atan(x - y), -atan(y - x))"  # smooth where its branches meet, with slope 1


def right(x: float, y: float, g: float) -> tuple[float, float]:
    slope = 1 / (1 + (x - y) * (x - y))
    return g * slope, -g * slope


def flat(x: float, y: float, g: float) -> tuple[float, float]:
    return (0.0, 0.0) if x == y else right(x, y, g)


@pytest.mark.parametrize(("rule", "verdict"), [(right, Verdict.SAFE), (flat, Verdict.UNSAFE)])
def test_the_slope_at_a_tie_of_large_numbers_is_that_of_small_ones(rule, verdict):
    """At x = y = 1e300 the slope is 1, too, however far the next float is."""
    report = verify.check(
        lambda x, y: math.atan(x - y), rule, DEFINITION, inputs=("x", "y"), name="step", raises=False, points=200
    )
    corners = [f for f in report["step"].safe.findings if f.check == "corners"]
    assert {f.verdict for f in corners} == {verdict}
