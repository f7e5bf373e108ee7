"""The worked example, node by node and all at once."""

import math

import pytest

from backproof.engine.neuron import by_hand, main, neuron

GRADIENTS = {"x1": -1.5, "x2": 0.5, "w1": 1.0, "w2": 0.0, "b": 0.5, "n": 0.5, "o": 1.0}


def test_the_output():
    assert neuron()["o"].data == pytest.approx(0.7071067811865477, rel=1e-15)
    assert neuron()["o"].data == pytest.approx(1 / math.sqrt(2), rel=1e-15)


@pytest.mark.parametrize("fill", [by_hand, lambda nodes: nodes["o"].backward()], ids=["by hand", "backward"])
def test_the_gradients(fill):
    nodes = neuron()
    fill(nodes)
    assert {label: nodes[label].grad for label in GRADIENTS} == pytest.approx(GRADIENTS, rel=1e-15, abs=1e-15)


def test_by_hand_and_by_backward_agree_to_the_bit():
    one, other = neuron(), neuron()
    by_hand(one)
    other["o"].backward()
    assert [node.grad for node in one.values()] == [node.grad for node in other.values()]


def test_it_prints_a_table(capsys):
    main()
    rows = [line.rsplit(maxsplit=2) for line in capsys.readouterr().out.splitlines()[1:]]
    assert {label.strip(): float(gradient) for label, _, gradient in rows}.items() >= GRADIENTS.items()
