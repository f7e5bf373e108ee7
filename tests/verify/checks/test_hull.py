"""The convex hull that valid slopes lie in."""

from __future__ import annotations

import math

import pytest

from verify.checks.corners import in_hull

TIE = [(1.0, 0.0), (0.0, 1.0)]
TRIANGLE = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)]
CIRCLE = [(math.cos(t / 100), math.sin(t / 100)) for t in range(629)]


@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0])
def test_between_the_slopes_of_relu(slope):
    assert in_hull([slope], [(0.0,), (1.0,)])


@pytest.mark.parametrize("slope", [-1e-6, 1.000001, math.nan, math.inf])
def test_outside_the_slopes_of_relu(slope):
    assert not in_hull([slope], [(0.0,), (1.0,)])


@pytest.mark.parametrize("slopes", [(1.0, 0.0), (0.0, 1.0), (0.5, 0.5), (0.25, 0.75)])
def test_a_mean_at_a_tie(slopes):
    assert in_hull(slopes, TIE)


@pytest.mark.parametrize(
    "slopes", [(1.0, 1.0), (0.0, 0.0), (1 / 3, 1 / 3), (2.0, -1.0), (0.5, 0.500001), (math.nan, 0.5)]
)
def test_no_mean_at_a_tie(slopes):
    assert not in_hull(slopes, TIE)


@pytest.mark.parametrize("size", [1.0, 1e-10, 1e-30, 1e-100])
def test_a_mean_of_small_slopes(size):
    """The slopes of w·max(x, y, z) at a tie, where w is small: the mean of the two was no mean, once."""
    limits = [(0.0, 0.0, -size, -size), (0.0, -size, 0.0, -size)]
    assert in_hull((0.0, -size / 2, -size / 2, -size), limits)
    assert in_hull((0.0, 1.0, 1.0, -size), limits) is False


def test_three_pieces():
    assert in_hull((0.3, 0.3), TRIANGLE)
    assert in_hull((0.5, 0.5), TRIANGLE)
    assert not in_hull((0.51, 0.5), TRIANGLE)
    assert not in_hull((-0.01, 0.5), TRIANGLE)


def test_the_tip_of_a_cone():
    assert in_hull((0.0, 0.0), CIRCLE)
    assert in_hull((0.6, 0.8), CIRCLE)
    assert not in_hull((0.8, 0.8), CIRCLE)


def test_a_smooth_point_has_one_slope():
    assert in_hull((2.0, 3.0), [(2.0, 3.0)])
    assert not in_hull((2.0, 3.0001), [(2.0, 3.0)])


def test_no_limit_no_slope():
    assert not in_hull((0.0,), [])


@pytest.mark.parametrize(
    ("slopes", "inside"),
    [
        ((1.0, -math.inf), True),
        ((1.0, -1e300), False),
        ((1.0, math.inf), False),
        ((2.0, -math.inf), False),
        ((1.0, math.nan), False),
    ],
)
def test_a_slope_beyond_all_floats_is_infinite(slopes, inside):
    assert in_hull(slopes, [(1.0, -math.inf)]) is inside


def test_between_infinite_slopes_and_others():
    limits = [(0.0, -math.inf), (1.0, 2.0)]
    assert in_hull((0.5, -1e300), limits)
    assert not in_hull((0.5, 3.0), limits)
    assert not in_hull((1.5, 0.0), limits)
