"""Convolutions and scans in PyTorch, right and wrong."""

from __future__ import annotations

import torch
from torch.autograd import Function

from tests.verify.rules.tensor_rule import TensorRule, between, tensors


class CausalConv1d(Function):
    """silu of a depthwise causal convolution, by overlapping windows of a padded buffer."""

    @staticmethod
    def windows(x, width):
        batch, channels, length = x.shape
        padded = torch.cat([x.new_zeros(batch, channels, width - 1), x], -1)
        b, c, t = padded.stride()
        return padded.as_strided((batch, channels, length, width), (b, c, t, t))

    @staticmethod
    def forward(ctx, x, weight, bias):
        s = torch.einsum("bclw,cw->bcl", CausalConv1d.windows(x, weight.shape[1]), weight) + bias[:, None]
        ctx.save_for_backward(x, weight, s)
        return s * torch.sigmoid(s)

    @staticmethod
    def inner(s, g):
        sig = torch.sigmoid(s)
        return g * sig * (1 + s * (1 - sig))

    @staticmethod
    def backward(ctx, g):
        x, weight, s = ctx.saved_tensors
        d = CausalConv1d.inner(s, g)
        return CausalConv1d.gradients(x, weight, d, weight.flip(1))

    @staticmethod
    def gradients(x, weight, d, flipped):
        width = weight.shape[1]
        dw = torch.einsum("bclw,bcl->cw", CausalConv1d.windows(x, width), d)
        later = torch.nn.functional.pad(d, (0, width - 1)).unfold(-1, width, 1)
        return torch.einsum("bclw,cw->bcl", later, flipped), dw, d.sum((0, 2))


class CausalConv1dUnflipped(CausalConv1d):
    @staticmethod
    def backward(ctx, g):
        x, weight, s = ctx.saved_tensors
        return CausalConv1d.gradients(x, weight, CausalConv1d.inner(s, g), weight)


class CausalConv1dOneOff(CausalConv1d):
    """The weight's gradient meets windows that end one step early."""

    @staticmethod
    def backward(ctx, g):
        x, weight, s = ctx.saved_tensors
        dx, _, db = CausalConv1d.backward(ctx, g)
        early = CausalConv1d.windows(x.roll(1, -1), weight.shape[1])
        return dx, torch.einsum("bclw,bcl->cw", early, CausalConv1d.inner(s, g)), db


class CausalConv1dOutput(CausalConv1d):
    """silu's derivative is taken at the output."""

    @staticmethod
    def backward(ctx, g):
        x, weight, s = ctx.saved_tensors
        out = s * torch.sigmoid(s)
        return CausalConv1d.gradients(x, weight, CausalConv1d.inner(out, g), weight.flip(1))


class SelectiveScan(Function):
    """h = exp(Δ·A)·h + Δ·B·u, y = C·h + D·u with Δ = softplus(delta), a channel with its own states."""

    @staticmethod
    def forward(ctx, u, delta, a, b, c, d):
        step = torch.nn.functional.softplus(delta)
        h, states, ys = torch.zeros_like(a), [torch.zeros_like(a)], []
        for t in range(u.shape[1]):
            h = torch.exp(step[:, t, None] * a) * h + (step[:, t] * u[:, t])[:, None] * b[:, t]
            states.append(h)
            ys.append(h @ c[:, t])
        ctx.save_for_backward(u, delta, a, b, c, d, torch.stack(states))
        return torch.stack(ys, 1) + d[:, None] * u

    @staticmethod
    def backward(ctx, dy):
        u, delta, a, b, c, d, states = ctx.saved_tensors
        step = torch.nn.functional.softplus(delta)
        du, dstep = dy * d[:, None], torch.zeros_like(delta)
        da, db, dc = map(torch.zeros_like, (a, b, c))
        dh = torch.zeros_like(a)
        for t in reversed(range(u.shape[1])):
            dh = dh + dy[:, t, None] * c[:, t]
            dc[:, t] = dy[:, t] @ states[t + 1]
            decay = torch.exp(step[:, t, None] * a)
            through = dh * decay * states[t]
            da += through * step[:, t, None]
            along = dh @ b[:, t]
            dstep[:, t] = (through * a).sum(1) + along * u[:, t]
            du[:, t] += along * step[:, t]
            db[:, t] = (step[:, t] * u[:, t]) @ dh
            dh = dh * decay
        return du, dstep * torch.sigmoid(delta), da, db, dc, (dy * u).sum(1)


