"""WRONG: the pass goes down a stack without sorting."""


class Value:
    def __init__(self, data, children=()):
        self.data, self.grad, self._prev = data, 0.0, children
        self._backward = lambda: None

    def __add__(self, other):
        out = Value(self.data + other.data, (self, other))
        def rule():
            self.grad += out.grad
            other.grad += out.grad
        out._backward = rule
        return out

    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other))
        def rule():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out._backward = rule
        return out

    def backward(self):
        self.grad, seen, stack = 1.0, set(), [self]
        while stack:
            node = stack.pop()
            if node not in seen:
                seen.add(node)
                node._backward()
                stack.extend(node._prev)
