"""Seams: corners, where every input is at a number that it is compared with."""

from __future__ import annotations

from backproof.verify.numerics.domain import domain_of
from backproof.verify.numerics.seams import seams
from backproof.verify.terms.term import TRUE, Condition, Term, compare, constant, symbol, where

X, Y = symbol("x"), symbol("y")


def places(condition: Condition, domain: Condition = TRUE) -> set[tuple[float, ...]]:
    root: Term = where(condition, constant(0), X * Y)
    found = seams([root], (), ("x", "y"), domain_of(domain, ("x", "y")))
    return {tuple(point) for point in found}


def test_two_numbers_make_a_corner() -> None:
    both = compare("eq", X, 0.625) & compare("eq", -1.5, Y)
    assert (0.625, -1.5) in places(both)
    assert (0.625, -1.5) not in places(both, compare("gt", Y, 0))


def test_an_input_that_is_compared_with_none_makes_no_corner() -> None:
    assert (0.625, -1.5) not in places(compare("eq", X, 0.625) & compare("eq", Y - X, -1.5))
