"""Arithmetic modulo a prime on whole arrays is that of Python's integers, whatever the shape and the memory layout."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from flint import fmpz, nmod_mat

from backproof.verify.arrays.discrete_logarithms import MOST, discrete_logarithm
from backproof.verify.arrays.matrices import MOST_SUMMED, determinant, dot, inverse
from backproof.verify.arrays.residues import PIECE, NoChain, PrimeField, Residues, chain, salt

MODULI = chain(random.Random(3))
FIELD = PrimeField(MODULI[0], random.Random(4))
M = FIELD.modulus


def drawn(shape: tuple[int, ...], seed: int = 0, least: int = 0) -> Residues:
    return np.random.default_rng(seed).integers(least, M, shape)


def objects(a: Residues) -> Any:
    return a.astype(object)


# ---------------------------------------------------------------------------------------------------------- chains


def test_each_prime_of_a_chain_is_half_the_one_before() -> None:
    for seed in range(5):
        primes = chain(random.Random(seed))
        assert all(fmpz(m).is_prime() for m in primes)
        assert all(m == 2 * n + 1 for m, n in pairwise(primes))
        assert primes[0].bit_length() == 31
        assert all(m % 4 == 3 and pow(x, (m - 1) // 2, m) == 1 for m in primes for x in (2, 3))


def test_constants_are_squares_where_they_are_asked_to_be() -> None:
    found = {chain(random.Random(seed), {0: [Fraction(5, 7)], 1: [Fraction(11)]}) for seed in range(8)}
    assert len(found) == 8
    assert all(pow(5 * 7, n // 2, n) == 1 == pow(11, m // 2, m) for n, m, _ in found)
    assert any(pow(11, n // 2, n) != 1 for n, _, _ in found)


def test_a_constant_that_is_no_square_anywhere_is_refused() -> None:
    with pytest.raises(NoChain, match="1 constants have roots"):
        chain(random.Random(0), {0: [Fraction(-1)]})


@pytest.mark.parametrize("modulus", MODULI)
def test_the_powers_of_the_generator_are_all_of_the_squares(modulus: int) -> None:
    field = PrimeField(modulus, random.Random(1))
    exponents = np.concatenate([[0, 1, field.order - 1], np.random.default_rng(0).integers(0, field.order, 20)])
    powers = field.powers_of_generator(exponents)
    assert powers.tolist() == [pow(field.generator, int(e), modulus) for e in exponents]
    assert field.is_square(powers).all()
    assert not field.is_square(field.negative(powers)).any()
    primes = [int(p) for p, _ in fmpz(field.order).factor()]
    assert all(pow(field.generator, field.order // p, modulus) != 1 for p in primes)


# --------------------------------------------------------------------------------------------------- entry by entry

SHAPES: list[tuple[int, ...]] = [(), (0,), (5,), (40,), (3, 0, 2), (4, 7, 3), (2 * PIECE + 17,), (3, PIECE + 5)]
LAYOUTS: dict[str, Callable[[Residues], Residues]] = {
    "as it is": lambda a: a,
    "transposed": lambda a: a.T,
    "every second": lambda a: np.repeat(a, 2, -1)[..., ::2] if a.ndim else a,
    "one number": lambda a: np.broadcast_to(np.int64(M - 1), a.shape),
}
OPERATIONS: dict[str, tuple[Callable[..., Residues], Callable[..., Any]]] = {
    "add": (FIELD.add, lambda a, b: (a + b) % M),
    "negative": (lambda a, b: FIELD.negative(a), lambda a, b: -a % M),
    "multiply": (FIELD.multiply, lambda a, b: a * b % M),
    "reduce": (lambda a, b: FIELD.reduce(a * b - b), lambda a, b: (a * b - b) % M),
    "a whole power": (lambda a, b: FIELD.power(a, 5), lambda a, b: a**5 % M),
    "the power 0": (lambda a, b: FIELD.power(a, 0), lambda a, b: a**0),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_are_those_of_integers(name: str, shape: tuple[int, ...], layout: str) -> None:
    ours, expected = OPERATIONS[name]
    a, b = LAYOUTS[layout](drawn(shape)), LAYOUTS[layout](drawn(shape, 1))
    found = ours(a, b)
    assert found.shape == a.shape
    assert np.array_equal(found, np.asarray(expected(objects(a), objects(b))).astype(np.int64))


@pytest.mark.parametrize("shape", SHAPES)
def test_an_inverse_times_its_number_is_1(shape: tuple[int, ...]) -> None:
    a = drawn(shape, 2, 1)
    assert (FIELD.multiply(FIELD.inverse(a), a) == 1).all()
    assert np.array_equal(FIELD.power(a, -2), FIELD.inverse(FIELD.multiply(a, a)))


def test_0_has_no_inverse() -> None:
    a = drawn((3 * PIECE,), 1, 1)
    a[-1] = 0
    for operation in (FIELD.inverse, lambda a: FIELD.power(a, -3), lambda a: FIELD.root_power(a, Fraction(-1, 2))):
        with pytest.raises(ZeroDivisionError):
            operation(a)
    with pytest.raises(ZeroDivisionError):
        FIELD.of_fraction(Fraction(1, M))


@pytest.mark.parametrize("size", [3, 100])
@pytest.mark.parametrize("exponent", [Fraction(1, 2), Fraction(-1, 2), Fraction(1, 3), Fraction(5, 7), Fraction(-3, 2)])
def test_a_rational_power_of_a_square_is_a_square(exponent: Fraction, size: int) -> None:
    squares = FIELD.power(drawn((size,), 3, 1), 2)
    found = FIELD.root_power(squares, exponent)
    assert np.array_equal(FIELD.power(found, exponent.denominator), FIELD.power(squares, exponent.numerator))
    assert FIELD.is_square(found).all()
    assert FIELD.root_power(np.array([0, 1]), abs(exponent)).tolist() == [0, 1]


def test_powers_of_a_table_and_squares() -> None:
    a, exponents = drawn((60,)), np.random.default_rng(1).integers(0, M, 60)
    exponents[:3] = 0, 1, 2
    assert FIELD.powers(a, exponents).tolist() == [pow(int(x), int(e), M) for x, e in zip(a, exponents, strict=True)]
    assert FIELD.is_square(a).tolist() == [pow(int(x), (M - 1) // 2, M) <= 1 for x in a]


def test_a_random_function_is_one_of_its_argument_and_of_the_salt() -> None:
    a = np.arange(1000)
    found = FIELD.random_function(a, salt("one"))
    assert np.array_equal(found, FIELD.random_function(a[::-1], salt("one"))[::-1])
    assert (found != FIELD.random_function(a, salt("two"))).all()
    assert len(set(found.tolist())) > 990
    assert ((found >= 0) & (found < M)).all()
    assert FIELD.random_function(np.array(7), salt("one")) == found[7]


# ------------------------------------------------------------------------------------------------- sums and products


@pytest.mark.parametrize("axes", [(0,), (1,), (0, 2), (0, 1, 2)])
def test_sums_and_products_over_axes(axes: tuple[int, ...]) -> None:
    a = drawn((5, 6, 3))
    assert np.array_equal(FIELD.sum(a, axes), objects(a).sum(axis=axes) % M)
    expected = objects(a)
    for axis in reversed(axes):
        expected = np.multiply.reduce(expected, axis)
    assert np.array_equal(FIELD.product(a, axes), expected % M)
    assert (FIELD.product(np.zeros((2, 0), np.int64), (1,)) == 1).all()


def test_collected_entries_are_added_up_and_minus_1_drops_one() -> None:
    a, numbers = drawn((2, 3)), np.array([[0, 2, 2], [-1, 2, 0]])
    x = objects(a)
    assert FIELD.collect(a, numbers, 4).tolist() == [(x[0, 0] + x[1, 2]) % M, 0, (x[0, 1] + x[0, 2] + x[1, 1]) % M, 0]
    many = np.full((1 << 22) + 5, M - 1)
    assert FIELD.collect(many, np.zeros(many.shape, np.int64), 1)[0] == -many.size % M


DOTS = [
    ((3, 4), (4, 2)),
    ((0, 3), (3, 2)),
    ((2, 0), (0, 3)),
    ((600, 300), (300, 5)),
    ((40, 3000), (3000, 4)),
    ((2, 3, 4, 5), (2, 3, 5, 2)),
    ((3, 300, 300), (3, 300, 20)),
    ((2, 2, 200, 200), (2, 2, 200, 2)),
    ((1, MOST_SUMMED + 3), (MOST_SUMMED + 3, 2)),
]


@pytest.mark.parametrize(("left", "right"), DOTS)
def test_matrix_products_are_exact(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    a, b = drawn(left), drawn(right, 1)
    expected = np.zeros(dot(FIELD, a, b).shape, np.int64)
    for k in range(left[-1]):
        expected = (expected + a[..., k, None] * b[..., None, k, :]) % M
    assert np.array_equal(dot(FIELD, a, b), expected)
    assert np.array_equal(dot(FIELD, np.asfortranarray(a), np.asfortranarray(b)), expected)


@pytest.mark.parametrize("summed", [MOST_SUMMED, 5 * MOST_SUMMED])
def test_a_matrix_product_of_the_largest_residues_is_exact(summed: int) -> None:
    a = np.full((2, summed), M - 1)
    high, low = a & 0x7FFF0000, a & 0xFFFF
    assert (dot(FIELD, a, a.T) == summed % M).all()
    assert (dot(FIELD, high, low.T) == summed * int(high[0, 0]) * int(low[0, 0]) % M).all()


@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (7, 7), (3, 5, 5), (2, 2, 3, 3), (2, 0, 0), (0, 3, 3)])
def test_inverses_and_determinants_of_matrices(shape: tuple[int, ...]) -> None:
    a = drawn(shape, 5)
    found, singular = inverse(FIELD, a)
    assert not singular.any()
    assert singular.shape == shape[:-2]
    assert np.array_equal(dot(FIELD, a, found), np.broadcast_to(np.eye(shape[-1], dtype=np.int64), shape))
    matrices = a.reshape(math.prod(shape[:-2]), *shape[-2:])
    expected = [int(nmod_mat(shape[-1], shape[-1], x.reshape(-1).tolist(), M).det()) for x in matrices]
    assert determinant(FIELD, a).reshape(-1).tolist() == expected


def test_rows_are_exchanged_where_a_pivot_is_0() -> None:
    a = np.array([[[0, 1], [1, 0]], [[2, 1], [1, 1]], [[1, 2], [2, 4]], [[0, 0], [0, 1]]])
    found, singular = inverse(FIELD, a)
    assert singular.tolist() == [False, False, True, True]
    assert found[0].tolist() == [[0, 1], [1, 0]]
    assert determinant(FIELD, a).tolist() == [M - 1, 1, 0, 0]
    three = np.array([[0, 0, 2], [0, 3, 1], [5, 1, 1]])
    assert determinant(FIELD, three) == -30 % M
    with pytest.raises(ValueError, match="square"):
        determinant(FIELD, np.zeros((2, 3), np.int64))


@pytest.mark.parametrize("modulus", MODULI[:2])
@pytest.mark.parametrize("size", [0, 1, 30, 600])
def test_a_discrete_logarithm_is_the_exponent(size: int, modulus: int) -> None:
    field = PrimeField(modulus, random.Random(5))
    exponents = np.random.default_rng(0).integers(0, field.order, (2, size))
    exponents[:, :1] = [[0], [field.order - 1]]
    assert np.array_equal(discrete_logarithm(field, field.powers_of_generator(exponents)), exponents)


def test_what_has_no_discrete_logarithm_is_refused() -> None:
    with pytest.raises(ZeroDivisionError):
        discrete_logarithm(FIELD, np.array([4, 0]))
    with pytest.raises(ValueError, match="no square"):
        discrete_logarithm(FIELD, np.array([M - 4]))
    with pytest.raises(ValueError, match="at a time"):
        discrete_logarithm(FIELD, np.ones(MOST + 1, np.int64))
