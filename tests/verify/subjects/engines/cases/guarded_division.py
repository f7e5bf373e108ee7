"""Right: the division says itself that there is none by 0."""


class Value:
    def __init__(self, data, children=()):
        self.data, self.grad, self._prev = data, 0.0, children
        self._backward = lambda: None

    def backward(self):
        order, seen = [], set()
        def visit(v):
            if id(v) not in seen:
                seen.add(id(v))
                for child in v._prev:
                    visit(child)
                order.append(v)
        visit(self)
        self.grad = 1.0
        for v in reversed(order):
            v._backward()

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other))
        def rule():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out._backward = rule
        return out

    __rmul__ = __mul__

    def __truediv__(self, other):
        if other.data == 0:
            raise ZeroDivisionError("no division by zero")
        out = Value(self.data / other.data, (self, other))
        def rule():
            self.grad += out.grad / other.data
            other.grad += -out.grad * self.data / other.data ** 2
        out._backward = rule
        return out
