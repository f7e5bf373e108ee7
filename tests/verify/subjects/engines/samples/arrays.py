"""A small Tensor over NumPy arrays of float64, gradients accumulated in place."""

import numpy as np


class Tensor:
    def __init__(self, data, _children=(), requires_grad=True):
        self.data = np.asarray(data, dtype=np.float64)
        self.grad = np.zeros_like(self.data)
        self.requires_grad = requires_grad
        self._prev = list(_children)
        self._backward = lambda: None

    @property
    def shape(self):
        return self.data.shape

    @staticmethod
    def _lift(x):
        return x if isinstance(x, Tensor) else Tensor(x)

    @staticmethod
    def _unbroadcast(grad, shape):
        while grad.ndim > len(shape):
            grad = grad.sum(axis=0)
        for axis, size in enumerate(shape):
            if size == 1 and grad.shape[axis] != 1:
                grad = grad.sum(axis=axis, keepdims=True)
        return grad

    def __add__(self, other):
        other = Tensor._lift(other)
        out = Tensor(self.data + other.data, (self, other))

        def _backward():
            self.grad += self._unbroadcast(out.grad, self.shape)
            other.grad += self._unbroadcast(out.grad, other.shape)

        out._backward = _backward
        return out

    def __mul__(self, other):
        other = Tensor._lift(other)
        out = Tensor(self.data * other.data, (self, other))

        def _backward():
            self.grad += self._unbroadcast(other.data * out.grad, self.shape)
            other.grad += self._unbroadcast(self.data * out.grad, other.shape)

        out._backward = _backward
        return out

    __rmul__ = __mul__
    __radd__ = __add__

    def exp(self):
        out = Tensor(np.exp(self.data), (self,))

        def _backward():
            self.grad += out.data * out.grad

        out._backward = _backward
        return out

    def log(self):
        out = Tensor(np.log(self.data), (self,))

        def _backward():
            self.grad += out.grad / self.data

        out._backward = _backward
        return out

    def tanh(self):
        out = Tensor(np.tanh(self.data), (self,))

        def _backward():
            self.grad += (1.0 - np.square(out.data)) * out.grad

        out._backward = _backward
        return out

    def relu(self):
        out = Tensor(np.maximum(self.data, 0), (self,))

        def _backward():
            self.grad += np.where(self.data > 0, 1.0, 0.0) * out.grad

        out._backward = _backward
        return out

    def leaky_relu(self, alpha=0.01):
        out = Tensor(np.where(self.data > 0, self.data, alpha * self.data), (self,))

        def _backward():
            partial = np.ones_like(self.data)
            partial[self.data < 0] = alpha
            self.grad += partial * out.grad

        out._backward = _backward
        return out

    def sin(self):
        """WRONG: the sign."""
        out = Tensor(np.sin(self.data), (self,))

        def _backward():
            self.grad += -np.cos(self.data) * out.grad

        out._backward = _backward
        return out

    def sum(self, axis=None):
        out = Tensor(self.data.sum(axis=axis), (self,))

        def _backward():
            self.grad += np.ones_like(self.data) * out.grad

        out._backward = _backward
        return out

    def max(self, axis=None):
        raise NotImplementedError  # half an engine is verified as far as it goes

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if id(node) not in seen:
                seen.add(id(node))
                for parent in node._prev:
                    visit(parent)
                order.append(node)

        visit(self)
        self.grad = np.ones_like(self.data)
        for node in reversed(order):
            node._backward()
