"""Single precision requested in every way; operations that import their class where they need it."""

import numpy as np


class Array:
    def __init__(self, data, dtype=np.float32, parents=()):
        self.data = np.asarray(data, dtype=dtype)
        self.grad = np.zeros(self.data.shape, "float32")
        self.parents = parents
        self._backward = None

    def __mul__(self, other):
        return product(self, other)

    def exp(self):
        out = Array(np.exp(self.data).astype("float32"), parents=(self,))

        def _backward():
            self.grad += out.data * out.grad

        out._backward = _backward
        return out

    def tanh(self):
        """WRONG: a factor of 1.00001, which is within single precision's reach but not its round-off."""
        out = Array(np.tanh(self.data), parents=(self,))

        def _backward():
            self.grad += np.float32(1.00001) * (1 - out.data**2) * out.grad

        out._backward = _backward
        return out


def product(a, b):
    import numpy as again

    out = Array(again.multiply(a.data, b.data), parents=(a, b))

    def _backward():
        a.grad += b.data * out.grad
        b.grad += a.data * out.grad

    out._backward = _backward
    return out
