"""Normalisations by a root mean square or a norm in PyTorch, right and wrong."""

from __future__ import annotations

import torch
from torch.autograd import Function

from tests.verify.rules.tensor_rule import TensorRule, tensors


class RMSNorm(Function):
    """y = x·r·w with r = (mean x² + eps)^(-1/2) over the last axis."""

    @staticmethod
    def forward(ctx, x, weight, eps):
        rstd = torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps)
        ctx.save_for_backward(x, weight, rstd)
        ctx.eps = eps
        return x * rstd * weight

    @staticmethod
    def backward(ctx, grad_output):
        x, weight, rstd = ctx.saved_tensors
        scaled = grad_output * weight
        dot = (scaled * x).sum(-1, keepdim=True)
        dx = rstd * scaled - rstd**3 * x * dot / x.shape[-1]
        dw = (grad_output * x * rstd).flatten(0, -2).sum(0)
        return dx, dw, None


class RMSNormWeightTwice(RMSNorm):
    @staticmethod
    def backward(ctx, grad_output):
        x, weight, rstd = ctx.saved_tensors
        dot = (grad_output * weight * x).sum(-1, keepdim=True)
        dx = rstd * grad_output * weight - weight * rstd**3 * x * dot / x.shape[-1]
        return dx, (grad_output * x * rstd).flatten(0, -2).sum(0), None


class RMSNormEpsOutside(RMSNorm):
    @staticmethod
    def backward(ctx, grad_output):
        x, weight, _ = ctx.saved_tensors
        rstd = 1 / (x.pow(2).mean(-1, keepdim=True).sqrt() + ctx.eps)
        scaled = grad_output * weight
        dx = rstd * scaled - rstd**3 * x * (scaled * x).mean(-1, keepdim=True)
        return dx, (grad_output * x * rstd).flatten(0, -2).sum(0), None


class RMSNormFrozenWeight(RMSNorm):
    @staticmethod
    def backward(ctx, grad_output):
        dx, _, _ = RMSNorm.backward(ctx, grad_output)
        return dx, None, None


class GemmaRMSNorm(Function):
    """y = x·r·(1 + w), of a flattened x; works on a buffer of its own, in place."""

    @staticmethod
    def forward(ctx, x, weight, eps):
        rows = x.reshape(-1, x.shape[-1])
        rstd = (rows.square().sum(1) / rows.shape[1] + eps).rsqrt()
        ctx.save_for_backward(rows, weight, rstd)
        return (rows * rstd[:, None] * (weight + 1)).view(x.shape)

    @staticmethod
    def backward(ctx, dy):
        rows, weight, rstd = ctx.saved_tensors
        return GemmaRMSNorm.gradients(dy, rows, weight + 1, rstd)

    @staticmethod
    def gradients(dy, rows, factor, rstd):
        normed = rows * rstd[:, None]
        flat = dy.reshape(rows.shape)
        dx = flat * factor
        row_sum = (dx * normed).sum(1, keepdim=True)
        dx.sub_(normed * row_sum / rows.shape[1]).mul_(rstd[:, None])
        return dx.view(dy.shape), torch.einsum("nd,nd->d", flat, normed), None


class GemmaRMSNormWithoutOne(GemmaRMSNorm):
    @staticmethod
    def backward(ctx, dy):
        return GemmaRMSNorm.gradients(dy, *ctx.saved_tensors)


class FusedAddRMSNorm(Function):
    """Two outputs: the norm of s = x + residual, and s itself; one that is not used has None for its gradient."""

    @staticmethod
    def forward(ctx, x, residual, weight):
        ctx.set_materialize_grads(False)
        s = x + residual
        rstd = torch.rsqrt(s.square().mean(-1, keepdim=True) + 1e-6)
        ctx.save_for_backward(s, weight, rstd)
        return s * rstd * weight, s

    @staticmethod
    def backward(ctx, dy, ds):
        if dy is None:
            return ds, ds, None
        dx, dw, _ = RMSNorm.backward(ctx, dy)
        if ds is not None:
            dx = dx + ds
        return dx, dx, dw


class FusedAddRMSNormResidualLost(FusedAddRMSNorm):
    @staticmethod
    def backward(ctx, dy, ds):
        if dy is None:
            return None, ds, None
        dx, dw, _ = RMSNorm.backward(ctx, dy)
        return dx, dx if ds is None else dx + ds, dw


class GatedRMSNorm(Function):
    """y = norm(x·silu(z))·w."""

    @staticmethod
    def forward(ctx, x, z, weight):
        gated = x * z * torch.sigmoid(z)
        rstd = torch.rsqrt(gated.square().mean(-1, keepdim=True) + 1e-5)
        ctx.save_for_backward(x, z, weight, rstd)
        return gated * rstd * weight

    @staticmethod
    def backward(ctx, dy):
        x, z, weight, rstd = ctx.saved_tensors
        sig = torch.sigmoid(z)
        normed = x * z * sig * rstd
        wdy = weight * dy
        dgated = rstd * (wdy - normed * (wdy * normed).mean(-1, keepdim=True))
        return dgated * z * sig, dgated * x * sig * (1 + z * (1 - sig)), (dy * normed).sum(0)


class GatedRMSNormSwapped(GatedRMSNorm):
    @staticmethod
    def backward(ctx, dy):
        dx, _, dw = GatedRMSNorm.backward(ctx, dy)
        return dx, dx, dw


class L2Norm(Function):
    """y = x/√(Σx² + eps) over the last axis; only y and the factor are saved."""

    @staticmethod
    def forward(ctx, x, eps=1e-6):
        rstd = torch.rsqrt(x.square().sum(-1, keepdim=True) + eps)
        y = x * rstd
        ctx.save_for_backward(y, rstd)
        return y

    @staticmethod
    def backward(ctx, dy):
        y, rstd = ctx.saved_tensors
        return dy * rstd - (dy * y).sum(-1, keepdim=True) * y * rstd, None


