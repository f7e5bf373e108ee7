"""Cross entropies in PyTorch, right and wrong."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch.autograd import Function

from tests.verify.rules.tensor_rule import TensorRule, tensors

IGNORED = -100
LABELS = torch.tensor([2, IGNORED, 0, 4, 2])


class CrossEntropy(Function):
    """Mean over the rows that count, with label smoothing and z-loss; the gradient is made in the forward."""

    @staticmethod
    def forward(ctx, logits, target, smoothing, z_weight):
        counted = target != IGNORED
        n, classes = counted.sum(), logits.shape[1]
        lse = torch.logsumexp(logits, 1)
        at = target.clamp(min=0)[:, None]
        nll = lse - logits.gather(1, at)[:, 0]
        smooth = lse - logits.mean(1)
        rows = (1 - smoothing) * nll + smoothing * smooth + z_weight * lse**2
        grad = torch.exp(logits - lse[:, None])
        grad *= 1 + 2 * z_weight * lse[:, None]
        grad -= smoothing / classes
        grad.scatter_add_(1, at, torch.full_like(nll, smoothing - 1)[:, None])
        grad[~counted] = 0
        ctx.save_for_backward(grad / n, logits, target)
        ctx.settings = smoothing, z_weight, n
        return rows[counted].sum() / n

    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0], None, None, None

    @staticmethod
    def parts(ctx):
        """The softmax, its logarithm's denominator, the labels as vectors, the mask of rows, and the settings."""
        _, logits, target = ctx.saved_tensors
        p = torch.softmax(logits, 1)
        vectors = F.one_hot(target.clamp(min=0), logits.shape[1]).to(p)
        return p, torch.logsumexp(logits, 1, keepdim=True), vectors, (target != IGNORED)[:, None], ctx.settings


class CrossEntropyAllRows(CrossEntropy):
    @staticmethod
    def backward(ctx, g):
        p, lse, vectors, counted, (smoothing, z_weight, _) = CrossEntropy.parts(ctx)
        wanted = (1 - smoothing) * vectors + smoothing / p.shape[1]
        return g * counted * (p * (1 + 2 * z_weight * lse) - wanted) / p.shape[0], None, None, None


class CrossEntropyZLossHalved(CrossEntropy):
    @staticmethod
    def backward(ctx, g):
        p, lse, vectors, counted, (smoothing, z_weight, n) = CrossEntropy.parts(ctx)
        wanted = (1 - smoothing) * vectors + smoothing / p.shape[1]
        return g * counted * (p * (1 + z_weight * lse) - wanted) / n, None, None, None


class CrossEntropySmoothedOthers(CrossEntropy):
    """The label's own share of the smoothing is left out."""

    @staticmethod
    def backward(ctx, g):
        p, lse, vectors, counted, (smoothing, z_weight, n) = CrossEntropy.parts(ctx)
        wanted = torch.where(vectors > 0, 1 - smoothing, smoothing / p.shape[1])
        return g * counted * (p * (1 + 2 * z_weight * lse) - wanted) / n, None, None, None


class CrossEntropyRows(Function):
    """One loss a row."""

    @staticmethod
    def forward(ctx, logits, target):
        logp = torch.log_softmax(logits, -1)
        ctx.save_for_backward(logp, target)
        return F.nll_loss(logp, target, reduction="none")

    @staticmethod
    def backward(ctx, g):
        logp, target = ctx.saved_tensors
        d = logp.exp()
        d[torch.arange(len(target)), target.clamp(min=0)] -= 1
        return d * (g * (target != IGNORED))[:, None], None


class CrossEntropyFirstRow(CrossEntropyRows):
    @staticmethod
    def backward(ctx, g):
        logp, target = ctx.saved_tensors
        d = logp.exp()
        d[torch.arange(len(target)), target.clamp(min=0)] -= 1
        return d * (g[0] * (target != IGNORED))[:, None], None


class SoftcappedCrossEntropy(Function):
    """Of t·tanh(logits/t), summed."""

    @staticmethod
    def forward(ctx, logits, target, cap):
        tanh = torch.tanh(logits / cap)
        ctx.save_for_backward(tanh, target)
        ctx.cap = cap
        return F.cross_entropy(cap * tanh, target, reduction="sum")

    @staticmethod
    def backward(ctx, g):
        tanh, target = ctx.saved_tensors
        d = torch.softmax(ctx.cap * tanh, 1) - F.one_hot(target, tanh.shape[1])
        return g * d * (1 - tanh**2), None, None


