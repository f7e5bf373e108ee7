"""The convex hull of valid subgradients."""

from __future__ import annotations

import math

import pytest

from backproof.verify.checks.kinks import in_hull

TIE = [(1.0, 0.0), (0.0, 1.0)]
TRIANGLE = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)]
CIRCLE = [(math.cos(t / 100), math.sin(t / 100)) for t in range(629)]


@pytest.mark.parametrize("partial", [0.0, 0.5, 1.0])
def test_between_the_derivatives_of_relu(partial):
    assert in_hull([partial], [(0.0,), (1.0,)])


@pytest.mark.parametrize("partial", [-1e-6, 1.000001, math.nan, math.inf])
def test_outside_the_derivatives_of_relu(partial):
    assert not in_hull([partial], [(0.0,), (1.0,)])


@pytest.mark.parametrize("partials", [(1.0, 0.0), (0.0, 1.0), (0.5, 0.5), (0.25, 0.75)])
def test_a_mean_at_a_tie(partials):
    assert in_hull(partials, TIE)


@pytest.mark.parametrize(
    "partials", [(1.0, 1.0), (0.0, 0.0), (1 / 3, 1 / 3), (2.0, -1.0), (0.5, 0.500001), (math.nan, 0.5)]
)
def test_no_mean_at_a_tie(partials):
    assert not in_hull(partials, TIE)


@pytest.mark.parametrize("size", [1.0, 1e-10, 1e-30, 1e-100])
def test_a_mean_of_small_gradients(size):
    """The gradients of w·max(x, y, z) at a tie, where w is small: their mean was not accepted, once."""
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


def test_a_smooth_point_has_one_gradient():
    assert in_hull((2.0, 3.0), [(2.0, 3.0)])
    assert not in_hull((2.0, 3.0001), [(2.0, 3.0)])


def test_without_a_limit_nothing_is_valid():
    assert not in_hull((0.0,), [])


@pytest.mark.parametrize(
    ("partials", "inside"),
    [
        ((1.0, -math.inf), True),
        ((1.0, -1e300), False),
        ((1.0, math.inf), False),
        ((2.0, -math.inf), False),
        ((1.0, math.nan), False),
    ],
)
def test_a_derivative_that_overflows_is_infinite(partials, inside):
    assert in_hull(partials, [(1.0, -math.inf)]) is inside


def test_between_infinite_derivatives_and_others():
    limits = [(0.0, -math.inf), (1.0, 2.0)]
    assert in_hull((0.5, -1e300), limits)
    assert not in_hull((0.5, 3.0), limits)
    assert not in_hull((1.5, 0.0), limits)


@pytest.mark.parametrize(("partials", "inside"), [((1.5, 0.0), True), ((3.0, 0.0), False), ((0.5, 0.0), False)])
def test_a_hull_as_thin_as_a_hair_ends_where_it_ends(partials, inside):
    """Of gradients that vary by 1e-181 on one side of a kink: what lies on its line was accepted, once."""
    hair = [(1.0, -2.4e-181), (1.0, -1.1e-186), (2.0, 0.0), (1.0, -6e-182)]
    assert in_hull(partials, hair) is inside
