"""Points with thousands of coordinates that a person can type: (k*a + b) mod M, shifted and scaled by a power of two.

    x = ((numpy.arange(768) * 331 + 17) % 1543 - 771) / 512

M is a prime larger than the array, so no two entries of one array are equal; every number is exact.
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

# how far the entries go, and whether to both sides of 0
SCALES = ((2, True), (2, True), (16, True), (0.5, True), (2, False), (0.5, False), (1, False), (64, False))
FAR = ((30, True), (1000, True), (1000, True), (1000, False))


@dataclass(frozen=True)
class Lattice:
    """((k*a + b) % modulus - shift) / 2**-exponent for k = 0, 1, ..., in a shape."""

    shape: Shape
    a: int
    b: int
    modulus: int
    shift: int
    exponent: int

    @cached_property
    def values(self) -> Any:
        """The numbers, as an array of floats; one float where there is no shape."""
        whole = (np.arange(math.prod(self.shape)) * self.a + self.b) % self.modulus - self.shift
        scaled = whole * 2.0**-self.exponent
        return scaled.reshape(self.shape) if self.shape else float(scaled[0])

    def __str__(self) -> str:
        if not self.shape:
            return repr(self.values)
        scale = f" / {2**self.exponent}" if self.exponent > 0 else f" * {2**-self.exponent}" if self.exponent else ""
        shift = f" - {self.shift}" if self.shift > 0 else f" + {-self.shift}"
        line = f"((numpy.arange({math.prod(self.shape)}) * {self.a} + {self.b}) % {self.modulus}{shift}){scale}"
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
        """How a person makes the arrays, a line each."""
        return [f"{name} = {one}" for name, one in self.lattices.items()]


def samples(op: str, shapes: Mapping[str, Shape], seed: int, far: bool = False) -> Iterator[Sample]:
    """Points for arrays of these shapes, the most ordinary first; ``far``: where floats come to their ends."""
    for index, (scale, signed) in enumerate(FAR if far else SCALES):
        yield Sample(
            {
                name: _lattice(shape, scale, signed, random.Random(f"{seed}|{op}|{name}|{index}|{far}"))
                for name, shape in shapes.items()
            }
        )


def _lattice(shape: Shape, scale: float, signed: bool, rng: random.Random) -> Lattice:
    """Entries between -scale and scale, or between 0 and scale without either."""
    modulus = _prime_from(max(2 * math.prod(shape), 997))
    a, b = rng.randrange(2, modulus), rng.randrange(modulus)
    span = modulus / 2 if signed else modulus
    exponent = math.ceil(math.log2(span / scale))
    return Lattice(shape, a, b, modulus, modulus // 2 if signed else -1, exponent)


def _prime_from(n: int) -> int:
    """The first prime from n on."""
    while any(n % d == 0 for d in range(2, math.isqrt(n) + 1)):
        n += 1
    return n
