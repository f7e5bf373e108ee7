"""Ordinals, neighbours and errors in ULPs, against definitions and known values."""

from __future__ import annotations

import math
from fractions import Fraction

import flint
import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from backproof.verify.arithmetics.ulps import (
    BFLOAT16,
    FLOAT16,
    FLOAT32,
    FLOAT64,
    FORMATS,
    Format,
    decimal,
    digits_left,
    error_in_ulps,
    hexadecimal,
    neighbours,
    overflows,
    rounded,
    ulp_exponent,
)

FINITE = st.floats(allow_nan=False, allow_infinity=False)
MAX = FLOAT64.largest


def test_formats_agree_with_numpy() -> None:
    for fmt, dtype in ((FLOAT64, np.float64), (FLOAT32, np.float32), (FLOAT16, np.float16)):
        info = np.finfo(dtype)
        assert fmt.largest == info.max
        assert fmt.smallest_normal == info.smallest_normal
        assert fmt.smallest == info.smallest_subnormal
        assert fmt.precision == info.nmant + 1
    assert BFLOAT16.largest == 255 * 2.0**120


@given(FINITE)
def test_ordinals_are_consecutive(x: float) -> None:
    place = FLOAT64.ordinal(x)
    assert FLOAT64.from_ordinal(place) == x
    assert FLOAT64.ordinal(-x) == -place
    if abs(x) < MAX:
        assert FLOAT64.from_ordinal(place + 1) == math.nextafter(x, math.inf)
        assert FLOAT64.from_ordinal(place - 1) == math.nextafter(x, -math.inf)


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=lambda f: f.name)
def test_every_format_has_its_neighbours(fmt: Format) -> None:
    assert fmt.ordinal(0.0) == fmt.ordinal(-0.0) == 0
    assert fmt.step(0.0, 1) == fmt.smallest
    assert fmt.step(1.0, 1) - 1 == 2.0 ** (1 - fmt.precision)
    assert 1 - fmt.step(1.0, -1) == 2.0**-fmt.precision
    assert fmt.step(fmt.largest, 5) == fmt.largest
    assert fmt.step(-fmt.largest, -5) == -fmt.largest
    assert neighbours(0.0, fmt) == (-fmt.smallest, 0.0, fmt.smallest)


@pytest.mark.parametrize("fmt", [FLOAT16, BFLOAT16], ids=lambda f: f.name)
def test_all_floats_of_a_small_format_are_in_order(fmt: Format) -> None:
    end = fmt.ordinal(fmt.largest)
    ladder = [fmt.from_ordinal(i) for i in range(-end, end + 1)]
    assert ladder == sorted(set(ladder))
    assert [fmt.ordinal(x) for x in ladder] == list(range(-end, end + 1))


def _ulp(exact: Fraction, fmt: Format) -> Fraction:
    """The definition, by search: the spacing of the binade that holds ``exact``."""
    e = fmt.least
    while Fraction(2) ** (e + 1) <= abs(exact) and e < fmt.greatest:
        e += 1
    return Fraction(2) ** (e - fmt.precision + 1)


@given(FINITE, st.fractions(min_value=-4, max_value=4))
def test_error_is_the_definition(x: float, ulps: Fraction) -> None:
    exact = Fraction(x) + ulps * Fraction(math.ulp(x))
    if abs(exact) > MAX:
        return
    with flint.ctx.workprec(3000):
        ball = arb(fmpq(exact.numerator, exact.denominator))
        expected = abs(Fraction(x) - exact) / _ulp(exact, FLOAT64)
        assert error_in_ulps(x, ball) == pytest.approx(float(expected), rel=1e-12)


def test_the_binade_is_that_of_the_exact_number() -> None:
    with flint.ctx.workprec(200):
        below = arb(1) - arb((1, -100))  # rounds to 1, whose own ULP is twice as large
        assert ulp_exponent(below) == -53
        assert ulp_exponent(arb(1)) == -52
        assert ulp_exponent(arb(0)) == ulp_exponent(arb((1, -2000))) == -1074
        assert ulp_exponent(arb((1, 2000))) == 971
        assert error_in_ulps(1.0, below) == pytest.approx(2.0**-47)
        assert error_in_ulps(0.0, arb((1, -1075))) == 0.5
        assert error_in_ulps(5e-324, arb((1, -1076))) == 0.75


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_errors_of_small_formats(dtype: type) -> None:
    fmt = FORMATS[np.dtype(dtype).name]
    for x in (1.0, 3.7, 1e-7, 6e4, 0.1):
        held = float(dtype(x))
        spacing = float(np.spacing(dtype(x)))
        assert rounded(arb(x), fmt) == held
        assert error_in_ulps(held, arb(x), fmt) == pytest.approx(abs(held - x) / spacing, rel=1e-6)


def test_overflow_follows_rounding() -> None:
    beyond = arb((2**54 - 1, 970))  # half an ULP past the largest float
    assert overflows(beyond)
    with flint.ctx.workprec(1100):
        assert overflows(beyond - 1) is False
        assert float(beyond - 1) == MAX
        assert overflows(arb(MAX, 2.0**990)) is None
    assert overflows(arb((1 - 2**54, 970)))  # -beyond would be rounded
    assert error_in_ulps(math.inf, beyond) == 0
    assert error_in_ulps(-math.inf, beyond) == math.inf
    assert error_in_ulps(math.inf, arb(MAX)) == math.inf
    assert error_in_ulps(MAX, beyond) == 0.5
    assert rounded(arb(70000), FLOAT16) == math.inf
    assert rounded(arb(65519), FLOAT16) == 65504


def test_what_is_not_a_number_is_infinitely_wrong() -> None:
    assert error_in_ulps(math.nan, arb(1)) == math.inf
    with pytest.raises(ValueError, match="not known"):
        error_in_ulps(1.0, arb("nan"))


def test_digits_left() -> None:
    assert digits_left(0.5) == pytest.approx(15.95, abs=0.01)
    assert digits_left(1e6) == pytest.approx(9.95, abs=0.01)
    assert digits_left(2.0**53) == digits_left(math.inf) == 0


@given(FINITE)
def test_hexadecimal_reads_back(x: float) -> None:
    assert float.fromhex(hexadecimal(x)) == x


def test_writing() -> None:
    assert hexadecimal(1.5) == "0x1.8p+0"
    assert hexadecimal(-2.0) == "-0x1p+1"
    assert hexadecimal(0.1) == "0x1.999999999999ap-4"
    with flint.ctx.workprec(200):
        assert decimal(arb(1) / 3, 10) == "0.3333333333"
        assert decimal(arb.pi()).startswith("3.14159265358979323846264338328")
