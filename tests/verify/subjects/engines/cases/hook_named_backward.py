"""Right: the rule is kept in `backward`, the pass is `backprop`."""

import math


class Value:
    def __init__(self, data, children=()):
        self.data, self.grad, self.prev = data, 0.0, set(children)
        self.backward = lambda: None

    def __add__(self, other):
        out = Value(self.data + other.data, (self, other))
        def rule():
            self.grad += out.grad
            other.grad += out.grad
        out.backward = rule
        return out

    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other))
        def rule():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out.backward = rule
        return out

    def tanh(self):
        t = math.tanh(self.data)
        out = Value(t, (self,))
        def rule():
            self.grad += (1 - t * t) * out.grad
        out.backward = rule
        return out

    def backprop(self):
        order, seen = [], set()
        def visit(v):
            if v not in seen:
                seen.add(v)
                for child in v.prev:
                    visit(child)
                order.append(v)
        visit(self)
        self.grad = 1.0
        for v in reversed(order):
            v.backward()
