"""The worked example: one neuron of two inputs, o = tanh(x1*w1 + x2*w2 + b).

    python -m engine.neuron

The bias is chosen so that the numbers come out round: o = 1/√2, and 1 - o² = 1/2.
"""

from __future__ import annotations

from backproof.engine.value import Value


def neuron() -> dict[str, Value]:
    """The nodes of the neuron by their labels, operands before their results."""
    x1, w1 = Value(2.0, label="x1"), Value(-3.0, label="w1")
    x2, w2 = Value(0.0, label="x2"), Value(1.0, label="w2")
    b = Value(6.8813735870195432, label="b")

    x1w1 = x1 * w1
    x2w2 = x2 * w2
    total = x1w1 + x2w2
    n = total + b
    o = n.tanh()

    x1w1.label, x2w2.label, total.label, n.label, o.label = "x1*w1", "x2*w2", "x1*w1 + x2*w2", "n", "o"
    return {node.label: node for node in (x1, w1, x2, w2, b, x1w1, x2w2, total, n, o)}


def by_hand(nodes: dict[str, Value]) -> None:
    """Fill in the gradients as one would on paper: from the output back, one operation after the other."""
    nodes["o"].grad = 1.0
    nodes["o"]._backward()  # tanh passes on 1 - o²
    nodes["n"]._backward()  # + passes its gradient to both sides
    nodes["x1*w1 + x2*w2"]._backward()
    nodes["x2*w2"]._backward()  # * passes to each side the other side, times its gradient
    nodes["x1*w1"]._backward()


def main() -> None:
    """Print every node with its data and the gradient of the output."""
    nodes = neuron()
    nodes["o"].backward()
    print(f"{'node':<14} {'data':>10} {'d o/d node':>11}")
    for label, node in nodes.items():
        print(f"{label:<14} {node.data:>10.4f} {node.grad:>11.4f}")


if __name__ == "__main__":
    main()
