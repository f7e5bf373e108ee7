"""Sets of real numbers, checked by membership; spans, checked by the values of terms at points."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, pairwise

import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from backproof.verify.evaluate.balls import evaluate
from backproof.verify.numerics.real_sets import NOTHING, REALS, RealSet, Span, half_line, stated
from backproof.verify.numerics.spans import MONOTONE, span
from backproof.verify.terms.conditions import conjunction
from backproof.verify.terms.notation.code import written
from backproof.verify.terms.parser import condition, expression
from backproof.verify.terms.term import apply, compare, constant, symbol

NUMBERS = [Fraction(n, 2) for n in range(-7, 8)]
SETS = st.builds(
    lambda begins, cuts: RealSet(begins, tuple(sorted(cuts))),
    st.booleans(),
    st.sets(st.tuples(st.integers(-3, 3).map(Fraction), st.integers(0, 1)), max_size=5),
)


@given(SETS, SETS)
def test_sets_are_taken_together_as_their_members_are(a: RealSet, b: RealSet) -> None:
    for x in NUMBERS:
        assert (x in (a | b)) == (x in a or x in b)
        assert (x in (a & b)) == (x in a and x in b)
        assert (x in (a ^ b)) == ((x in a) != (x in b))
        assert (x in ~a) == (x not in a)
        assert (x in a.mirrored()) == (-x in a)
        assert (-3 * x + 1 in a.affine(Fraction(-3), Fraction(1))) == (x in a)
    assert (a <= b) == ((a & ~b) == NOTHING)
    assert ~~a == a
    assert a.mirrored().mirrored() == a


@given(SETS.filter(lambda s: s != NOTHING))
def test_a_set_is_stated_as_conditions(a: RealSet) -> None:
    words = conjunction(a.conditions(symbol("x")))
    for x in NUMBERS:
        assert evaluate(words, {"x": arb(x.numerator) / x.denominator}) is not None
        assert bool(evaluate(words, {"x": arb(x.numerator) / x.denominator})) == (x in a)


@given(SETS.filter(lambda s: len(s.cuts) > 1))
def test_a_set_is_divided(a: RealSet) -> None:
    first, second, is_interval = a.divided()
    assert (first & second if is_interval else first | second) == a
    assert max(len(first.cuts), len(second.cuts)) < len(a.cuts) or not is_interval


@pytest.mark.parametrize(
    ("text", "words"),
    [
        *(("x - 1 > 0", "x > 1"), ("1 - x > 0", "x < 1"), ("-x + 2 >= 0", "x <= 2"), ("x - y != 0", "x != y")),
        *(("3 + x*y < 1", "x*y < -2"), ("1 - x - y > 0", "1 - x - y > 0"), ("x + y > 0", "x + y > 0")),
    ],
)
def test_a_comparison_is_stated_plainly(text: str, words: str) -> None:
    given_ = condition(text, ("x", "y"))
    assert written(stated(given_.op, given_.args[0], given_.args[1].value)) == words


@pytest.mark.parametrize("op", ["lt", "le", "gt", "ge", "eq", "ne"])
def test_a_half_line_is_its_comparison(op: str) -> None:
    assert conjunction(half_line(op, 1).conditions(symbol("x"))) is compare(op, symbol("x"), 1)
    assert (1 in half_line(op, 1)) == (op in ("le", "ge", "eq"))
    assert (0 in half_line(op, 1)) == (op in ("lt", "le", "ne"))


def test_everything_and_nothing() -> None:
    assert RealSet.of(Span()) == REALS
    assert RealSet.of(Span(1, True, 1, False)) == NOTHING
    assert RealSet.of(Span(1, True, 1, True)) == half_line("eq", 1)
    assert half_line("gt", 0).hull() == Span(0)


# ------------------------------------------------------------------------------------------------------ spans


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("exp(x)", Span(0)),
        ("1 + exp(-x)", Span(1)),
        ("x*x + 1", Span(1, True)),
        ("x**2*y**2", Span(0, True)),
        ("1/(1 + x**2)", Span(0, False, 1, True)),
        ("2 - tanh(x)", Span(1, False, 3)),
        ("1 + sin(x)", Span(0, True, 2, True)),
        ("max(x, 1)", Span(1, True)),
        ("min(abs(x), 2)", Span(0, True, 2, True)),
        ("cosh(x) + hypot(x, y)", Span(1, True)),
        ("where(x > 0, 1, 2)", Span(1, True, 2, True)),
        ("sqrt(1 + x**2)", Span(1, True)),
        ("2**(x**2)", Span(1, True)),
        ("erfc(x)", Span(0, False, 2)),
        ("erfc(abs(x))", Span(0, False, 1, True)),
        ("abs(x)**1.5 + 1", Span(1, True)),
        ("gamma(x)", Span()),
        ("x**1001", Span()),
        ("x**1000", Span(0, True)),
    ],
)
def test_the_bounds_of_a_term(text: str, wanted: Span) -> None:
    assert span(expression(text, ("x", "y")), {}) == wanted


@pytest.mark.parametrize("name", MONOTONE)
def test_the_facts_of_a_monotone_function_hold(name: str) -> None:
    x, rule = symbol("x"), MONOTONE[name]
    for at, value in rule.known:
        assert evaluate(apply(name, constant(at)), {}).overlaps(arb(value))
    places = [Fraction(n, 4) for n in range(-12, 13)]
    values = [(a, evaluate(apply(name, x), {"x": arb(a.numerator) / a.denominator})) for a in places]
    known = [(a, value) for a, value in values if value.is_finite()]
    assert len(known) > 5
    for (_, low), (_, high) in pairwise(known):
        assert low < high if rule.rises else high < low
    for (a, first), (b, last) in combinations(known, 2):
        found = span(apply(name, x), {"x": Span(a, True, b, True)})
        for value in (first, last):
            assert not value < arb(float(found.low))
            assert not value > arb(float(found.high))


def test_a_power_of_numbers_is_one_number() -> None:
    assert span(apply("pow", constant(Fraction(1, 2)), constant(-1)), {}) == Span(2, True, 2, True)


@pytest.mark.parametrize("end_in", [False, True])
def test_the_size_of_an_interval_below_0_includes_0_where_the_interval_does(end_in: bool) -> None:
    within = {"x": Span(Fraction(-3), True, Fraction(0), end_in)}
    assert span(abs(symbol("x")), within) == Span(Fraction(0), end_in, Fraction(3), True)
