"""The reference decides, or says why it cannot."""

from __future__ import annotations

import math

import flint
import mpmath
import pytest
from flint import arb

from verify.mirror import ROWS, Row
from verify.numbers.domain import domain_of
from verify.numbers.points import points
from verify.numbers.reference import FIRST, GUARD, Reference, Status
from verify.numbers.ulps import FLOAT16, FLOAT32, FLOAT64, ulp_exponent
from verify.trace.from_sympy import from_sympy
from verify.trace.term import TERMS, constant, symbol

X, Y = symbol("x"), symbol("y")


def _tanh_slope() -> Reference:
    return Reference((1 - TERMS.tanh(X) ** 2,), ("x",))


@pytest.mark.parametrize("n", [0.0, 0.5, -3.0, 19.5, 100.0, 300.0, 354.0])
def test_precision_rises_until_half_an_ulp_is_decided(n: float) -> None:
    """1 - tanh² cancels 2.9·n bits; mpmath's sech² does not."""
    (truth,) = _tanh_slope().at((n,))
    with mpmath.workprec(200):
        known = mpmath.sech(n) ** 2
    assert truth.status is Status.KNOWN
    assert truth.nearest == float(known)
    assert truth.ball.rad() <= arb((1, ulp_exponent(truth.ball) - GUARD))


@pytest.mark.parametrize("n", [372.6, 373.0, 400.0, 1e6, -1e300])
def test_subnormal_and_vanishing_truths(n: float) -> None:
    (truth,) = _tanh_slope().at((n,))
    assert truth.status is Status.KNOWN
    with mpmath.workprec(200):
        assert truth.nearest == float(4 * mpmath.exp(-2 * abs(mpmath.mpf(n))))


def test_the_forward_is_decided_the_same_way() -> None:
    (truth,) = Reference((TERMS.log1p(TERMS.exp(-abs(X))),), ("x",)).at((700.0,))
    assert truth.nearest == math.exp(-700)
    assert truth.error(truth.nearest) <= 0.5 + 2.0**-GUARD


def test_exact_zero() -> None:
    (truth,) = Reference((X * TERMS.exp(-X * X),), ("x",)).at((0.0,))
    assert truth == (arb(0), 0.0, Status.KNOWN)
    (hidden,) = Reference((TERMS.log(TERMS.exp(X)) - X,), ("x",)).at((3.0,))
    assert hidden.status is Status.KNOWN  # within half of the smallest float of 0 is all that can be said
    assert hidden.nearest == 0


@pytest.mark.parametrize("n", [710.0, 1e6, 1e100, 1e300])
def test_overflow_is_told_from_ignorance(n: float) -> None:
    for sign in (1, -1):
        (truth,) = Reference((sign * TERMS.exp(X),), ("x",)).at((n,))
        assert truth.status is Status.OVERFLOW
        assert truth.nearest == sign * math.inf
        assert truth.error(sign * math.inf) == 0
        assert truth.error(-sign * math.inf) == math.inf


def test_the_largest_float_is_no_overflow() -> None:
    largest = FLOAT64.largest
    (truth,) = Reference((X + Y,), ("x", "y")).at((largest, 1.0))
    assert (truth.nearest, truth.status) == (largest, Status.KNOWN)
    (truth,) = Reference((X + Y,), ("x", "y")).at((largest, math.ldexp(1, 970)))
    assert truth.status is Status.OVERFLOW


def test_a_pole_has_no_number() -> None:
    (truth,) = Reference((1 / X,), ("x",)).at((0.0,))
    assert truth.status is Status.UNDEFINED
    with pytest.raises(ValueError, match="not known"):
        truth.error(1.0)


def test_what_no_precision_decides_is_inconclusive() -> None:
    gap = TERMS.sqrt(2 + X) - TERMS.sqrt(TERMS.sqrt(5 + 4 * X + X * X - 1))  # 0, and never shown to be
    (truth,) = Reference((1 + gap * constant(1e300) * constant(1e300),), ("x",), limit=512).at((0.0,))
    assert truth.status in (Status.INCONCLUSIVE, Status.UNDEFINED)
    assert math.isnan(truth.nearest)
    assert not truth.known


def test_several_terms_at_once_settle_apart() -> None:
    slopes = Reference((X / (X * X + Y * Y), 1 / (X - Y), Y), ("x", "y")).at((2.0, 2.0))
    assert [t.status for t in slopes] == [Status.KNOWN, Status.UNDEFINED, Status.KNOWN]
    assert slopes[0].nearest == 0.25


@pytest.mark.parametrize("fmt", [FLOAT16, FLOAT32])
def test_small_formats(fmt: object) -> None:
    assert fmt in (FLOAT16, FLOAT32)
    small = FLOAT16 if fmt is FLOAT16 else FLOAT32
    reference = Reference((TERMS.exp(X),), ("x",), fmt=small)
    assert reference.at((0.0,))[0].nearest == 1
    assert reference.at((100.0,))[0].status is Status.OVERFLOW
    truth = reference.at((1.0,))[0]
    assert truth.nearest == small.from_ordinal(small.ordinal(truth.nearest))
    assert truth.error(truth.nearest, small) <= 0.51
    assert reference.at((-1e4,))[0].nearest == 0


@pytest.mark.parametrize("row", ROWS, ids=lambda r: f"{r.op} {r.case}".strip())
def test_every_row_is_decided_at_its_points(row: Row) -> None:
    """Without a slope only on the edge of a domain, or at the tip of a cone."""
    reference = Reference(map(from_sympy, row.stable_slopes), row.inputs)
    domain = domain_of(row.domain, row.inputs)
    found = points(row.op, domain, n=200)
    edges = {e for i in domain.intervals for e in i.edges} | {0}
    for point, truths in zip(found, reference.many(found), strict=True):
        for truth in truths:
            assert truth.status is not Status.INCONCLUSIVE, point
            if truth.status is Status.UNDEFINED:
                assert any(v in edges for v in point)
            elif truth.known:
                assert truth.error(truth.nearest) <= 0.51


def test_the_precision_of_the_moment_is_left_alone() -> None:
    before = flint.ctx.prec
    _tanh_slope().at((300.0,))
    assert flint.ctx.prec == before
    assert FIRST > before
