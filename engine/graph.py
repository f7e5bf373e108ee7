"""The graph below a node: what is in it, and how to clear or cut it."""

from __future__ import annotations

from backproof.engine.node import Node, interior, nothing


def trace(root: Node) -> tuple[list[Node], list[tuple[Node, Node]]]:
    """All nodes that ``root`` was made from, ``root`` last, and every edge as (operand, result).

    The order is always the same: operands before their results, and those of one operation in the order they
    were written.  An operand that is used twice has two edges.
    """
    nodes: dict[Node, None] = {}
    edges: list[tuple[Node, Node]] = []
    for node in interior(root):
        nodes.update(dict.fromkeys(node._prev))  # adds the leaves; the others are there already
        nodes[node] = None
        edges += [(operand, node) for operand in node._prev]
    nodes[root] = None
    return list(nodes), edges


def reset(root: Node, what: str) -> None:
    """Clear what hangs below ``root``, itself included.

    "gradients": every gradient is 0 again, as before `backward`.
    "graph": every node becomes a leaf.  Data and gradients stay, what connected the nodes is freed.

    Raises ValueError for another word.
    """
    if what not in ("gradients", "graph"):
        raise ValueError(f'reset can clear "gradients" or "graph", not {what!r}')
    nodes, _ = trace(root)
    if what == "gradients":
        for node in nodes:
            node.grad = 0
        return
    for node in nodes:
        if node._prev:
            node._prev, node._op, node._constants = (), "", ()
            node._backward = nothing
