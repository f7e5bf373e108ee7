"""Arithmetic modulo a prime on whole arrays, and chains of primes in which powers of e have a meaning.

In a chain m0 = 2·m1 + 1, m1 = 2·m2 + 1 (a Cunningham chain of the first kind) the squares modulo each prime are a
cyclic group whose order is the next one: its powers w**e have exponents modulo a prime.  The squares stand for the
positive numbers: every rational power of one exists among them and is multiplicative, and of a and -a exactly one is
a square, as all primes are 3 modulo 4.

Primes have 31 bits at most, so that a product of two residues fits into int64; NumPy divides by one number quickly.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from hashlib import blake2b

import numpy as np
from flint import fmpz
from numpy.typing import NDArray

from backproof.verify.finite_fields.fields import jacobi

Residues = NDArray[np.int64]

LEVELS = 3
"""The length of a chain: values, exponents, exponents of exponents."""

PIECE = 1 << 15
"""Entries at a time: a few arrays of this size stay in the processor's cache, which is three times as fast."""

_LEAST = 1 << 28  # of the last prime of a chain, which then has 29 bits and the first 31
_TRIES = 300_000
_LOW = 15  # bits of an exponent that the first of two tables of powers is for
_FEW = 24  # entries that Python's integers are faster for than arrays


class NoChain(Exception):
    """No chain of primes was found in which all constants have roots; the message says how many there are."""


def chain(rng: random.Random, squares: Mapping[int, Collection[Fraction]] | None = None) -> tuple[int, ...]:
    """A random chain of primes, the first of 31 bits.  Modulo all of them 2 and 3 are squares.

    squares: positive numbers that are to be squares too, by the place of the prime

    Raises NoChain if none is found.  There are 21,000 chains, one in 2**n of which have n further squares.
    """
    wanted = [(k, x.numerator * x.denominator) for k, numbers in (squares or {}).items() for x in numbers]
    for _ in range(_TRIES):
        last = 24 * rng.randrange(_LEAST // 24 + 1, _LEAST // 12) - 1  # as it is -1 modulo 24, so are the others
        primes = (4 * last + 3, 2 * last + 1, last)
        prime = all(fmpz(m).is_probable_prime() for m in reversed(primes))  # which below 2**64 is certain
        if prime and all(jacobi(x, primes[k]) == 1 for k, x in wanted):
            return primes
    raise NoChain(f"no chain of primes was found in which {len(wanted)} constants have roots")


def salt(*parts: object) -> int:
    """A number of 63 bits made of its parts, the same on every machine."""
    text = "|".join(map(str, parts)).encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "little") >> 1


