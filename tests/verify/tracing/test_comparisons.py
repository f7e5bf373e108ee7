"""Comparisons of terms: branches on numbers while code is traced, identity elsewhere."""

from __future__ import annotations

import pytest

from backproof.verify.terms.term import compare, constant, symbol, where
from backproof.verify.tracing.branches import explore

X, Y = symbol("x"), symbol("y")


def test_elsewhere_terms_are_equal_where_they_are_the_same():
    assert X == symbol("x")
    assert X != Y
    assert X + 1 == X + 1
    assert constant(1) != 1
    assert {X: "x", Y: "y"}[symbol("y")] == "y"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (lambda: 1 if X == 0 else X, where(compare("eq", X, 0), constant(1), X)),
        (lambda: 1 if X != 0 else X, where(compare("ne", X, 0), constant(1), X)),
        (lambda: 1 if X == Y else X, where(compare("eq", X, Y), constant(1), X)),
        (lambda: 1 if X == 0.5 else X, where(compare("eq", X, 0.5), constant(1), X)),
        (lambda: 1 if 0 == X else X, where(compare("eq", X, 0), constant(1), X)),
    ],
)
def test_traced_code_branches_on_equality(code, expected):
    (found,) = explore(lambda: (where(True, code(), 0),))
    assert found is expected


@pytest.mark.parametrize("other", [None, "x", [], object()])
def test_a_term_equals_only_numbers(other):
    seen = []
    explore(lambda: seen.append((X == other, X != other)) or ())
    assert seen == [(False, True)]


def test_a_number_equals_itself():
    (found,) = explore(lambda: (constant(1) if X == X else X,))
    assert found.op == "where"
    assert found.args[0] is compare("eq", X, X)
