"""A dataclass whose gradients are numbers kept in a dict by the tape; every operation is written on a global tape."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

TAPE: list = []


@dataclass(eq=False)
class Number:
    v: float
    args: list = field(default_factory=list)
    grad: float = 0.0

    def record(self, back):
        TAPE.append((self, back))
        return self

    def __add__(self, other: Number) -> Number:
        out = Number(self.v + other.v, [self, other])

        def back(g: float) -> None:
            self.grad += g
            other.grad += g

        return out.record(back)

    def __mul__(self, other: Number) -> Number:
        out = Number(self.v * other.v, [self, other])

        def back(g: float) -> None:
            self.grad += g * other.v
            other.grad += g * self.v

        return out.record(back)

    def log1p(self) -> Number:
        out = Number(math.log(1 + self.v), [self])

        def back(g: float) -> None:
            self.grad += g / (1 + self.v)

        return out.record(back)

    def cube(self) -> Number:
        """WRONG: the power is not lowered."""
        out = Number(self.v**3, [self])

        def back(g: float) -> None:
            self.grad += 3 * self.v**3 * g

        return out.record(back)

    def elu(self) -> Number:
        """Its alpha of 0.2 is its own, so its own forward is the definition."""
        out = Number(self.v if self.v > 0 else 0.2 * (math.exp(self.v) - 1), [self])

        def back(g: float) -> None:
            self.grad += g * (1.0 if self.v > 0 else 0.2 * math.exp(self.v))

        return out.record(back)

    def backward(self) -> None:
        """Play the tape back from this node on, and clear it."""
        self.grad = 1.0
        while TAPE:
            node, back = TAPE.pop()
            if node.grad:
                back(node.grad)
