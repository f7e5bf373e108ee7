"""Gradients start as None; one `_backward` method for all, taking the upstream gradient; slots; no auto-wrapping."""

import numpy as np


class Scalar:
    __slots__ = ("_grad_fn", "children", "grad", "val")

    def __init__(self, val, children=None, grad_fn=None):
        self.val = float(val)
        self.children = children
        self._grad_fn = grad_fn
        self.grad = None

    def _accumulate(self, g):
        self.grad = g if self.grad is None else self.grad + g

    def __add__(self, other):
        return Scalar(self.val + other.val, [self, other], lambda g: (g, g))

    def __mul__(self, other):
        return Scalar(self.val * other.val, [self, other], lambda g: (g * other.val, g * self.val))

    def __neg__(self):
        return Scalar(-self.val, [self], lambda g: (-g,))

    def sqrt(self):
        root = np.sqrt(self.val)
        return Scalar(root, [self], lambda g: (g / (2.0 * root),))

    def square(self):
        return Scalar(self.val**2, [self], lambda g: (2 * self.val * g,))

    def softplus(self):
        """WRONG: where it switches to the line, the derivative is that of the wrong branch."""
        if self.val > 20:
            return Scalar(self.val, [self], lambda g: (0 * g,))
        return Scalar(np.log1p(np.exp(self.val)), [self], lambda g: (g / (1 + np.exp(-self.val)),))

    def abs(self):
        if self.val < 0:
            return Scalar(-self.val, [self], lambda g: (-g,))
        return Scalar(self.val, [self], lambda g: (g,))

    def backward(self, grad=1.0):
        self._accumulate(grad)
        order, seen = [], set()

        def visit(node):
            if id(node) in seen:
                return
            seen.add(id(node))
            for child in node.children or ():
                visit(child)
            order.append(node)

        visit(self)
        for node in reversed(order):
            if node._grad_fn is not None:
                for child, g in zip(node.children, node._grad_fn(node.grad), strict=True):
                    child._accumulate(g)
