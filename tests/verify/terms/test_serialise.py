"""Terms as bytes: the same objects again, however deep."""

from __future__ import annotations

import pytest

from backproof.verify.terms.serialise import packed, unpacked
from backproof.verify.terms.term import TERMS, TRUE, Term, compare, constant, symbol, where

x, y = symbol("x"), symbol("y")
m = TERMS


@pytest.mark.parametrize(
    "term",
    [x, constant(1.5), constant(float("nan")), m.pi, TRUE, compare("lt", x, y) & ~compare("eq", x, 0),
     where(compare("ge", x, 0), m.sin(x) * y, m.atan2(y, x) ** 2)],
    ids=repr,
)
def test_a_term_comes_back_as_itself(term: Term) -> None:
    assert unpacked(packed({"of": [term, (term, 3)]})) == {"of": [term, (term, 3)]}
    assert unpacked(packed(term)) is term


def test_nested_however_deep() -> None:
    deep: Term = x
    for _ in range(20_000):
        deep = m.sin(deep) + deep
    assert unpacked(packed((deep, deep.args[0])))[0] is deep


def test_what_is_shared_is_packed_once() -> None:
    squares = x
    for _ in range(60):
        squares = squares * squares
    assert len(packed(squares)) < 2000
