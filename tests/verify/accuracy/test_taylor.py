"""Slopes as polynomials with a bound that balls prove: the bound holds, and where there is none that is said."""

from __future__ import annotations

import math

import numpy as np
import pytest
from accuracy_rules import case_of
from flint import arb, ctx

from verify.accuracy.taylor import DEGREE, Nowhere, Polynomial, Slope
from verify.numbers.ulps import BFLOAT16, FLOAT32, Format
from verify.trace.balls import BallProgram
from verify.trace.term import apply, symbol

ENOUGH = 2.0**-12


def slope_of(name: str, fmt: Format = FLOAT32) -> Slope:
    return Slope(case_of(name).slopes[0], fmt, ENOUGH)


@pytest.mark.parametrize("low", [-40.0, -3.3, -0.9, -1e-3, 1e-30, 0.3, 0.7, 2.1, 60.0, 5e8])
@pytest.mark.parametrize("name", ["tanh", "gelu", "sin", "softsign", "log1p", "atan", "asinh", "mish", "reciprocal"])
def test_the_polynomial_keeps_to_its_bound(name: str, low: float) -> None:
    """At random numbers of pieces of many lengths, and at their ends."""
    case, slope, random = case_of(name), slope_of(name), np.random.default_rng(0)
    exactly = BallProgram(case.slopes, ("x",))
    found = 0
    for bits in (24, 18, 12, 6, 2):
        first = FLOAT32.ordinal(float(np.float32(low)))
        places = (0, 2**bits - 1, *random.integers(2**bits, size=20).tolist())
        column = np.array([FLOAT32.from_ordinal(first + k) for k in places])
        piece = slope.on(float(column[0]), float(column[1]))
        if not isinstance(piece, Polynomial):
            continue
        found += 1
        values = np.broadcast_to(piece.at(column.astype(np.float32)), column.shape)
        with ctx.workprec(256):
            for x, value in zip(column.tolist(), values.tolist(), strict=True):
                (truth,) = exactly(arb(x))
                assert abs(truth - value) <= piece.error <= ENOUGH * piece.spacing
                size = abs(truth) / piece.spacing
                normal = 2**23 <= size < 2**24 or piece.between or (truth == 0 and value == 0)
                assert 0 < size < 2**23 if piece.subnormal else normal
    if (low,) in case.region and not (name == "sin" and low > 1e6):  # a few of those numbers are many waves
        with ctx.workprec(256):
            size = abs(exactly(arb(low))[0])
        assert (found > 0) == (0 < size <= FLOAT32.largest)


def test_longer_pieces_take_more_terms() -> None:
    slope = slope_of("tanh")
    found = [slope.on(0.6, 0.6 + r) for r in (1e-6, 1e-3, 0.02)]
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
        ("exp", -87.4, -87.3, "some slopes are normal numbers"),
        ("exp", 88.7, 88.8, "some slopes are beyond the largest"),
    ],
)
def test_pieces_that_have_to_be_cut(name: str, low: float, high: float, why: str) -> None:
    assert slope_of(name).on(low, high) is None, why


def test_pieces_without_a_normal_slope() -> None:
    slope = slope_of("exp")
    assert slope.on(90.0, 100.0) == Nowhere()
    below, far = slope.on(-95.0, -94.99), slope.on(-300.0, -200.0)
    assert isinstance(below, Polynomial)
    assert isinstance(far, Polynomial)
    assert below.subnormal
    assert far.subnormal
    assert below.spacing == far.spacing == FLOAT32.smallest
    assert below.at(np.array([-94.995])) == pytest.approx(math.exp(-94.995), abs=ENOUGH * FLOAT32.smallest)
    assert far.at(np.array([-250.0])) == 0.0
    assert isinstance(slope_of("exp", BFLOAT16).on(-1.0, -0.99), Polynomial)


def test_slopes_that_are_a_constant() -> None:
    slope = slope_of("relu")
    assert slope.on(-2.0, -1.0) == Polynomial(-1.5, (0.0,), 0.0, FLOAT32.smallest)
    one = slope.on(1.0, 2.0)
    assert isinstance(one, Polynomial)
    assert (one.coefficients, one.spacing, one.between) == ((1.0,), 2.0**-23, False)
    assert one.at(np.array([1.0, 1.5])) == 1.0


def test_slopes_just_below_a_power_of_two() -> None:
    """1 - x² for a tiny x is in the binade below 1; of 1 - e**-x for a large x nobody can say."""
    near = slope_of("tanh").on(2.0**-100, 2.0**-99.5)
    assert isinstance(near, Polynomial)
    assert (near.spacing, near.between) == (2.0**-24, False)
    beyond = slope_of("softplus").on(1e9, 1.1e9)
    assert isinstance(beyond, Polynomial)
    assert (beyond.spacing, beyond.between) == (2.0**-24, True)


def test_a_function_without_a_series_has_no_polynomial() -> None:
    assert Slope(apply("lgamma", symbol("x")), FLOAT32, ENOUGH).on(2.0, 2.1) is None
