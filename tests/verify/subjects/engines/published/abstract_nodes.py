"""Right: an abstract node, leaves and operations as classes beside each other, the rule a method `propagate`."""

import math


class Node:
    def __init__(self, value, operands=()):
        self.value, self.operands, self.gradient = value, operands, 0.0

    def propagate(self):
        raise NotImplementedError

    def __add__(self, other):
        return Plus(self.value + other.value, (self, other))

    def __mul__(self, other):
        return Times(self.value * other.value, (self, other))

    def sin(self):
        return Sine(math.sin(self.value), (self,))

    def differentiate(self):
        order, marked = [], set()

        def visit(node):
            if id(node) in marked:
                return
            marked.add(id(node))
            for operand in node.operands:
                visit(operand)
            order.append(node)

        visit(self)
        self.gradient = 1.0
        for node in reversed(order):
            node.propagate()


class Var(Node):
    def propagate(self):
        pass


class Plus(Node):
    def propagate(self):
        for operand in self.operands:
            operand.gradient += self.gradient


class Times(Node):
    def propagate(self):
        a, b = self.operands
        a.gradient += b.value * self.gradient
        b.gradient += a.value * self.gradient


class Sine(Node):
    def propagate(self):
        (a,) = self.operands
        a.gradient += math.cos(a.value) * self.gradient
