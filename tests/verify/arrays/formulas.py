"""Nodes with operators, so that tests of array programs are written as formulas."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from backproof.verify.arrays.functions import applied, power
from backproof.verify.arrays.program import Node, Program
from backproof.verify.arrays.roots import evaluate

HALF = Fraction(1, 2)


def equal(a: E, b: E, seed: str = "0", **options: Any) -> bool:
    """Whether they are equal at a random point."""
    left, right = evaluate(a.p, [a.node, b.node], seed, **options).values
    return np.array_equal(left, right)


class E:
    """A node with operators, so that laws are written as formulas."""

    def __init__(self, p: Program, node: Node) -> None:
        self.p, self.node = p, node

    def of(self, other: Any) -> Node:
        """A node, a number or an array as a node of the same program."""
        if isinstance(other, E):
            return other.node
        if isinstance(other, np.ndarray):
            return self.p.constant(other)
        return self.p.number(other if isinstance(other, float | str) else Fraction(other))

    def __add__(self, other: Any) -> E:
        return E(self.p, self.p.add(self.node, self.of(other)))

    def __mul__(self, other: Any) -> E:
        return E(self.p, self.p.multiply(self.node, self.of(other)))

    def __truediv__(self, other: Any) -> E:
        return E(self.p, self.p.divide(self.node, self.of(other)))

    def __pow__(self, exponent: Any) -> E:
        if isinstance(exponent, E):
            return E(self.p, power(self.p, self.node, exponent.node))
        return E(self.p, self.p.power(self.node, Fraction(exponent)))

    def __neg__(self) -> E:
        return E(self.p, self.p.negative(self.node))

    def __sub__(self, other: Any) -> E:
        return self + -E(self.p, self.of(other))

    def sum(self) -> E:
        """Over the last axis, which stays."""
        return E(self.p, self.p.sum(self.node, [-1], keep=True))

    def product(self) -> E:
        return E(self.p, self.p.product(self.node, -1))

    def take(self, numbers: Any, *others: E) -> E:
        return E(self.p, self.p.take([self.node, *(other.node for other in others)], numbers))

    def __getattr__(self, name: str) -> Callable[[], E]:
        return lambda: E(self.p, applied(self.p, name, self.node))


S = np.array([-0.5, 2.0, -3.0])
X = np.random.default_rng(7).normal(size=(4, 5))
POINT = {"x": [0.5, 2.0, 3.0], "y": [1.5, 0.7, 2.0], "z": [0.4, 3.0, 1.1], "s": S, "t": [0.2, -0.1, 0.7], "m": X}
MASK = np.where(np.tril(np.ones((4, 5))) > 0, 0, -np.inf)
KEPT = np.where(MASK == 0, np.arange(20).reshape(4, 5), -1)


class Variables:
    """The inputs of `POINT`, positive but for s, t and m, and some numbers."""

    def __init__(self) -> None:
        self.p = Program()

    def __getattr__(self, name: str) -> E:
        return E(self.p, self.p.leaf(name, POINT[name]))

    def number(self, x: Any) -> E:
        """In the shape of x."""
        return self.x * 0 + x

    def scalar(self, x: float) -> E:
        return E(self.p, self.p.number(x))


def kept(a: E) -> E:
    """0 outside the mask."""
    return a.take(KEPT)
