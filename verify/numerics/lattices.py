"""Points with thousands of coordinates, given by a short formula: (k³·a + b) mod M, scaled around 0 by powers of two.

    x = (2 * ((numpy.arange(768) ** 3 % 1553 * 331 + 17) % 1553) - 1553) / 1024

M is a prime larger than the array with M mod 3 = 2, so that no two cubes are equal, and no two entries of one array.
Cubes, since a matrix of multiples k·a has few independent rows.  Numerators are odd, and every array has another
denominator: no entry is 0, and none is equal to one of another array.  Every number is exact.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

Shape = tuple[int, ...]

# the largest entry, and the side of 0: 0 for both
SCALES = ((2, 0), (2, 0), (16, 0), (0.5, 0), (2, 1), (2, -1), (0.95, 1), (64, 1), (0.95, -1))
FAR = ((30, 0), (1000, 0), (1000, 0), (1000, 1), (1000, -1))


@dataclass(frozen=True)
class Lattice:
    """sign * (2*((k**3*a + b) % modulus) + shift) / 2**exponent for k = 0, 1, ..., in a shape."""

    shape: Shape
    a: int
    b: int
    modulus: int
    shift: int
    exponent: int
    sign: int = 1

    @cached_property
    def values(self) -> Any:
        """The numbers, as an array of floats; one float where there is no shape."""
        cubes = np.arange(math.prod(self.shape)) ** 3 % self.modulus
        whole = 2 * ((cubes * self.a + self.b) % self.modulus) + self.shift
        scaled = self.sign * whole * 2.0**-self.exponent
        return scaled.reshape(self.shape) if self.shape else float(scaled[0])

    def __str__(self) -> str:
        if not self.shape:
            return repr(self.values)
        count, scale = math.prod(self.shape), f" / {2**self.exponent}"
        if self.exponent <= 0:
            scale = f" * {2**-self.exponent}" if self.exponent else ""
        shift = f"{'+' if self.shift > 0 else '-'} {abs(self.shift)}"
        whole = f"(2 * ((numpy.arange({count}) ** 3 % {self.modulus} * {self.a} + {self.b}) % {self.modulus}) {shift})"
        line = f"{'-' if self.sign < 0 else ''}{whole}{scale}"
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


def samples(op: str, shapes: Mapping[str, Shape], seed: int, far: bool = False) -> Iterator[Sample]:
    """Points for arrays of these shapes, the most ordinary first; ``far``: near the limits of floats."""
    largest = max((math.prod(shape) for shape in shapes.values()), default=1)
    for index, (scale, side) in enumerate(FAR if far else SCALES):
        finest = math.ceil(math.log2(max(2 * largest, 997) / scale)) + (1 if side else 0)
        yield Sample(
            {
                name: _lattice(shape, scale, side, finest + place, random.Random(f"{seed}|{op}|{name}|{index}|{far}"))
                for place, (name, shape) in enumerate(shapes.items())
            }
        )


def _lattice(shape: Shape, scale: float, side: int, exponent: int, rng: random.Random) -> Lattice:
    """Entries as far as ``scale`` to both sides of 0, or to one side without 0."""
    modulus = _prime_from(int(scale * 2**exponent / (2 if side else 1)))
    shift = 1 if side else -modulus
    return Lattice(shape, rng.randrange(2, modulus), rng.randrange(modulus), modulus, shift, exponent, side or 1)


def _prime_from(n: int) -> int:
    """The first prime from n on that is 2 modulo 3: cubes modulo it are all different."""
    while n % 3 != 2 or any(n % d == 0 for d in range(2, math.isqrt(n) + 1)):
        n += 1
    return n
