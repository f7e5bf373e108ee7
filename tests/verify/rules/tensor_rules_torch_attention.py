"""Attention and positions in PyTorch, right and wrong."""

from __future__ import annotations

import torch
from torch.autograd import Function

from tests.verify.rules.tensor_rule import Beyond, TensorRule, tensors


class FlashAttention(Function):
    """Causal attention of (heads, steps, width), several query heads for each head of keys; saves a row's log-sum."""

    @staticmethod
    def forward(ctx, q, k, v):
        scores, scale = FlashAttention.scores(q, k)
        lse = torch.logsumexp(scores, -1, keepdim=True)
        out = (scores - lse).exp() @ FlashAttention.repeated(q, v)
        ctx.save_for_backward(q, k, v, out, lse)
        ctx.scale = scale
        return out

    @staticmethod
    def repeated(q, kv):
        return kv.repeat_interleave(q.shape[0] // kv.shape[0], dim=0)

    @staticmethod
    def scores(q, k, diagonal=1):
        scale = q.shape[-1] ** -0.5
        future = torch.ones(q.shape[1], k.shape[1], dtype=torch.bool).triu(diagonal)
        scores = q @ FlashAttention.repeated(q, k).transpose(1, 2) * scale
        return scores.masked_fill(future, float("-inf")), scale

    @staticmethod
    def parts(ctx, dout, diagonal=1):
        """The weights, the gradient of the scaled scores, and the gradients of q, k and v, a head of q each."""
        q, k, v, out, lse = ctx.saved_tensors
        p = torch.exp(FlashAttention.scores(q, k, diagonal)[0] - lse)
        delta = (dout * out).sum(-1, keepdim=True)
        ds = p * (dout @ FlashAttention.repeated(q, v).transpose(1, 2) - delta)
        dq = ctx.scale * ds @ FlashAttention.repeated(q, k)
        return dq, ctx.scale * ds.transpose(1, 2) @ q, p.transpose(1, 2) @ dout

    @staticmethod
    def backward(ctx, dout):
        dq, dk, dv = FlashAttention.parts(ctx, dout)
        groups = ctx.saved_tensors[1].shape[0]
        return dq, dk.unflatten(0, (groups, -1)).sum(1), dv.unflatten(0, (groups, -1)).sum(1)


class FlashAttentionOtherHeads(FlashAttention):
    """As if the heads of keys were repeated one after the other."""

    @staticmethod
    def backward(ctx, dout):
        dq, dk, dv = FlashAttention.parts(ctx, dout)
        groups = ctx.saved_tensors[1].shape[0]
        return dq, dk.unflatten(0, (-1, groups)).sum(0), dv.unflatten(0, (-1, groups)).sum(0)


class FlashAttentionMaskOff(FlashAttention):
    @staticmethod
    def backward(ctx, dout):
        dq, dk, dv = FlashAttention.parts(ctx, dout, diagonal=2)
        groups = ctx.saved_tensors[1].shape[0]
        return dq, dk.unflatten(0, (groups, -1)).sum(1), dv.unflatten(0, (groups, -1)).sum(1)


class FlashAttentionScaleOnce(FlashAttention):
    @staticmethod
    def backward(ctx, dout):
        dq, dk, dv = FlashAttention.backward(ctx, dout)
        return dq, dk / ctx.scale, dv


class FlashAttentionStrides(FlashAttention):
    @staticmethod
    def backward(ctx, dout):
        q = ctx.saved_tensors[0]
        return FlashAttention.backward(ctx, dout.as_strided(q.shape, q.stride()))


class ScaledMaskedSoftmax(Function):
    """softmax(scale·x) where the mask is false; where it is true 0."""

    @staticmethod
    def forward(ctx, x, mask, scale):
        y = torch.softmax(torch.where(mask, -10000.0, x * scale), -1)
        ctx.save_for_backward(y, mask)
        ctx.scale = scale
        return y

    @staticmethod
    def backward(ctx, g):
        y, mask = ctx.saved_tensors
        d = y * g
        d -= y * d.sum(-1, keepdim=True)
        return d.mul_(ctx.scale).masked_fill_(mask, 0), None, None


class ScaledMaskedSoftmaxScaleLost(ScaledMaskedSoftmax):
    @staticmethod
    def backward(ctx, g):
        d, *_ = ScaledMaskedSoftmax.backward(ctx, g)
        return d / ctx.scale, None, None


class ScaledMaskedSoftmaxOtherAxis(ScaledMaskedSoftmax):
    @staticmethod
    def backward(ctx, g):
        y, mask = ctx.saved_tensors
        d = y * (g - (y * g).sum(-2, keepdim=True)) * ctx.scale
        return d.masked_fill(mask, 0), None, None


class Rotary(Function):
    """RoPE of queries and keys, by halves: two outputs; the tables get None."""

    @staticmethod
    def forward(ctx, q, k, cos, sin):
        ctx.save_for_backward(cos, sin)
        return Rotary.turned(q, cos, sin), Rotary.turned(k, cos, sin)

    @staticmethod
    def turned(x, cos, sin):
        a, b = x.chunk(2, dim=-1)
        return torch.cat([a * cos - b * sin, b * cos + a * sin], dim=-1)

    @staticmethod
    def backward(ctx, dq, dk):
        cos, sin = ctx.saved_tensors
        return Rotary.turned(dq, cos, -sin), Rotary.turned(dk, cos, -sin), None, None


class RotarySameWay(Rotary):
    @staticmethod
    def backward(ctx, dq, dk):
        cos, sin = ctx.saved_tensors
        return Rotary.turned(dq, cos, sin), Rotary.turned(dk, cos, sin), None, None


class RotaryPairs(Rotary):
    """The gradient is turned in pairs of neighbours."""

    @staticmethod
    def backward(ctx, dq, dk):
        def turned(d):
            a, b = d[..., ::2], d[..., 1::2]
            return torch.stack([a * cos + b * sin, b * cos - a * sin], -1).flatten(-2)

        cos, sin = ctx.saved_tensors
        return turned(dq), turned(dk), None, None


class RelativeBias(Function):
    """scores[h, i, j] + table[bucket[i, j], h]: many places share an entry of the table."""

    @staticmethod
    def forward(ctx, scores, table, bucket):
        ctx.save_for_backward(bucket)
        ctx.table_shape = table.shape
        return scores + table[bucket].permute(2, 0, 1)

    @staticmethod
    def backward(ctx, g):
        (bucket,) = ctx.saved_tensors
        flat = g.permute(1, 2, 0).reshape(-1, ctx.table_shape[1])
        return g, g.new_zeros(ctx.table_shape).index_add_(0, bucket.flatten(), flat), None


class RelativeBiasOverwritten(RelativeBias):
    @staticmethod
    def backward(ctx, g):
        (bucket,) = ctx.saved_tensors
        table = g.new_zeros(ctx.table_shape)
        table.index_put_((bucket,), g.permute(1, 2, 0))
        return g, table, None


BUCKETS = (torch.arange(3)[:, None] - torch.arange(4)).clamp(-1, 1) + 1

RULES = [
    TensorRule(
        id="attention-causal-gqa",
        framework="torch",
        reference="Dao-AILab/flash-attention, #355; XunhaoLai/native-sparse-attention-triton#27; arXiv:2205.14135",
        what="causal attention, two query heads for each of two heads of keys, from the saved log-sums",
        right=FlashAttention,
        wrong={
            "summed over the wrong heads of queries": FlashAttentionOtherHeads,
            "the mask lets one later step in": FlashAttentionMaskOff,
            "the keys' gradient misses the scale": FlashAttentionScaleOnce,
            "the upstream gradient is read with the strides of q": FlashAttentionStrides,
        },
        beyond={
            "the upstream gradient is read with the strides of q": Beyond("g is contiguous there", layout="transposed"),
        },
        inputs=tensors(q=(4, 3, 2), k=(2, 3, 2), v=(2, 3, 2)),
    ),
    TensorRule(
        id="scaled-masked-softmax",
        framework="torch",
        reference="NVIDIA/Megatron-LM megatron/core/fusions/fused_softmax.py; NVIDIA/apex csrc/megatron",
        what="softmax of scale·x where a mask is false",
        right=ScaledMaskedSoftmax,
        wrong={
            "the scale lost": ScaledMaskedSoftmaxScaleLost,
            "the sum is over the queries": ScaledMaskedSoftmaxOtherAxis,
        },
        inputs=tensors(x=(2, 2, 3, 3), mask=(torch.arange(9).reshape(1, 1, 3, 3) % 4 == 1).numpy(), scale=0.5),
    ),
    TensorRule(
        id="rope",
        framework="torch",
        reference="linkedin/Liger-Kernel src/liger_kernel/ops/rope.py; Su et al. 2021, arXiv:2104.09864",
        what="rotary positions of queries and keys, two outputs, by tables that are not differentiated",
        right=Rotary,
        wrong={
            "turned the same way": RotarySameWay,
            "turned in pairs of neighbours": RotaryPairs,
        },
        inputs=tensors(q=(2, 3, 4), k=(1, 3, 4), cos=(3, 2), sin=(3, 2)),
        wrt=("q", "k"),
    ),
    TensorRule(
        id="relative-bias",
        framework="torch",
        reference="huggingface/transformers models/t5/modeling_t5.py; pytorch/pytorch#1631 (repeated indices)",
        what="a learned bias by bucket of distance, looked up many times",
        right=RelativeBias,
        wrong={"a repeated index is overwritten": RelativeBiasOverwritten},
        inputs=tensors(scores=(2, 3, 4), table=(3, 2), bucket=BUCKETS.numpy()),
    ),
]
