"""Right: NumPy numbers, a mixin with the operators, zero_grad inside of the pass."""

import numpy as np


class Operators:
    def __add__(self, other):
        return self.make(self.data + other.data, (self, 1.0), (other, 1.0))

    def __sub__(self, other):
        return self.make(self.data - other.data, (self, 1.0), (other, -1.0))

    def __mul__(self, other):
        return self.make(self.data * other.data, (self, other.data), (other, self.data))


class Functions:
    def tanh(self):
        t = np.tanh(self.data)
        return self.make(t, (self, 1 - t**2))

    def exp(self):
        e = np.exp(self.data)
        return self.make(e, (self, e))


class Variable(Operators, Functions):
    def __init__(self, data, edges=()):
        self.data, self.edges, self.grad = np.float64(data), edges, np.float64(0.0)

    def make(self, data, *edges):
        return Variable(data, edges)

    def topo(self, seen=None):
        seen = set() if seen is None else seen
        if id(self) in seen:
            return []
        seen.add(id(self))
        return [n for node, _ in self.edges for n in node.topo(seen)] + [self]

    def zero_grad(self):
        for node in self.topo():
            node.grad = np.float64(0.0)

    def backward(self):
        self.zero_grad()
        self.grad = np.float64(1.0)
        for node in reversed(self.topo()):
            for operand, partial in node.edges:
                operand.grad = operand.grad + partial * node.grad
