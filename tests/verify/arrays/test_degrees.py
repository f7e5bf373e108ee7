"""How many bits a random trial is worth: 29 less the logarithm of the degree, counted along the program."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from backproof.verify.arrays.degrees import BITS, ROOT_BITS, trial_bits
from backproof.verify.arrays.program import Node, Program
from tests.verify.arrays.formulas import HALF, Variables

DEGREES: dict[str, tuple[Callable[[Variables], Node], int]] = {
    "a constant": (lambda v: v.number(3).node, 1),
    "an input": (lambda v: v.x.node, 1),
    "a product": (lambda v: (v.x * v.y * 5).node, 2),
    "a power": (lambda v: (v.x**5 + v.y).node, 5),
    "a sum of squares": (lambda v: (v.x**2).sum().node, 2),
    "a product of a row": (lambda v: v.m.take(np.arange(4)).product().node, 4),
    "1/x": (lambda v: (v.x**-1).node, 1),
    "x + 1/x": (lambda v: (v.x + v.x**-1).node, 2),
    "1/(1/x)": (lambda v: ((v.x**-1) ** -1).node, 1),
    "a quotient": (lambda v: (v.x / (v.y**3 + 1)).node, 1),
    "a quotient and a number": (lambda v: (v.x / (v.y**3 + 1) + 5).node, 3),
    "a sum of quotients by one": (lambda v: (v.x / v.y.sum()).sum().node, 1),
    "a sum of quotients": (lambda v: (v.x / v.y).sum().node, 3),
    "a matrix product of quotients": (lambda v: v.p.dot((v.m / 7).node, v.p.transpose((v.m**-1).node)), 5),
    "powers of e": (lambda v: (v.t.exp() * v.x).node, 2),
    "sin": (lambda v: v.x.sin().node, 2),
    "sin/cos": (lambda v: v.x.tan().node, 4),
    "erf": (lambda v: (v.x.erf() ** 2).node, 2),
    "a determinant": (lambda v: v.p.determinant(square(v)), 3),
    "an inverse": (lambda v: v.p.inverse(square(v)), 2),
    "the sum of an inverse": (lambda v: v.p.sum(v.p.inverse(square(v)), [0, 1]), 2),
    "collected quotients": (lambda v: v.p.collect((v.x / v.y).node, np.array([0, 1, 1]), 2), 2),
}


def square(v: Variables) -> Node:
    return v.p.view(v.m.node, 0, (3, 3), (5, 1))


@pytest.mark.parametrize("name", DEGREES)
def test_the_degree_of_a_program(name: str) -> None:
    build, degree = DEGREES[name]
    node = build(v := Variables())
    assert trial_bits(v.p, [node]) == pytest.approx(BITS - math.log2(degree))


def test_the_degree_of_an_exponent_counts_modulo_a_smaller_prime() -> None:
    v = Variables()
    assert trial_bits(v.p, [(v.x**64).exp().node]) == BITS - 1 - 6
    assert trial_bits(v.p, [v.x.exp().node, (v.x**2).node]) == BITS - 1
    assert trial_bits(v.p, [(v.x**64).exp().exp().node]) == BITS - 2 - 6
    total = v.m.exp().sum()
    for softmax in (v.m.exp() / total, (v.m - total.log()).exp()):
        assert trial_bits(v.p, [softmax.node]) == BITS - 1


def test_roots_of_sums_cost_two_bits() -> None:
    v = Variables()
    assert trial_bits(v.p, [((v.x + v.y) ** HALF).node]) == BITS - ROOT_BITS
    assert trial_bits(v.p, [(v.x**HALF).node]) == BITS


def test_a_norm_of_rows_costs_one_norm_for_each_row_that_is_summed() -> None:
    def bits(rows: int) -> float:
        p = Program()
        x = p.leaf("x", np.ones((rows, 8)))
        inverse = p.power(p.sum(p.power(x, 2), [1], keep=True), -HALF)
        return trial_bits(p, [p.sum(p.multiply(x, inverse), [0, 1])])

    assert bits(64) == pytest.approx(BITS - ROOT_BITS - math.log2(2 * 64 - 1), abs=0.1)
    assert bits(64) - bits(512) == pytest.approx(3, abs=0.1)


def test_a_degree_beyond_the_primes_says_nothing() -> None:
    v = Variables()
    power = v.x
    for _ in range(40):
        power = power * power
    assert trial_bits(v.p, [power.node]) == 0


def test_the_bits_hold_for_polynomials_with_as_many_zeros_as_they_can_have() -> None:
    """Π (x - k) for k below 2**8 vanishes at 2**8 of the residues, no more: a degree of 2**8."""
    v = Variables()
    p = v.p
    factors = p.subtract(p.broadcast(p.reshape(v.x.node, (3, 1)), (3, 256)), p.constant(np.arange(256.0)))
    assert trial_bits(p, [p.product(factors, 1)]) == BITS - 8
