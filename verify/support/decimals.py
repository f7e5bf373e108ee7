"""Exact fractions as decimals."""

from __future__ import annotations

from fractions import Fraction

MOST_BITS = 4096  # of a whole number that is written out: Python itself writes 4300 digits and no more


def as_decimal(value: Fraction) -> str:
    """The fraction with a decimal point; "" where it does not terminate or is too long."""
    rest, places = value.denominator, {2: 0, 5: 0}
    if max(rest.bit_length(), abs(value.numerator).bit_length()) > MOST_BITS:
        return ""
    for prime in places:
        while rest % prime == 0:
            rest //= prime
            places[prime] += 1
    if rest != 1:
        return ""
    after = max(places.values())
    digits = str(abs(value.numerator) * 10**after // value.denominator)
    sign = "-" if value < 0 else ""
    if after > len(digits) + 4:  # too many zeros to read
        more = f".{digits[1:]}" if digits[1:] else ""
        return f"{sign}{digits[0]}{more}e{len(digits) - 1 - after}"
    digits = digits.rjust(after + 1, "0")
    return f"{sign}{digits[:-after]}.{digits[-after:]}" if after else f"{sign}{digits}"
