"""The comparisons of a traced rule along lines from its point: their margins on floats, all of them or one entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from backproof.verify.arrays.adjoints import adjoints
from backproof.verify.arrays.cone import Cone, TooLarge, cone
from backproof.verify.arrays.floats import values
from backproof.verify.arrays.program import Node, Program
from backproof.verify.arrays.traced import Floats, Margin, Traced

WORK = 30_000_000
"""Entries of nodes that a search may evaluate: about half a second of one core."""

OVERHEAD = 3000
"""What an evaluation costs beside its entries, in entries."""

Direction = Mapping[str, Floats]
"""How the leaves move, by their names."""


class Start:
    """The point of a trace.

    at: the values of the inputs, by the names of their leaves
    margins: those that depend on a leaf, each node once, and ``most`` of them drawn at random; count: all of them
    cost: of evaluating these margins, in entries of nodes
    """

    def __init__(self, traced: Traced, most: int, rng: np.random.Generator) -> None:
        self.program = traced.program
        self.inputs = {leaf.parameter: name for name, leaf in traced.inputs.items()}
        self.at = {name: _value(self.program, name) for name in self.inputs}
        margins = _distinct(self.program, traced.margins)
        self.count = len(margins)
        chosen = range(self.count) if self.count <= most else np.sort(rng.choice(self.count, most, replace=False))
        self.margins = [margins[k] for k in chosen]
        self._nodes = [margin.node for margin in self.margins]
        self.cost = OVERHEAD + sum(node.size for node in self.program.below(self._nodes))
        self._entries: dict[tuple[int, int], Entry] = {}

    def evaluated(self, direction: Direction, t: float) -> list[Floats]:
        """All margins, each with one axis, at a place of the line."""
        found = values(self.program, self._nodes, self.leaves_at(direction, t))
        return [margin.reshape(-1) for margin in found]

    def leaves_at(self, direction: Direction, t: float) -> dict[str, Floats]:
        """The values of the leaves that move."""
        return {name: self.at[name] + t * moved for name, moved in direction.items()}

    def inputs_at(self, direction: Direction, t: float) -> dict[str, Floats]:
        """The values of all inputs, by their own names."""
        return {self.inputs[name]: value for name, value in (self.at | self.leaves_at(direction, t)).items()}

    def entry(self, margin: int, number: int) -> Entry:
        """One entry of a margin, by its number in C's order."""
        key = margin, number
        if key not in self._entries:
            self._entries[key] = Entry(self, self.margins[margin].node, number)
        return self._entries[key]


def _value(program: Program, name: str) -> Floats:
    leaf = program.leaves[name]
    return np.zeros(leaf.node.shape) if leaf.value is None else leaf.value


def _distinct(program: Program, margins: Iterable[Margin]) -> list[Margin]:
    moving: set[int] = set()
    for node in program.nodes:
        if node.kind == "leaf" or any(a.index in moving for a in node.operands):
            moving.add(node.index)
    return list({margin.node.index: margin for margin in margins if margin.node.index in moving}.values())


class Entry:
    """One entry of a margin along lines.

    cone: what it depends on; None if that is too large, and then each evaluation takes the whole program
    cost: of an evaluation, in entries of nodes
    """

    def __init__(self, start: Start, node: Node, number: int) -> None:
        self._start, self._node, self._number = start, node, number
        self.cone: Cone | None = None
        self.cost = start.cost
        try:
            self.cone = cone(start.program, [(node, number)])
        except TooLarge:
            return
        self.cost = OVERHEAD + self.cone.size
        self._at = self.cone.parts(start.at)

    def along(self, direction: Direction, t: float) -> float:
        """Its value at a place of the line."""
        if self.cone is None:
            (whole,) = values(self._start.program, [self._node], self._start.leaves_at(direction, t))
            return float(whole.reshape(-1)[self._number])
        there = {name: self._at[name] + t * moved for name, moved in self.cone.parts(direction).items()}
        (found,) = values(self.cone.program, [self.cone.entries], there)
        return float(found[0])

    def gradient(self) -> Direction:
        """Its gradient by the inputs, at the start; none if its cone is too large.

        Raises TypeError for a function whose derivative the table of primitives does not have.
        """
        if self.cone is None:
            return {}
        p = self.cone.program
        names = [name for name in self.cone.leaves if name in self._start.at]
        weight = p.number(1, self.cone.entries.shape)
        partials = adjoints(p, [self.cone.entries], [weight], [p.leaves[name].node for name in names])
        found = {name: np.zeros(self._start.at[name].shape) for name in names}
        for name, partial in zip(names, values(p, partials, {}), strict=True):
            found[name].reshape(-1)[self.cone.leaves[name]] = partial
        return found
