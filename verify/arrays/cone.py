"""The cone of some entries of an array program: a program of the entries that these depend on, and of no others.

An accused entry of a gradient is looked at in interval arithmetic, a comparison at one place is followed along a line:
both need few of the entries of large arrays.  The cone is a program like any other, so what evaluates programs
evaluates it.  Its arrays have one axis, the needed entries in the order of their numbers; what the original moves,
adds up or multiplies as matrices is written there as `take`, products and sums.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arrays.program import Indices, Node, Program, Shape, contiguous

MOST_ENTRIES = 100_000
"""Of a cone, over all of its nodes."""

MOST_READ = 1_000_000
"""Entries that are read to compute those of a cone: a product of two matrices reads more than they have."""


class TooLarge(Exception):
    """More entries than can be worked out one by one; the message says how many, and of what."""


def exactly(x: float) -> Fraction | float:
    """The number that a float of an array of data is, which is not to be read as another that it means."""
    return Fraction(x) if math.isfinite(x) else x


@dataclass(frozen=True)
class Cone:
    """The program of some entries.

    entries: these, as one node with one axis, in the order in which they were asked for
    leaves: which entries of each leaf it holds, by their numbers in C's order
    size: how many entries it has, over all nodes
    """

    program: Program
    entries: Node
    leaves: dict[str, Indices]
    size: int

    def parts(self, values: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
        """What the cone needs of the values of whole leaves; names that it has no leaf for are left out."""
        needed = ((name, numbers) for name, numbers in self.leaves.items() if name in values)
        return {name: np.asarray(values[name]).reshape(-1)[numbers] for name, numbers in needed}


def cone(program: Program, wanted: Sequence[tuple[Node, int]]) -> Cone:
    """The cone of entries, each given by its node and its number in C's order.  Raises TooLarge."""
    needed = _needed(program, wanted)
    made = _Restricted(program, needed)
    nodes = list({node.index: node for node, _ in wanted}.values())
    ends = [made.nodes[node.index] for node in nodes]
    starts: dict[int, int] = {}
    total = 0
    for node in nodes:
        starts[node.index] = total
        total += needed[node.index].size
    places = [starts[node.index] + int(np.searchsorted(needed[node.index], k)) for node, k in wanted]
    leaves = {name: needed[leaf.node.index] for name, leaf in program.leaves.items() if leaf.node.index in needed}
    size = sum(entries.size for entries in needed.values())
    return Cone(made.program, made.program.take(ends, np.array(places, np.int64)), leaves, size)


# ------------------------------------------------------------------------------------------ which entries are needed


def _needed(program: Program, wanted: Sequence[tuple[Node, int]]) -> dict[int, Indices]:
    """The numbers of the needed entries of each node, in order; by the index of the node."""
    asked: dict[int, list[Indices]] = {}
    for node, number in wanted:
        asked.setdefault(node.index, []).append(np.array([number], np.int64))
    needed: dict[int, Indices] = {}
    size = read = 0
    for node in reversed(program.below([node for node, _ in wanted])):  # each after all that read it
        if node.index not in asked:
            continue  # no entry of it is read
        entries = needed[node.index] = np.unique(np.concatenate(asked.pop(node.index)))
        size += entries.size
        read += entries.size * _read_by_one(node)
        if size > MOST_ENTRIES:
            raise TooLarge(f"the entries depend on more than {MOST_ENTRIES} others")
        if read > MOST_READ:
            raise TooLarge(f"to compute the entries takes more than {MOST_READ} products and sums")
        for a, numbers in zip(node.operands, _reads(node, entries), strict=True):
            if numbers.size:
                asked.setdefault(a.index, []).append(np.unique(numbers[numbers >= 0]))
    return needed


def _read_by_one(node: Node) -> int:
    """How many entries of an operand one entry of the node is computed from, as far as its shapes tell."""
    match node.kind:
        case "sum":
            return math.prod(node.operands[0].shape[k] for k in node.parameter)
        case "dot":
            return node.operands[0].shape[-1]
        case "inverse" | "determinant":
            return math.prod(node.operands[0].shape[-2:])
    return 1


