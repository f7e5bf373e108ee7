"""Data behind a property, operands in a set, a helper module, a table of functions, decorated methods."""

import functools
import math

HALF = 0.5
SCALE, ALPHA = 1.0507009873554805, 1.6732632423543772


def logistic(x):
    return 1.0 / (1.0 + math.exp(-x))


PARTIALS = {
    "sigmoid": lambda x: logistic(x) * (1 - logistic(x)),
    "atan": lambda x: 1 / (1 + x * x),
}


def operation(method):
    @functools.wraps(method)
    def wrapper(self, *others):
        others = [o if isinstance(o, Var) else Var(o) for o in others]
        value, partials = method(self, *others)
        out = Var(value, {self, *others})

        def push():
            for operand, partial in zip((self, *others), partials, strict=True):
                operand.grad = operand.grad + partial * out.grad

        out._backward = push
        return out

    return wrapper


class Var:
    def __init__(self, value, inputs=()):
        if not isinstance(value, (int, float)):
            raise TypeError(f"a Var holds a number, not {value!r}")
        self._value = value
        self.inputs = frozenset(inputs)
        self.grad = 0.0
        self._backward = None

    @property
    def data(self):
        return self._value

    @operation
    def __add__(self, other):
        return self.data + other.data, (1, 1)

    @operation
    def __mul__(self, other):
        return self.data * other.data, (other.data, self.data)

    @operation
    def sigmoid(self):
        return logistic(self.data), (PARTIALS["sigmoid"](self.data),)

    @operation
    def arctan(self):
        return math.atan(self.data), (PARTIALS["atan"](self.data),)

    @operation
    def selu(self):
        x = self.data
        if x > 0:
            return SCALE * x, (SCALE,)
        return SCALE * ALPHA * (math.exp(x) - 1), (SCALE * ALPHA * math.exp(x),)

    @operation
    def maximum(self, other):
        first = self.data >= other.data
        return max(self.data, other.data), (1.0 if first else 0.0, 0.0 if first else 1.0)

    @operation
    def squareplus(self):
        """It has no spec: its own forward is the definition."""
        root = math.sqrt(self.data * self.data + 4)
        return (self.data + root) * HALF, (HALF * (1 + self.data / root),)

    @operation
    def bump(self):
        """WRONG, and without a spec: a factor of 2 is missing."""
        return math.exp(-self.data * self.data), (-self.data * math.exp(-self.data * self.data),)

    @operation
    def blend(self, other):
        """It has no spec: x/(1 + y²)."""
        below = 1 + other.data**2
        return self.data / below, (1 / below, -2 * other.data * self.data / below**2)

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for parent in node.inputs:
                    visit(parent)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            if node._backward is not None:
                node._backward()
