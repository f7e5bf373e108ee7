"""Derivatives of their own forwards: saturated, clamped, shifted, guarded; sin and cos are wrong in two ways."""

import math


class Value:
    def __init__(self, data, children=()):
        self.data, self.grad, self._prev = data, 0.0, children
        self._backward = lambda: None

    def made(self, data, partial):
        out = Value(data, (self,))

        def _backward():
            self.grad += partial * out.grad

        out._backward = _backward
        return out

    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other))

        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._backward = _backward
        return out

    def __truediv__(self, other):
        d = other.data + 1e-8
        out = Value(self.data / d, (self, other))

        def _backward():
            self.grad += out.grad / d
            other.grad -= self.data / d**2 * out.grad

        out._backward = _backward
        return out

    def tanh(self):
        """Saturated."""
        t = 1.0 if self.data > 5 else -1.0 if self.data < -5 else math.tanh(self.data)
        return self.made(t, 1 - t * t)

    def sigmoid(self):
        """Clamped where nobody sees it; the rule does not know."""
        s = 1 / (1 + math.exp(-max(-30.0, min(30.0, self.data))))
        return self.made(s, s * (1 - s))

    def exp(self):
        """Clamped, as the rule is."""
        e = math.exp(min(self.data, 50.0))
        return self.made(e, e if self.data < 50 else 0.0)

    def log(self):
        """Shifted."""
        return self.made(math.log(self.data + 1e-6), 1 / (self.data + 1e-6))

    def sqrt(self):
        if self.data < 0:
            raise ValueError("no root")
        root = math.sqrt(self.data)
        return self.made(root, 0.5 / root if root else 0.0)

    def sin(self):
        """WRONG: the derivative of the sine, which the forward is not."""
        return self.made(math.sin(self.data) + 1e-3 * self.data, math.cos(self.data))

    def cos(self):
        """WRONG: neither."""
        return self.made(math.cos(self.data) + 1e-3, math.sin(self.data))

    def backward(self):
        order, seen = [], set()

        def visit(v):
            if v not in seen:
                seen.add(v)
                for child in v._prev:
                    visit(child)
                order.append(v)

        visit(self)
        self.grad = 1.0
        for v in reversed(order):
            v._backward()
