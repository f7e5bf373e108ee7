"""Right: a dataclass that keeps the local derivatives; the pass goes down every path and accumulates."""

from __future__ import annotations

import math
from dataclasses import dataclass, field


@dataclass(eq=False)
class Node:
    value: float
    inputs: list = field(default_factory=list)
    partials: list = field(default_factory=list)
    grad: float = 0.0

    def __add__(self, other: Node) -> Node:
        return Node(self.value + other.value, [self, other], [1.0, 1.0])

    def __mul__(self, other: Node) -> Node:
        return Node(self.value * other.value, [self, other], [other.value, self.value])

    def __neg__(self) -> Node:
        return Node(-self.value, [self], [-1.0])

    def log(self) -> Node:
        if self.value <= 0:
            raise ValueError("the logarithm of a number that is not positive")
        return Node(math.log(self.value), [self], [1 / self.value])

    def backpropagate(self, upstream: float = 1.0) -> None:
        self.grad += upstream
        for node, partial in zip(self.inputs, self.partials, strict=True):
            node.backpropagate(upstream * partial)
