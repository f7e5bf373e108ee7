"""Special functions in the prover: derivatives and recurrences, poles, known values, and undecided cases."""

from __future__ import annotations

import pytest

from backproof.verify.proof.certificate.claims import Uncertifiable
from backproof.verify.proof.certificate.writer import certificate
from backproof.verify.proof.obligation import Obligation
from backproof.verify.proof.prove import prove
from backproof.verify.proof.refute.counterexample import refutations
from backproof.verify.proof.result import Proof, Status
from backproof.verify.terms.parser import condition, expression
from backproof.verify.terms.term import TRUE, symbol


def proof(definition: str, *partials: str, domain: str = "", forward: str = "") -> Proof:
    inputs = ("x", "y")[: len(partials)]
    gradients = tuple(
        symbol(f"acc_{name}") + symbol("g") * expression(partial, inputs)
        for name, partial in zip(inputs, partials, strict=True)
    )
    where = condition(domain, inputs) if domain else TRUE
    meant, computed = expression(definition, inputs), expression(forward or definition, inputs)
    return prove(Obligation("f", inputs, meant, where, computed, gradients))


BETA = "exp(lgamma(x) + lgamma(y) - lgamma(x + y))"
RIGHT = [
    ("lgamma(x)", "digamma(x)", ""),
    ("lgamma(x)", "digamma(x)", "x > 0"),
    ("gamma(x)", "gamma(x)*digamma(x)", ""),
    ("gamma(x)", "exp(lgamma(x))*digamma(x)", "x > 0"),
    ("1/gamma(x)", "digamma(x)/-gamma(x)", ""),  # the gamma function has no zeros: nothing to divide by
    ("digamma(x)", "trigamma(x)", ""),
    ("trigamma(x)", "polygamma(2, x)", ""),
    ("polygamma(2, x)", "polygamma(3, x)", "x > 0"),
    ("lgamma(x) + lgamma(x - 1/2)", "digamma(x) + digamma(x - 1/2)", "x > 1/2"),
    ("lgamma(x)", "digamma(x + 1) - 1/x", "x > 0"),
    ("lgamma(x)", "digamma(x + 1) - 1/x", ""),  # where x is no pole, x + 1 is none
    ("gamma(x + 3)", "x*(x + 1)*(x + 2)*gamma(x)*digamma(x + 3)", "x > 0"),
    ("gamma(x - 2)", "gamma(x)/((x - 1)*(x - 2))*(digamma(x) - 1/(x - 1) - 1/(x - 2))", "x > 2"),
    ("polygamma(2, x + 1)", "polygamma(3, x) - 6/x**4", "x > 0"),
    ("x*gamma(5) + gamma(1/2)*x + gamma(-3/2)*x", "24 + sqrt(pi)*7/3", ""),
    ("erfinv(x)", "sqrt(pi)/2*exp(erfinv(x)**2)", ""),
    ("erfinv(1 - x)", "-sqrt(pi)/2*exp(erfinv(x - 1)**2)", "x > 0 and x < 2"),
    ("erf(erfinv(x))", "1", "-1 < x and x < 1"),
    ("erfinv(erf(x))", "1", ""),
    ("expi(x)", "exp(x)/x", ""),
    ("spence(x)", "where(x == 1, -1, log(x)/(1 - x))", "x > 0"),
    ("bessel_j(0, x)", "-bessel_j(1, x)", ""),
    ("bessel_j(1, x)", "(bessel_j(0, x) - bessel_j(2, x))/2", ""),
    ("bessel_j(1, x)", "where(x == 0, 1/2, bessel_j(0, x) - bessel_j(1, x)/x)", ""),
    ("bessel_j(3, -x)", "(bessel_j(4, x) - bessel_j(2, x))/2", ""),
    ("bessel_j(5/2, x)", "bessel_j(3/2, x) - 5/(2*x)*bessel_j(5/2, x)", "x > 0"),
    ("bessel_y(1, x)", "bessel_y(0, x) - bessel_y(1, x)/x", "x > 0"),
    ("bessel_i(3, x)", "bessel_i(4, x) + 3/x*bessel_i(3, x)", "x > 0"),
    ("bessel_ie(0, x)", "bessel_ie(1, x) - sign(x)*bessel_ie(0, x)", ""),
    ("bessel_ie(1, x)", "bessel_ie(1, x)*(1/x - sign(x)) + bessel_ie(2, x)", "x > 0"),
    ("bessel_k(2, x)", "-bessel_k(1, x) - 2/x*bessel_k(2, x)", "x > 0"),
    ("gammainc(1/2, x)", "exp(-x)/sqrt(pi*x)", "x > 0"),
    ("gammaincc(3, x)", "-exp(-x)*x**2/2", "x > 0"),
    ("betainc(1/2, 1/2, x)", "1/(pi*sqrt(x*(1 - x)))", "x > 0 and x < 1"),
    ("log(1 - betainc(2, 3, x))", "-12*x*(1 - x)**2/(1 - betainc(2, 3, x))", "x > 0 and x < 1"),
]


