"""A counterexample at which claim and truth are far apart, and no operand is 0 or as large as another."""

from fractions import Fraction

import pytest

from verify.api import check
from verify.proof.telling import hidden


@pytest.mark.parametrize(
    ("point", "ours", "expected", "hides"),
    [
        ((1, 2), 2.0, 1.0, 0),
        ((Fraction(1, 2),), 1.0, 0.0, 0),
        ((0,), 1.0, 0.0, 1),
        ((1, -1), 2.0, 1.0, 2),
        ((0, 0), 2.0, 1.0, 3),
        ((1.0, 1.0000000000000002), 2.0, 1.0, 2),
        ((1,), 2.0, 2.0 + 1e-14, 4),
        ((1,), 1e308, -1e308, 0),
        ((1,), float("inf"), 1.0, 0),
    ],
)
def test_what_hides_more(point, ours, expected, hides) -> None:
    assert hidden(point, ours, expected) == hides


def test_operands_that_stand_for_each_other_are_told_at_a_point_that_shows_it() -> None:
    def forward(x, y):
        return x * y

    def backward(x, y, g):
        return g * y, g * y

    report = check(forward, backward, raises=False)
    proof = next(f for f in report.findings if f.check == "proof")
    assert proof.point == {"x": "1", "y": "2"}
    assert dict(proof.details)["ours"] == "y = 2   at x = 1, y = 2"
    points = next(f for f in report.findings if f.check == "points")
    at = list(map(float.fromhex, points.point.values()))
    assert at == [0, 1]  # the plainest floats at which the two are far apart
    assert dict(points.details)["ours"].startswith("1   at x = 0.0, y = 1.0")


def test_where_every_point_hides_as_much_the_simplest_stays() -> None:
    def forward(x):
        return x * x

    def backward(x, g):
        return g * 2 * x * (1 + 1e-14)

    report = check(forward, backward, raises=False)
    assert next(f for f in report.findings if f.check == "proof").point == {"x": "1"}
