"""A pair of finite fields in which e**u is defined: F_p with an element w of order q, and F_q for exponents.

With p = kq + 1 and e**u := w**(u mod q) mod p, e**(u + v) = e**u·e**v holds exactly, as do all rational identities.
So an expression of +, -, ·, / and e** of such has one value at every point of the two fields, however it is
written (Wu et al., "Mirage: a multi-level superoptimizer for tensor programs", OSDI 2025).

A square root needs a choice.  Both primes are 3 mod 4: then -1 is no square, and of the two roots of a square
exactly one is a square itself.  That one is the root here.  Squares are closed under products and quotients, as the
positive numbers are, so √a·√b = √(ab) holds; the primes are chosen so that 2, 3, 5 and 7 are squares and, where
constants have roots, these too.  Both are 2 mod 3 as well, so that every number has one cube root.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import fmpz

SQUARES = (2, 3, 5, 7)
EXPONENT_BITS = 61
LEAST_Q_BITS = 59  # q is more than 2**59: see `_candidates`
MOST_TRIES = 200_000


class NoField(Exception):
    """No prime was found in which all of the constants have roots."""


@dataclass(frozen=True)
class Fields:
    """p = kq + 1, both prime, and w of order q modulo p."""

    p: int
    q: int
    w: int


def fields(bits: int, rooted: Sequence[Fraction], rng: random.Random) -> Fields:
    """Two random primes, p of about so many bits and q of 61.

    rooted: positive constants whose square roots are needed: they are squares in both fields

    Raises NoField.
    """
    wanted = (*map(Fraction, SQUARES), *rooted)
    q = next(n for n in _candidates(EXPONENT_BITS, rng) if _fits(n, wanted))
    spare = max(bits, EXPONENT_BITS + 20) - EXPONENT_BITS
    for _ in range(MOST_TRIES):
        p = 2 * (6 * rng.getrandbits(spare - 3) + 1) * q + 1  # as q is 11 modulo 12, so is p
        if p > 2 * q + 1 and _fits(p, wanted):
            break
    else:
        raise NoField(f"no prime among {MOST_TRIES} in which {len(rooted)} constants have roots")
    w = 1
    while w == 1:
        w = pow(rng.randrange(2, p), (p - 1) // q, p)
    return Fields(p, q, w)


def _candidates(bits: int, rng: random.Random) -> Iterator[int]:
    """Odd numbers that are 11 modulo 12: 3 modulo 4, and 2 modulo 3."""
    for _ in range(MOST_TRIES):
        yield (rng.getrandbits(bits - 4) | 1 << (bits - 5)) * 12 + 11
    raise NoField(f"no prime among {MOST_TRIES} in which the constants have roots")


def _fits(n: int, wanted: Sequence[Fraction]) -> bool:
    """A prime modulo which all of these are squares, none of them 0."""
    if not all(jacobi(x.numerator * x.denominator, n) == 1 for x in wanted):  # cheaper than the primality test
        return False
    return bool(fmpz(n).is_probable_prime())


def jacobi(a: int, n: int) -> int:
    """The Jacobi symbol (a/n) for odd n: for a prime n it is 1 if a is a square, -1 if not, 0 if n divides a.

    H. Cohen, "A Course in Computational Algebraic Number Theory" (1993), section 1.4.2: by quadratic reciprocity.
    """
    a %= n
    found = 1
    while a:
        while a % 2 == 0:
            a //= 2
            if n % 8 in (3, 5):
                found = -found
        a, n = n, a
        if a % 4 == n % 4 == 3:
            found = -found
        a %= n
    return found if n == 1 else 0


def modulo(x: Fraction, p: int) -> int:
    """The fraction as an element of F_p.  Raises ZeroDivisionError where p divides its denominator."""
    return x.numerator * inverse(x.denominator, p) % p


def inverse(x: int, p: int) -> int:
    """Raises ZeroDivisionError for 0."""
    try:
        return pow(x, -1, p)
    except ValueError:
        raise ZeroDivisionError("division by 0 in a finite field") from None


def is_square(x: int, p: int) -> bool:
    """Whether x is a square other than 0: Euler's criterion."""
    return pow(x, (p - 1) // 2, p) == 1


def square_root(x: int, p: int) -> int:
    """Of a square modulo p = 3 mod 4, the root that is a square."""
    return pow(x, (p + 1) // 4, p)


def cube_root(x: int, p: int) -> int:
    """The one cube root modulo p = 2 mod 3."""
    return pow(x, (2 * p - 1) // 3, p)
