"""Rationals by height: complete, in order, and quick to find a narrow interval."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice, product
from math import gcd

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backproof.verify.proof.simple_rationals import by_height, height, points_by_height, simplest

FRACTIONS = st.fractions(max_denominator=50, min_value=-20, max_value=20)


def _all_up_to(limit: int) -> set[Fraction]:
    """Every fraction of height at most ``limit``, by brute force."""
    return {
        Fraction(p, q) for p, q in product(range(-limit, limit + 1), range(1, limit + 1)) if gcd(p, q) == 1
    }


@given(FRACTIONS, FRACTIONS)
def test_the_simplest_has_the_least_height(a: Fraction, b: Fraction) -> None:
    if a == b:
        with pytest.raises(ValueError, match="no number"):
            simplest(a, b)
        return
    lo, hi = min(a, b), max(a, b)
    found = simplest(lo, hi)
    assert lo < found < hi
    if height(found) <= 40:
        below = [x for x in _all_up_to(height(found) - 1) if lo < x < hi] if height(found) > 1 else []
        assert not below


@pytest.mark.parametrize(
    ("lo", "hi"),
    [(None, None), (Fraction(0), None), (None, Fraction(0)), (Fraction(-1), Fraction(1)),
     (Fraction(1, 3), Fraction(5, 2)), (None, Fraction(-7, 2)), (Fraction(2), Fraction(3))],
)  # fmt: skip
def test_every_fraction_comes_once_and_in_order(lo: Fraction | None, hi: Fraction | None) -> None:
    limit = 12
    expected = {x for x in _all_up_to(limit) if (lo is None or x > lo) and (hi is None or x < hi)}
    found = list(islice(by_height(lo, hi), len(expected)))
    assert set(found) == expected
    heights = [height(x) for x in found]
    assert heights == sorted(heights)


def test_a_narrow_interval_is_hit_at_once() -> None:
    assert next(by_height(Fraction(1, 10**9), Fraction(2, 10**9))) == Fraction(1, 500000001)
    pi = Fraction(3141592653589793, 10**15)
    assert next(by_height(pi - Fraction(1, 10**6), pi + Fraction(1, 10**6))) == Fraction(355, 113)


def test_points_come_by_their_largest_height() -> None:
    box = [(None, None), (Fraction(0), None)]
    found = list(islice(points_by_height(box), 300))
    assert len(set(found)) == 300
    heights = [max(map(height, point)) for point in found]
    assert heights == sorted(heights)
    complete = heights[-1] - 1
    expected = {(x, y) for x, y in product(_all_up_to(complete), repeat=2) if y > 0}
    assert expected <= set(found)


def test_no_input_has_one_point() -> None:
    assert list(points_by_height([])) == [()]
