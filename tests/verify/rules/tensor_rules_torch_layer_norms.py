"""Layer, group and batch norm, and softmax in PyTorch, right and wrong."""

from __future__ import annotations

import torch
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from tests.verify.rules.tensor_rule import TensorRule, tensors


class LayerNorm(Function):
    """y = (x - mean)·r·w + b; the gradients of w and b are partial sums, one a block of rows."""

    @staticmethod
    def forward(ctx, x, weight, bias, eps=1e-5):
        rows = x.reshape(-1, x.shape[-1])
        mean = rows.mean(1, keepdim=True)
        rstd = 1 / torch.sqrt(rows.var(1, unbiased=False, keepdim=True) + eps)
        ctx.save_for_backward(rows, weight, mean, rstd)
        return ((rows - mean) * rstd * weight + bias).reshape(x.shape)

    @staticmethod
    def backward(ctx, dy):
        rows, weight, mean, rstd = ctx.saved_tensors
        flat = dy.reshape(rows.shape)
        hat = (rows - mean) * rstd
        wdy = flat * weight
        dx = rstd * (wdy - wdy.mean(1, keepdim=True) - hat * (wdy * hat).mean(1, keepdim=True))
        blocks = range(0, rows.shape[0], 4)
        dw = torch.stack([(flat[i : i + 4] * hat[i : i + 4]).sum(0) for i in blocks]).sum(0)
        db = torch.stack([flat[i : i + 4].sum(0) for i in blocks]).sum(0)
        return dx.reshape(dy.shape), dw, db, None


class LayerNormMeanForgotten(LayerNorm):
    @staticmethod
    def backward(ctx, dy):
        rows, weight, mean, rstd = ctx.saved_tensors
        flat = dy.reshape(rows.shape)
        hat = (rows - mean) * rstd
        wdy = flat * weight
        dx = rstd * (wdy - hat * (wdy * hat).mean(1, keepdim=True))
        return dx.reshape(dy.shape), (flat * hat).sum(0), flat.sum(0), None


class LayerNormOfTwoAxes(LayerNorm):
    """The number of columns is taken for that of everything after the first axis."""

    @staticmethod
    def backward(ctx, dy):
        rows, weight, mean, rstd = ctx.saved_tensors
        flat = dy.reshape(rows.shape)
        columns = dy.numel() // dy.shape[0]
        hat = (rows - mean) * rstd
        wdy = flat * weight
        c1, c2 = wdy.sum(1, keepdim=True) / columns, (wdy * hat).sum(1, keepdim=True) / columns
        return (rstd * (wdy - c1 - hat * c2)).reshape(dy.shape), (flat * hat).sum(0), flat.sum(0), None


class LayerNormLastBlock(LayerNorm):
    @staticmethod
    def backward(ctx, dy):
        dx, dw, _, _ = LayerNorm.backward(ctx, dy)
        db = torch.zeros_like(dw)
        flat = dy.reshape(-1, dw.numel())
        for i in range(0, flat.shape[0], 4):
            db = flat[i : i + 4].sum(0)
        return dx, dw, db, None


