"""Whole graphs: the mirror of an expression, its gradient, and the check node by node."""

from __future__ import annotations

import pytest
import sympy

from backproof.engine import Value
from backproof.engine.node import interior
from backproof.verify.graph import SYMBOLIC_LIMIT, check_graph, mirror, mirror_gradient, symbols_of

x, y = sympy.symbols("x y", real=True)


def leaves() -> tuple[Value, Value]:
    return Value(0.3, label="x"), Value(-1.2, label="y")


def test_an_expression_is_mirrored_node_by_node() -> None:
    a, b = leaves()
    assert mirror((a * b + 2).tanh() * a**3 - b / a) == sympy.tanh(x * y + 2) * x**3 - y / x


def test_the_mirror_of_a_graph_is_found_at_the_front_door() -> None:
    from backproof import verify

    a, _ = leaves()
    assert verify.mirror_gradient(a.tanh(), a) == 1 - sympy.tanh(x) ** 2
    assert verify.check_graph(a.tanh()).ok


def test_a_leaf_alone_is_its_symbol() -> None:
    a, _ = leaves()
    assert mirror(a) == x


def test_constants_stay_numbers_and_unlabelled_leaves_are_numbered() -> None:
    out = Value(1.0) * 0.5 + 2
    assert mirror(out) == sympy.Symbol("v1", real=True) / 2 + 2


def test_two_leaves_of_one_label_are_two_symbols() -> None:
    assert len({*symbols_of(Value(1.0, label="x") + Value(2.0, label="x")).values()}) == 2


def test_the_constants_of_an_operation_reach_its_form() -> None:
    a, _ = leaves()
    assert mirror(a.leaky_relu(0.25)).subs(x, -4) == -1


def test_the_symbolic_gradient_is_the_engine_s() -> None:
    a, b = leaves()
    out = (a * b + 2).tanh() * a.exp() + (a - b).gelu() * a.max(b)
    out.backward()
    for leaf in (a, b):
        exact = mirror_gradient(out, leaf).subs({x: sympy.Float(0.3, 30), y: sympy.Float(-1.2, 30)})
        assert float(exact) == pytest.approx(leaf.grad, rel=1e-12)


def test_a_shared_node_is_one_node() -> None:
    a, _ = leaves()
    s = a * a
    assert mirror_gradient(s + s, a) == 4 * x


def test_a_large_graph_is_refused_with_the_way_out() -> None:
    out = a = Value(0.5)
    for _ in range(SYMBOLIC_LIMIT + 1):
        out = out + a
    with pytest.raises(ValueError, match=r"check_graph\(root\) verifies it node by node"):
        mirror_gradient(out, a)


def test_a_stranger_is_no_leaf() -> None:
    a, b = leaves()
    with pytest.raises(ValueError, match="is not a leaf of this graph"):
        mirror_gradient(a * a, b)


def deep(value: type[Value], steps: int) -> Value:
    a = value(0.5)
    out = a
    for i in range(steps):
        out = (out * 0.9 + a).tanh() if i % 3 == 2 else out + a if i % 3 else out * 0.5
    return out


def test_a_deep_graph_is_checked_node_by_node() -> None:
    found = check_graph(deep(Value, 30_000))
    assert found.ok
    assert found.nodes == 50_000


@pytest.mark.slow
def test_a_million_nodes() -> None:
    found = check_graph(deep(Value, 600_000))
    assert found.ok
    assert found.nodes == 1_000_000


class Leaky(Value):
    """A tanh that is wrong, deep in a graph."""

    __slots__ = ()

    def tanh(self) -> Leaky:
        out = super().tanh()

        def _backward() -> None:
            self.grad += (1 - out.data) * out.grad

        out._backward = _backward
        return out


def test_a_wrong_rule_is_found_where_it_stands() -> None:
    found = check_graph(deep(Leaky, 30))
    assert not found.ok
    assert {node._op for node, _, _ in found.wrong} == {"tanh"}


class Forgetful(Value):
    """A backward that misses the last node: every rule is right, the total is not."""

    __slots__ = ()

    def backward(self) -> None:
        super().backward()
        for node in self._prev:
            node.grad = 0


def test_a_wrong_order_is_found_by_the_total() -> None:
    a = Forgetful(0.5)
    found = check_graph(a * a + a)
    assert not found.wrong
    assert not found.ok


def test_a_foreign_operation_is_named() -> None:
    out = Value(1.0, (Value(2.0),), "warp")
    with pytest.raises(LookupError, match="'warp' has no spec"):
        mirror(out)


def _passing_on(factor: float) -> type[Value]:
    """A Value whose backward pass is right but for a factor, in every leaf."""

    class Nearly(Value):
        def backward(self) -> None:
            super().backward()
            for node in {child for parent in interior(self) for child in parent._prev if not child._prev}:
                node.grad *= factor

    return Nearly


@pytest.mark.parametrize(("factor", "ok"), [(1.0, True), (1 + 1e-13, False), (1 - 1e-13, False), (1 + 1e-9, False)])
def test_the_total_is_held_to_a_few_roundings(factor: float, ok: bool) -> None:
    kind = _passing_on(factor)
    a = kind(0.3, label="x")
    found = check_graph(a * a * a + a)
    assert found.ok is ok
    assert not found.wrong


@pytest.mark.parametrize(("factor", "ok"), [(1 + 1e-11, True), (1 + 1e-7, False), (1 - 1e-7, False)])
def test_each_rule_is_held_to_its_row(factor: float, ok: bool) -> None:
    class Nearly(Value):
        def tanh(self) -> Nearly:
            out = super().tanh()
            right = out._backward

            def _backward() -> None:
                before = self.grad
                right()
                self.grad = before + factor * (self.grad - before)

            out._backward = _backward
            return out

    assert (not check_graph(Nearly(0.3).tanh()).wrong) is ok
