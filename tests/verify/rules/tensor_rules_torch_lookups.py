"""Pooling, maxima and look-ups in PyTorch, right and wrong."""

from __future__ import annotations

import numpy as np
import torch
from torch.autograd import Function

from tests.verify.rules.tensor_rule import Beyond, TensorRule, between, tensors


class MaxPool1d(Function):
    """Windows of three, a step of two: they overlap."""

    @staticmethod
    def forward(ctx, x):
        values, place = x.unfold(-1, 3, 2).max(-1)
        ctx.save_for_backward(place + 2 * torch.arange(values.shape[-1]))
        ctx.shape = x.shape
        return values

    @staticmethod
    def backward(ctx, g):
        (index,) = ctx.saved_tensors
        return g.new_zeros(ctx.shape).scatter_add_(-1, index, g)


class MaxPool1dOverwritten(MaxPool1d):
    @staticmethod
    def backward(ctx, g):
        (index,) = ctx.saved_tensors
        return g.new_zeros(ctx.shape).scatter_(-1, index, g)


class Maximum(Function):
    """Of the last axis; equal maxima share the gradient."""

    @staticmethod
    def forward(ctx, x):
        out = x.amax(-1)
        ctx.save_for_backward(x, out)
        return out

    @staticmethod
    def backward(ctx, g):
        x, out = ctx.saved_tensors
        mask = (x == out[..., None]).to(g)
        return mask / mask.sum(-1, keepdim=True) * g[..., None]


class MaximumClose(Maximum):
    """Whatever is within 0.01 of the maximum counts as one."""

    @staticmethod
    def backward(ctx, g):
        x, out = ctx.saved_tensors
        mask = torch.isclose(x, out[..., None], rtol=0, atol=1e-2).to(g)
        return mask / mask.sum(-1, keepdim=True) * g[..., None]


class MaximumEveryTie(Maximum):
    @staticmethod
    def backward(ctx, g):
        x, out = ctx.saved_tensors
        return g[..., None] * (x == out[..., None])


class EmbeddingBag(Function):
    """Means of rows of a table; the row of the padding gets no gradient and counts for nothing."""

    padding = 1

    @staticmethod
    def forward(ctx, table, index):
        mask = (index != EmbeddingBag.padding)[..., None].to(table)
        ctx.save_for_backward(index, mask)
        ctx.rows = len(table)
        return (table[index] * mask).sum(1) / mask.sum(1)

    @staticmethod
    def backward(ctx, g):
        _, mask = ctx.saved_tensors
        return EmbeddingBag.collected(ctx, g, mask / mask.sum(1, keepdim=True))

    @staticmethod
    def collected(ctx, g, share):
        index, _ = ctx.saved_tensors
        table = g.new_zeros(ctx.rows, g.shape[1])
        each = (g[:, None] * share).flatten(0, 1)
        return table.index_put_((index.flatten(),), each, accumulate=True), None


class EmbeddingBagAllCount(EmbeddingBag):
    @staticmethod
    def backward(ctx, g):
        index, mask = ctx.saved_tensors
        return EmbeddingBag.collected(ctx, g, mask / index.shape[1])


class LinearSampling(Function):
    """A signal between its samples: at each position the two neighbours, weighted."""

    @staticmethod
    def neighbours(signal, position):
        low = position.floor().long().clamp(0, len(signal) - 2)
        return low, position - low

    @staticmethod
    def forward(ctx, signal, position):
        low, t = LinearSampling.neighbours(signal, position)
        ctx.save_for_backward(signal, position)
        return signal[low] * (1 - t) + signal[low + 1] * t

    @staticmethod
    def backward(ctx, g):
        signal, position = ctx.saved_tensors
        low, t = LinearSampling.neighbours(signal, position)
        dsignal = torch.zeros_like(signal)
        dsignal.put_(low, g * (1 - t), accumulate=True).put_(low + 1, g * t, accumulate=True)
        return dsignal, g * (signal[low + 1] - signal[low])


class LinearSamplingBackwards(LinearSampling):
    @staticmethod
    def backward(ctx, g):
        dsignal, dposition = LinearSampling.backward(ctx, g)
        return dsignal, -dposition


class LinearSamplingNearest(LinearSampling):
    @staticmethod
    def backward(ctx, g):
        signal, position = ctx.saved_tensors
        _, dposition = LinearSampling.backward(ctx, g)
        return torch.zeros_like(signal).index_add(0, position.round().long(), g), dposition


def close_maxima() -> dict[str, torch.Tensor]:
    """Two entries that are apart by half of what `MaximumClose` takes for equal."""
    return {"x": torch.tensor([[0.3, 0.305, -1.0], [2.0, 0.1, 0.5]], dtype=torch.float64)}


def equal_maxima() -> dict[str, torch.Tensor]:
    return {"x": torch.tensor([[0.5, 0.5, -1.0], [2.0, 0.1, 2.0]], dtype=torch.float64)}


RULES = [
    TensorRule(
        id="max-pool1d-overlapping",
        framework="torch",
        reference="0809zheng/CS231n-assignment2019#19, FluxML/Flux.jl#1197",
        what="maxima of overlapping windows",
        right=MaxPool1d,
        wrong={"an entry that wins twice is overwritten": MaxPool1dOverwritten},
        inputs=tensors(x=(3, 7)),
    ),
    TensorRule(
        id="maximum",
        framework="torch",
        reference="mni-ml/framework#22, tensorflow/tensorflow#4886, Theano/Theano#5248",
        what="the maximum of the last axis, shared by ties",
        right=Maximum,
        wrong={"maxima are what is within 0.01": MaximumClose, "each of equal maxima gets all": MaximumEveryTie},
        beyond={
            "maxima are what is within 0.01": Beyond("no two entries are that close", inputs=close_maxima),
            "each of equal maxima gets all": Beyond("there are no ties", inputs=equal_maxima),
        },
        inputs=tensors(x=(4, 3)),
    ),
    TensorRule(
        id="embedding-bag",
        framework="torch",
        reference="PyTorch torch.nn.EmbeddingBag; PaddlePaddle/Paddle#17662 (repeated indices)",
        what="means of rows of a table, without the row of the padding",
        right=EmbeddingBag,
        wrong={"the padding is counted": EmbeddingBagAllCount},
        inputs=tensors(table=(4, 3), index=np.array([[0, 2, 2], [1, 3, 0]])),
    ),
    TensorRule(
        id="linear-sampling",
        framework="torch",
        reference="Jaderberg et al. 2015, arXiv:1506.02025, (6) and (7)",
        what="a signal at positions between its samples, differentiated by both",
        right=LinearSampling,
        wrong={
            "the sign of the position's gradient": LinearSamplingBackwards,
            "the nearest sample gets all": LinearSamplingNearest,
        },
        inputs=tensors(signal=(6,), position=between(0.1, 4.9, 5)),
    ),
]
