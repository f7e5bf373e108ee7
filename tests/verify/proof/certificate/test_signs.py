"""The checker's signs: what is shown, and what is not."""

from fractions import Fraction

import pytest

from backproof.verify.proof.certificate.quotients import Wrong, divided
from backproof.verify.proof.certificate.signs import impossible, nowhere_opposite, nowhere_zero, shown_sign


def polynomial(*coefficients: int) -> dict:
    """c + b·x + a·x² + ... in generator 0."""
    return {((0, n),) if n else (): Fraction(c) for n, c in enumerate(coefficients) if c}


def between(lo: int | None, hi: int | None) -> dict:
    """The range of generator 0."""
    return {0: tuple(None if end is None else Fraction(end) for end in (lo, hi))}


@pytest.mark.parametrize(
    ("coefficients", "ends", "sign"),
    [
        ((1, 1, 1), (None, None), 1),  # 1 + x + x²
        ((-2, 0, 1), (2, None), 1),  # x² - 2
        ((-2, 0, 1), (None, -2), 1),
        ((-2, 0, 1), (-1, 1), -1),
        ((0, 1, -1), (0, 1), 1),  # x - x², 0 at both ends
        ((0, 0, 1), (0, 1), 1),
        ((1, -2, 1), (1, 2), 1),  # (1 - x)²
        ((-1, 3, -3, 1), (None, 1), -1),
    ],
)
def test_the_sign_of_a_polynomial(coefficients, ends, sign):
    assert shown_sign(polynomial(*coefficients), between(*ends), []) == sign


@pytest.mark.parametrize(
    ("coefficients", "ends"), [((-2, 0, 1), (1, 2)), ((1, -2, 1), (0, 2)), ((0, 1), (-1, 1)), ((), (0, 1))]
)
def test_a_sign_that_changes_or_is_0_is_not_shown(coefficients, ends):
    with pytest.raises(Wrong):
        shown_sign(polynomial(*coefficients), between(*ends), [])


def test_the_sign_of_a_common_factor_is_split_off():
    """x·(1 - y + y²) where x > 0 and y is any number."""
    p = {((0, 1),): Fraction(1), ((0, 1), (1, 1)): Fraction(-1), ((0, 1), (1, 2)): Fraction(1)}
    everything = (None, None)
    assert shown_sign(p, {0: (Fraction(0), None), 1: everything}, []) == 1
    assert shown_sign(p, {0: (None, Fraction(0)), 1: everything}, []) == -1


def test_a_fact_gives_the_sign_of_its_multiples():
    p = polynomial(-2, 0, 1)
    assert shown_sign(polynomial(6, 0, -3), between(None, None), [(p, 1)]) == -1
    assert shown_sign(polynomial(6, 0, -3), between(None, None), [(p, 0)]) == 0
    with pytest.raises(Wrong):
        shown_sign(polynomial(6, 0, -2), between(None, None), [(p, 1)])


def test_a_sum_of_even_powers_is_nowhere_negative_but_may_vanish():
    squares = {((0, 2),): Fraction(1), ((1, 4),): Fraction(3)}
    assert nowhere_opposite(squares, {}) == 1
    with pytest.raises(Wrong):
        shown_sign(squares, {}, [])
    assert shown_sign({**squares, (): Fraction(1)}, {}, []) == 1
    assert nowhere_opposite({**squares, ((1, 4),): Fraction(-3)}, {}) == 0
    assert nowhere_opposite({((0, 2), (1, 1)): Fraction(1)}, {}) == 0


def test_a_product_of_what_is_not_0_is_not_0():
    p, q = polynomial(-2, 0, 1), polynomial(0, 1)
    product = {((0, 1),): Fraction(-2), ((0, 3),): Fraction(1)}
    nowhere_zero(product, {}, [(p, 1)], [q])
    with pytest.raises(Wrong):
        nowhere_zero(product, {}, [(p, 0)], [q])
    with pytest.raises(Wrong):
        nowhere_zero(product, {}, [], [q])


def test_division_of_polynomials():
    p = {((0, 2),): Fraction(1), ((1, 2),): Fraction(-1)}
    q = {((0, 1),): Fraction(2), ((1, 1),): Fraction(2)}
    assert divided(p, q) == {((0, 1),): Fraction(1, 2), ((1, 1),): Fraction(-1, 2)}
    assert divided(q, p) is None
    assert divided({**p, (): Fraction(1)}, q) is None


def rows(*parts):
    return [({((0, 1),): Fraction(a), (): Fraction(b)}, sign, Fraction(by)) for a, b, sign, by in parts]


def test_facts_that_add_up_to_no_more_than_0_contradict_each_other():
    """x - 1 > 0 and x < 0, that is -x > 0: their sum is -1."""
    impossible(rows((1, -1, 1, 1), (1, 0, -1, 1)), {})
    impossible(rows((1, 0, 1, 1), (1, 0, -1, 1)), {})  # the sum is 0, and above 0


@pytest.mark.parametrize(
    "parts",
    [
        [(1, 1, 1, 1), (1, 0, -1, 1)],  # x > -1 and x < 0
        [(1, -1, 1, 1), (1, 0, -1, 2)],  # the multipliers of another sum
        [(1, -1, 1, -1), (1, 0, -1, -1)],  # none may be negative
        [(1, -1, 1, 0), (1, 0, -1, 0)],
        [(1, 0, 0, 1)],  # x = 0
        [(1, 0, 0, 1), (1, 1, 1, 1)],  # x = 0 and x > -1
    ],
)
def test_facts_that_do_not_contradict_each_other(parts):
    with pytest.raises(Wrong):
        impossible(rows(*parts), {})
