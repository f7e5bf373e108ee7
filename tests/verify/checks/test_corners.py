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


def by_sign(x: float, y: float) -> float:
    return math.nan if y == 0 else x + x * (x / y) if x / y >= 0 else 2 * x


def zero_at_zero(x: float, y: float) -> float:
    return 0.0 if x == y == 0 else by_sign(x, y)


def slopes_by_sign(x: float, y: float, g: float) -> tuple[float, float]:
    if y == 0:
        return math.nan, math.nan
    t = x / y
    return (g * (1 + 2 * t), -g * t * t) if t >= 0 else (2 * g, 0.0)


def too_steep(x: float, y: float, g: float) -> tuple[float, float]:
    return (3 * g, 0.0) if x == 0 and y else slopes_by_sign(x, y, g)


@pytest.mark.parametrize(
    ("forward", "backward", "verdict"),
    [
        (by_sign, slopes_by_sign, Verdict.SAFE),
        (by_sign, too_steep, Verdict.UNSAFE),
        (zero_at_zero, slopes_by_sign, Verdict.UNSAFE),
    ],
)
def test_where_there_is_no_value_there_is_no_slope_to_answer_with(forward, backward, verdict):
    """Where x/y changes sign lies 0/0, too: NaN is right there, unless the forward has a value."""
    definition, everywhere = "where(x/y >= 0, x + x*(x/y), 2*x)", "x**2 >= 0"
    report = verify.check(forward, backward, definition, domain=everywhere, name="bent", raises=False, points=200)
    corners = [f for f in report["bent"].safe.findings if f.check == "corners"]
    assert {f.verdict for f in corners} == {verdict}, corners
