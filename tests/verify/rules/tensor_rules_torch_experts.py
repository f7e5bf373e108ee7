"""Experts, a reversible block and declared surrogates in PyTorch, right and wrong."""

from __future__ import annotations

import numpy as np
import torch
from torch.autograd import Function

from tests.verify.rules.tensor_rule import TensorRule, tensors


class TopKGate(Function):
    """The softmax of the k largest, 0 elsewhere."""

    @staticmethod
    def forward(ctx, logits, k):
        top, index = logits.topk(k, dim=-1)
        weights = torch.softmax(top, -1)
        ctx.save_for_backward(weights, index, logits)
        return torch.zeros_like(logits).scatter_(-1, index, weights)

    @staticmethod
    def backward(ctx, g):
        weights, index, logits = ctx.saved_tensors
        gw = g.gather(-1, index)
        d = weights * (gw - (weights * gw).sum(-1, keepdim=True))
        return torch.zeros_like(logits).scatter_(-1, index, d), None


class TopKGateOfAll(TopKGate):
    @staticmethod
    def backward(ctx, g):
        _, index, logits = ctx.saved_tensors
        p = torch.softmax(logits, -1).gather(-1, index)
        gw = g.gather(-1, index)
        return torch.zeros_like(logits).scatter_(-1, index, p * (gw - (p * gw).sum(-1, keepdim=True))), None


class Combine(Function):
    """Adds up the experts' rows, each times its gate, at the rows of their tokens."""

    @staticmethod
    def forward(ctx, rows, gates, token, n):
        ctx.save_for_backward(rows, gates, token)
        return rows.new_zeros(n, rows.shape[1]).index_add_(0, token, gates[:, None] * rows)

    @staticmethod
    def backward(ctx, g):
        rows, gates, token = ctx.saved_tensors
        g = g.index_select(0, token)
        return g * gates.unsqueeze(1), torch.einsum("sd,sd->s", g, rows), None, None


class CombineAveraged(Combine):
    @staticmethod
    def backward(ctx, g):
        rows, gates, token = ctx.saved_tensors
        return g[token] * gates[:, None], (g[token] * rows).mean(1), None, None


class CombineUngated(Combine):
    @staticmethod
    def backward(ctx, g):
        rows, _, token = ctx.saved_tensors
        return g[token], (g[token] * rows).sum(1), None, None


class ReversibleBlock(Function):
    """y1 = x1 + f(x2), y2 = x2 + h(y1): the backward finds the inputs again from the outputs."""

    @staticmethod
    def f(x):
        return torch.tanh(x)

    @staticmethod
    def h(x):
        return torch.sin(x) * 0.5

    @staticmethod
    def forward(ctx, x1, x2):
        y1 = x1 + ReversibleBlock.f(x2)
        y2 = x2 + ReversibleBlock.h(y1)
        ctx.save_for_backward(y1.detach(), y2.detach())
        return y1, y2

    @staticmethod
    def gradients(ctx, g1, g2, through_h):
        y1, y2 = ctx.saved_tensors
        with torch.enable_grad():
            y1 = y1.detach().requires_grad_()
            h = ReversibleBlock.h(y1)
            if through_h:
                g1 = g1 + torch.autograd.grad(h, y1, g2)[0]
            x2 = (y2 - h).detach().requires_grad_()
            g2 = g2 + torch.autograd.grad(ReversibleBlock.f(x2), x2, g1)[0]
        return g1, g2

    @staticmethod
    def backward(ctx, g1, g2):
        return ReversibleBlock.gradients(ctx, g1, g2, through_h=True)


class ReversibleBlockDetached(ReversibleBlock):
    @staticmethod
    def backward(ctx, g1, g2):
        return ReversibleBlock.gradients(ctx, g1, g2, through_h=False)


# ----------------------------------------------------------------------------------------------- declared surrogates


