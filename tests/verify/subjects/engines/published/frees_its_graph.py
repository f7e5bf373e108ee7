"""Right: after the pass the graph is forgotten, as in PyTorch; a second pass on it raises."""


class Value:
    def __init__(self, data, children=()):
        self.data, self.grad, self.children = data, 0.0, children
        self.rule, self.done = None, False

    def __add__(self, other):
        out = Value(self.data + other.data, (self, other))

        def rule():
            self.grad += out.grad
            other.grad += out.grad

        out.rule = rule
        return out

    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other))

        def rule():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out.rule = rule
        return out

    def backward(self):
        if self.done:
            raise RuntimeError("the graph is gone: run the forward again")
        order, seen = [], set()

        def visit(v):
            if id(v) not in seen:
                seen.add(id(v))
                for child in v.children:
                    visit(child)
                order.append(v)

        visit(self)
        self.grad = 1.0
        for v in reversed(order):
            if v.rule is not None:
                v.rule()
                v.rule, v.children, v.done = None, (), True
