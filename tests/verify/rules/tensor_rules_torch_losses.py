"""Divergences, preferences and other losses in PyTorch, right and wrong."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch.autograd import Function

from tests.verify.rules.tensor_rule import TensorRule, between, tensors


class KLDivergence(Function):
    """Σ t·(log t - log q) over the batch's size; both arguments are differentiated."""

    @staticmethod
    def forward(ctx, log_q, target):
        ctx.save_for_backward(log_q, target)
        return (target * (target.log() - log_q)).sum() / log_q.shape[0]

    @staticmethod
    def backward(ctx, g):
        log_q, target = ctx.saved_tensors
        scale = g / log_q.shape[0]
        return -target * scale, (target.log() - log_q + 1) * scale


class KLDivergenceTargetOne(KLDivergence):
    @staticmethod
    def backward(ctx, g):
        log_q, target = ctx.saved_tensors
        scale = g / log_q.shape[0]
        return -target * scale, (target.log() - log_q) * scale


class KLDivergenceMean(KLDivergence):
    @staticmethod
    def backward(ctx, g):
        log_q, target = ctx.saved_tensors
        scale = g / log_q.numel()
        return -target * scale, (target.log() - log_q + 1) * scale


class JensenShannon(Function):
    """β·KL(P, M) + (1 - β)·KL(Q, M) with M = β·P + (1 - β)·Q, given log Q and log P: only log Q is differentiated."""

    @staticmethod
    def forward(ctx, log_q, log_p, beta):
        q, p = log_q.exp(), log_p.exp()
        log_m = torch.log(beta * p + (1 - beta) * q)
        ctx.save_for_backward(log_q, q, log_m)
        ctx.beta = beta
        return (beta * p * (log_p - log_m) + (1 - beta) * q * (log_q - log_m)).sum()

    @staticmethod
    def backward(ctx, g):
        log_q, q, log_m = ctx.saved_tensors
        return g * (1 - ctx.beta) * q * (log_q - log_m), None, None


class JensenShannonOtherShare(JensenShannon):
    @staticmethod
    def backward(ctx, g):
        log_q, q, log_m = ctx.saved_tensors
        return g * ctx.beta * q * (log_q - log_m), None, None


class JensenShannonMixtureDetached(JensenShannon):
    """M is taken for a constant."""

    @staticmethod
    def backward(ctx, g):
        log_q, q, log_m = ctx.saved_tensors
        return g * (1 - ctx.beta) * q * (log_q - log_m + 1), None, None


class PreferenceLoss(Function):
    """DPO: -mean log sigmoid(β·(chosen - rejected - their references)); the references get None."""

    @staticmethod
    def forward(ctx, chosen, rejected, ref_chosen, ref_rejected, beta):
        h = beta * ((chosen - rejected) - (ref_chosen - ref_rejected))
        ctx.save_for_backward(h)
        ctx.beta = beta
        return -F.logsigmoid(h).mean()

    @staticmethod
    def backward(ctx, g):
        (h,) = ctx.saved_tensors
        d = -ctx.beta * torch.sigmoid(-h) * g / h.numel()
        return d, -d, None, None, None


class PreferenceLossBetaLost(PreferenceLoss):
    @staticmethod
    def backward(ctx, g):
        (h,) = ctx.saved_tensors
        d = -torch.sigmoid(-h) * g / h.numel()
        return d, -d, None, None, None


class PreferenceLossSameSign(PreferenceLoss):
    @staticmethod
    def backward(ctx, g):
        d, *_ = PreferenceLoss.backward(ctx, g)
        return d, d, None, None, None


class ClippedPolicyLoss(Function):
    """PPO and GRPO: -mean min(r·A, clip(r, 1 ± ε)·A) with r = exp(new - old)."""

    @staticmethod
    def forward(ctx, log_new, log_old, advantage, epsilon):
        ratio = torch.exp(log_new - log_old)
        plain, clipped = ratio * advantage, ratio.clamp(1 - epsilon, 1 + epsilon) * advantage
        ctx.save_for_backward(plain, clipped)
        return -torch.minimum(plain, clipped).mean()

    @staticmethod
    def backward(ctx, g):
        plain, clipped = ctx.saved_tensors
        return -g * torch.where(plain <= clipped, plain, 0) / plain.numel(), None, None, None


class ClippedPolicyLossUnclipped(ClippedPolicyLoss):
    @staticmethod
    def backward(ctx, g):
        plain, _ = ctx.saved_tensors
        return -g * plain / plain.numel(), None, None, None


class ClippedPolicyLossEqual(ClippedPolicyLoss):
    """Where both are equal, as they are for every ratio that is not clipped, nothing is passed on."""

    @staticmethod
    def backward(ctx, g):
        plain, clipped = ctx.saved_tensors
        return -g * torch.where(plain < clipped, plain, 0) / plain.numel(), None, None, None


class ContrastiveLoss(Function):
    """CLIP: cross entropy of exp(s)·A·Bᵀ by rows and by columns."""

    @staticmethod
    def forward(ctx, images, texts, log_scale):
        logits = log_scale.exp() * images @ texts.T
        ctx.save_for_backward(images, texts, log_scale, logits)
        labels = torch.arange(len(images))
        return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2

    @staticmethod
    def backward(ctx, g):
        images, texts, log_scale, logits = ctx.saved_tensors
        n = len(images)
        d = (logits.softmax(1) + logits.softmax(0) - 2 * torch.eye(n)) * g / (2 * n)
        scale = log_scale.exp()
        return scale * d @ texts, scale * d.T @ images, (d * logits).sum()