class GroupNorm(Function):
    """Channels in groups: the statistics are a group's, weight and bias a channel's."""

    @staticmethod
    def forward(ctx, x, weight, bias, groups, eps):
        n, c = x.shape[:2]
        grouped = x.reshape(n, groups, -1)
        mean = grouped.mean(-1, keepdim=True)
        rstd = ((grouped - mean).square().mean(-1, keepdim=True) + eps) ** -0.5
        hat = ((grouped - mean) * rstd).view(n, c, -1)
        ctx.save_for_backward(hat, rstd, weight)
        ctx.groups, ctx.shape = groups, x.shape
        return (hat * weight[:, None] + bias[:, None]).view(x.shape)

    @staticmethod
    def backward(ctx, dy):
        n, c = ctx.shape[:2]
        dy = dy.reshape(n, c, -1)
        return GroupNorm.gradients(ctx, dy, dy.shape[-1] * c // ctx.groups)

    @staticmethod
    def gradients(ctx, dy, size):
        hat, rstd, weight = ctx.saved_tensors
        of_group = (ctx.shape[0], ctx.groups, -1)
        wdy, grouped = (dy * weight[:, None]).reshape(of_group), hat.reshape(of_group)
        c1, c2 = wdy.sum(-1, keepdim=True) / size, (wdy * grouped).sum(-1, keepdim=True) / size
        dx = rstd * (wdy - c1 - grouped * c2)
        return dx.view(ctx.shape), (dy * hat).sum((0, 2)), dy.sum((0, 2)), None, None


class GroupNormOfOneChannel(GroupNorm):
    @staticmethod
    def backward(ctx, dy):
        dy = dy.reshape(ctx.shape[0], ctx.shape[1], -1)
        return GroupNorm.gradients(ctx, dy, dy.shape[-1])


class GroupNormSwapped(GroupNorm):
    @staticmethod
    def backward(ctx, dy):
        dx, dw, db, *others = GroupNorm.backward(ctx, dy)
        return dx, db, dw, *others


class BatchNorm(Function):
    """In training: also returns the mean and the variance, which are not differentiated."""

    @staticmethod
    def forward(ctx, x, weight, bias):
        mean = x.mean(0)
        var = x.var(0, unbiased=False)
        ctx.save_for_backward(x, mean, var, weight)
        ctx.mark_non_differentiable(mean, var)
        return (x - mean) / torch.sqrt(var + 1e-5) * weight + bias, mean, var

    @staticmethod
    @once_differentiable
    def backward(ctx, dy, _mean, _var):
        x, mean, var, weight = ctx.saved_tensors
        n = x.shape[0]
        std = torch.sqrt(var + 1e-5)
        dvar = (dy * weight * (x - mean)).sum(0) * -0.5 * std**-3
        dmean = -(dy * weight / std).sum(0) + dvar * (-2 * (x - mean)).mean(0)
        dx = dy * weight / std + dvar * 2 * (x - mean) / n + dmean / n
        return dx, (dy * (x - mean) / std).sum(0), dy.sum(0)


class BatchNormBessel(BatchNorm):
    @staticmethod
    def backward(ctx, dy, _mean, _var):
        x, mean, var, weight = ctx.saved_tensors
        n = x.shape[0]
        std = torch.sqrt(var + 1e-5)
        hat = (x - mean) / std
        dx = weight / (std * n) * (n * dy - dy.sum(0) - n / (n - 1) * hat * (dy * hat).sum(0))
        return dx, (dy * hat).sum(0), dy.sum(0)


class BatchNormScaleForgotten(BatchNorm):
    @staticmethod
    def backward(ctx, dy, _mean, _var):
        x, mean, var, _ = ctx.saved_tensors
        hat = (x - mean) / torch.sqrt(var + 1e-5)
        dx = (dy - dy.mean(0) - hat * (dy * hat).mean(0)) / torch.sqrt(var + 1e-5)
        return dx, (dy * hat).sum(0), dy.sum(0)


class Softmax(Function):
    """Along any axis, which is no tensor."""

    @staticmethod
    def forward(ctx, x, dim):
        e = (x - x.amax(dim, keepdim=True)).exp_()
        y = e.div_(e.sum(dim, keepdim=True))
        ctx.save_for_backward(y)
        ctx.dim = dim
        return y

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return y * (g - torch.sum(y * g, ctx.dim, keepdim=True)), None


class SoftmaxUnweighted(Softmax):
    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return y * (g - g.sum(ctx.dim, keepdim=True)), None


class SoftmaxOtherAxis(Softmax):
    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return y * (g - (y * g).sum(1, keepdim=True)), None


RULES = [
    TensorRule(
        id="layer-norm",
        framework="torch",
        reference="linkedin/Liger-Kernel src/liger_kernel/ops/layer_norm.py; flagos-ai/FlagGems#5392",
        what="layer norm of an array of three axes, with weight and bias",
        right=LayerNorm,
        wrong={
            "the mean's term forgotten": LayerNormMeanForgotten,
            "divided by the size of two axes": LayerNormOfTwoAxes,
            "the bias keeps the last block's sum": LayerNormLastBlock,
        },
        inputs=tensors(x=(3, 2, 4), weight=(4,), bias=(4,)),
    ),
    TensorRule(
        id="group-norm",
        framework="torch",
        reference="linkedin/Liger-Kernel src/liger_kernel/ops/group_norm.py; its issue #1375",
        what="group norm of (N, C, L), with a weight and a bias for each channel",
        right=GroupNorm,
        wrong={
            "divided by the size of one channel": GroupNormOfOneChannel,
            "the gradients of weight and bias swapped": GroupNormSwapped,
        },
        inputs=tensors(x=(2, 4, 3), weight=(4,), bias=(4,), groups=2, eps=1e-5),
    ),
    TensorRule(
        id="batch-norm",
        framework="torch",
        reference="PyTorch tutorial on fusing convolution and batch norm; denizyuret/Knet.jl#288",
        what="batch norm in training; its statistics are outputs that are not differentiated",
        right=BatchNorm,
        wrong={
            "n/(n - 1) in the variance's term": BatchNormBessel,
            "x's gradient without the scale": BatchNormScaleForgotten,
        },
        inputs=tensors(x=(6, 3), weight=(3,), bias=(3,)),
    ),
    TensorRule(
        id="softmax",
        framework="torch",
        reference="linkedin/Liger-Kernel src/liger_kernel/ops/softmax.py",
        what="softmax along an axis that is an argument",
        right=Softmax,
        wrong={
            "the sum is of g, not of y·g": SoftmaxUnweighted,
            "the sum is over the last axis": SoftmaxOtherAxis,
        },
        inputs=tensors(x=(4, 4), dim=0),
    ),
]