@pytest.mark.parametrize(("definition", "partial", "domain"), RIGHT)
def test_right_rules_are_proved(definition: str, partial: str, domain: str) -> None:
    found = proof(definition, partial, domain=domain)
    assert found.status is Status.PROVED, found.reasons


def test_the_beta_function_is_a_product_of_gammas() -> None:
    product = "gamma(x)*gamma(y)/gamma(x + y)"
    partials = (f"{product}*(digamma({v}) - digamma(x + y))" for v in "xy")
    assert proof(BETA, *partials, domain="x > 0 and y > 0", forward=product).status is Status.PROVED


@pytest.mark.parametrize(
    ("definition", "partial", "domain"),
    [
        ("lgamma(x)", "log(x)", "x > 0"),
        ("gamma(x)", "gamma(x)*digamma(x)*(1 + 1e-12)", "x > 0"),
        ("digamma(x)", "polygamma(2, x)", "x > 0"),
        ("lgamma(x)", "digamma(x + 1) + 1/x", "x > 0"),
        ("gamma(x + 2)", "x*gamma(x)*digamma(x + 2)", "x > 0"),
        ("erfinv(x)", "sqrt(pi)/2*exp(-erfinv(x)**2)", "-1 < x and x < 1"),
        ("bessel_j(1, x)", "(bessel_j(0, x) + bessel_j(2, x))/2", ""),
        ("bessel_j(1, x)", "where(x == 0, 1/2, bessel_j(0, x) + bessel_j(1, x)/x)", ""),
        ("bessel_i(1, x)", "(bessel_i(0, x) - bessel_i(2, x))/2", ""),
        ("bessel_y(2, x)", "bessel_y(1, x) - bessel_y(2, x)/x", "x > 0"),
        ("gammaincc(3, x)", "exp(-x)*x**2/2", "x > 0"),
        ("betainc(2, 3, x)", "12*x**2*(1 - x)", "x > 0 and x < 1"),
        ("expi(x)", "exp(x)*x", "x > 0"),
        ("spence(x)", "where(x == 1, -1, log(x)/(x - 1))", "x > 0"),
    ],
)
def test_wrong_rules_leave_a_difference_and_are_refuted_at_a_point(definition: str, partial: str, domain: str) -> None:
    found = proof(definition, partial, domain=domain)
    assert found.status is Status.RESIDUAL
    (counterexample,) = refutations(found)
    assert counterexample.certified


@pytest.mark.parametrize(
    ("definition", "partial", "domain", "why"),
    [
        ("bessel_j(1, x)", "bessel_j(0, x) - bessel_j(1, x)/x", "", "divides by 0"),
        ("bessel_j(1, x)", "where(x == 0, 1/3, bessel_j(0, x) - bessel_j(1, x)/x)", "", "gives another"),
        ("spence(x)", "log(x)/(1 - x)", "x > 0", "divides by 0"),
        ("spence(x)", "where(x == 1, 1, log(x)/(1 - x))", "x > 0", "gives another"),
        ("bessel_ie(2, x)", "bessel_ie(2, x)*(2/x - sign(x)) + bessel_ie(3, x)", "", "divides by 0"),
    ],
)
def test_one_wrong_point_is_enough(definition: str, partial: str, domain: str, why: str) -> None:
    found = proof(definition, partial, domain=domain)
    assert found.status is Status.REJECTED
    assert why in "; ".join(found.reasons)


def test_a_pole_that_the_definition_does_not_have_is_not_passed_over() -> None:
    shifted = proof("lgamma(x + 1)", "digamma(x) + 1/x")  # at x = 0 only the rule has a pole
    assert shifted.status is Status.UNKNOWN
    found = proof("lgamma(x)", "digamma(x) + 0*gamma(2*x)")
    assert found.status is Status.UNKNOWN
    assert "whether 2*x is 0, -1, -2, ... is undecided" in "; ".join(found.reasons)
    assert proof("lgamma(x)", "digamma(x) + 0*gamma(2*x)", domain="x > 0").status is Status.PROVED


def test_a_parameter_that_is_no_number_is_not_decided() -> None:
    found = proof("bessel_j(x, y)", "0", "0")
    assert found.status is Status.UNKNOWN
    assert "not a rational number" in "; ".join(found.reasons)


def test_the_certificates_format_does_not_cover_them() -> None:
    with pytest.raises(Uncertifiable, match="does not cover lgamma"):
        certificate(proof("lgamma(x)", "digamma(x)"))
