"""Single entries in interval arithmetic: they are those of the floats, at any precision, and few others are needed."""

from __future__ import annotations

import math
from fractions import Fraction

import flint
import numpy as np
import pytest
from flint import arb

from backproof.verify.arrays import floats
from backproof.verify.arrays.adjoints import adjoints
from backproof.verify.arrays.balls import entries
from backproof.verify.arrays.cone import MOST_ENTRIES, TooLarge, cone
from backproof.verify.arrays.functions import applied
from backproof.verify.arrays.program import PI, Node, Program

RNG = np.random.default_rng(5)
X, W = RNG.normal(size=(4, 5)), RNG.normal(size=(5, 3))
NUMBERS = np.array([[0, 7, -1], [7, 19, 22]])
"""Of the entries of x, then w; one is there twice, one is none."""


def everything(p: Program) -> dict[str, Node]:
    """A node of each kind, of x and w."""
    x, w = p.leaf("x", X), p.leaf("w", W)
    batch = p.reshape(p.take([x], np.arange(18) % 17), (2, 3, 3))
    regular = p.add(batch, p.constant(3 * np.eye(3)))
    return {
        "leaf": x,
        "constants": p.add(p.constant(np.arange(6.0) / 10), p.add(p.number(PI), p.number(Fraction(1, 3)))),
        "add": p.add(x, p.sum(x, [0])),
        "negative": p.negative(x),
        "multiply": p.multiply(x, p.take([w], np.arange(5))),
        "power": p.power(p.multiply(x, x), Fraction(-1, 2)),
        "whole power": p.power(x, -3),
        "function": applied(p, "tanh", x),
        "function of an order": p.function("polygamma", p.multiply(x, x), [Fraction(1)]),
        "take": p.take([x, w], NUMBERS),
        "view": p.view(x, 1, (3, 2, 2), (5, 2, 0)),
        "collect": p.collect(p.take([x, w], NUMBERS), np.array([[1, 0, 2], [1, -1, 1]]), 4),
        "sum": p.sum(batch, [0, 2]),
        "dot": p.dot(x, w),
        "dot of many": p.dot(batch, p.reshape(p.take([w], np.arange(9)), (3, 3))),
        "inverse": p.inverse(regular),
        "determinant": p.determinant(regular),
        "all of them": p.sum(p.dot(p.inverse(regular), p.transpose(batch)), [0, 1, 2]),
    }


KINDS = everything(Program())


@pytest.mark.parametrize("kind", KINDS)
def test_each_entry_encloses_the_number_that_the_float_rounds(kind: str) -> None:
    p = Program()
    node = everything(p)[kind]
    (expected,) = floats.values(p, [node], {})
    found = entries(p, [(node, k) for k in range(node.size)], {})
    fine = entries(p, [(node, k) for k in range(node.size)], {}, bits=400)
    np.testing.assert_allclose([float(x.mid()) for x in found], expected.reshape(-1), rtol=1e-11, atol=1e-13)
    assert all(x.contains(y) and x.rel_accuracy_bits() > 100 for x, y in zip(found, fine, strict=True))


def test_entries_come_in_the_order_in_which_they_were_asked_for() -> None:
    p = Program()
    x, w = p.leaf("x", X), p.leaf("w", W)
    found = entries(p, [(x, 3), (w, 14), (x, 0), (x, 3)], {})
    assert list(map(float, found)) == [X.flat[3], W.flat[14], X.flat[0], X.flat[3]]


def test_leaves_are_those_that_are_given_and_else_those_of_the_point() -> None:
    p = Program()
    root = p.multiply(p.leaf("x", X), p.leaf("along x", shape=X.shape))
    (found,) = entries(p, [(root, 7)], {"along x": np.full(X.shape, 2.0)})
    (other,) = entries(p, [(root, 7)], {"along x": np.full(X.shape, 2.0), "x": X + 1})
    assert float(found) == 2 * X.flat[7]
    assert float(other) == 2 * (X.flat[7] + 1)
    with pytest.raises(ValueError, match="'along x' has no value"):
        entries(p, [(root, 7)], {})


def test_what_floats_lose_is_there() -> None:
    p = Program()
    x = p.leaf("x", [1.0, 1e-30])
    first, second = (p.take([x], [k]) for k in (0, 1))
    lost = p.subtract(p.add(first, second), first)
    assert floats.values(p, [lost], {})[0] == 0
    assert float(entries(p, [(lost, 0)], {})[0].mid()) == pytest.approx(1e-30, rel=1e-6, abs=0)
    wide = entries(p, [(lost, 0)], {}, bits=53)[0]
    assert wide.contains(0)
    assert wide.contains(arb(1e-30))


