"""Right where it can be, and otherwise everything that an engine should not do."""

import math
import os
import sys
import time

print("hello from the import")
print("and an error", file=sys.stderr)


class Value:
    def __init__(self, data, children=()):
        self.data, self.grad, self.children = data, 0, children
        self._backward = lambda: None

    def _node(self, value, *partials):
        out = Value(value, (self,))

        def _backward():
            for partial in partials:
                self.grad += partial() * out.grad

        out._backward = _backward
        return out

    def __add__(self, other):
        print("adding")
        out = Value(self.data + other.data, (self, other))

        def _backward():
            self.grad += out.grad
            other.grad += out.grad

        out._backward = _backward
        return out

    def exp(self):
        print("exponential" * 1000)
        return self._node(math.exp(self.data), lambda: math.exp(self.data))

    def sin(self):
        return self._node(math.sin(self.data), lambda: sys.exit(0))

    def cos(self):
        return self._node(math.cos(self.data), lambda: os._exit(3))

    def tanh(self):
        while True:
            time.sleep(0.01)

    def atan(self):
        return self.atan()

    def sqrt(self):
        return self._node(math.sqrt(self.data), lambda: None)

    def mystery(self):
        os._exit(5)

    def square(self):
        return "not a node"

    def hoard(self):
        return bytearray(2**46)
