"""The exact number that a float constant means, and its residues, powers of e and logarithms."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import numpy as np
import pytest

from backproof.verify.arrays.constants import exact
from backproof.verify.arrays.numbers import MOST_READ, Numbers, distinct, is_data, rational_part, under
from backproof.verify.arrays.program import PI, Program
from backproof.verify.arrays.residues import PrimeField, chain
from backproof.verify.evaluate.floats import compile_floats
from backproof.verify.terms.term import PI as PI_TERM
from backproof.verify.terms.term import TERMS, Term, constant

TEXTS = {
    0.1: "the decimal 0.1",
    1e-05: "the decimal 1e-05",
    -0.044715: "the decimal -0.044715",
    1e30: "the decimal 1e+30",
    1 / 3: "1/3",
    -22 / 7: "-22/7",
    99_999 / 77_773: "99999/77773",
    0.1 + 0.2: "3/10",
    math.pi: "π",
    -2 * math.pi / 7: "-2·π/7",
    3 / (11 * math.pi): "3/(11·π)",
    math.sqrt(2 / math.pi): "√(2/π)",
    math.sqrt(math.pi) / 7: "√(π/49)",
    math.sqrt(3 / (7 * math.pi)): "√(3/(7·π))",
    1 / math.sqrt(768): "√(1/768)",
    -math.sqrt(5 / 11): "-√(5/11)",
    math.sqrt(8): "2·√2",
    math.log(2): "log(2)",
    1 / math.log(2): "1/log(2)",
    math.log(10): "log(10)",
    1 / math.log(10): "1/log(10)",
    math.e: "e¹",
    1.0507009873554805: "SELU's scale, arXiv:1706.02515",
}
AS_THEY_ARE = [0.0, -0.0, 1.0, 0.5, -3.25, 2.0**-60, 2.0**80, 1e22, 5e-324, 0.12345678901234567]
NEARLY = [math.pi + 1e-13, 1 / 3 + 1e-14, math.sqrt(5 / 11) - 1e-14]


@pytest.mark.parametrize("value", TEXTS)
def test_a_float_is_read_as_the_number_that_it_rounds(value: float) -> None:
    term, text = exact(value)
    assert text == TEXTS[value]
    assert abs(compile_floats((term,), ())()[0] - value) <= 4 * math.ulp(value)


@pytest.mark.parametrize("value", [*AS_THEY_ARE, *NEARLY])
def test_a_float_that_rounds_nothing_is_the_binary_fraction(value: float) -> None:
    term, text = exact(value)
    assert (term, text) == (constant(Fraction(value)), "")


def test_random_floats_are_not_read_as_anything_else() -> None:
    rng = random.Random(0)
    assert [exact(rng.uniform(0.1, 10)).text for _ in range(300)] == [""] * 300


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_what_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="no number"):
        exact(value)


# ------------------------------------------------------------------------------------------------------- in a chain


def numbers(seed: int = 0, rooted: tuple[int, ...] = ()) -> tuple[Numbers, list[PrimeField]]:
    rng = random.Random(seed)
    squares = {level: [Fraction(x) for x in rooted] for level in (0, 1)}
    fields = [PrimeField(m, rng) for m in chain(rng, squares)]
    return Numbers(fields, "seed"), fields


def test_constants_of_a_program_modulo_its_primes() -> None:
    found, fields = numbers()
    p = Program()
    array = p.constant([[0.5, -3.0, 0.1], [2.0**-1074, 1e300, 1 / 3]])
    exactly = [Fraction(1, 2), Fraction(-3), Fraction(1, 10), Fraction(1, 2**1074), Fraction(10) ** 300, Fraction(1, 3)]
    for level, field in enumerate(fields):
        assert found.values(array, level).reshape(-1).tolist() == [field.of_fraction(x) for x in exactly]
        assert found.values(p.number(Fraction(2, 7), (3,)), level).tolist() == [field.of_fraction(Fraction(2, 7))] * 3
        root, pi = (int(found.values(p.number(x), level)) for x in (math.sqrt(2 / math.pi), PI))
        assert root * root * pi % field.modulus == 2
        assert field.is_square(np.array([root, pi])).all()


def test_an_array_of_many_floats_is_data_and_taken_as_it_is() -> None:
    found, fields = numbers()
    data = np.random.default_rng(0).standard_normal((MOST_READ, 2)) * 2.0 ** np.arange(-500, 500, 500)
    data[0] = 1 / 3, 0.1
    data[1, 0] = math.inf
    node = Program().constant(data)
    assert found.values(node, 1)[1, 0] not in (0, 1)
    finite = np.isfinite(data)
    expected = [fields[1].of_fraction(Fraction(float(x))) for x in data[finite]]
    assert found.values(node, 1)[finite].tolist() == expected


def test_an_array_with_roots_of_many_primes_is_data_too() -> None:
    few, many = (Program().constant(np.sqrt(np.arange(1.0, n))) for n in (12, 40))
    assert not is_data(distinct(few)[0])
    assert is_data(distinct(many)[0])
    found, fields = numbers()
    assert found.values(many, 0)[1] == fields[0].of_fraction(Fraction(math.sqrt(2)))


def test_few_numbers_in_a_large_array_are_found_wherever_they_are() -> None:
    array = np.zeros((100, 100))
    array[-1, -1], array[50, 3] = -math.inf, 0.1
    different, places = distinct(Program().constant(array))
    assert list(different) == [-math.inf, 0, 0.1]
    assert places is not None
    assert np.array_equal(np.asarray(different)[places], array)


def test_powers_of_e_of_constants_are_multiplicative_and_0_at_minus_infinity() -> None:
    found, fields = numbers()
    p = Program()

    def power(x: str, level: int, factor: str = "1") -> int:
        return int(found.exponentials(p.number(Fraction(x)), level, Fraction(factor)))

    for level in (0, 1):
        m = fields[level].modulus
        assert power("1/3", level) * power("1/2", level) % m == power("5/6", level)
        assert power("1/3", level, "3/2") ** 2 % m == power("1", level)
    mask = p.constant([0.0, -math.inf])
    for level in (0, 1, 2):
        assert (found.exponentials(mask, level, Fraction(1, 2)) == 0).tolist() == [False, True]
    assert found.exponentials(mask, 0, Fraction(1))[0] == 1
    assert int(found.values(p.number(math.e), 0)) == int(found.exponentials(p.number(1), 0, Fraction(1)))


def test_logarithms_of_constants_add_up_and_are_discrete_ones_above() -> None:
    found, fields = numbers(rooted=(5, 7))
    p = Program()

    def log(x: Fraction | float | str, level: int) -> int:
        return int(found.logarithms(p.number(x), level))

    for level in (0, 1):
        m = fields[level].modulus
        parts = log(Fraction(2), level) + log(Fraction(5), level) - log(Fraction(21), level)
        assert log(Fraction(10, 21), level) == parts % m
        assert log(Fraction(-9), level) == 2 * log(Fraction(3), level) % m
        assert 2 * log(math.sqrt(2 / math.pi), level) % m == (log(Fraction(2), level) - log(PI, level)) % m
        assert log(math.e, level) == 1
        assert int(found.values(p.number(math.log(10)), level)) == log(Fraction(10), level)
    assert pow(fields[0].generator, log(Fraction(10), 1), fields[0].modulus) == 10
    with pytest.raises(ZeroDivisionError):
        log(Fraction(0), 0)


def test_what_does_not_exist_modulo_a_prime_is_refused() -> None:
    found, fields = numbers()
    p = Program()
    with pytest.raises(ZeroDivisionError):
        found.values(p.number(Fraction(1, fields[0].modulus)), 0)
    least = next(n for n in range(5, 50) if pow(n, fields[0].order, fields[0].modulus) != 1)
    with pytest.raises(ZeroDivisionError):
        found.values(p.number(math.sqrt(1 / least)), 0)


@pytest.mark.parametrize(
    ("term", "part", "roots"),
    [
        (constant(6) * PI_TERM / 4, Fraction(3, 2), []),
        (-TERMS.sqrt(constant(5) / PI_TERM) / 7, Fraction(-1, 7), [Fraction(5)]),
        (TERMS.log(constant(3)) * 2, Fraction(2), []),
    ],
)
def test_the_rational_part_of_a_constant(term: Term, part: Fraction, roots: list[Fraction]) -> None:
    assert rational_part(term) == part
    assert [rational_part(t) for t in under(term, "sqrt")] == roots
