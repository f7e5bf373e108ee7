"""Right: a Function for each operation, which saves its inputs and returns gradients; the pass sorts and adds."""

import math


class Tensor:
    def __init__(self, data, requires_grad=True, fn=None):
        self.data, self.requires_grad, self.fn = data, requires_grad, fn
        self.grad = None

    def __add__(self, other):
        return Add.apply(self, other)

    def __mul__(self, other):
        return Mul.apply(self, other)

    def __sub__(self, other):
        return Sub.apply(self, other)

    def exp(self):
        return Exp.apply(self)

    def zero_grad(self):
        self.grad = None

    def backward(self, gradient=1.0):
        order, seen = [], set()

        def visit(t):
            if id(t) not in seen and t.fn is not None:
                seen.add(id(t))
                for parent in t.fn.inputs:
                    visit(parent)
                order.append(t)

        visit(self)
        flowing = {id(self): gradient}
        if self.fn is None:
            self.grad = gradient
        for t in reversed(order):
            for parent, g in zip(t.fn.inputs, t.fn.backward(flowing[id(t)]), strict=True):
                if parent.fn is None:
                    if parent.requires_grad:
                        parent.grad = g if parent.grad is None else parent.grad + g
                else:
                    flowing[id(parent)] = flowing.get(id(parent), 0.0) + g


class Function:
    def __init__(self, *inputs):
        self.inputs = inputs

    @classmethod
    def apply(cls, *inputs):
        fn = cls(*inputs)
        return Tensor(fn.forward(*(t.data for t in inputs)), fn=fn)


class Add(Function):
    def forward(self, a, b):
        return a + b

    def backward(self, g):
        return g, g


class Sub(Function):
    def forward(self, a, b):
        return a - b

    def backward(self, g):
        return g, -g


class Mul(Function):
    def forward(self, a, b):
        self.a, self.b = a, b
        return a * b

    def backward(self, g):
        return g * self.b, g * self.a


class Exp(Function):
    def forward(self, a):
        self.out = math.exp(a)
        return self.out

    def backward(self, g):
        return (g * self.out,)