def test_a_float_constant_is_what_it_means_and_data_are_what_they_are() -> None:
    p = Program()
    x = p.leaf("x", [1.0, 1.0])
    constant, data = p.multiply(x, p.number(0.1)), p.multiply(x, p.constant([0.1, 0.3]))
    (read,), (itself,) = entries(p, [(constant, 0)], {}), entries(p, [(constant, 0)], {}, read=arb)
    (alone,), (first, _) = entries(p, [(data, 0)], {}), entries(p, [(data, 0), (data, 1)], {})
    with flint.ctx.workprec(300):
        assert read.contains(arb(1) / 10)
    assert itself == alone == first == 0.1


def test_an_infinite_mask_is_no_constant_to_be_read() -> None:
    p = Program()
    masked = applied(p, "exp", p.add(p.leaf("x", [2.0, 3.0]), p.constant([-math.inf, 0.0])))
    assert list(map(float, entries(p, [(masked, 0)], {}, read=lambda _: arb(7)))) == [0.0]


def test_what_has_no_value_is_no_number() -> None:
    p = Program()
    x = p.leaf("x", [[1.0, 2.0], [2.0, 4.0]])
    for root in (p.inverse(x), p.power(p.subtract(x, x), -1), applied(p, "log", p.negative(x))):
        assert not entries(p, [(root, 0)], {})[0].is_finite()


def layer_norm(rows: int) -> tuple[Program, Node]:
    """Its true gradient by x."""
    p = Program()
    x, w = p.leaf("x", RNG.normal(size=(rows, 8))), p.leaf("w", RNG.normal(size=8))
    centred = p.subtract(x, p.mean(x, [1], keep=True))
    variance = p.mean(p.multiply(centred, centred), [1], keep=True)
    y = p.multiply(p.multiply(centred, p.power(p.add(variance, p.number(1e-5)), Fraction(-1, 2))), w)
    return p, adjoints(p, [y], [p.leaf("g0", RNG.normal(size=(rows, 8)))], [x])[0]


def test_an_entry_of_a_layer_norm_needs_its_row_only() -> None:
    sizes = [cone(p, [(gradient, 13)]).size for p, gradient in map(layer_norm, (4, 512, 4096))]
    assert sizes[0] == sizes[1] == sizes[2] < 20 * 8
    p, gradient = layer_norm(512)
    (expected,) = floats.values(p, [gradient], {})
    assert float(entries(p, [(gradient, 13)], {})[0].mid()) == pytest.approx(expected.flat[13], rel=1e-11)


def test_the_leaves_of_a_cone_are_parts_of_the_whole_ones() -> None:
    p = Program()
    x, w = p.leaf("x", X), p.leaf("w", W)
    small = cone(p, [(p.dot(x, w), 4)])  # row 1 of x, column 1 of w
    assert {name: numbers.tolist() for name, numbers in small.leaves.items()} == {
        "x": [5, 6, 7, 8, 9],
        "w": [1, 4, 7, 10, 13],
    }
    parts = small.parts({"x": 2 * X, "another": X})
    assert list(parts) == ["x"]
    (found,) = floats.values(small.program, [small.entries], parts)
    np.testing.assert_allclose(found, [2 * X[1] @ W[:, 1]])


def test_entries_that_are_needed_for_something_else_are_not_taken_in() -> None:
    p = Program()
    x = p.leaf("x", [1.0, 2.0, 4.0])
    collected = p.collect(x, [0, 1, 0], 2)
    assert list(map(float, entries(p, [(collected, 0), (x, 1)], {}))) == [5, 2]
    assert cone(p, [(p.take([x], [-1, 1]), k) for k in (0, 1)]).leaves["x"].tolist() == [1]


def test_more_entries_than_can_be_looked_at_are_refused() -> None:
    p = Program()
    x = p.leaf("x", np.ones(MOST_ENTRIES + 1))
    assert float(entries(p, [(p.negative(x), 3)], {})[0]) == -1
    with pytest.raises(TooLarge, match="depend on more than 100000"):
        entries(p, [(p.sum(x, [0]), 0)], {})
    a = p.reshape(p.take([x], np.arange(200 * 200)), (200, 200))
    square = p.dot(a, a)
    with pytest.raises(TooLarge, match="products and sums"):
        entries(p, [(square, k) for k in range(square.size)], {})


def test_a_long_chain_needs_no_recursion() -> None:
    p = Program()
    node = p.leaf("x", [1.0])
    for k in range(5000):
        node = p.add(node, p.number(Fraction(1, k + 2), (1,)))
    assert float(entries(p, [(node, 0)], {})[0].mid()) == pytest.approx(sum(1 / k for k in range(1, 5002)))