class L2NormFactorForgotten(L2Norm):
    @staticmethod
    def backward(ctx, dy):
        y, rstd = ctx.saved_tensors
        return dy * rstd - (dy * y).sum(-1, keepdim=True) * y, None


class WeightNorm(Function):
    """w = g·v/‖v‖, a norm for each row; written with setup_context."""

    @staticmethod
    def forward(v, g):
        return v * (g / v.norm(dim=1))[:, None]

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, dw):
        v, g = ctx.saved_tensors
        norm = v.norm(dim=1, keepdim=True)
        dg = (dw * v / norm).sum(1, keepdim=True)
        return g[:, None] / norm * dw - g[:, None] * dg / norm**2 * v, dg.squeeze(1)


class WeightNormNotProjected(WeightNorm):
    @staticmethod
    def backward(ctx, dw):
        v, g = ctx.saved_tensors
        norm = v.norm(dim=1, keepdim=True)
        return g[:, None] / norm * dw, (dw * v / norm).sum(1)


class DynamicTanh(Function):
    """y = w·tanh(α·x) + b with one number α."""

    @staticmethod
    def forward(ctx, x, alpha, weight, bias):
        ctx.save_for_backward(x, alpha, weight)
        return weight * torch.tanh(alpha * x) + bias

    @staticmethod
    def backward(ctx, dy):
        x, alpha, weight = ctx.saved_tensors
        tanh = torch.tanh(alpha * x)
        inner = dy * weight * (1 - tanh * tanh)
        return inner * alpha, (inner * x).sum(), (dy * tanh).sum(0), dy.sum(0)


class DynamicTanhAveraged(DynamicTanh):
    @staticmethod
    def backward(ctx, dy):
        dx, dalpha, dw, db = DynamicTanh.backward(ctx, dy)
        return dx, dalpha / dy.shape[0], dw, db


class DynamicTanhAlphaForgotten(DynamicTanh):
    @staticmethod
    def backward(ctx, dy):
        x, alpha, weight = ctx.saved_tensors
        _, *others = DynamicTanh.backward(ctx, dy)
        return dy * weight * (1 - torch.tanh(alpha * x) ** 2), *others


RULES = [
    TensorRule(
        id="rms-norm",
        framework="torch",
        reference="linkedin/Liger-Kernel src/liger_kernel/ops/rms_norm.py; Megatron-LM#6859, unslothai/unsloth#4533",
        what="RMS norm over the last axis, with a weight",
        right=RMSNorm,
        wrong={
            "the weight also multiplies the variance term": RMSNormWeightTwice,
            "eps outside the root": RMSNormEpsOutside,
            "no gradient of the weight": RMSNormFrozenWeight,
        },
        inputs=tensors(x=(2, 3, 5), weight=(5,), eps=1e-2),
    ),
    TensorRule(
        id="rms-norm-gemma",
        framework="torch",
        reference="unslothai/unsloth unsloth/kernels/rms_layernorm.py (Gemma: 1 + w)",
        what="RMS norm whose weight is an offset from 1",
        right=GemmaRMSNorm,
        wrong={"the weight without its 1": GemmaRMSNormWithoutOne},
        inputs=tensors(x=(2, 3, 4), weight=(4,), eps=1e-6),
    ),
    TensorRule(
        id="rms-norm-fused-add",
        framework="torch",
        reference="linkedin/Liger-Kernel src/liger_kernel/ops/fused_add_rms_norm.py",
        what="RMS norm of a sum, which is returned, too: two outputs",
        right=FusedAddRMSNorm,
        wrong={"x misses the gradient of the second output": FusedAddRMSNormResidualLost},
        inputs=tensors(x=(4, 5), residual=(4, 5), weight=(5,)),
    ),
    TensorRule(
        id="rms-norm-gated",
        framework="torch",
        reference="fla-org/flash-linear-attention fla/modules/layernorm_gated.py; its issue #155",
        what="RMS norm of x·silu(z), with a weight",
        right=GatedRMSNorm,
        wrong={"the gate is given the gradient of x": GatedRMSNormSwapped},
        inputs=tensors(x=(3, 4), z=(3, 4), weight=(4,)),
    ),
    TensorRule(
        id="l2-norm",
        framework="torch",
        reference="fla-org/flash-linear-attention fla/modules/l2norm.py",
        what="rows divided by their norm, from the output and the saved factor",
        right=L2Norm,
        wrong={"the projection misses the factor": L2NormFactorForgotten},
        inputs=tensors(x=(3, 2, 5)),
    ),
    TensorRule(
        id="weight-norm",
        framework="torch",
        reference="Salimans, Kingma 2016, arXiv:1602.07868, equation (3)",
        what="w = g·v/|v|, a row at a time",
        right=WeightNorm,
        wrong={"v's gradient is not projected": WeightNormNotProjected},
        inputs=tensors(v=(3, 5), g=(3,)),
    ),
    TensorRule(
        id="dynamic-tanh",
        framework="torch",
        reference="linkedin/Liger-Kernel src/liger_kernel/ops/dyt.py; Zhu et al. 2025, arXiv:2503.10622",
        what="w·tanh(α·x) + b, with one number α",
        right=DynamicTanh,
        wrong={
            "the gradient of α is averaged over the batch": DynamicTanhAveraged,
            "the factor α forgotten": DynamicTanhAlphaForgotten,
        },
        inputs=tensors(x=(4, 3), alpha=lambda rng: rng.uniform(0.4, 0.8, ()), weight=(3,), bias=(3,)),
    ),
]
