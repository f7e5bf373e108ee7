"""The finite fields: primes of the right kind, roots that behave like positive ones, powers of e that add up."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from flint import fmpz

from backproof.verify.finite_fields.fields import (
    Fields,
    NoField,
    cube_root,
    fields,
    inverse,
    is_square,
    jacobi,
    modulo,
    square_root,
)

CHOSEN = fields(128, [Fraction(11), Fraction(3, 13)], random.Random(0))


def test_primes() -> None:
    p, q = CHOSEN.p, CHOSEN.q
    assert fmpz(p).is_prime()
    assert fmpz(q).is_prime()
    assert (p - 1) % q == 0
    assert 120 <= p.bit_length() <= 129
    assert q.bit_length() >= 59
    assert p % 12 == q % 12 == 11


def test_the_same_seed_gives_the_same_field() -> None:
    assert fields(128, [], random.Random(5)) == fields(128, [], random.Random(5))
    assert fields(128, [], random.Random(5)) != fields(128, [], random.Random(6))


def test_w_has_order_q() -> None:
    assert CHOSEN.w != 1
    assert pow(CHOSEN.w, CHOSEN.q, CHOSEN.p) == 1


@pytest.mark.parametrize("modulus", ["p", "q"])
def test_constants_that_are_wanted_have_roots_and_minus_one_has_none(modulus: str) -> None:
    n = getattr(CHOSEN, modulus)
    for x in (2, 3, 5, 7, 11, Fraction(3, 13)):
        assert is_square(modulo(Fraction(x), n), n)
    assert not is_square(n - 1, n)


def test_roots_multiply_as_positive_ones_do() -> None:
    p, rng = CHOSEN.p, random.Random(1)
    for _ in range(20):
        a, b = (pow(rng.randrange(1, p), 2, p) for _ in range(2))
        assert square_root(a, p) ** 2 % p == a
        assert is_square(square_root(a, p), p)
        assert square_root(a, p) * square_root(b, p) % p == square_root(a * b % p, p)


def test_every_number_has_one_cube_root() -> None:
    p, rng = CHOSEN.p, random.Random(2)
    for _ in range(20):
        x = rng.randrange(p)
        assert cube_root(x**3 % p, p) == x


def test_the_jacobi_symbol_identifies_squares() -> None:
    for n in (7, 11, 23, 1019):
        squares = {k * k % n for k in range(1, n)}
        assert all(jacobi(a, n) == (1 if a % n in squares else -1 if a % n else 0) for a in range(2 * n))
        assert all(jacobi(a, n) == (1 if is_square(a, n) else -1) for a in range(1, n))


def test_division_by_zero() -> None:
    with pytest.raises(ZeroDivisionError):
        inverse(0, CHOSEN.p)


def test_a_constant_without_a_root_anywhere() -> None:
    with pytest.raises(NoField, match="constants have roots"):
        fields(96, [Fraction(-1)], random.Random(0))


def test_a_field_has_the_stated_properties() -> None:
    assert Fields(7, 3, 2) == Fields(p=7, q=3, w=2)
