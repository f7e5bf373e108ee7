"""Right: Kahn's order, by counting how many results of each node are left; the rule is kept in `_bw`, in slots."""

import math
from collections import deque


class Scalar:
    __slots__ = ("_bw", "grad", "parents", "value")

    def __init__(self, value, parents=()):
        self.value, self.grad, self.parents, self._bw = value, 0.0, list(parents), None

    def __add__(self, other):
        out = Scalar(self.value + other.value, [self, other])

        def rule():
            self.grad += out.grad
            other.grad += out.grad

        out._bw = rule
        return out

    def __mul__(self, other):
        out = Scalar(self.value * other.value, [self, other])

        def rule():
            self.grad += other.value * out.grad
            other.grad += self.value * out.grad

        out._bw = rule
        return out

    def sin(self):
        out = Scalar(math.sin(self.value), [self])

        def rule():
            self.grad += math.cos(self.value) * out.grad

        out._bw = rule
        return out

    def run_backward(self):
        uses, seen, stack = {}, set(), [self]
        while stack:
            node = stack.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            for parent in node.parents:
                uses[id(parent)] = uses.get(id(parent), 0) + 1
                stack.append(parent)
        self.grad = 1.0
        ready = deque([self])
        while ready:
            node = ready.popleft()
            if node._bw is not None:
                node._bw()
            for parent in node.parents:
                uses[id(parent)] -= 1
                if uses[id(parent)] == 0:
                    ready.append(parent)
