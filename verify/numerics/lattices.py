"""Points with thousands of coordinates, given by a short formula: (k³·a + b) mod M, scaled around 0 by powers of two.

    x = (2 * ((numpy.arange(768) ** 3 % 1553 * 331 + 17) % 1553) - 1553) / 1024

M is a prime larger than the array with M mod 3 = 2, so that no two cubes are equal, and no two entries of one array.
Cubes, since a matrix of multiples k·a has few independent rows.  Numerators are odd, and every array has another
denominator: no entry is 0, and none is equal to one of another array.  Every number is exact.

An array with bounds has its lattice between them, from an offset on: 6 + (2 * (...) + 1) / 1024.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from backproof.verify.numerics.working_range import Bounds

Shape = tuple[int, ...]

# the largest entry, and the side of 0: 0 for both
SCALES = ((2, 0), (2, 0), (16, 0), (0.5, 0), (2, 1), (2, -1), (0.95, 1), (64, 1), (0.95, -1))
FAR = ((30, 0), (1000, 0), (1000, 0), (1000, 1), (1000, -1))


@dataclass(frozen=True)
class Lattice:
    """offset + sign * (2*((k**3*a + b) % modulus) + shift) / 2**exponent for k = 0, 1, ..., in a shape."""

    shape: Shape
    a: int
    b: int
    modulus: int
    shift: int
    exponent: int
    sign: int = 1
    offset: float = 0.0

    @cached_property
    def values(self) -> Any:
        """The numbers, as an array of floats; one float where there is no shape."""
        cubes = np.arange(math.prod(self.shape)) ** 3 % self.modulus
        whole = 2 * ((cubes * self.a + self.b) % self.modulus) + self.shift
        scaled = self.offset + self.sign * whole * math.ldexp(1.0, -self.exponent)
        return scaled.reshape(self.shape) if self.shape else float(scaled[0])

    def __str__(self) -> str:
        if not self.shape:
            return repr(self.values)
        count, power = math.prod(self.shape), abs(self.exponent)
        size = 2**power if power < 63 else math.ldexp(1.0, power)  # NumPy's integers end there
        scale = f" {'/' if self.exponent > 0 else '*'} {size}" if power else ""
        shift = f"{'+' if self.shift > 0 else '-'} {abs(self.shift)}"
        whole = f"(2 * ((numpy.arange({count}) ** 3 % {self.modulus} * {self.a} + {self.b}) % {self.modulus}) {shift})"
        offset = f"{self.offset!r} + " if self.offset else ""
        line = f"{offset}{'-' if self.sign < 0 else ''}{whole}{scale}"
        return line if len(self.shape) == 1 else f"({line}).reshape{self.shape}"


@dataclass(frozen=True)
class Sample:
    """A point: a lattice for each array."""

    lattices: Mapping[str, Lattice]

    @property
    def arrays(self) -> dict[str, Any]:
        """A fresh array for each name."""
        return {name: one.values.copy() if one.shape else one.values for name, one in self.lattices.items()}

    def lines(self) -> list[str]:
        """Python code for the arrays, a line each."""
        return [f"{name} = {one}" for name, one in self.lattices.items()]


def samples(
    op: str, shapes: Mapping[str, Shape], seed: int | str, far: bool = False, bounds: Bounds = MappingProxyType({})
) -> Iterator[Sample]:
    """Points for arrays of these shapes, the most ordinary first; ``far``: near the limits of floats, or of the bounds.

    bounds: of the entries of arrays; raises NoRoom where there are too few floats between them
    """
    largest = max((math.prod(shape) for shape in shapes.values()), default=1)
    for index, (scale, side) in enumerate(FAR if far else SCALES):
        finest = math.ceil(math.log2(max(2 * largest, 997) / scale)) + (1 if side else 0)
        found = {}
        for place, (name, shape) in enumerate(shapes.items()):
            rng = random.Random(f"{seed}|{op}|{name}|{index}|{far}")
            if name in bounds:
                low, high = _stretch(*bounds[name], scale, side, whole=far and index > 0)
                found[name] = _between(shape, low, high, max(2 * largest, 997), place, rng)
            else:
                found[name] = _lattice(shape, scale, side, finest + place, rng)
        yield Sample(found)


class NoRoom(Exception):
    """Bounds with too few floats between them for the entries of an array to differ."""


def _stretch(low: float, high: float, scale: float, side: int, whole: bool) -> tuple[float, float]:
    """The part of the bounds that a scale and a side of 0 stand for: what they have in common, if that is something.

    whole: all of the bounds, or their upper or lower eighth, as far as they are finite; beyond that to the scale
    """
    ends = max(low, -scale if side <= 0 else 0.0), min(high, scale if side >= 0 else 0.0)
    if whole:
        bottom = low if math.isfinite(low) else min(-scale, high - scale)
        ends = bottom, high if math.isfinite(high) else max(scale, low + scale)
        eighth = ends[1] / 8 - ends[0] / 8
        ends = (ends[1] - eighth, ends[1]) if side > 0 else (ends[0], ends[0] + eighth) if side < 0 else ends
    if ends[0] < ends[1]:
        return ends
    scale = max(scale, *(math.ldexp(abs(end), -20) for end in (low, high) if math.isfinite(end)))
    if math.isfinite(low) and (side <= 0 or not math.isfinite(high)):
        return low, min(high, low + scale)  # from the end of the bounds on
    return max(low, high - scale), high


def _between(shape: Shape, low: float, high: float, numbers: int, place: int, rng: random.Random) -> Lattice:
    """Entries between low and high: a prime number of places, odd multiples of a power of two past an offset.

    place: of the array among all of them, which makes its power of two another than theirs
    """
    half, least = high / 2 - low / 2, math.ldexp(max(abs(low), abs(high)), -51)
    exponent = math.ceil(math.log2(numbers) + 2 - math.log2(half)) + place if half > 2.0**-900 else 1000
    step = math.ldexp(1.0, 1 - exponent)
    modulus = 0 if step < least else _prime_to(math.floor((high - (offset := math.ceil(low / step) * step)) / step))
    if modulus < 5:
        raise NoRoom(f"too few floats from {low!r} to {high!r} for {math.prod(shape)} entries to differ")
    return Lattice(shape, rng.randrange(2, modulus), rng.randrange(modulus), modulus, 1, exponent, 1, offset)


def _lattice(shape: Shape, scale: float, side: int, exponent: int, rng: random.Random) -> Lattice:
    """Entries as far as ``scale`` to both sides of 0, or to one side without 0."""
    modulus = _prime_from(int(scale * 2**exponent / (2 if side else 1)))
    shift = 1 if side else -modulus
    return Lattice(shape, rng.randrange(2, modulus), rng.randrange(modulus), modulus, shift, exponent, side or 1)


def _prime_to(n: int) -> int:
    """The last prime up to n that is 2 modulo 3; a smaller number where there is none."""
    while n > 4 and (n % 3 != 2 or any(n % d == 0 for d in range(2, math.isqrt(n) + 1))):
        n -= 1
    return n


def _prime_from(n: int) -> int:
    """The first prime from n on that is 2 modulo 3: cubes modulo it are all different."""
    while n % 3 != 2 or any(n % d == 0 for d in range(2, math.isqrt(n) + 1)):
        n += 1
    return n
