"""The rungs below the prover: recognised constants, bounds of what literals leave, SymPy at the very end."""

from fractions import Fraction

import pytest

from verify.proof.ladder import decided, within
from verify.proof.obligation import Obligation
from verify.proof.result import Status
from verify.proof.symbolic import settled
from verify.trace.term import TERMS, TRUE, Term, compare, constant, symbol

x, g, acc = symbol("x"), symbol("g"), symbol("acc_x")
m = TERMS


def rule(definition: Term, slope: Term, domain=TRUE, forward: Term | None = None) -> Obligation:
    forward = definition if forward is None else forward
    return Obligation("f", ("x",), definition, domain, forward, (acc + slope * g,))


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
    folded = 0.7 * 0.7 * 0.7 * 0.7 * 0.7 * 0.7 * 0.7 * 0.7 * 0.7  # rounded eight times: no decimal that anybody wrote
    proof = decided(rule(m.sin(x) * constant(Fraction("0.7") ** 9), m.cos(x) * folded))
    assert proof.status is not Status.PROVED
    (bound,) = within(proof)
    assert bound.bound < 2**-48
    assert (bound.low, bound.high) == (-16, 16)


@pytest.mark.parametrize("extra", [1e-30, 1e-9])
def test_a_short_literal_is_no_rounding(extra: float) -> None:
    """cosh(x) + 1e-30 is a wrong rule, however small what is wrong with it."""
    assert within(decided(rule(m.sinh(x), m.cosh(x) + extra))) == ()


def test_a_long_literal_is_no_excuse_for_a_large_difference() -> None:
    assert within(decided(rule(m.sin(x), m.cos(x) * 1.0000000123456789))) == ()


def test_sympy_has_the_last_word_and_it_is_no_proof() -> None:
    """atan(x) + atan(1/x): two functions that the normal form does not know to be dependent."""
    together = m.atan(x) + m.atan(1 / x)
    proof = decided(rule(x * m.pi / 2, together, compare("gt", x, 0)))
    assert proof.status is not Status.PROVED


def test_sympy_finds_no_identity_where_there_is_none() -> None:
    assert not settled(decided(rule(m.sin(x), m.cos(x) + x)))


def test_sympy_is_not_asked_about_boundaries() -> None:
    assert not settled(decided(rule(m.maximum(x, 0), m.gt(x, 0) * 2)))
