"""Like torch: Function classes with a context, parents as (node, which), backward(gradient), requires_grad."""

import numpy as np


class Context:
    def __init__(self):
        self.saved = ()

    def save(self, *values):
        self.saved = values


class Function:
    @classmethod
    def apply(cls, *operands):
        ctx = Context()
        data = cls.forward(ctx, *(o.data for o in operands))
        out = Variable(data, requires_grad=any(o.requires_grad for o in operands))
        out.creator = (cls, ctx, operands)
        return out


class Add(Function):
    @staticmethod
    def forward(ctx, a, b):
        return a + b

    @staticmethod
    def backward(ctx, g):
        return g, g


class Mul(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save(a, b)
        return a * b

    @staticmethod
    def backward(ctx, g):
        a, b = ctx.saved
        return g * b, g * a


class Tanh(Function):
    @staticmethod
    def forward(ctx, a):
        t = np.tanh(a)
        ctx.save(t)
        return t

    @staticmethod
    def backward(ctx, g):
        (t,) = ctx.saved
        return (g * (1 - t * t),)


class Sigmoid(Function):
    @staticmethod
    def forward(ctx, a):
        s = 1 / (1 + np.exp(-a))
        ctx.save(s)
        return s

    @staticmethod
    def backward(ctx, g):
        (s,) = ctx.saved
        return (g * s * (1 - s),)


class Cos(Function):
    """WRONG: the derivative is -sin."""

    @staticmethod
    def forward(ctx, a):
        ctx.save(a)
        return np.cos(a)

    @staticmethod
    def backward(ctx, g):
        (a,) = ctx.saved
        return (g * np.sin(a),)


class Variable:
    def __init__(self, data, requires_grad=False):
        self.data = data
        self.requires_grad = requires_grad
        self.grad = None
        self.creator = None

    def __add__(self, other):
        return Add.apply(self, self._node(other))

    def __mul__(self, other):
        return Mul.apply(self, self._node(other))

    __radd__, __rmul__ = __add__, __mul__

    @staticmethod
    def _node(x):
        return x if isinstance(x, Variable) else Variable(x)

    def tanh(self):
        return Tanh.apply(self)

    def sigmoid(self):
        return Sigmoid.apply(self)

    def cos(self):
        return Cos.apply(self)

    def backward(self, gradient=None):
        gradient = 1.0 if gradient is None else gradient
        self.grad = gradient if self.grad is None else self.grad + gradient
        if self.creator is None:
            return
        function, ctx, operands = self.creator
        for operand, g in zip(operands, function.backward(ctx, gradient), strict=True):
            if operand.requires_grad:
                operand.backward(g)
