"""Floats as ordered integers: their ordinals, their neighbours, and errors in units in the last place (ULPs).

The ULP of a real number r is the spacing of the floats in the binade of r, 2**e <= |r| < 2**(e+1), and never
below the smallest subnormal: Muller et al., "Handbook of Floating-Point Arithmetic" (2018), section 2.3.2,
Harrison's definition read from the exact value.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from functools import cache

from flint import arb


@dataclass(frozen=True)
class Format:
    """A binary floating-point format.

    width: bits in all; precision: bits of the significand, the hidden one included; least: exponent of the
    smallest normal number; greatest: exponent of the largest
    """

    name: str
    width: int
    precision: int
    least: int
    greatest: int

    @property
    def largest(self) -> float:
        """The largest finite number."""
        return math.ldexp(2 - math.ldexp(1, 1 - self.precision), self.greatest)

    @property
    def smallest_normal(self) -> float:
        return math.ldexp(1, self.least)

    @property
    def smallest(self) -> float:
        """The smallest positive number, a subnormal: its own ULP."""
        return math.ldexp(1, self.least - self.precision + 1)

    @property
    def digits(self) -> float:
        """Decimal digits of a full significand."""
        return self.precision * math.log10(2)

    def ordinal(self, x: float) -> int:
        """The place of ``x`` among the floats: 0 for ±0, one more for each next float, odd in x."""
        bits = self._bits(x)
        top = 1 << (self.width - 1)
        return bits if bits < top else top - bits

    def from_ordinal(self, place: int) -> float:
        """The float at this place; -0.0 has none."""
        return self._value(place if place >= 0 else (1 << (self.width - 1)) - place)

    def step(self, x: float, steps: int) -> float:
        """The float ``steps`` places above ``x`` (below, if negative), at most the largest."""
        end = self.ordinal(self.largest)
        return self.from_ordinal(min(max(self.ordinal(x) + steps, -end), end))

    def _bits(self, x: float) -> int:
        if self.name == "bfloat16":  # the upper half of a float32
            return int.from_bytes(struct.pack(">f", x)[:2], "big")
        return int.from_bytes(struct.pack(_CODES[self.name], x), "big")

    def _value(self, bits: int) -> float:
        raw = bits.to_bytes(self.width // 8, "big")
        if self.name == "bfloat16":
            return float(struct.unpack(">f", raw + b"\0\0")[0])
        return float(struct.unpack(_CODES[self.name], raw)[0])


_CODES = {"float64": ">d", "float32": ">f", "float16": ">e"}

FLOAT64 = Format("float64", width=64, precision=53, least=-1022, greatest=1023)
FLOAT32 = Format("float32", width=32, precision=24, least=-126, greatest=127)
FLOAT16 = Format("float16", width=16, precision=11, least=-14, greatest=15)
BFLOAT16 = Format("bfloat16", width=16, precision=8, least=-126, greatest=127)
FORMATS = {f.name: f for f in (FLOAT64, FLOAT32, FLOAT16, BFLOAT16)}


def binade(exact: arb) -> int:
    """e with 2**e <= |r| < 2**(e+1), r the midpoint of the ball; -1075 below all float64s, 1024 beyond them."""
    nearest = float(exact)
    if nearest == 0:
        return -1075
    if math.isinf(nearest):
        return 1024
    fraction, exponent = math.frexp(nearest)
    if abs(fraction) != 0.5:
        return exponent - 1
    middle = exact.mid()  # compared, which is exact: arb's operators round to the current precision
    rounded_up = middle < nearest if fraction > 0 else middle > nearest
    return exponent - 2 if rounded_up else exponent - 1


@cache
def power_of_two(exponent: int) -> arb:
    """Two to this power, exactly."""
    return arb((1, exponent))


def ulp_exponent(exact: arb, fmt: Format = FLOAT64) -> int:
    """The exponent of the ULP at ``exact``: the spacing of the floats there is two to this power."""
    return min(max(binade(exact), fmt.least), fmt.greatest) - fmt.precision + 1


@cache
def _bound(fmt: Format) -> tuple[arb, arb]:
    """Half an ULP beyond the largest float, on both sides: from there on rounding gives an infinity."""
    size = 2 ** (fmt.precision + 1) - 1
    return arb((-size, fmt.greatest - fmt.precision)), arb((size, fmt.greatest - fmt.precision))


def overflows(exact: arb, fmt: Format = FLOAT64) -> bool | None:
    """Whether the number rounds to an infinity; None where the ball does not decide it."""
    low, high = _bound(fmt)
    if exact >= high or exact <= low:
        return True
    return False if low < exact and exact < high else None


def rounded(exact: arb, fmt: Format = FLOAT64) -> float:
    """The float nearest to the midpoint of the ball; an infinity past the overflow bound, NaN if it is not finite."""
    if fmt is FLOAT64 or not exact.is_finite():
        return float(exact)
    exponent = ulp_exponent(exact, fmt)
    nearest = math.ldexp(round(float(exact.mid() * arb((1, -exponent)))), exponent)
    return nearest if abs(nearest) <= fmt.largest else math.copysign(math.inf, nearest)


def error_in_ulps(computed: float, exact: arb, fmt: Format = FLOAT64) -> float:
    """|computed - exact| in ULPs of the exact number; inf for a NaN, or for a wrong infinity.

    Raises ValueError for a ball that is not finite: the exact number is unknown.
    """
    if not exact.is_finite():
        raise ValueError(f"the exact number {exact} is not known: no error can be measured against it")
    if not math.isfinite(computed):
        right = math.isinf(computed) and overflows(exact, fmt) and (exact > 0) == (computed > 0)
        return 0.0 if right else math.inf
    difference = abs(exact - computed)
    exponent = ulp_exponent(exact, fmt)
    if exponent > -960:  # the quotient of floats is right to their own rounding
        return float(difference) / math.ldexp(1, exponent)
    return float(difference * arb((1, -exponent)))


def digits_left(error: float, fmt: Format = FLOAT64) -> float:
    """Decimal digits left by an error of so many ULPs, between 0 and the format's own."""
    return max(0.0, fmt.digits - math.log10(max(1.0, error)))


def neighbours(x: float, fmt: Format = FLOAT64) -> tuple[float, float, float]:
    """The float below, ``x``, and the float above."""
    return fmt.step(x, -1), x, fmt.step(x, 1)


def hexadecimal(x: float) -> str:
    """``x`` exactly, without trailing zeros: 0x1.8p+1; `float.fromhex` reads it back."""
    mantissa, mark, exponent = x.hex().partition("p")
    return mantissa.rstrip("0").rstrip(".") + mark + exponent if mark and "." in mantissa else x.hex()


def decimal(exact: arb, digits: int = 30) -> str:
    """The number of a ball to at most so many digits, and no more than the ball determines."""
    if not exact.is_zero() and abs(exact) < arb((1, -5000)):
        return "0.000..., below every float"
    if exact.is_exact() and exact.is_integer() and abs(exact) < arb((1, 50)):
        return str(exact.unique_fmpz())
    return str(exact.str(digits, radius=False))
