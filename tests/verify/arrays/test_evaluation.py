"""A program modulo a chain of primes: its arithmetic is that of integers, at any depth, and its inputs are random."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from flint import nmod_mat

from backproof.verify.arrays.adjoints import adjoints
from backproof.verify.arrays.evaluation import Evaluated, NoPoint
from backproof.verify.arrays.floats import taken
from backproof.verify.arrays.functions import applied
from backproof.verify.arrays.program import Node, Program, numbers_of_view
from backproof.verify.arrays.roots import evaluate
from backproof.verify.arrays.tangents import tangents
from tests.verify.arrays.formulas import HALF, KEPT, MASK, E, S, Variables, equal, kept

RNG = np.random.default_rng(7)
X, W = RNG.normal(size=(4, 5)), RNG.normal(size=(5, 3))
NUMBERS = np.array([[0, 7, -1], [7, 19, 22]])


# --------------------------------------------------------------------------------------- kinds of node, by integers


def kinds(p: Program) -> dict[str, Node]:
    """A node of each kind, rational in x and w."""
    x, w = p.leaf("x", X), p.leaf("w", W)
    batch = p.reshape(p.take([x], np.arange(18) % 17), (2, 3, 3))
    return {
        "leaf": x,
        "constants": p.add(p.constant(np.arange(6.0) / 10), p.number(Fraction(-1, 3))),
        "add": p.add(x, p.sum(x, [0])),
        "negative": p.negative(x),
        "multiply": p.multiply(x, p.take([w], np.arange(5))),
        "power": p.power(x, 3),
        "negative power": p.power(p.add(x, p.number(1)), -2),
        "take": p.take([x, w], NUMBERS),
        "view": p.view(x, 1, (3, 2, 2), (5, 2, 0)),
        "permute": p.permute(batch, (2, 0, 1)),
        "collect": p.collect(p.take([x, w], NUMBERS), np.array([[1, 0, 2], [1, -1, 1]]), 4),
        "sum": p.sum(batch, [0, 2]),
        "sum of none": p.sum(p.reshape(p.take([x], np.zeros((0, 2))), (2, 0)), [1]),
        "dot": p.dot(x, w),
        "dot of many": p.dot(batch, p.reshape(p.take([w], np.arange(9)), (3, 3))),
        "product": p.product(x, 1),
        "inverse": p.inverse(batch),
        "determinant": p.determinant(batch),
        "0-D": p.multiply(p.take([x], np.array(3)), p.determinant(p.reshape(p.take([x], np.arange(16)), (4, 4)))),
    }


KINDS = kinds(Program())


def by_integers(p: Program, root: Node, leaves: dict[str, Any], m: int) -> Any:
    """The residues of a rational program, number by number."""
    found: dict[int, Any] = {}
    for node in p.below([root]):
        value = _by_integers(node, [found[a.index] for a in node.operands], leaves, m)
        found[node.index] = np.asarray(np.asarray(value, object) % m)
    return found[root.index].astype(np.int64)


def _by_integers(node: Node, operands: list[Any], leaves: dict[str, Any], m: int) -> Any:
    match node.kind, operands:
        case "leaf", _:
            return leaves[node.parameter].astype(object)
        case "constant", _:
            exact = [Fraction(repr(float(x))) for x in np.broadcast_to(node.parameter, node.shape).reshape(-1)]
            if node.is_uniform:
                exact = [node.parameter] * node.size
            return np.array([x.numerator * pow(x.denominator, -1, m) for x in exact], object).reshape(node.shape)
        case "add", [a, b]:
            return a + b
        case "negative", [a]:
            return -a
        case "multiply", [a, b]:
            return a * b
        case "power", [a]:
            return np.frompyfunc(lambda x: pow(x, int(node.parameter), m), 1, 1)(a)
        case "take", _:
            return taken(operands, node.parameter)
        case "view", [a]:
            return a.reshape(-1)[numbers_of_view(node)]
        case "collect", [a]:
            total = np.zeros(node.size + 1, object)
            np.add.at(total, node.parameter.reshape(-1), a.reshape(-1))
            return total[:-1]
        case "sum", [a]:
            return a.sum(axis=node.parameter) if a.size else np.zeros(node.shape, object)
        case "dot", [a, b]:
            return a @ b
        case "inverse", [a]:
            inverses = [_matrix(x, m).inv().entries() for x in a.reshape(-1, *a.shape[-2:])]
            return np.array([int(x) for entries in inverses for x in entries], object).reshape(a.shape)
        case "determinant", [a]:
            return np.array([int(_matrix(x, m).det()) for x in a.reshape(-1, *a.shape[-2:])]).reshape(node.shape)
    raise NotImplementedError(node.kind)


def _matrix(a: Any, m: int) -> Any:
    return nmod_mat(*a.shape, [int(x) % m for x in a.reshape(-1)], m)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_node_is_that_of_integers(kind: str) -> None:
    p = Program()
    node = kinds(p)[kind]
    found = evaluate(p, [p.leaf("x"), p.leaf("w"), node], "3")
    x, w, value = found.values
    assert value.shape == node.shape
    assert np.array_equal(value, by_integers(p, node, {"x": x, "w": w}, found.modulus))


def all_kinds(p: Program) -> dict[str, Node]:
    """Also those with functions and roots, of positive numbers."""
    x = p.leaf("x", X)
    positive = p.add(p.power(x, 2), p.number(1))
    functions = ("exp", "log", "sin", "cos", "erf", "tanh", "atan", "lgamma", "log1p", "asinh")
    roots = {f"power {c}": p.power(positive, Fraction(c)) for c in ("1/2", "-1/2", "2/3", "-3")}
    return kinds(p) | roots | {name: applied(p, name, positive) for name in functions}


@pytest.mark.parametrize("kind", all_kinds(Program()))
def test_forward_and_reverse_mode_are_transposes(kind: str) -> None:
    """<g, J·v> = <Jᵀ·g, v>: the two are written apart, and an error in either shows."""
    p = Program()
    node = all_kinds(p)[kind]
    x, w = p.leaf("x"), p.leaf("w")
    g, v, u = p.leaf("g", shape=node.shape), p.leaf("v", shape=x.shape), p.leaf("u", shape=w.shape)
    (moved,) = tangents(p, [node], {x: v, w: u})
    back = adjoints(p, [node], [g], [x, w])

    def inner(a: Node, b: Node) -> Node:
        return p.sum(p.multiply(a, b), range(len(a.shape)))

    left, right = E(p, inner(g, moved)), E(p, p.add(inner(back[0], v), inner(back[1], u)))
    assert equal(left, right)
    assert kind in ("constants", "sum of none") or not equal(left, -right)


# ------------------------------------------------------------------------------------------------------- divisions


def test_a_division_by_0_at_every_point_is_refused() -> None:
    v = Variables()
    for wrong in (v.x / (v.x - v.x), (v.x - v.x).log(), ((v.x - v.x).log() * v.t).exp(), (v.x - v.x) ** -HALF):
        with pytest.raises(NoPoint, match=r"division by 0.* \(6 chains"):
            evaluate(v.p, [wrong.node], "0")
    with pytest.raises(NoPoint, match="inverse"):
        evaluate(v.p, [v.p.inverse(v.p.number(1, (2, 2)))], "0")
    with pytest.raises(NoPoint):
        evaluate(v.p, [(-(v.m + MASK)).exp().node], "0")


def test_an_entry_without_a_value_that_nothing_needs_does_no_harm() -> None:
    v = Variables()
    quotient = (v.x / (v.x * np.array([0.0, 1, 1]))).take([1, 2])
    assert equal(quotient, E(v.p, v.p.number(1, (2,))))
    left_out = (-(v.m + MASK)).exp().take(KEPT) - kept((-v.m).exp())
    assert not evaluate(v.p, [left_out.node], "0").values[0].any()


def test_a_constant_that_is_0_modulo_one_prime_is_seen_by_another() -> None:
    v = Variables()
    modulus = evaluate(v.p, [v.x.node], "0").modulus
    more = v.x + v.x * modulus
    assert equal(more, v.x, "0")
    assert not equal(more, v.x, "1")
    assert evaluate(v.p, [v.x.node], "1").modulus != modulus


def test_a_denominator_that_is_0_modulo_one_prime_makes_another_be_drawn() -> None:
    v = Variables()
    modulus = evaluate(v.p, [v.x.node], "0").modulus
    found = evaluate(v.p, [(v.x * Fraction(1, modulus)).node], "0")
    assert found.modulus != modulus


# ----------------------------------------------------------------------------------------------------------- inputs


def is_square(found: Evaluated, k: int = 0) -> list[bool]:
    return [pow(int(x), (found.modulus - 1) // 2, found.modulus) == 1 for x in found.values[k].reshape(-1)]


def test_inputs_have_the_signs_of_the_point_and_directions_have_any() -> None:
    p = Program()
    s, v = p.leaf("s", S), p.leaf("v", shape=(200,))
    assert is_square(evaluate(p, [s], "0")) == [False, True, False]
    assert is_square(evaluate(p, [s], "0", real={"s": -S})) == [True, False, True]
    assert 60 < sum(is_square(evaluate(p, [v], "0"))) < 140
    assert is_square(evaluate(p, [v], "0", real={"v": np.ones(200)})) == [True] * 200


def test_tied_entries_are_equal_and_others_are_not() -> None:
    p = Program()
    x, y = p.leaf("x", np.array([[1.0, 0, 2], [1, 2, -3]])), p.leaf("y", np.ones(3))
    ties = {"x": np.array([[3, -1, 0], [3, 0, 1]])}
    parts = [x, y, p.function("exp", x), p.power(p.power(x, 2), HALF), p.function("log", p.power(y, 2))]
    tied, _, powers, sizes, _ = evaluate(p, parts, "0", ties).values
    assert tied[0, 1] == sizes[0, 1] == 0
    assert powers[0, 1] == 1
    assert tied[0, 0] == tied[1, 0] != tied[0, 2] == tied[1, 1]
    assert powers[0, 0] == powers[1, 0] != powers[0, 2]
    assert len({0, *tied.reshape(-1).tolist()}) == 4
    with pytest.raises(NoPoint, match="logarithm of it"):
        evaluate(p, [p.function("log", x)], "0", ties)
    some = p.take([p.function("log", x)], np.array([0, 3]))
    assert len(set(evaluate(p, [some], "0", ties).values[0].tolist())) == 1


def test_the_same_seed_gives_the_same_point_and_another_gives_another() -> None:
    def residues(seed: str) -> tuple[Any, ...]:
        v = Variables()
        roots = [(v.x + v.y) ** HALF, v.t.exp(), v.x.erf(), (v.x * math.pi).log()]
        found = evaluate(v.p, [root.node for root in roots], seed)
        return found.modulus, *(value.tolist() for value in found.values)

    assert residues("a") == residues("a")
    assert all(one != other for one, other in zip(residues("a"), residues("b"), strict=True))


def test_a_point_does_not_depend_on_what_else_is_asked_for() -> None:
    v = Variables()
    alone, together = evaluate(v.p, [v.x.node], "0"), evaluate(v.p, [v.y.exp().node, v.x.node], "0")
    assert np.array_equal(alone.values[0], together.values[1])


# -------------------------------------------------------------------------------------------------- depth and memory


def deep(v: Variables, step: Callable[[E], E]) -> E:
    found = v.x
    for _ in range(5000):
        found = step(found)
    return found


DEEP: Sequence[Callable[[Variables], E]] = [
    lambda v: deep(v, lambda a: v.y - a * v.z),
    lambda v: deep(v, lambda a: a + v.z.log()).exp(),
    lambda v: deep(v, lambda a: -a * v.t).log(),
    lambda v: deep(v, lambda a: a * v.t) ** HALF,
    lambda v: deep(v, lambda a: v.y / (a + v.z)),
]


@pytest.mark.parametrize("build", DEEP)
def test_a_chain_of_thousands_of_nodes_is_evaluated(build: Callable[[Variables], E]) -> None:
    found = build(v := Variables())
    assert len(v.p.nodes) > 5000
    assert not equal(found, -found)


def test_arrays_are_given_up_after_their_last_use() -> None:
    p = Program()
    x = p.leaf("x", np.ones(200_000))
    node = x
    for _ in range(100):
        node = p.multiply(p.add(node, x), node)
    tracemalloc.start()
    evaluate(p, [p.sum(node, [0])], "0")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * 8 * x.size
