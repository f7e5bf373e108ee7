"""Terms at a point, one at a time: branches decided, ties rejected, and terms without branches."""

from __future__ import annotations

import pytest
from flint import arb

from backproof.verify.evaluate.stepwise import At, OnKink, Smooth
from backproof.verify.terms.term import (
    TERMS,
    Term,
    TooManyTerms,
    apply,
    asking,
    at_most,
    compare,
    constant,
    symbol,
    where,
)

x, y = symbol("x"), symbol("y")
POINT = {x: arb(0.75), y: arb(-2)}


def test_values() -> None:
    at = At(POINT)
    assert at.of(x * y + 1) == arb(-0.5)
    assert at.of(x**-2).overlaps(arb(16) / 9)
    assert at.of(where(compare("gt", x, 0), y, 1 / (x - x))) == arb(-2)
    assert at.of(apply("floor", y / 3)) == arb(-1)


def test_it_is_an_oracle() -> None:
    at = At(POINT)
    with asking(at):
        assert x > y
        assert not x < y
        assert x != y
        assert (x > 0) & (y < 0)
        assert bool(~(x < 0)) or (y > 0)
    assert all(at.decided.values()) or not all(at.decided.values())
    assert len(at.decided) >= 4


def test_numbers_a_hair_apart_are_separated() -> None:
    near = constant(1) + constant(2.0**-900)
    assert At(POINT).decide(compare("gt", x * near, x))


def test_a_tie_is_a_kink_unless_it_is_one_everywhere() -> None:
    elsewhere = {x: arb(3), y: arb(5)}
    at = At({x: arb(2), y: arb(2)}, elsewhere=elsewhere)
    with pytest.raises(OnKink, match="equal there"):
        at.decide(compare("ge", x, y))
    assert at.decide(compare("ge", 0 * x, 0 * y))
    assert at.decide(compare("ge", x, x))
    with pytest.raises(OnKink):
        At(POINT).decide(compare("lt", TERMS.sqrt(x) ** 2, x))


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (abs(x), x),
        (abs(y), -y),
        (apply("maximum", x, y), x),
        (apply("minimum", x * 1, y), y),
        (where(compare("gt", x, 0), y, x), y),
        (apply("floor", x) + x, constant(0) + x),
        (abs(y) * apply("ceil", x), -y * constant(1)),
    ],
)
def test_without_branches(term: Term, expected: Term) -> None:
    smooth = Smooth(At(POINT))
    assert smooth(term) is expected
    assert smooth.bends


def test_what_has_no_branches_stays_what_it_is() -> None:
    smooth = Smooth(At(POINT))
    assert smooth(TERMS.exp(x) / y) is TERMS.exp(x) / y
    assert not smooth.bends


def test_a_running_maximum_of_thousands_is_no_recursion() -> None:
    symbols = [symbol(f"s_{i}") for i in range(3000)]
    largest: Term = symbols[0]
    for s in symbols[1:]:
        largest = where(compare("gt", s, largest), s, largest)
    at = At({s: arb(i % 1000 + i / 4000) for i, s in enumerate(symbols)})
    assert Smooth(at)(largest) is symbols[2999]


def test_terms_can_be_limited() -> None:
    with at_most(50):
        kept = [x + constant(i) for i in range(20)]
        with pytest.raises(TooManyTerms, match="too large for symbols"):
            kept += [x + constant(i) for i in range(20, 100_000)]
    assert x + constant(123_456_789) is not None