class SelectiveScanSoftplusLost(SelectiveScan):
    @staticmethod
    def backward(ctx, dy):
        du, ddelta, *others = SelectiveScan.backward(ctx, dy)
        return du, ddelta / torch.sigmoid(ctx.saved_tensors[1]), *others


class SelectiveScanSkipLost(SelectiveScan):
    @staticmethod
    def backward(ctx, dy):
        du, *others = SelectiveScan.backward(ctx, dy)
        return du - dy * ctx.saved_tensors[5][:, None], *others


class LinearRecurrence(Function):
    """h[t] = a[t]·h[t-1] + x[t] over the last axis."""

    @staticmethod
    def forward(ctx, a, x):
        h = x.clone()
        for t in range(1, x.shape[-1]):
            h[..., t] += a[..., t] * h[..., t - 1]
        ctx.save_for_backward(a, h)
        return h

    @staticmethod
    def gradients(a, h, g, ahead):
        dx = g.clone()
        for t in range(g.shape[-1] - 2, -1, -1):
            dx[..., t] += a[..., t + ahead] * dx[..., t + 1]
        da = torch.zeros_like(a)
        da[..., 1:] = dx[..., 1:] * h[..., :-1]
        return da, dx

    @staticmethod
    def backward(ctx, g):
        return LinearRecurrence.gradients(*ctx.saved_tensors, g, 1)


class LinearRecurrenceOneOff(LinearRecurrence):
    @staticmethod
    def backward(ctx, g):
        return LinearRecurrence.gradients(*ctx.saved_tensors, g, 0)


class ReverseCumsum(Function):
    """y[t] = Σ x[s], s > t, of the next to last axis."""

    @staticmethod
    def forward(ctx, x):
        return x.flip(-2).cumsum(-2).flip(-2) - x

    @staticmethod
    def backward(ctx, g):
        return g.cumsum(-2) - g


class ReverseCumsumInclusive(ReverseCumsum):
    @staticmethod
    def backward(ctx, g):
        return g.cumsum(-2)


RULES = [
    TensorRule(
        id="causal-conv1d",
        framework="torch",
        reference="Dao-AILab/causal-conv1d causal_conv1d/causal_conv1d_interface.py; flash-linear-attention#1140",
        what="silu of a depthwise causal convolution, by as_strided windows",
        right=CausalConv1d,
        wrong={
            "the kernel is not flipped": CausalConv1dUnflipped,
            "the weight's gradient is one step early": CausalConv1dOneOff,
            "silu's derivative at the output": CausalConv1dOutput,
        },
        inputs=tensors(x=(1, 2, 5), weight=(2, 3), bias=(2,)),
    ),
    TensorRule(
        id="selective-scan",
        framework="torch",
        reference="state-spaces/mamba mamba_ssm/ops/selective_scan_interface.py; its #368; Gu, Dao, arXiv:2312.00752",
        what="the selective scan of Mamba, a step at a time",
        right=SelectiveScan,
        wrong={
            "softplus has no derivative": SelectiveScanSoftplusLost,
            "u's gradient misses D": SelectiveScanSkipLost,
        },
        inputs=tensors(u=(2, 4), delta=(2, 4), a=between(-1.5, -0.5, 2, 3), b=(3, 4), c=(3, 4), d=(2,)),
    ),
    TensorRule(
        id="linear-recurrence",
        framework="torch",
        reference="google-deepmind/recurrentgemma; De et al. 2024, arXiv:2402.19427, 2.4",
        what="h[t] = a[t]·h[t-1] + x[t]",
        right=LinearRecurrence,
        wrong={"the factor of the step before": LinearRecurrenceOneOff},
        inputs=tensors(a=between(0.2, 0.9, 2, 5), x=(2, 5)),
    ),
    TensorRule(
        id="reverse-cumsum",
        framework="torch",
        reference="fla-org/flash-linear-attention fla/ops/utils/cumsum.py",
        what="sums of what comes after each step",
        right=ReverseCumsum,
        wrong={"the step itself is counted": ReverseCumsumInclusive},
        inputs=tensors(x=(2, 4, 3)),
    ),
]
