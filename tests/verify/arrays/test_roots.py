"""Points at which all roots exist: with the signs of the real point, and as little as possible drawn again."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from backproof.verify.arrays import roots
from backproof.verify.arrays.adjoints import adjoints
from backproof.verify.arrays.evaluation import NoPoint
from backproof.verify.arrays.floats import values
from backproof.verify.arrays.laws import Plan
from backproof.verify.arrays.program import Node, Program
from backproof.verify.arrays.reach import feeding
from backproof.verify.arrays.roots import evaluate
from backproof.verify.arrays.tangents import tangents
from tests.verify.arrays.formulas import HALF, E, Variables, equal


def normal(*shape: int) -> NDArray[np.float64]:
    """The same each time."""
    return np.random.default_rng(11).normal(size=shape)


def normalized(p: Program, x: Node, axis: int = -1) -> Node:
    """x over the root of the mean of its squares."""
    mean = p.mean(p.power(x, 2), [axis], keep=True)
    return p.multiply(x, p.power(p.add(mean, p.number(1e-6)), -HALF))


# ----------------------------------------------------------------------------------------------- signs of radicands


@pytest.mark.parametrize("sign", [1, -1])
def test_the_root_of_a_square_is_the_absolute_value_in_both_signs(sign: int) -> None:
    """g over the root of (x + y)² times x + y is g where x + y > 0, and -g where it is negative: never both."""
    p = Program()
    g = p.leaf("g", np.ones(2))
    total = p.add(p.leaf("x", sign * np.array([1.5, 2.0])), p.leaf("y", sign * np.array([-1.0, 0.3])))
    gradient = p.multiply(g, p.multiply(total, p.power(p.power(total, 2), -HALF)))
    for seed in "0123":
        assert equal(E(p, gradient), E(p, p.scaled(g, Fraction(sign))), seed)
        assert not equal(E(p, gradient), E(p, p.scaled(g, Fraction(-sign))), seed)


def test_the_sign_is_that_of_the_point_that_is_passed() -> None:
    v = Variables()
    root = ((v.x - v.y) ** 2) ** HALF
    assert not equal(root, v.x - v.y)
    assert equal(root, v.x - v.y, real={"x": np.full(3, 5.0)})
    assert equal(root, v.y - v.x, real={"x": np.zeros(3)})


def test_a_radicand_that_is_negative_at_the_point_stands_for_its_absolute_value() -> None:
    v = Variables()
    assert equal((-v.x - v.y) ** HALF, (v.x + v.y) ** HALF)


def test_roots_within_exponents_and_of_exponents() -> None:
    v = Variables()
    root = (v.x + v.y) ** HALF
    assert equal((root + v.t).exp(), root.exp() * v.t.exp())
    assert not equal((root - v.t).exp(), root.exp() * v.t.exp())
    assert equal((v.t.exp() + 1) ** HALF * (v.t.exp() + 1) ** HALF, v.t.exp() + 1)


# ---------------------------------------------------------------------------------------------------------- searches


def rows(p: Program) -> list[Node]:
    return [normalized(p, p.leaf("x", normal(500, 8)))]


def attention(p: Program) -> list[Node]:
    """With queries and keys that are normalized, so that there are roots in the exponents."""
    q, k, v = (p.leaf(name, normal(32, 8)) for name in "qkv")
    scores = p.function("exp", p.dot(normalized(p, q), p.transpose(normalized(p, k))))
    return [p.dot(p.divide(scores, p.sum(scores, [-1], keep=True)), v)]


def rows_and_columns(p: Program) -> list[Node]:
    x = p.leaf("x", normal(12, 12))
    return [normalized(p, x, 0), normalized(p, x, 1)]


def coupled(p: Program) -> list[Node]:
    """Every entry feeds every root."""
    return [normalized(p, normalized(p, p.leaf("x", normal(4, 3)), 0), 1)]


def layers(p: Program) -> list[Node]:
    """Each root is fed by the layers before, and by weights of its own."""
    x = p.leaf("x", normal(3, 4))
    for k in range(8):
        x = p.add(x, p.dot(normalized(p, x), p.leaf(f"w{k}", normal(4, 4))))
    return [x]


def variances(p: Program) -> list[Node]:
    """The same ones, computed in two ways, and multiples of them."""
    x = p.leaf("x", normal(30, 6))
    mean = p.mean(x, [1])
    centred = p.subtract(x, p.mean(x, [1], keep=True))
    first = p.subtract(p.mean(p.power(x, 2), [1]), p.power(mean, 2))
    return [p.power(first, HALF), p.power(p.scaled(p.sum(p.power(centred, 2), [1]), Fraction(1, 5)), HALF)]


def lengths(p: Program) -> list[Node]:
    """One number each, and one that is 0: no multiples of one another."""
    vectors = [p.leaf(f"x{k}", normal(3)) for k in range(8)]
    return [p.power(p.number(0), HALF), *(p.power(p.sum(p.power(x, 2), [0]), HALF) for x in vectors)]


SEARCHES: dict[str, tuple[Callable[[Program], list[Node]], int, bool]] = {
    "rows": (rows, 40, False),
    "attention": (attention, 60, False),
    "lengths": (lengths, 40, False),
    "variances": (variances, 60, False),
    "rows and columns": (rows_and_columns, 200, True),
    "coupled": (coupled, 200, True),
    "layers": (layers, 150, True),
}


@pytest.mark.parametrize("name", SEARCHES)
def test_a_point_is_found_within_a_number_of_draws(name: str) -> None:
    build, most, shared = SEARCHES[name]
    p = Program()
    wanted = build(p)
    found = evaluate(p, wanted, "0")
    assert found.redraws <= most
    assert found.shared_roots == shared


def test_a_law_holds_between_roots_that_were_searched_for() -> None:
    """Queries that are normalized keep their length 1: the mean of their squares is 1 but for the 1e-6."""
    p = Program()
    x = p.leaf("x", normal(20, 5))
    squares = p.mean(p.power(x, 2), [1])
    length = p.mean(p.power(normalized(p, x), 2), [1])
    expected = p.divide(squares, p.add(squares, p.number(1e-6)))
    assert equal(E(p, length), E(p, expected))
    assert not equal(E(p, length), E(p, p.number(1, (20,))))


def test_the_derivative_of_a_norm_is_equal_and_with_a_wrong_sign_it_is_not() -> None:
    p = Program()
    x, g = p.leaf("x", normal(9, 4)), p.leaf("g", normal(9, 4))
    inverse = p.power(p.sum(p.power(x, 2), [1], keep=True), -HALF)
    y = p.multiply(x, inverse)
    along = p.multiply(y, p.sum(p.multiply(g, y), [1], keep=True))
    (expected,) = adjoints(p, [y], [g], [x])
    assert equal(E(p, p.multiply(inverse, p.subtract(g, along))), E(p, expected))
    assert not equal(E(p, p.multiply(inverse, p.add(g, along))), E(p, expected))


def test_only_entries_that_feed_a_missing_root_are_drawn_again() -> None:
    """A row whose root exists at once keeps its entries, as do other inputs."""
    p = Program()
    x, y = p.leaf("x", normal(40, 3)), p.leaf("y", normal(40, 3))
    before, other = evaluate(p, [x, y], "0").values
    after, same, _ = evaluate(p, [x, y, normalized(p, x)], "0").values
    assert np.array_equal(other, same)
    kept = (before == after).all(1)
    assert 8 < kept.sum() < 32
    assert (before != after)[~kept].any(1).all()


def test_a_constant_whose_root_is_needed_is_a_square_modulo_the_prime() -> None:
    v = Variables()
    for n in (5, 7, 11, 13):
        assert equal(v.number(n) ** HALF * v.number(Fraction(1, n)) ** HALF, v.number(1))
    assert equal((v.x * 55) ** HALF, v.x**HALF * math.sqrt(55))
    primes = (5, 7, 11, 13, 17, 19)
    found = evaluate(v.p, [((v.scalar(n) * v.scalar(2)) ** HALF).node for n in primes], "0")
    assert [int(root) ** 2 % found.modulus for root in found.values] == [2 * n for n in primes]


def test_a_multiple_of_a_sum_needs_no_root_of_the_number() -> None:
    """Fifteen primes with roots of all of them would be too many to ask for."""
    p = Program()
    primes = (5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59)
    sums = [p.scaled(p.sum(p.leaf(f"x{n}", np.ones((3, 2))), [1]), Fraction(n)) for n in primes]
    roots = [p.power(total, HALF) for total in sums]
    found = evaluate(p, [*sums, *roots], "0")
    for total, root in zip(found.values[:15], found.values[15:], strict=True):
        assert np.array_equal(root * root % found.modulus, total)


def test_multiples_by_no_square_cost_another_prime_not_a_search() -> None:
    v = Variables()
    total = v.x + v.y
    roots = [(total / n) ** HALF for n in (7, 8)]
    found = [evaluate(v.p, [root.node for root in roots], str(seed)).redraws for seed in range(8)]
    assert max(found) <= 100


def test_ties_stay_ties_while_roots_are_searched_for() -> None:
    p = Program()
    x = p.leaf("x", np.array([[1.0, 1, 2], [2, 1, 3], [0, 1, 1]] * 4))
    numbers = np.array([[1, 1, 2], [2, 1, 3], [-1, 1, 1]] * 4)
    ties = {"x": numbers}
    found = evaluate(p, [x, normalized(p, x)], "0", ties)
    assert found.redraws > 0
    for k in (1, 2, 3):
        assert len(set(found.values[0][numbers == k].tolist())) == 1
    assert not found.values[0][numbers < 0].any()


# --------------------------------------------------------------------------------------------------- what cannot be


def test_roots_that_cannot_all_exist_are_given_up_after_a_number_of_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """|x - mean x| of forty entries, all of which feed all roots."""
    monkeypatch.setattr(roots, "MOST_REDRAWS", 20)
    p = Program()
    x = p.leaf("x", normal(40))
    node = p.power(p.power(p.subtract(x, p.mean(x, [0], keep=True)), 2), HALF)
    with pytest.raises(NoPoint, match="no point at which all roots exist was found in 20 draws"):
        evaluate(p, [node], "0")


def test_the_work_of_a_search_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    p = Program()
    (node,) = coupled(p)
    looks = sum(step.node.size + 10_000 for step in Plan(p, [node]).steps)
    monkeypatch.setattr(roots, "MOST_WORK", looks)
    with pytest.raises(NoPoint, match=r"in [0-6] draws"):
        evaluate(p, [node], "2")


def test_more_roots_of_constants_than_a_chain_of_primes_has_are_refused() -> None:
    v = Variables()
    product = v.x
    for n in (5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59):
        product = product * v.number(n) ** HALF
    with pytest.raises(NoPoint, match="15 constants have roots"):
        evaluate(v.p, [product.node], "0")


def test_where_no_point_is_found_logarithms_in_exponents_have_no_laws(monkeypatch: pytest.MonkeyPatch) -> None:
    v = Variables()
    power = (v.x + v.z) ** v.t
    assert evaluate(v.p, [power.node], "0").opaque == frozenset()
    monkeypatch.setattr(roots, "MOST_REDRAWS", 0)
    (seed,) = [seed for seed in "0123456" if "log of a sum" in evaluate(v.p, [power.node], seed).opaque][:1]
    assert equal(power * v.y, v.y * power, seed)
    assert not equal(power * (v.x + v.z), (v.x + v.z) ** (v.t + 1), seed)
    lengths = v.p.power(v.p.sum(v.p.power(v.p.leaf("rows", np.ones((40, 2))), 2), [1]), HALF)
    with pytest.raises(NoPoint):
        evaluate(v.p, [power.node, lengths], "0")


# ---------------------------------------------------------------------------------------------------------- feeding

KINDS: dict[str, Callable[[Program, Node], Node]] = {
    "entry by entry": lambda p, x: p.add(p.negative(p.power(x, 3)), p.number(1)),
    "take": lambda p, x: p.take([x, p.number(1, (2,))], np.array([[3, 3, -1], [20, 19, 0]])),
    "take of one twice": lambda p, x: p.take([x, x], np.array([3, 27])),
    "view": lambda p, x: p.view(x, 1, (3, 2, 2), (5, 2, 0)),
    "collect": lambda p, x: p.collect(x, np.arange(20).reshape(4, 5) % 4 - 1, 4),
    "sum": lambda p, x: p.sum(x, [0]),
    "dot": lambda p, x: p.dot(p.view(x, 0, (2, 3), (5, 1)), p.view(x, 10, (3, 2), (1, 3))),
    "determinant": lambda p, x: p.determinant(p.view(x, 2, (2, 2, 2), (8, 3, 1))),
    "inverse": lambda p, x: p.inverse(p.add(p.view(x, 2, (2, 2), (3, 1)), p.constant(5 * np.eye(2)))),
    "a product of logs": lambda p, x: p.function("exp", p.sum(p.function("log", p.power(x, 2)), [1])),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_feeds_an_entry_is_what_it_moves_with(kind: str) -> None:
    p = Program()
    x = p.leaf("x", normal(4, 5))
    node = KINDS[kind](p, x)
    plan = Plan(p, [node])
    moved = []
    for k in range(x.size):
        direction = np.zeros(x.size)
        direction[k] = 1
        (tangent,) = values(p, tangents(p, [node], {x: p.constant(direction.reshape(x.shape))}), {})
        moved.append(tangent.reshape(-1) != 0)
    for entry in range(node.size):
        label = np.zeros(node.shape, np.bool_)
        label.reshape(-1)[entry] = True
        found = feeding(plan.steps, {plan.roots[0]: label}, {"drawn"})
        fed = np.any(list(found.values()) or [np.zeros(x.shape)], 0)
        assert np.array_equal(fed.reshape(-1), [column[entry] for column in moved])


def test_the_largest_label_arrives() -> None:
    p = Program()
    x = p.leaf("x", np.ones(3))
    plan = Plan(p, [p.take([x], np.array([0, 1, 1, -1]))])
    (labels,) = feeding(plan.steps, {plan.roots[0]: np.array([4, 9, 7, 8])}, {"drawn"}).values()
    assert labels.tolist() == [4, 9, 0]
