"""Rules of PyTorch as people write them, for the tests of the front end."""

from __future__ import annotations

import torch
from torch.autograd.function import once_differentiable


class Rule(torch.autograd.Function):
    """What the rules below have in common."""

    @staticmethod
    def forward(ctx, a):
        ctx.save_for_backward(a)
        return a * a

    @staticmethod
    def backward(ctx, g):
        (a,) = ctx.saved_tensors
        return 2 * g * a


class Softmax(Rule):
    @staticmethod
    def forward(ctx, a):
        out = torch.softmax(a, -1)
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, g):
        (out,) = ctx.saved_tensors
        return out * (g - (out * g).sum(-1, keepdim=True))


class LayerNorm(Rule):
    """A number with a default among its arguments, and a None for it."""

    @staticmethod
    def forward(ctx, a, weight, bias, eps=1e-5):
        mean = a.mean(-1, keepdim=True)
        scale = torch.rsqrt(((a - mean) ** 2).mean(-1, keepdim=True) + eps)
        normal = (a - mean) * scale
        ctx.save_for_backward(normal, scale, weight)
        return normal * weight + bias

    @staticmethod
    def backward(ctx, g):
        normal, scale, weight = ctx.saved_tensors
        d = g * weight
        moved = d - d.mean(-1, keepdim=True) - normal * (d * normal).mean(-1, keepdim=True)
        return moved * scale, (g * normal).sum(0), g.sum(0), None


class Product(Rule):
    """The second half of the newer protocol."""

    @staticmethod
    def forward(a, b, power=1):
        return (a * b) ** power

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs[:2])
        ctx.power = inputs[2]

    @staticmethod
    def backward(ctx, g):
        a, b = ctx.saved_tensors
        d = g * ctx.power * (a * b) ** (ctx.power - 1)
        return d * b, d * a, None


class Gather(Rule):
    """Integers as an input; a place that is named twice is overwritten, as it is in the program."""

    @staticmethod
    def forward(ctx, a, index):
        ctx.save_for_backward(index)
        ctx.shape = a.shape
        return a[index]

    @staticmethod
    def backward(ctx, g):
        (index,) = ctx.saved_tensors
        d = g.new_zeros(ctx.shape)
        d[index] = g
        return d, None


class Several(Rule):
    """Two outputs of floats and one of integers, whose gradients may not be there."""

    @staticmethod
    def forward(ctx, a, factor):
        ctx.set_materialize_grads(False)
        largest, where = a.max(-1)
        ctx.save_for_backward(a, where)
        ctx.factor = factor
        ctx.mark_non_differentiable(where)
        return largest * factor, where, a.exp()

    @staticmethod
    def backward(ctx, of_largest, _, of_exp):
        a, where = ctx.saved_tensors
        d = torch.zeros_like(a)
        if of_largest is not None:
            d.scatter_(-1, where.unsqueeze(-1), (of_largest * ctx.factor).unsqueeze(-1))
        return d if of_exp is None else d + of_exp * a.exp(), None


class Once(Rule):
    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        (a,) = ctx.saved_tensors
        return g.mul(a).mul_(2)


class Needed(Rule):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a @ b.T

    @staticmethod
    def backward(ctx, g):
        a, b = ctx.saved_tensors
        of_a = g @ b if ctx.needs_input_grad[0] else None
        return of_a, g.T @ a if ctx.needs_input_grad[1] else None


class Dirty(Rule):
    """It says that it writes into its input."""

    @staticmethod
    def forward(ctx, a):
        ctx.mark_dirty(a)
        return a.mul_(2)

    @staticmethod
    def backward(ctx, g):
        return 2 * g


class Nested(Rule):
    """Autograd inside: the derivative of a function within the forward."""

    @staticmethod
    def forward(ctx, a):
        with torch.enable_grad():
            inner = a.detach().requires_grad_()
            out = (inner**3).sum()
            (slope,) = torch.autograd.grad(out, inner)
        ctx.save_for_backward(slope)
        return out.detach()

    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0]


class Strides(Softmax):
    """It takes the upstream gradient to lie in memory as the input does."""

    @staticmethod
    def backward(ctx, g):
        (out,) = ctx.saved_tensors
        return g.as_strided(out.shape, out.stride()) * out


class Straight(Rule):
    """Rounds, and passes the gradient on."""

    @staticmethod
    def forward(ctx, a):
        return torch.round(a * 4) / 4

    @staticmethod
    def backward(ctx, g):
        return g.clamp(-1, 1)


class Half(Rule):
    """It computes in a narrower format."""

    @staticmethod
    def forward(ctx, a):
        ctx.save_for_backward(a)
        return torch.tanh(a.to(torch.float16)).to(a.dtype)

    @staticmethod
    def backward(ctx, g):
        (a,) = ctx.saved_tensors
        return g * (1 - torch.tanh(a.float()) ** 2)
