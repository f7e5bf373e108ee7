"""Derivatives as polynomials with an error bound proved by interval arithmetic: the bound holds where there is one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from accuracy_rules import case_of
from flint import arb, ctx

from backproof.verify.accuracy.taylor import DEGREE, Derivative, Nowhere, Polynomial
from backproof.verify.arithmetics.ulps import BFLOAT16, FLOAT32, Format
from backproof.verify.evaluate.balls import BallProgram
from backproof.verify.terms.term import apply, symbol

ENOUGH = 2.0**-12


def partial_of(name: str, fmt: Format = FLOAT32) -> Derivative:
    return Derivative(case_of(name).partials[0], fmt, ENOUGH)


@pytest.mark.parametrize("low", [-40.0, -3.3, -0.9, -1e-3, 1e-30, 0.3, 0.7, 2.1, 60.0, 5e8])
@pytest.mark.parametrize("name", ["tanh", "gelu", "sin", "softsign", "log1p", "atan", "asinh", "mish", "reciprocal"])
def test_the_polynomial_stays_within_its_bound(name: str, low: float) -> None:
    """At random numbers of pieces of many lengths, and at their ends."""
    case, partial, random = case_of(name), partial_of(name), np.random.default_rng(0)
    exactly = BallProgram(case.partials, ("x",))
    found = 0
    for bits in (24, 18, 12, 6, 2):
        first = FLOAT32.ordinal(float(np.float32(low)))
        places = (0, 2**bits - 1, *random.integers(2**bits, size=20).tolist())
        column = np.array([FLOAT32.from_ordinal(first + k) for k in places])
        piece = partial.on(float(column[0]), float(column[1]))
        if not isinstance(piece, Polynomial):
            continue
        found += 1
        values = np.broadcast_to(piece.at(column.astype(np.float32)), column.shape)
        with ctx.workprec(256):
            for x, value in zip(column.tolist(), values.tolist(), strict=True):
                (expected,) = exactly(arb(x))
                assert abs(expected - value) <= piece.error <= ENOUGH * piece.spacing
                size = abs(expected) / piece.spacing
                normal = 2**23 <= size < 2**24 or piece.between or (expected == 0 and value == 0)
                assert 0 < size < 2**23 if piece.subnormal else normal
    if (low,) in case.region and not (name == "sin" and low > 1e6):  # a few of those numbers are many waves
        with ctx.workprec(256):
            size = abs(exactly(arb(low))[0])
        assert (found > 0) == (0 < size <= FLOAT32.largest)


def test_longer_pieces_take_more_terms() -> None:
    partial = partial_of("tanh")
    found = [partial.on(0.6, 0.6 + r) for r in (1e-6, 1e-3, 0.02)]
    terms = [len(piece.coefficients) for piece in found if isinstance(piece, Polynomial)]
    assert len(terms) == 3
    assert terms == sorted(terms)
    assert 1 < terms[0] < terms[-1] <= DEGREE + 1


@pytest.mark.parametrize(
    ("name", "low", "high", "why"),
    [
        ("relu", -1.0, 1.0, "it branches"),
        ("gelu", -0.76, -0.75, "it has a root"),
        ("tanh", 0.1, 2.0, "it crosses binades"),
        ("sin", 1e6, 1e7, "too long"),
        ("exp", -87.4, -87.3, "some derivatives are normal numbers"),
        ("exp", 88.7, 88.8, "some derivatives are beyond the largest"),
    ],
)
def test_pieces_that_have_to_be_cut(name: str, low: float, high: float, why: str) -> None:
    assert partial_of(name).on(low, high) is None, why


def test_pieces_without_a_normal_derivative() -> None:
    partial = partial_of("exp")
    assert partial.on(90.0, 100.0) == Nowhere()
    below, far = partial.on(-95.0, -94.99), partial.on(-300.0, -200.0)
    assert isinstance(below, Polynomial)
    assert isinstance(far, Polynomial)
    assert below.subnormal
    assert far.subnormal
    assert below.spacing == far.spacing == FLOAT32.smallest
    assert below.at(np.array([-94.995])) == pytest.approx(math.exp(-94.995), abs=ENOUGH * FLOAT32.smallest)
    assert far.at(np.array([-250.0])) == 0.0
    assert isinstance(partial_of("exp", BFLOAT16).on(-1.0, -0.99), Polynomial)


def test_constant_derivatives() -> None:
    partial = partial_of("relu")
    assert partial.on(-2.0, -1.0) == Polynomial(-1.5, (0.0,), 0.0, FLOAT32.smallest)
    one = partial.on(1.0, 2.0)
    assert isinstance(one, Polynomial)
    assert (one.coefficients, one.spacing, one.between) == ((1.0,), 2.0**-23, False)
    assert one.at(np.array([1.0, 1.5])) == 1.0


def test_derivatives_just_below_a_power_of_two() -> None:
    """1 - x² for a tiny x is in the binade below 1; 1 - e**-x for a large x cannot be decided."""
    near = partial_of("tanh").on(2.0**-100, 2.0**-99.5)
    assert isinstance(near, Polynomial)
    assert (near.spacing, near.between) == (2.0**-24, False)
    beyond = partial_of("softplus").on(1e9, 1.1e9)
    assert isinstance(beyond, Polynomial)
    assert (beyond.spacing, beyond.between) == (2.0**-24, True)


def test_a_function_without_a_series_has_no_polynomial() -> None:
    assert Derivative(apply("lgamma", symbol("x")), FLOAT32, ENOUGH).on(2.0, 2.1) is None
