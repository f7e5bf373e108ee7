"""The reference decides, or gives the reason why it cannot."""

from __future__ import annotations

import math

import flint
import mpmath
import pytest
from flint import arb

from backproof.verify.arithmetics.ulps import FLOAT16, FLOAT32, FLOAT64, ulp_exponent
from backproof.verify.mirror.table import SPECS, Spec
from backproof.verify.numerics.domain import domain_of
from backproof.verify.numerics.points import points
from backproof.verify.numerics.reference import FIRST, GUARD, Reference, Status
from backproof.verify.terms.from_sympy import from_sympy
from backproof.verify.terms.term import TERMS, constant, symbol

X, Y = symbol("x"), symbol("y")


def _tanh_derivative() -> Reference:
    return Reference((1 - TERMS.tanh(X) ** 2,), ("x",))


@pytest.mark.parametrize("n", [0.0, 0.5, -3.0, 19.5, 100.0, 300.0, 354.0])
def test_precision_rises_until_half_an_ulp_is_decided(n: float) -> None:
    """1 - tanh² cancels 2.9·n bits; mpmath's sech² does not."""
    (expected,) = _tanh_derivative().at((n,))
    with mpmath.workprec(200):
        known = mpmath.sech(n) ** 2
    assert expected.status is Status.KNOWN
    assert expected.nearest == float(known)
    assert expected.ball.rad() <= arb((1, ulp_exponent(expected.ball) - GUARD))


@pytest.mark.parametrize("n", [372.6, 373.0, 400.0, 1e6, -1e300])
def test_subnormal_and_vanishing_reference_values(n: float) -> None:
    (expected,) = _tanh_derivative().at((n,))
    assert expected.status is Status.KNOWN
    with mpmath.workprec(200):
        assert expected.nearest == float(4 * mpmath.exp(-2 * abs(mpmath.mpf(n))))


def test_the_forward_is_decided_the_same_way() -> None:
    (expected,) = Reference((TERMS.log1p(TERMS.exp(-abs(X))),), ("x",)).at((700.0,))
    assert expected.nearest == math.exp(-700)
    assert expected.error(expected.nearest) <= 0.5 + 2.0**-GUARD


def test_exact_zero() -> None:
    (expected,) = Reference((X * TERMS.exp(-X * X),), ("x",)).at((0.0,))
    assert expected == (arb(0), 0.0, Status.KNOWN)
    (hidden,) = Reference((TERMS.log(TERMS.exp(X)) - X,), ("x",)).at((3.0,))
    assert hidden.status is Status.KNOWN  # only known to be within half of the smallest float of 0
    assert hidden.nearest == 0


@pytest.mark.parametrize("n", [710.0, 1e6, 1e100, 1e300])
def test_overflow_is_distinguished_from_inconclusive(n: float) -> None:
    for sign in (1, -1):
        (expected,) = Reference((sign * TERMS.exp(X),), ("x",)).at((n,))
        assert expected.status is Status.OVERFLOW
        assert expected.nearest == sign * math.inf
        assert expected.error(sign * math.inf) == 0
        assert expected.error(-sign * math.inf) == math.inf


def test_the_largest_float_is_no_overflow() -> None:
    largest = FLOAT64.largest
    (expected,) = Reference((X + Y,), ("x", "y")).at((largest, 1.0))
    assert (expected.nearest, expected.status) == (largest, Status.KNOWN)
    (expected,) = Reference((X + Y,), ("x", "y")).at((largest, math.ldexp(1, 970)))
    assert expected.status is Status.OVERFLOW


def test_a_pole_has_no_number() -> None:
    (expected,) = Reference((1 / X,), ("x",)).at((0.0,))
    assert expected.status is Status.UNDEFINED
    with pytest.raises(ValueError, match="not known"):
        expected.error(1.0)


def test_what_no_precision_decides_is_inconclusive() -> None:
    gap = TERMS.sqrt(2 + X) - TERMS.sqrt(TERMS.sqrt(5 + 4 * X + X * X - 1))  # 0, and never shown to be
    (expected,) = Reference((1 + gap * constant(1e300) * constant(1e300),), ("x",), limit=512).at((0.0,))
    assert expected.status in (Status.INCONCLUSIVE, Status.UNDEFINED)
    assert math.isnan(expected.nearest)
    assert not expected.known


def test_several_terms_at_once_settle_apart() -> None:
    partials = Reference((X / (X * X + Y * Y), 1 / (X - Y), Y), ("x", "y")).at((2.0, 2.0))
    assert [t.status for t in partials] == [Status.KNOWN, Status.UNDEFINED, Status.KNOWN]
    assert partials[0].nearest == 0.25


@pytest.mark.parametrize("fmt", [FLOAT16, FLOAT32])
def test_small_formats(fmt: object) -> None:
    assert fmt in (FLOAT16, FLOAT32)
    small = FLOAT16 if fmt is FLOAT16 else FLOAT32
    reference = Reference((TERMS.exp(X),), ("x",), fmt=small)
    assert reference.at((0.0,))[0].nearest == 1
    assert reference.at((100.0,))[0].status is Status.OVERFLOW
    expected = reference.at((1.0,))[0]
    assert expected.nearest == small.from_ordinal(small.ordinal(expected.nearest))
    assert expected.error(expected.nearest, small) <= 0.51
    assert reference.at((-1e4,))[0].nearest == 0


@pytest.mark.parametrize("spec", SPECS, ids=lambda r: f"{r.op} {r.case}".strip())
def test_every_spec_is_decided_at_its_points(spec: Spec) -> None:
    """Without a derivative only on the edge of a domain, or at the tip of a cone."""
    reference = Reference(map(from_sympy, spec.stable_derivatives), spec.inputs)
    domain = domain_of(spec.domain, spec.inputs)
    found = points(spec.op, domain, n=200)
    edges = {e for i in domain.intervals for e in i.edges} | {0}
    for point, reference_values in zip(found, reference.many(found), strict=True):
        for expected in reference_values:
            assert expected.status is not Status.INCONCLUSIVE, point
            if expected.status is Status.UNDEFINED:
                assert any(v in edges for v in point)
            elif expected.known:
                assert expected.error(expected.nearest) <= 0.51


def test_the_current_precision_is_left_alone() -> None:
    before = flint.ctx.prec
    _tanh_derivative().at((300.0,))
    assert flint.ctx.prec == before
    assert FIRST > before
