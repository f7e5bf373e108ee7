"""Kinks that a definition shows: approached as closely far out as nearby."""

from __future__ import annotations

import math

import pytest

from backproof import verify
from backproof.verify.results.findings import Verdict

DEFINITION = "where(x >= y, atan(x - y), -atan(y - x))"  # smooth where its branches meet, with derivative 1


def right(x: float, y: float, g: float) -> tuple[float, float]:
    partial = 1 / (1 + (x - y) * (x - y))
    return g * partial, -g * partial


def flat(x: float, y: float, g: float) -> tuple[float, float]:
    return (0.0, 0.0) if x == y else right(x, y, g)


@pytest.mark.parametrize(("rule", "verdict"), [(right, Verdict.SAFE), (flat, Verdict.UNSAFE)])
def test_the_derivative_at_a_tie_of_large_numbers_is_that_of_small_ones(rule, verdict):
    """At x = y = 1e300 the derivative is 1, too, however far the next float is."""
    report = verify.check(
        lambda x, y: math.atan(x - y), rule, DEFINITION, names=("x", "y"), name="step", raises=False, points=200
    )
    kinks = [f for f in report["step"].safe.findings if f.check == "kinks"]
    assert {f.verdict for f in kinks} == {verdict}


def by_sign(x: float, y: float) -> float:
    return math.nan if y == 0 else x + x * (x / y) if x / y >= 0 else 2 * x


def zero_at_zero(x: float, y: float) -> float:
    return 0.0 if x == y == 0 else by_sign(x, y)


def partials_by_sign(x: float, y: float, g: float) -> tuple[float, float]:
    if y == 0:
        return math.nan, math.nan
    t = x / y
    return (g * (1 + 2 * t), -g * t * t) if t >= 0 else (2 * g, 0.0)


def too_steep(x: float, y: float, g: float) -> tuple[float, float]:
    return (3 * g, 0.0) if x == 0 and y else partials_by_sign(x, y, g)


@pytest.mark.parametrize(
    ("forward", "backward", "verdict"),
    [
        (by_sign, partials_by_sign, Verdict.SAFE),
        (by_sign, too_steep, Verdict.UNSAFE),
        (zero_at_zero, partials_by_sign, Verdict.UNSAFE),
    ],
)
def test_where_there_is_no_value_there_is_no_derivative(forward, backward, verdict):
    """Where x/y changes sign lies 0/0, too: NaN is right there, unless the forward has a value."""
    definition, everywhere = "where(x/y >= 0, x + x*(x/y), 2*x)", "x**2 >= 0"
    report = verify.check(forward, backward, definition, domain=everywhere, name="bent", raises=False, points=200)
    kinks = [f for f in report["bent"].safe.findings if f.check == "kinks"]
    assert {f.verdict for f in kinks} == {verdict}, kinks


def below_its_sine(x: float) -> float:
    return x if x < math.sin(x) else -x


def the_lower(x: float, y: float) -> float:
    return min(max(x, y), math.log(x * x + 1.25))


def slopes_of_the_lower(x: float, y: float, g: float) -> tuple[float, float]:
    if max(x, y) > math.log(x * x + 1.25):
        return g * 2 * x / (x * x + 1.25), 0.0
    return (g, 0.0) if x >= y else (0.0, g)


@pytest.mark.parametrize(
    ("forward", "backward", "verdict"),
    [
        (below_its_sine, lambda x, g: g if x < math.sin(x) else -g, Verdict.SAFE),
        (below_its_sine, lambda x, g: g if x < math.sin(x) else -2 * g, Verdict.UNSAFE),
        (the_lower, slopes_of_the_lower, Verdict.FRAGILE),
        (the_lower, lambda x, y, g: slopes_of_the_lower(x, y, 2 * g if x == y else g), Verdict.UNSAFE),
    ],
)
def test_within_rounding_of_a_tie_either_side_is_valid(forward, backward, verdict):
    """sin(x) is x for small x on floats; log(x*x + 1.25) is infinite at 1e300, beyond the working range."""
    report = verify.check(forward, backward, name="tie", raises=False, points=50)
    kinks = [f for f in report["tie"].safe.findings if f.check == "kinks"]
    assert {f.verdict for f in kinks} == {verdict}