class ContrastiveLossOneSide(ContrastiveLoss):
    @staticmethod
    def backward(ctx, g):
        images, texts, log_scale, logits = ctx.saved_tensors
        n = len(images)
        d = (logits.softmax(1) - torch.eye(n)) * g / n
        scale = log_scale.exp()
        return scale * d @ texts, scale * d.T @ images, (d * logits).sum()


class ContrastiveLossScaleItself(ContrastiveLoss):
    @staticmethod
    def backward(ctx, g):
        da, db, ds = ContrastiveLoss.backward(ctx, g)
        return da, db, ds / ctx.saved_tensors[2].exp()


class FocalLoss(Function):
    """-(1 - p)^γ·log p of a sigmoid, summed."""

    @staticmethod
    def forward(ctx, x, target, gamma):
        signed = torch.where(target, x, -x)
        ctx.save_for_backward(signed, target)
        ctx.gamma = gamma
        return -((torch.sigmoid(-signed) ** gamma) * F.logsigmoid(signed)).sum()

    @staticmethod
    def backward(ctx, g):
        signed, target = ctx.saved_tensors
        p = torch.sigmoid(signed)
        d = (1 - p) ** ctx.gamma * (ctx.gamma * p * F.logsigmoid(signed) - (1 - p))
        return g * torch.where(target, d, -d), None, None


class FocalLossWeightDetached(FocalLoss):
    @staticmethod
    def backward(ctx, g):
        signed, target = ctx.saved_tensors
        d = -torch.sigmoid(-signed) ** (ctx.gamma + 1)
        return g * torch.where(target, d, -d), None, None


RULES = [
    TensorRule(
        id="kl-divergence",
        framework="torch",
        reference="linkedin/Liger-Kernel src/liger_kernel/ops/kl_div.py; pytorch/pytorch#65466",
        what="KL divergence by its batch's size, of log q and t",
        right=KLDivergence,
        wrong={
            "the gradient of t misses its 1": KLDivergenceTargetOne,
            "divided by the number of entries": KLDivergenceMean,
        },
        inputs=tensors(log_q=(4, 3), target=between(0.1, 1, 4, 3)),
    ),
    TensorRule(
        id="jensen-shannon",
        framework="torch",
        reference="linkedin/Liger-Kernel src/liger_kernel/ops/jsd.py; its pull request #290",
        what="generalised Jensen-Shannon divergence, differentiated by log q alone",
        right=JensenShannon,
        wrong={
            "β for 1 - β": JensenShannonOtherShare,
            "the mixture is taken for a constant": JensenShannonMixtureDetached,
        },
        inputs=tensors(log_q=(3, 4), log_p=(3, 4), beta=0.3),
        wrt=("log_q",),
    ),
    TensorRule(
        id="dpo",
        framework="torch",
        reference="linkedin/Liger-Kernel src/liger_kernel/chunked_loss/dpo_loss.py; Rafailov et al., arXiv:2305.18290",
        what="direct preference optimisation, with references that are not differentiated",
        right=PreferenceLoss,
        wrong={
            "the factor β lost": PreferenceLossBetaLost,
            "the sign of the rejected answers": PreferenceLossSameSign,
        },
        inputs=tensors(chosen=(6,), rejected=(6,), ref_chosen=(6,), ref_rejected=(6,), beta=0.2),
        wrt=("chosen", "rejected"),
    ),
    TensorRule(
        id="clipped-policy",
        framework="torch",
        reference="linkedin/Liger-Kernel src/liger_kernel/ops/grpo_loss.py; Schulman et al., arXiv:1707.06347, (7)",
        what="clipped policy loss of PPO and GRPO",
        right=ClippedPolicyLoss,
        wrong={
            "the clipped ratios pass their gradient on": ClippedPolicyLossUnclipped,
            "equal counts as clipped": ClippedPolicyLossEqual,
        },
        inputs=tensors(log_new=between(-1, 1, 4, 3), log_old=between(0, 0.1, 4, 3), advantage=(4, 3), epsilon=0.2),
        wrt=("log_new",),
    ),
    TensorRule(
        id="clip-contrastive",
        framework="torch",
        reference="mlfoundations/open_clip src/open_clip/loss.py; Radford et al. 2021, arXiv:2103.00020, figure 3",
        what="contrastive loss of images and texts, by rows and columns, with a scale",
        right=ContrastiveLoss,
        wrong={
            "the rows' loss twice": ContrastiveLossOneSide,
            "the derivative by the scale, not by its logarithm": ContrastiveLossScaleItself,
        },
        inputs=tensors(images=(4, 3), texts=(4, 3), log_scale=lambda rng: rng.uniform(0.5, 1, ())),
    ),
    TensorRule(
        id="focal-loss",
        framework="torch",
        reference="NVIDIA/apex apex/contrib/focal_loss/focal_loss.py; Lin et al. 2017, arXiv:1708.02002, appendix B",
        what="sigmoid focal loss with targets of true and false",
        right=FocalLoss,
        wrong={"the weight (1 - p)^γ is taken for a constant": FocalLossWeightDetached},
        inputs=tensors(x=(3, 4), target=(np.arange(12).reshape(3, 4) % 3 == 0), gamma=2.0),
    ),
]
