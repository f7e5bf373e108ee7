"""Fractions as text: exact wherever that is short."""

from fractions import Fraction

import pytest

from backproof.verify.arithmetics.exact import shown
from backproof.verify.support.decimals import as_decimal


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(0), "0"),
        (Fraction(-7, 10), "-7/10"),
        (Fraction(1, 2**1074), "2**-1074"),
        (Fraction(-(2**200)), "-2**200"),
        (Fraction(3, 2**1074), "1.5e-323"),
        (Fraction(1e300), "1e+300"),
        (Fraction(10507009873554804934193349852946, 10**31), "1.0507009873554804934193349852946"),
    ],
)
def test_it_is_exact_and_short(value: Fraction, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize("value", [Fraction(1, 3**500), Fraction(10**400, 3), Fraction(-7, 3**3000)])
def test_what_is_too_long_is_rounded_and_says_so(value: Fraction) -> None:
    text = shown(value)
    assert "rounded; the JSON report has it in full" in text
    assert len(text) < 80


def test_a_decimal_is_exact() -> None:
    for value in (Fraction(1, 8), Fraction(-44715, 10**6), Fraction(12), Fraction(1, 10**30)):
        assert Fraction(as_decimal(value)) == value
    assert as_decimal(Fraction(1, 3)) == ""
    assert as_decimal(Fraction(1, 2**5000)) == ""
