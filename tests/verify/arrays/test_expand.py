"""A program as terms of its entries: their values are those of the arrays, and the prover's decider takes them."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from backproof.verify.arrays import expand, floats
from backproof.verify.arrays.adjoints import adjoints
from backproof.verify.arrays.expand import TooLarge, entry_names, terms
from backproof.verify.arrays.functions import applied
from backproof.verify.arrays.program import PI, Node, Program
from backproof.verify.evaluate.floats import compile_floats
from backproof.verify.finite_fields.identity import tried
from backproof.verify.terms.notation.code import written
from backproof.verify.terms.term import Term, constant, symbol, symbols_of, topological

X = np.random.default_rng(8).normal(size=(2, 3))


def everything(p: Program) -> dict[str, Node]:
    """A node of each kind, of x."""
    x = p.leaf("x", X)
    square = p.add(p.dot(p.transpose(x), x), p.constant(np.eye(3)))
    return {
        "leaf": x,
        "constants": p.add(p.constant([0.1, 0.2]), p.number(PI)),
        "add": p.add(x, p.negative(p.number(Fraction(1, 3), (2, 3)))),
        "multiply": p.multiply(x, p.constant([1.0, 0.0, 2.0])),
        "power": p.power(p.multiply(x, x), Fraction(-3, 2)),
        "reciprocal root": p.power(p.multiply(x, x), Fraction(-1, 2)),
        "function": applied(p, "lgamma", p.multiply(x, x)),
        "take": p.take([x], [[5, -1], [0, 5]]),
        "view": p.view(x, 1, (2, 2), (1, 3)),
        "collect": p.collect(x, [[1, -1, 1], [0, 1, 1]], 3),
        "sum": p.sum(x, [0]),
        "sum of nothing": p.sum(p.take([x], np.zeros((0, 2))), [0]),
        "dot": p.dot(x, p.transpose(x)),
        "inverse": p.inverse(square),
        "determinant": p.determinant(square),
    }


KINDS = everything(Program())


@pytest.mark.parametrize("kind", KINDS)
def test_the_terms_have_the_values_of_the_array(kind: str) -> None:
    p = Program()
    node = everything(p)[kind]
    (found,) = terms(p, [node])
    names = entry_names({"x": (2, 3)})["x"]
    values = compile_floats(found, names)(*X.reshape(-1))
    (expected,) = floats.values(p, [node], {})
    np.testing.assert_allclose(values, expected.reshape(-1), rtol=1e-10, atol=1e-13)


def test_symbols_are_named_by_their_places_and_a_number_by_itself() -> None:
    p = Program()
    (found,) = terms(p, [p.add(p.leaf("x", shape=(1, 2)), p.leaf("eps", 0.5))])
    assert [symbols_of(entry) for entry in found] == [["x_0_0", "eps"], ["x_0_1", "eps"]]


def test_two_entries_never_share_a_name() -> None:
    names = entry_names({"x": (2,), "x_0": (), "y": (1,), "x__0": ()})
    assert names == {"x": ["x___0", "x___1"], "x_0": ["x_0"], "y": ["y_0"], "x__0": ["x__0"]}


def test_roots_and_quotients_are_written_as_such() -> None:
    p = Program()
    x = p.leaf("x", 2.0)
    found = terms(p, [p.power(x, Fraction(-1, 2)), p.power(x, -3)])
    assert [written(entry) for (entry,) in found] == ["1/sqrt(x)", "1/x**3"]


def test_given_terms_take_the_place_of_symbols() -> None:
    p = Program()
    g = np.array([symbol("g") * 2, symbol("h")], dtype=object)
    (found,) = terms(p, [p.multiply(p.leaf("g0", shape=(2,)), p.leaf("x", shape=(2,)))], {"g0": g})
    assert [symbols_of(entry) for entry in found] == [["g", "x_0"], ["h", "x_1"]]


def test_float_constants_stay_what_they_are() -> None:
    p = Program()
    ((found,),) = terms(p, [p.add(p.leaf("x", 1.0), p.number(0.1))])
    assert constant(0.1) in found.args


def softmax(p: Program, mask: Node | None, missing: bool = False) -> tuple[list[Term], list[Term]]:
    """The gradient as a rule returns it, and by reverse mode, of Σ g·softmax(x + mask)."""
    x, g = p.leaf("x", X), p.leaf("g0", shape=X.shape)
    powers = applied(p, "exp", x if mask is None else p.add(x, mask))
    y = p.divide(powers, p.sum(powers, [1], keep=True))
    rule = p.multiply(y, p.subtract(g, p.sum(g if missing else p.multiply(y, g), [1], keep=True)))
    ours, true = terms(p, [rule, adjoints(p, [y], [g], [x])[0]])
    return ours, true


MASK = np.array([[0.0, -math.inf, 0.0], [-math.inf, 0.0, 0.0]])


@pytest.mark.parametrize("masked", [False, True])
def test_a_softmax_is_decided_and_its_wrong_rule_differs(masked: bool) -> None:
    """Without a trace of -∞, of which no field knows anything."""
    p = Program()
    mask = p.constant(MASK) if masked else None
    ours, true = softmax(p, mask)
    assert all(t.op != "special" for t in topological(*ours, *true))
    assert tried(list(zip(ours, true, strict=True)), "0").same
    wrong, true = softmax(Program(), None, missing=True)
    assert not tried(list(zip(wrong, true, strict=True)), "0").same


def test_nothing_times_what_may_have_no_value_is_kept() -> None:
    p = Program()
    x = p.leaf("x", [1.0, 2.0])
    zero_one = p.constant([0.0, 1.0])
    kept, whole = terms(p, [p.multiply(zero_one, p.power(x, -1)), p.multiply(zero_one, x)])
    assert symbols_of(kept[0]) == ["x_0"]
    assert whole == [constant(0), symbol("x_1")]


@pytest.mark.parametrize("kind", ["inverse", "determinant"])
@pytest.mark.parametrize("size", [0, 1, 2, 4])
def test_matrices_are_written_out_up_to_four_rows(kind: str, size: int) -> None:
    p = Program()
    matrix = np.random.default_rng(size).normal(size=(size, size)) + 3 * np.eye(size)
    (found,) = terms(p, [getattr(p, kind)(p.leaf("a", matrix))])
    values = compile_floats(found, entry_names({"a": (size, size)})["a"])(*matrix.reshape(-1))
    expected = np.linalg.inv(matrix) if kind == "inverse" else np.linalg.det(matrix)
    np.testing.assert_allclose(values, np.reshape(expected, -1), rtol=1e-9, atol=1e-12)
    larger = Program()
    with pytest.raises(TooLarge, match="5×5"):
        terms(larger, [getattr(larger, kind)(larger.leaf("a", np.eye(5)))])


def test_more_terms_than_there_may_be_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expand, "MOST_TERMS", 20)
    p = Program()
    node = x = p.leaf("x", np.arange(5.0))
    assert len(terms(p, [p.add(x, x)])[0]) == 5
    for _ in range(10):
        node = p.add(p.multiply(node, x), x)
    with pytest.raises(TooLarge, match="more than 20 terms"):
        terms(p, [node])
