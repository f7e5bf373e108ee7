"""A counterexample with claimed and expected value far apart, and no operand 0 or as large as another."""

from fractions import Fraction

import pytest

from backproof.verify.api import check
from backproof.verify.proof.refute.clarity import hidden, plain


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
        ((1,), float("nan"), 1.0, 0),
        ((1,), 3.0, 4.0, 0),  # a quarter of the larger
        ((1,), 3.25, 4.0, 4),
    ],
)
def test_what_hides_more(point, ours, expected, hides) -> None:
    assert hidden(point, ours, expected) == hides


def test_plain_numbers_are_what_a_person_would_type() -> None:
    assert plain((0.0, 0.5, -3.0))
    assert not plain((0.5, 1e-9))
    assert not plain((0.1234567891,))


def test_swapped_operands_are_reported_at_a_point_that_separates_them() -> None:
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
