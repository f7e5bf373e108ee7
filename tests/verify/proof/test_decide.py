"""The steps after the prover: recognised constants, bounds of the residual of literals, SymPy last."""

from fractions import Fraction

import pytest

from backproof.verify.proof.decide import decided, within
from backproof.verify.proof.obligation import Obligation
from backproof.verify.proof.result import Status
from backproof.verify.terms.term import TERMS, TRUE, Term, compare, constant, symbol

x, g, acc = symbol("x"), symbol("g"), symbol("acc_x")
m = TERMS


def rule(definition: Term, partial: Term, domain=TRUE, forward: Term | None = None) -> Obligation:
    forward = definition if forward is None else forward
    return Obligation("f", ("x",), definition, domain, forward, (acc + partial * g,))


def test_a_rounded_constant_is_recognised_and_named() -> None:
    proof = decided(rule(m.erf(x), 1.1283791670955126 * m.exp(-x * x)))
    assert proof.status is Status.PROVED
    assert proof.assumptions == ("1.1283791670955126 = 2/sqrt(pi)",)


def test_nothing_is_assumed_without_need() -> None:
    proof = decided(rule(0.1 * x, constant(0.1)))
    assert proof.status is Status.PROVED
    assert proof.assumptions == ()


@pytest.mark.parametrize("literal", [1.12837916, 1.1283791670955126 * (1 + 1e-12), 1.2])
def test_another_number_is_not_taken_for_the_constant(literal: float) -> None:
    assert decided(rule(m.erf(x), literal * m.exp(-x * x))).status is Status.RESIDUAL


def test_folded_literals_leave_a_bound_and_no_proof() -> None:
    folded = 0.7 * 0.7 * 0.7 * 0.7 * 0.7 * 0.7 * 0.7 * 0.7 * 0.7  # rounded eight times: not a decimal as written
    proof = decided(rule(m.sin(x) * constant(Fraction("0.7") ** 9), m.cos(x) * folded))
    assert proof.status is not Status.PROVED
    (bound,) = within(proof)
    assert bound.bound < 2**-48
    assert (bound.low, bound.high) == (-16, 16)


@pytest.mark.parametrize("extra", [1e-30, 1e-9])
def test_a_short_literal_is_no_rounding(extra: float) -> None:
    """cosh(x) + 1e-30 is a wrong rule, however small its error."""
    assert within(decided(rule(m.sinh(x), m.cosh(x) + extra))) == ()


def test_a_long_literal_is_no_excuse_for_a_large_difference() -> None:
    assert within(decided(rule(m.sin(x), m.cos(x) * 1.0000000123456789))) == ()


def test_what_the_normal_form_does_not_know_is_not_proved() -> None:
    """atan(x) + atan(1/x): two functions that the normal form does not know to be dependent."""
    together = m.atan(x) + m.atan(1 / x)
    proof = decided(rule(x * m.pi / 2, together, compare("gt", x, 0)))
    assert proof.status is not Status.PROVED


def test_an_exact_fraction_is_no_rounded_literal() -> None:
    third = constant(Fraction(1, 3))
    assert within(decided(rule(m.sinh(x) + x * third, m.cosh(x) + third + 1e-30))) == ()


@pytest.mark.parametrize(("literal", "rounded"), [(1.23456789012e-5, True), (1.2345678901e-5, False)])
def test_from_twelve_digits_on_a_literal_is_a_rounded_number(literal: float, rounded: bool) -> None:
    exact = constant(Fraction("1.234567890123456e-5"))
    assert bool(within(decided(rule(m.sin(x) * exact, m.cos(x) * literal)))) == rounded