class PrimeField:
    """Residues modulo a prime m = 3 mod 4.

    modulus: m; order: (m - 1)/2, of the group of squares; generator: a random one of that group, "w" below
    """

    def __init__(self, modulus: int, rng: random.Random) -> None:
        self.modulus, self.order = modulus, (modulus - 1) // 2
        below = [self.order // int(prime) for prime, _ in fmpz(self.order).factor()]
        self.generator = 1
        while any(pow(self.generator, power, modulus) == 1 for power in below):
            self.generator = pow(rng.randrange(2, modulus - 1), 2, modulus)

    # ----------------------------------------------------------------------------------------------- entry by entry

    def reduce(self, a: Residues) -> Residues:
        """Integers modulo m."""
        quotients = a // self.modulus
        quotients *= self.modulus
        return a - quotients

    def add(self, a: Residues, b: Residues) -> Residues:
        """a + b."""
        return in_pieces(self._sum, a, b)

    def negative(self, a: Residues) -> Residues:
        """-a."""
        return in_pieces(self._negative, a)

    def multiply(self, a: Residues, b: Residues) -> Residues:
        """a·b."""
        return in_pieces(self._product, a, b)

    def power(self, a: Residues, exponent: int) -> Residues:
        """a**exponent, by squarings.  Raises ZeroDivisionError for a negative power of 0."""
        if exponent < 0:
            a, exponent = self.inverse(a), -exponent
        if exponent <= 1:
            return a if exponent else np.ones_like(a)
        return in_pieces(lambda piece: self._power(piece, exponent), a)

    def root_power(self, squares: Residues, exponent: Fraction) -> Residues:
        """A rational power of squares or 0, itself a square or 0.

        Raises ZeroDivisionError for a negative power of 0, and where the group has no such root.
        """
        if exponent < 0:
            squares, exponent = self.inverse(squares), -exponent
        try:
            whole = exponent.numerator * pow(exponent.denominator, -1, self.order) % self.order
        except ValueError:
            raise ZeroDivisionError(f"no root of degree {exponent.denominator} modulo {self.modulus}") from None
        return in_pieces(lambda piece: self._power(piece, whole), squares)

    def powers(self, a: Residues, exponents: Residues) -> Residues:
        """a**exponents for exponents >= 0, one for each entry."""
        return in_pieces(self._powers, a, exponents)

    def inverse(self, a: Residues) -> Residues:
        """1/a, with one exponentiation for each piece: by the products of all entries and of halves of them.

        P. L. Montgomery, "Speeding the Pollard and elliptic curve methods of factorization", Math. Comp. 48 (1987),
        section 10.3.1.  Raises ZeroDivisionError for 0.
        """
        if not a.all():
            raise ZeroDivisionError("division by 0")
        return in_pieces(self._inverse, a)

    def is_square(self, a: Residues) -> NDArray[np.bool_]:
        """Whether a is a square, 0 among them: Euler's criterion."""
        found: NDArray[np.bool_] = in_pieces(lambda piece: self._power(piece, self.order), a) <= 1
        return found

    def powers_of_generator(self, exponents: Residues) -> Residues:
        """w**e for 0 <= e < order, by two tables."""
        return in_pieces(self._looked_up, exponents)

    def random_function(self, a: Residues, salt: int) -> Residues:
        """A function of a without structure; the salt chooses it.

        The finaliser of SplitMix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014, section 3).
        """
        return in_pieces(lambda piece: self._scrambled(piece, salt), a)

    def of_fraction(self, x: Fraction) -> int:
        """A fraction modulo m.  Raises ZeroDivisionError where m divides its denominator."""
        try:
            return x.numerator * pow(x.denominator, -1, self.modulus) % self.modulus
        except ValueError:
            raise ZeroDivisionError(f"the denominator {x.denominator} is 0 modulo {self.modulus}") from None

    # ------------------------------------------------------------------------------------------------------- sums

    def sum(self, a: Residues, axes: Sequence[int]) -> Residues:
        """Over some axes, of fewer than 2**32 terms."""
        return self.reduce(np.asarray(a.sum(axis=tuple(axes))))

    def product(self, a: Residues, axes: Sequence[int]) -> Residues:
        """Over some axes, by halves."""
        for axis in sorted(axes, reverse=True):
            a = np.moveaxis(a, axis, 0)
            if not len(a):
                return np.ones(a.shape[1:], np.int64)
            while (half := len(a) // 2) > 0:
                rest = a[2 * half :]
                a = self.multiply(a[:half], a[half : 2 * half])
                a = np.concatenate([a, rest]) if len(rest) else a
            a = a[0]
        return a

    def collect(self, a: Residues, numbers: NDArray[np.int64], size: int) -> Residues:
        """An array of ``size`` entries to which those of a are added at these numbers; -1 drops an entry."""
        values, places = a.reshape(-1), numbers.reshape(-1) + 1
        found = np.zeros(size + 1, np.int64)
        for start in range(0, len(values), 1 << 22):  # so that floats of 53 bits hold each sum
            piece = slice(start, start + (1 << 22))
            found += self.reduce(np.bincount(places[piece], values[piece], size + 1).astype(np.int64))
        return self.reduce(found[1:])

    # ------------------------------------------------------------------------------------------------ on one piece

    def _sum(self, a: Residues, b: Residues) -> Residues:
        found = a + b
        found -= self.modulus
        found += (found >> 63) & self.modulus  # where that was too much
        return found

    def _negative(self, a: Residues) -> Residues:
        found = 0 - a
        found += (found >> 63) & self.modulus
        return found

    def _product(self, a: Residues, b: Residues) -> Residues:
        found = a * b
        quotients = found // self.modulus
        quotients *= self.modulus
        found -= quotients
        return found

    def _power(self, a: Residues, exponent: int) -> Residues:
        if a.size <= _FEW:
            return np.array([pow(x, exponent, self.modulus) for x in a.reshape(-1).tolist()], np.int64).reshape(a.shape)
        found = a
        for bit in bin(exponent)[3:]:
            found = self._product(found, found)
            if bit == "1":
                found = self._product(found, a)
        return found

    def _powers(self, a: Residues, exponents: Residues) -> Residues:
        found = np.ones_like(a)
        for bit in reversed(range(int(exponents.max(initial=0)).bit_length())):
            found = self._product(found, found)
            found = self._product(found, np.where(exponents >> bit & 1, a, 1))
        return found

    def _inverse(self, a: Residues) -> Residues:
        if a.size <= _FEW:
            return self._power(a, -1)
        tree = [np.ascontiguousarray(a).reshape(-1)]
        while len(tree[-1]) > 1:
            below = tree[-1]
            half = len(below) // 2
            products = self._product(below[:half], below[half : 2 * half])
            tree.append(np.concatenate([products, below[2 * half :]]))
        found = np.array([pow(int(x), -1, self.modulus) for x in tree.pop()], np.int64)
        for below in reversed(tree):
            half = len(below) // 2
            first = self._product(found[:half], below[half : 2 * half])
            second = self._product(found[:half], below[:half])
            found = np.concatenate([first, second, found[half:]])
        return found.reshape(a.shape)

    def _looked_up(self, exponents: Residues) -> Residues:
        low, high = self.tables
        return self._product(low.take(exponents & ((1 << _LOW) - 1)), high.take(exponents >> _LOW))

    def _scrambled(self, a: Residues, salt: int) -> Residues:
        z = a.astype(np.uint64)
        z += np.uint64(salt)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            z ^= z >> np.uint64(shift)
            z = np.multiply(z, np.uint64(factor))
        z ^= z >> np.uint64(31)
        return (z % np.uint64(self.modulus)).astype(np.int64)

    @cached_property
    def tables(self) -> tuple[Residues, Residues]:
        """w**i and w**(i·2**15), for i up to 2**15 and the order divided by it."""
        whole = pow(self.generator, 1 << _LOW, self.modulus)
        return self._table(self.generator, 1 << _LOW), self._table(whole, (self.order >> _LOW) + 1)

    def _table(self, base: int, size: int) -> Residues:
        found = np.ones(1, np.int64)
        step = base
        while len(found) < size:
            found = np.concatenate([found, self._product(found, np.full_like(found, step))])
            step = step * step % self.modulus
        return found[:size]


def in_pieces(operation: Callable[..., Residues], *arrays: Residues) -> Residues:
    """An operation on arrays of one shape, entry by entry, piece by piece where they are large."""
    shape = arrays[0].shape
    if arrays[0].size <= 2 * PIECE:
        return np.asarray(operation(*arrays))
    if all(a.flags.c_contiguous for a in arrays):
        arrays = tuple(a.reshape(-1) for a in arrays)
    found = np.empty(arrays[0].shape, np.int64)
    for places in _pieces(found.shape):
        found[places] = operation(*(a[places] for a in arrays))
    return found.reshape(shape)


def _pieces(shape: tuple[int, ...]) -> Iterator[tuple[int | slice, ...]]:
    """Indices that take an array apart into pieces of at most so many entries."""
    row = math.prod(shape[1:])
    if row <= PIECE:
        step = PIECE // max(1, row)
        yield from ((slice(start, start + step),) for start in range(0, shape[0], step))
    else:
        yield from ((k, *rest) for k in range(shape[0]) for rest in _pieces(shape[1:]))