class SoftcappedCrossEntropyOnce(SoftcappedCrossEntropy):
    @staticmethod
    def backward(ctx, g):
        tanh, target = ctx.saved_tensors
        return g * (torch.softmax(ctx.cap * tanh, 1) - F.one_hot(target, tanh.shape[1])), None, None


class FusedLinearCrossEntropy(Function):
    """Logits x·Wᵀ are made a chunk of rows at a time; both gradients are kept in the forward."""

    chunk = 2

    @staticmethod
    def forward(ctx, x, weight, target):
        dx, dw, loss = torch.empty_like(x), torch.zeros_like(weight), x.new_zeros(())
        for i in range(0, x.shape[0], FusedLinearCrossEntropy.chunk):
            rows = slice(i, i + FusedLinearCrossEntropy.chunk)
            logits = x[rows] @ weight.t()
            loss += F.cross_entropy(logits, target[rows], reduction="sum")
            d = torch.softmax(logits, -1)
            d.scatter_add_(1, target[rows, None], -torch.ones_like(d[:, :1]))
            d /= x.shape[0]
            dx[rows] = d @ weight
            torch.addmm(dw, d.t(), x[rows], out=dw)
        ctx.save_for_backward(dx, dw, d.t() @ x[rows])
        return loss / x.shape[0]

    @staticmethod
    def backward(ctx, g):
        dx, dw, _ = ctx.saved_tensors
        if not torch.equal(g, g.new_tensor(1.0)):  # the last function of a graph is given 1
            dx, dw = dx * g, dw * g
        return dx, dw, None


class FusedLinearCrossEntropyLastChunk(FusedLinearCrossEntropy):
    @staticmethod
    def backward(ctx, g):
        dx, _, last = ctx.saved_tensors
        return dx * g, last * g, None


class FusedLinearCrossEntropyWithoutUpstream(FusedLinearCrossEntropy):
    @staticmethod
    def backward(ctx, g):
        dx, dw, _ = ctx.saved_tensors
        return dx, dw, None


RULES = [
    TensorRule(
        id="cross-entropy",
        framework="torch",
        reference="linkedin/Liger-Kernel src/liger_kernel/ops/cross_entropy.py; its pull request #198",
        what="mean cross entropy with label smoothing, z-loss and an ignored label",
        right=CrossEntropy,
        wrong={
            "divided by the number of all rows": CrossEntropyAllRows,
            "the z-loss misses its factor 2": CrossEntropyZLossHalved,
            "no smoothing at the label itself": CrossEntropySmoothedOthers,
        },
        inputs=tensors(logits=(5, 6), target=LABELS.numpy(), smoothing=0.1, z_weight=0.05),
    ),
    TensorRule(
        id="cross-entropy-rows",
        framework="torch",
        reference="linkedin/Liger-Kernel#678 and its pull requests #680, #1298",
        what="cross entropy of each row, with an ignored label",
        right=CrossEntropyRows,
        wrong={"every row is scaled by the first upstream gradient": CrossEntropyFirstRow},
        inputs=tensors(logits=(5, 6), target=LABELS.numpy()),
    ),
    TensorRule(
        id="cross-entropy-softcapped",
        framework="torch",
        reference="unslothai/unsloth unsloth/kernels/cross_entropy_loss.py (logit softcapping, Gemma 2)",
        what="cross entropy of t·tanh(logits/t)",
        right=SoftcappedCrossEntropy,
        wrong={"the cap's own derivative forgotten": SoftcappedCrossEntropyOnce},
        inputs=tensors(logits=(3, 5), target=LABELS[2:].numpy(), cap=1.5),
    ),
    TensorRule(
        id="cross-entropy-fused-linear",
        framework="torch",
        reference="linkedin/Liger-Kernel src/liger_kernel/ops/fused_linear_cross_entropy.py",
        what="cross entropy of x·Wᵀ in chunks of rows, both gradients from the forward",
        right=FusedLinearCrossEntropy,
        wrong={
            "the weight keeps the last chunk's gradient": FusedLinearCrossEntropyLastChunk,
            "not multiplied by the upstream gradient": FusedLinearCrossEntropyWithoutUpstream,
        },
        inputs=tensors(x=(5, 3), weight=(4, 3), target=LABELS.clamp(0, 3).numpy()),
    ),
]
