"""`trace` and `reset`."""

import weakref

import pytest

from backproof.engine import Value
from backproof.engine.graph import reset, trace


def small():
    a, b, c = Value(2.0, label="a"), Value(3.0, label="b"), Value(4.0, label="c")
    left = a * b
    right = c - a
    return left + right, (a, b, left, c, right)


def test_trace_has_operands_before_results_in_the_order_written():
    out, nodes = small()
    assert trace(out)[0] == [*nodes, out]


def test_trace_has_an_edge_for_every_operand():
    out, (a, b, left, c, right) = small()
    assert trace(out)[1] == [(a, left), (b, left), (c, right), (a, right), (left, out), (right, out)]


def test_an_operand_used_twice_has_two_edges():
    a = Value(2.0)
    out = a * a
    assert trace(out) == ([a, out], [(a, out), (a, out)])


def test_trace_of_a_leaf():
    a = Value(2.0)
    assert trace(a) == ([a], [])


def test_trace_is_repeatable():
    out, _ = small()
    assert trace(out) == trace(out)


def test_trace_of_a_deep_chain():
    out = Value(1.0)
    for _ in range(20_000):
        out = out + 1
    nodes, edges = trace(out)
    assert (len(nodes), len(edges)) == (40_001, 40_000)


def test_reset_gradients():
    out, nodes = small()
    out.backward()
    reset(out, "gradients")
    assert [node.grad for node in (*nodes, out)] == [0] * 6
    out.backward()
    assert nodes[0].grad == 2.0  # b - 1


def test_reset_graph_makes_every_node_a_leaf():
    out, nodes = small()
    out.backward()
    reset(out, "graph")
    assert trace(out) == ([out], [])
    assert (out.data, out.grad, out._prev, out._op) == (8.0, 1.0, (), "")
    assert [node.grad for node in nodes] == [2.0, 2.0, 1.0, 1.0, 1.0]
    out._backward()  # no operands to pass a gradient to
    assert nodes[2].grad == 1.0


def test_reset_graph_frees_unreferenced_nodes():
    out, nodes = small()
    ended = weakref.ref(nodes[2])
    del nodes
    reset(out, "graph")
    assert ended() is None


def test_reset_graph_of_a_deep_chain():
    out = Value(1.0)
    for _ in range(100_000):
        out = out.tanh()
    reset(out, "graph")
    assert trace(out) == ([out], [])


@pytest.mark.parametrize("word", ["gradient", "", None, 1])
def test_another_word_is_refused(word):
    with pytest.raises(ValueError, match=rf'"gradients" or "graph", not {word!r}'):
        reset(Value(1.0), word)
