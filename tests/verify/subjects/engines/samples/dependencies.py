"""Gradients are Tensors, dependencies carry functions of Tensors, backward() wants a number without dimensions."""

from typing import NamedTuple

import numpy as np


class Dependency(NamedTuple):
    tensor: "Tensor"
    grad_fn: object


class Tensor:
    def __init__(self, data, requires_grad=False, depends_on=None):
        self.data = np.array(data, dtype=np.float64)
        self.requires_grad = requires_grad
        self.depends_on = depends_on or []
        self.shape = self.data.shape
        self.grad = Tensor(np.zeros_like(self.data)) if requires_grad else None

    def _made(self, data, *partials):
        tracked = [(t, s) for t, s in partials if t.requires_grad]
        depends_on = [Dependency(t, lambda g, s=s: Tensor(g.data * s())) for t, s in tracked]
        return Tensor(data, bool(depends_on), depends_on)

    def __add__(self, other):
        return self._made(self.data + other.data, (self, lambda: 1.0), (other, lambda: 1.0))

    def __mul__(self, other):
        return self._made(self.data * other.data, (self, lambda: other.data), (other, lambda: self.data))

    def exp(self):
        return self._made(np.exp(self.data), (self, lambda: np.exp(self.data)))

    def cos(self):
        """WRONG: a sign."""
        return self._made(np.cos(self.data), (self, lambda: np.sin(self.data)))

    def backward(self, grad=None):
        assert self.requires_grad
        if grad is None:
            assert self.shape == (), "grad must be specified for non-0-tensor"
            grad = Tensor(1.0)
        self.grad.data = self.grad.data + grad.data
        for dependency in self.depends_on:
            dependency.tensor.backward(dependency.grad_fn(grad))