class LearnedStep(Function):
    """LSQ: round(clip(x/s))·s, whose rounding is passed straight through."""

    @staticmethod
    def forward(ctx, x, step, low, high):
        ctx.save_for_backward(x, step)
        ctx.range = low, high
        return torch.round(torch.clamp(x / step, low, high)) * step

    @staticmethod
    def backward(ctx, g):
        x, step = ctx.saved_tensors
        low, high = ctx.range
        v = x / step
        inside = (v >= low) & (v <= high)
        dstep = torch.where(inside, torch.round(v) - v, torch.clamp(v, low, high))
        return g * inside, (g * dstep).sum(), None, None


class LearnedStepEverywhere(LearnedStep):
    @staticmethod
    def backward(ctx, g):
        _, dstep, *others = LearnedStep.backward(ctx, g)
        return g, dstep, *others


class LearnedStepRoundOnly(LearnedStep):
    @staticmethod
    def backward(ctx, g):
        x, step = ctx.saved_tensors
        dx, _, *others = LearnedStep.backward(ctx, g)
        return dx, (g * torch.round(torch.clamp(x / step, *ctx.range))).sum(), *others


def straight_through(x, step, low, high):
    """Its derivative by autograd is the surrogate's."""
    v = torch.clamp(x / step, low, high)
    return (v + (torch.round(v) - v).detach()) * step


class GradientReversal(Function):
    @staticmethod
    def forward(ctx, x, strength):
        ctx.strength = strength
        return x.view_as(x)

    @staticmethod
    def backward(ctx, g):
        return g.neg() * ctx.strength, None


class GradientReversalForward(GradientReversal):
    @staticmethod
    def backward(ctx, g):
        return g * ctx.strength, None


RULES = [
    TensorRule(
        id="top-k-gate",
        framework="torch",
        reference="mistralai/mistral-inference src/mistral_inference/moe.py; Shazeer et al., arXiv:1701.06538, (3)",
        what="softmax of the two largest logits, 0 elsewhere",
        right=TopKGate,
        wrong={"the softmax of all logits": TopKGateOfAll},
        inputs=tensors(logits=(4, 5), k=2),
    ),
    TensorRule(
        id="expert-combine",
        framework="torch",
        reference="linkedin/Liger-Kernel#1413 (fused_moe)",
        what="rows times their gates, added up at the rows of their tokens",
        right=Combine,
        wrong={
            "the gate's gradient is a mean": CombineAveraged,
            "the rows' gradient misses the gate": CombineUngated,
        },
        inputs=tensors(rows=(6, 3), gates=(6,), token=np.array([0, 2, 2, 1, 0, 2]), n=4),
    ),
    TensorRule(
        id="reversible-block",
        framework="torch",
        reference="Gomez et al. 2017, arXiv:1707.04585, algorithm 1",
        what="a reversible block, whose backward makes its inputs again and calls autograd",
        right=ReversibleBlock,
        wrong={"the second half's gradient does not reach the first": ReversibleBlockDetached},
        inputs=tensors(x1=(2, 3), x2=(2, 3)),
    ),
    TensorRule(
        id="learned-step",
        framework="torch",
        reference="Esser et al. 2020, arXiv:1902.08153, (3); hustzxd/LSQuantization#1",
        what="quantisation with a learned step, passed straight through",
        right=LearnedStep,
        wrong={
            "passed on outside of the range, too": LearnedStepEverywhere,
            "the step's gradient misses -x/s": LearnedStepRoundOnly,
        },
        inputs=tensors(x=(4, 4), step=lambda rng: rng.uniform(0.4, 0.6, ()), low=-2, high=1),
        definition=straight_through,
    ),
    TensorRule(
        id="gradient-reversal",
        framework="torch",
        reference="Ganin, Lempitsky 2015, arXiv:1409.7495, (9) and (10)",
        what="the identity, whose gradient is reversed by intent",
        right=GradientReversal,
        wrong={"not reversed": GradientReversalForward},
        inputs=tensors(x=(2, 3), strength=0.7),
        definition=lambda x, strength: -strength * x,
    ),
]
