"""Fractions as a reader likes them: exact and short, or rounded with a note where they are too long."""

from __future__ import annotations

from fractions import Fraction

_LONG = 40  # characters that a reader still takes in
_BITS = 4096  # Python writes whole numbers of 4300 digits and no more


def shown(value: Fraction) -> str:
    """A fraction in a sentence: as p/q, a power of two, the float or decimal it is, else rounded, with a note."""
    for text in (_plain(value), _power_of_two(value), _float(value), as_decimal(value)):
        if text and len(text) <= _LONG:
            return text
    return f"{_rounded(value)} (rounded; the JSON report has it in full)"


def as_decimal(value: Fraction) -> str:
    """The fraction with a decimal point; "" where it has no end or is out of all proportion."""
    rest, places = value.denominator, {2: 0, 5: 0}
    if max(rest.bit_length(), abs(value.numerator).bit_length()) > _BITS:
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
    if after > len(digits) + 4:  # more noughts than one likes to count
        more = f".{digits[1:]}" if digits[1:] else ""
        return f"{sign}{digits[0]}{more}e{len(digits) - 1 - after}"
    digits = digits.rjust(after + 1, "0")
    return f"{sign}{digits[:-after]}.{digits[-after:]}" if after else f"{sign}{digits}"


def _plain(value: Fraction) -> str:
    if max(value.denominator.bit_length(), abs(value.numerator).bit_length()) > _BITS:
        return ""
    return str(value)


def _power_of_two(value: Fraction) -> str:
    """±2**k."""
    up, down = abs(value.numerator), value.denominator
    if up == 0 or up & (up - 1) or down & (down - 1):
        return ""
    return f"{'-' if value < 0 else ''}2**{up.bit_length() - down.bit_length()}"


def _float(value: Fraction) -> str:
    """The float that it is."""
    try:
        nearest = float(value)
    except OverflowError:
        return ""
    return repr(nearest) if Fraction(nearest) == value else ""


def _rounded(value: Fraction) -> str:
    """Sixteen digits, whatever the size."""
    from flint import ctx

    from verify.kinds.balls import ratio

    with ctx.workprec(128):
        return str(ratio(value.numerator, value.denominator).str(16, radius=False))