def _reads(node: Node, entries: Indices) -> list[Indices]:
    """The numbers of the entries of each operand that these entries are computed from; -1 for none.

    The first axis is that of the entries, but for a collect, whose numbers are those that are added to one of them.
    """
    match node.kind:
        case "take":
            return _taken(node, entries)
        case "view":
            offset, strides = node.parameter
            return [offset + _places(entries, node.shape, strides)]
        case "collect":
            return [np.flatnonzero(np.isin(node.parameter, entries))]
        case "sum":
            return [_summed(node, entries)]
        case "dot":
            return _multiplied(node, entries)
        case "inverse":
            return [_of_matrices(node, np.unique(entries // _matrix(node)))]
        case "determinant":
            return [_of_matrices(node, entries)]
    return [entries for _ in node.operands]


def _places(entries: Indices, shape: Shape, strides: Sequence[int]) -> Indices:
    """Σ index·stride for the entries of an array."""
    found = np.zeros(entries.shape, np.int64)
    for size, own, stride in zip(shape, contiguous(shape), strides, strict=True):
        found += entries // own % size * stride
    return found


def _taken(node: Node, entries: Indices) -> list[Indices]:
    numbers = node.parameter.reshape(-1)[entries]
    found, start = [], 0
    for a in node.operands:
        found.append(np.where((numbers >= start) & (numbers < start + a.size), numbers - start, -1))
        start += a.size
    return found


def _summed(node: Node, entries: Indices) -> Indices:
    (a,), axes = node.operands, node.parameter
    strides = contiguous(a.shape)
    kept = [k for k in range(len(a.shape)) if k not in axes]
    inside = np.arange(math.prod(a.shape[k] for k in axes))
    over = _places(inside, tuple(a.shape[k] for k in axes), [strides[k] for k in axes])
    return _places(entries, node.shape, [strides[k] for k in kept])[:, None] + over


def _multiplied(node: Node, entries: Indices) -> list[Indices]:
    a, b = node.operands
    (rows, inner), columns = a.shape[-2:], b.shape[-1]
    lead, row, column = entries // (rows * columns), entries // columns % rows, entries % columns
    along = np.arange(inner)
    left = (lead * rows + row)[:, None] * inner + along
    return [left, (lead * inner * columns + column)[:, None] + along * columns]


def _matrix(node: Node) -> int:
    """The entries of a matrix in the last two axes of the operand."""
    return math.prod(node.operands[0].shape[-2:])


def _of_matrices(node: Node, lead: Indices) -> Indices:
    """All entries of the matrices with these numbers."""
    return lead[:, None] * _matrix(node) + np.arange(_matrix(node))


# ------------------------------------------------------------------------------------------------ their own program


class _Restricted:
    """The program of the needed entries; nodes: its arrays, by the index of the node that each is a part of."""

    def __init__(self, program: Program, needed: Mapping[int, Indices]) -> None:
        self.program = Program()
        self.needed = needed
        self.nodes: dict[int, Node] = {}
        for index in sorted(needed):
            self.nodes[index] = self._part(program, program.nodes[index], needed[index])

    def _part(self, whole: Program, node: Node, entries: Indices) -> Node:
        p, parameter = self.program, node.parameter
        if node.kind == "leaf":
            value = whole.leaves[parameter].value
            return p.leaf(parameter, None if value is None else value.reshape(-1)[entries], entries.shape)
        if node.kind == "constant":
            return p.number(parameter, entries.shape) if node.is_uniform else self._data(parameter.flat[entries])
        if node.kind == "take":
            return self._take(node, entries)
        if node.kind == "collect":
            return self._collect(node, entries)
        operands = [self._read(a, numbers) for a, numbers in zip(node.operands, _reads(node, entries), strict=True)]
        match node.kind:
            case "add":
                return p.add(*operands)
            case "negative":
                return p.negative(operands[0])
            case "multiply":
                return p.multiply(*operands)
            case "power":
                return p.power(operands[0], parameter)
            case "function":
                name, *orders = (parameter,) if isinstance(parameter, str) else parameter
                return p.function(name, operands[0], orders)
            case "view":
                return operands[0]
            case "sum":
                return p.sum(operands[0], [1])
            case "dot":
                return p.sum(p.multiply(*operands), [1])
            case "inverse":
                return self._of_inverse(node, entries, operands[0])
            case "determinant":
                return p.determinant(p.reshape(operands[0], (entries.size, *node.operands[0].shape[-2:])))
        raise TypeError(f"no cone of a node of kind {node.kind}")

    def _data(self, floats: NDArray[np.float64]) -> Node:
        """Entries of an array of constants; where they are equal, one number, but none that means another."""
        found = self.program.constant(floats)
        if not isinstance(found.parameter, float):
            return found
        return self.program.number(exactly(found.parameter), found.shape)

    def _read(self, a: Node, numbers: Indices) -> Node:
        """Entries of an operand, by their numbers there."""
        if not numbers.size:
            return self.program.number(0, numbers.shape)
        return self.program.take([self.nodes[a.index]], np.searchsorted(self.needed[a.index], numbers))

    def _take(self, node: Node, entries: Indices) -> Node:
        places = np.full(entries.shape, -1, np.int64)
        operands: list[Node] = []
        start = 0
        for a, numbers in zip(node.operands, _reads(node, entries), strict=True):
            here = numbers >= 0
            if here.any():
                places[here] = start + np.searchsorted(self.needed[a.index], numbers[here])
                operands.append(self.nodes[a.index])
                start += operands[-1].size
        return self.program.take(operands, places)

    def _collect(self, node: Node, entries: Indices) -> Node:
        (a,) = node.operands
        if a.index not in self.needed:
            return self.program.number(0, entries.shape)
        targets = node.parameter.reshape(-1)[self.needed[a.index]]
        wanted = np.isin(targets, entries)
        places = np.where(wanted, np.searchsorted(entries, targets), -1)
        return self.program.collect(self.nodes[a.index], places, entries.size)

    def _of_inverse(self, node: Node, entries: Indices, matrices: Node) -> Node:
        p, size = self.program, _matrix(node)
        inverse = p.inverse(p.reshape(matrices, (matrices.shape[0], *node.shape[-2:])))
        lead = np.unique(entries // size)
        return p.take([inverse], np.searchsorted(lead, entries // size) * size + entries % size)
