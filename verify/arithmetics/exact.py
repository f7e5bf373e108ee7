"""Fractions for people to read: exact and short, or rounded with a note where they are too long."""

from __future__ import annotations

from fractions import Fraction

from backproof.verify.support.decimals import MOST_BITS, as_decimal

_LONG = 40  # characters, the longest that is still readable


def shown(value: Fraction) -> str:
    """A fraction in a sentence: as p/q, a power of two, an exact float or decimal, else rounded, with a note."""
    for text in (_plain(value), _power_of_two(value), _float(value), as_decimal(value)):
        if text and len(text) <= _LONG:
            return text
    return f"{_rounded(value)} (rounded; the JSON report has it in full)"


def _plain(value: Fraction) -> str:
    if max(value.denominator.bit_length(), abs(value.numerator).bit_length()) > MOST_BITS:
        return ""
    return str(value)


def _power_of_two(value: Fraction) -> str:
    """±2**k."""
    up, down = abs(value.numerator), value.denominator
    if up == 0 or up & (up - 1) or down & (down - 1):
        return ""
    return f"{'-' if value < 0 else ''}2**{up.bit_length() - down.bit_length()}"


def _float(value: Fraction) -> str:
    """The float that it equals."""
    try:
        nearest = float(value)
    except OverflowError:
        return ""
    return repr(nearest) if Fraction(nearest) == value else ""


def _rounded(value: Fraction) -> str:
    """Sixteen digits, at any magnitude."""
    from flint import ctx

    from backproof.verify.arithmetics.balls import ratio

    with ctx.workprec(128):
        return str(ratio(value.numerator, value.denominator).str(16, radius=False))
