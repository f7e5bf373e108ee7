"""Defects of the prover and the checks found by mutants, each in its smallest form."""

from fractions import Fraction
from typing import Any

import pytest

from backproof.verify.proof.obligation import Obligation
from backproof.verify.proof.prove import prove
from backproof.verify.proof.result import BoundaryKind, Proof, Status
from backproof.verify.terms.term import TERMS, TRUE, compare, symbol, term, where

T: Any = TERMS
x, y, g = (symbol(name) for name in ("x", "y", "g"))


def rule(definition: Any, *partials: Any, domain: Any = TRUE) -> Proof:
    names = ("x", "y")[: len(partials)]
    gradients = tuple(symbol("acc_" + n) + g * term(s) for n, s in zip(names, partials, strict=True))
    return prove(Obligation("rule", names, term(definition), domain, term(definition), gradients))


def test_a_root_minus_one_has_two_signs():
    """√x·2 - 1 was taken to be nowhere negative, and a rule that is wrong below 1/4 was proved."""
    clipped = T.maximum(T.minimum(1 / (2 * T.sqrt(x)), 1), -1)
    assert rule(T.sqrt(x), clipped, domain=x >= 0).status is Status.RESIDUAL


def test_the_inside_of_the_unit_circle_is_no_empty_cell():
    r = T.hypot(x, y)
    length = where(r > 1, r, 1)
    assert rule(T.sqrt(x**2 + y**2), x / length, y / length).status is Status.RESIDUAL


@pytest.mark.parametrize("op", ["asin", "acos"])
def test_two_forms_of_one_number_are_not_a_jump(op):
    """asin(0.3) came out in two forms, was taken for a jump of the operation, and the rule was not checked there."""
    f = getattr(T, op)(x)
    partial = (1 if op == "asin" else -1) / T.sqrt((1 - x) * (1 + x))
    proof = rule(f, where(compare("eq", x, 0.3), 2 * partial, partial), domain=(x >= -1) & (x <= 1))
    assert BoundaryKind.DISCONTINUOUS not in [b.kind for b in proof.boundaries]
    assert proof.status is not Status.PROVED


def test_at_an_end_of_the_domain_the_rule_must_return_the_one_sided_derivative():
    n = Fraction(5, 2)
    power = x**n
    assert rule(power, n * x ** (n - 1), domain=x >= 0).status is Status.PROVED
    wrong = where(compare("ne", x, 0), n * x ** (n - 1), n)
    assert rule(power, wrong, domain=x >= 0).status is Status.REJECTED


@pytest.mark.parametrize("at", [Fraction(1, 3), Fraction(1, 4)])
def test_a_harmless_branch_is_accepted(at):
    """Products of exponentials of constants that are equal, but differ in form."""
    u = T.sqrt(8 / T.pi) * (x + Fraction(44715, 10**6) * x**3)
    s = 1 / (1 + T.exp(-u))
    partial = s + x * s * (1 - s) * T.sqrt(8 / T.pi) * (1 + 3 * Fraction(44715, 10**6) * x**2)
    assert rule(x * s, where(x < at, partial * 1, partial)).status is Status.PROVED


def test_no_harm_in_a_branch_on_the_upstream_gradient():
    partial = 1 + T.tan(x) ** 2
    gradient = symbol("acc_x") + where(abs(g) > 0, partial * g, 0)
    domain = compare("ne", T.cos(x), 0)
    assert prove(Obligation("tan", ("x",), T.tan(x), domain, T.tan(x), (gradient,))).status is Status.PROVED
