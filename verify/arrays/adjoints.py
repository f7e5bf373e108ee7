"""Reverse mode on array programs: adjoints, as further nodes of the same program.

It does not judge: it says which entries of a gradient are wrong, which inputs feed a root, and what an operation
computes that is another's transpose, such as a transposed convolution.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from backproof.verify.arrays.functions import slope
from backproof.verify.arrays.program import Node, Program, contiguous, numbers_of_view
from backproof.verify.arrays.tangents import power_slope


def adjoints(program: Program, roots: Sequence[Node], weights: Sequence[Node], leaves: Sequence[Node]) -> list[Node]:
    """Σ weights·(derivatives of the roots) by each of the leaves, which may be any nodes."""
    back = _Backward(program, roots, leaves)
    for root, weight in zip(roots, weights, strict=True):
        back.give(root, weight)
    for node in reversed(program.below(roots)):
        if node.index in back.found and node.index not in back.wanted:
            _pass_on(back, node, back.found[node.index])
    return [back.found.get(leaf.index) or program.number(0, leaf.shape) for leaf in leaves]


class _Backward:
    """What has arrived at each node so far, and which nodes the leaves feed."""

    def __init__(self, program: Program, roots: Sequence[Node], leaves: Sequence[Node]) -> None:
        self.program = program
        self.found: dict[int, Node] = {}
        self.wanted = {leaf.index for leaf in leaves}
        self.fed = set(self.wanted)
        for node in program.below(roots):
            if any(a.index in self.fed for a in node.operands):
                self.fed.add(node.index)

    def give(self, node: Node, adjoint: Node) -> None:
        if node.index in self.fed:
            before = self.found.get(node.index)
            self.found[node.index] = adjoint if before is None else self.program.add(before, adjoint)


def _pass_on(back: _Backward, node: Node, g: Node) -> None:
    p, operands, parameter = back.program, node.operands, node.parameter
    match node.kind:
        case "add":
            for a in operands:
                back.give(a, g)
        case "negative":
            back.give(operands[0], p.negative(g))
        case "multiply":
            for a, b in (operands, operands[::-1]):
                if a.index in back.fed:
                    back.give(a, p.multiply(g, b))
        case "power":
            back.give(operands[0], p.multiply(g, power_slope(p, node)))
        case "function":
            back.give(operands[0], p.multiply(g, slope(p, node)))
        case "dot":
            a, b = operands
            if a.index in back.fed:
                back.give(a, p.dot(g, p.transpose(b)))
            if b.index in back.fed:
                back.give(b, p.dot(p.transpose(a), g))
        case "sum":
            kept = [1 if k in parameter else n for k, n in enumerate(operands[0].shape)]
            back.give(operands[0], p.broadcast(p.reshape(g, kept), operands[0].shape))
        case "take":
            _pass_on_take(back, node, g)
        case "view":
            back.give(operands[0], _of_view(p, node, g))
        case "collect":
            back.give(operands[0], p.take([g], parameter))
        case "inverse":
            back.give(operands[0], p.negative(p.dot(p.dot(p.transpose(node), g), p.transpose(node))))
        case "determinant":
            weight = p.reshape(p.multiply(g, node), (*node.shape, 1, 1))
            back.give(operands[0], p.multiply(weight, p.transpose(p.inverse(operands[0]))))


def _pass_on_take(back: _Backward, node: Node, g: Node) -> None:
    p, start = back.program, 0
    for a in _each_once(node.operands):
        if a.index in back.fed:
            numbers = np.full(node.shape, -1, np.int64)
            place = 0
            for operand in node.operands:  # which may be there twice
                if operand is a:
                    here = (node.parameter >= place) & (node.parameter < place + a.size)
                    numbers = np.where(here, node.parameter - place, numbers)
                place += operand.size
            back.give(a, p.reshape(p.collect(g, numbers, a.size), a.shape))
        start += a.size


def _each_once(nodes: Iterable[Node]) -> list[Node]:
    return list({node.index: node for node in nodes}.values())


def _of_view(p: Program, node: Node, g: Node) -> Node:
    """Broadcast axes are summed first; what then is a permutation of all entries is another view, or a take."""
    (a,), (offset, strides) = node.operands, node.parameter
    repeated = [k for k, (n, s) in enumerate(zip(node.shape, strides, strict=True)) if s == 0 and n > 1]
    kept = [k for k in range(len(node.shape)) if k not in repeated]
    g = p.sum(g, repeated)
    numbers = numbers_of_view(node)[tuple(0 if k in repeated else slice(None) for k in range(len(node.shape)))]
    if offset == 0 and g.size == a.size and tuple(strides[k] for k in kept) == contiguous(g.shape):
        return p.reshape(g, a.shape)
    places = np.full(a.size, -1, np.int64)
    places[numbers.reshape(-1)] = np.arange(numbers.size)
    if np.count_nonzero(places >= 0) == numbers.size:  # no entry twice
        return p.reshape(p.take([g], places), a.shape)
    return p.reshape(p.collect(g, numbers, a.size), a.shape)
