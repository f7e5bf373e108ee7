"""Literals are recognised as constants only within one ULP, and always with a stated assumption."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backproof.verify.proof.obligation import Obligation
from backproof.verify.proof.prove import prove
from backproof.verify.proof.recognise_constants import Recognition, closed_form, likeness, recognised
from backproof.verify.proof.result import Status
from backproof.verify.terms.notation.code import written
from backproof.verify.terms.term import TERMS, TRUE, Term, constant, symbol

X, G, ACC = symbol("x"), symbol("g"), symbol("acc_x")


@pytest.mark.parametrize(
    ("literal", "form"),
    [
        (math.sqrt(2), "sqrt(2)"),
        (-math.sqrt(2), "-sqrt(2)"),
        (math.sqrt(0.5), "1/sqrt(2)"),
        (0.7071067811865475, "1/sqrt(2)"),  # one ULP below the nearest
        (1 / math.sqrt(2 * math.pi), "1/sqrt(2*pi)"),
        (0.3989422804014327, "1/sqrt(2*pi)"),
        (math.sqrt(2 / math.pi), "sqrt(2/pi)"),
        (2 / math.sqrt(math.pi), "2/sqrt(pi)"),
        (math.sqrt(math.pi) / 2, "sqrt(pi)/2"),
        (math.log(2), "log(2)"),
        (math.pi, "pi"),
        (math.pi / 180, "pi/180"),
        (math.e, "exp(1)"),
        (1 / 3, "1/3"),
        (2 / 3, "2/3"),
        (-5 / 7, "-5/7"),
        (0.044715, "8943/200000"),
        (3 * 0.044715, "26829/200000"),
        (1e-3, "1/1000"),
        (1.702, "851/500"),
    ],
)
def test_closed_forms(literal: float, form: str) -> None:
    found = closed_form(Fraction(literal))
    assert found is not None
    assert written(found) == form


@pytest.mark.parametrize(
    "literal", [0.5, 3.25, 2.0, 1.0507009873554812, 0.70710678118654, 1.7580993408473766, 0.123456789012345]
)
def test_an_unrecognised_literal_is_left_alone(literal: float) -> None:
    assert closed_form(Fraction(literal)) is None


def test_a_rounded_constant_is_the_decimal_it_is() -> None:
    """0.7978845608 is not √(2/π): it is a decimal near that constant."""
    rounded = Fraction(0.7978845608)
    found = closed_form(rounded)
    assert found is not None
    assert found.value == Fraction("0.7978845608")
    near = likeness(rounded)
    assert near is not None
    assert written(near.form) == "sqrt(2/pi)"
    assert near.distance == pytest.approx(3.59e-12, rel=0.01)
    assert likeness(Fraction("0.79")) is None


@given(st.floats(min_value=1e-3, max_value=1e3))
def test_a_reading_is_never_off_by_more_than_an_ulp(literal: float) -> None:
    found = closed_form(Fraction(literal))
    if found is not None and found.op == "const":
        assert abs(found.value - Fraction(literal)) <= Fraction(math.ulp(literal))


def test_literals_are_replaced_and_the_assumptions_listed() -> None:
    scale, cubic = constant(math.sqrt(2 / math.pi)), constant(0.044715)
    lifted = recognised((TERMS.tanh(scale * X), cubic * X**3 + Fraction(1, 2)))
    assert list(map(written, lifted.terms)) == ["tanh(sqrt(2/pi)*x)", "8943/200000*x**3 + 1/2"]
    assert lifted.assumptions == ("0.7978845608028654 = sqrt(2/pi)", "0.044715 is meant as a decimal")
    assert recognised((X + 1,)) == Recognition((X + 1,), ())


def test_a_rule_with_literals_is_proved_under_its_assumptions() -> None:
    partial: Term = constant(2 / math.sqrt(math.pi)) * TERMS.exp(-X * X)
    gradient = ACC + partial * G

    def obligation(gradient: Term) -> Obligation:
        return Obligation("erf", ("x",), TERMS.erf(X), TRUE, TERMS.erf(X), (gradient,))

    assert prove(obligation(gradient)).status is Status.RESIDUAL
    lifted = recognised((gradient,))
    assert prove(obligation(lifted.terms[0])).status is Status.PROVED
    assert lifted.assumptions == ("1.1283791670955126 = 2/sqrt(pi)",)


def test_a_published_decimal_is_named() -> None:
    found = recognised([constant(-1.6732632423543772)])
    (term,), assumptions = found.terms, found.assumptions
    assert term.value == -Fraction("1.6732632423543772848170429916717")
    assert assumptions == ("-1.6732632423543772 = SELU's alpha, arXiv:1706.02515",)
