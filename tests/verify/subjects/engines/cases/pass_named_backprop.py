"""WRONG: the pass is breadth first."""


class Value:
    def __init__(self, data, children=()):
        self.data, self.grad, self._prev = data, 0.0, children
        self._backprop = lambda: None

    def __add__(self, other):
        out = Value(self.data + other.data, (self, other))
        def rule():
            self.grad += out.grad
            other.grad += out.grad
        out._backprop = rule
        return out

    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other))
        def rule():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out._backprop = rule
        return out

    def backprop(self):
        self.grad = 1.0
        queue = [self]
        for node in queue:
            node._backprop()
            queue += [child for child in node._prev if not any(child is seen for seen in queue)]
