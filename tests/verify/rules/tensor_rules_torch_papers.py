"""Sparse and smoothed choices, alignments and transport from papers in PyTorch, right and wrong."""

from __future__ import annotations

import torch
from torch.autograd import Function

from tests.verify.rules.tensor_rule import TensorRule, between, tensors


class Sparsemax(Function):
    """The projection onto the simplex along an axis."""

    @staticmethod
    def forward(ctx, z, dim):
        top, _ = torch.sort(z, dim=dim, descending=True)
        shape = [1] * z.dim()
        shape[dim] = -1
        count = torch.arange(1, z.shape[dim] + 1).view(shape)
        sums = top.cumsum(dim) - 1
        size = (count * top > sums).sum(dim, keepdim=True)
        out = (z - sums.gather(dim, size - 1) / size).clamp(min=0)
        ctx.save_for_backward(out)
        ctx.dim = dim
        return out

    @staticmethod
    def backward(ctx, g):
        (out,) = ctx.saved_tensors
        support = out > 0
        mean = (g * support).sum(ctx.dim, keepdim=True) / support.sum(ctx.dim, keepdim=True)
        return torch.where(support, g - mean, 0), None


class SparsemaxAllCount(Sparsemax):
    @staticmethod
    def backward(ctx, g):
        (out,) = ctx.saved_tensors
        support = out > 0
        return torch.where(support, g - (g * support).mean(ctx.dim, keepdim=True), 0), None


class SparsemaxOtherAxis(Sparsemax):
    @staticmethod
    def backward(ctx, g):
        (out,) = ctx.saved_tensors
        support = out > 0
        mean = (g * support).sum(0, keepdim=True) / support.sum(0, keepdim=True).clamp(min=1)
        return torch.where(support, g - mean, 0), None


class Entmax15(Function):
    """p = max(z/2 - τ, 0)² with Σp = 1 over the last axis; τ from the sorted scores."""

    @staticmethod
    def forward(ctx, z):
        z = z / 2
        top = z.sort(-1, descending=True).values
        count = torch.arange(1, z.shape[-1] + 1).to(z)
        mean, square = top.cumsum(-1) / count, top.square().cumsum(-1) / count
        delta = (1 - count * (square - mean**2)) / count
        tau = mean - delta.clamp(min=0).sqrt()
        size = (tau <= top).sum(-1, keepdim=True)
        p = (z - tau.gather(-1, size - 1)).clamp(min=0) ** 2
        ctx.save_for_backward(p)
        return p

    @staticmethod
    def backward(ctx, g):
        (p,) = ctx.saved_tensors
        root = p.sqrt()
        dz = g * root
        return dz - (dz.sum(-1) / root.sum(-1)).unsqueeze(-1) * root


class Entmax15AsSoftmax(Entmax15):
    @staticmethod
    def backward(ctx, g):
        (p,) = ctx.saved_tensors
        return p * g - p * (p * g).sum(-1, keepdim=True)


class GumbelSoftmax(Function):
    """softmax((logits + noise)/τ); the noise is given."""

    @staticmethod
    def forward(ctx, logits, noise, tau):
        y = ((logits + noise) / tau).softmax(-1)
        ctx.save_for_backward(y)
        ctx.tau = tau
        return y

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        dots = torch.bmm(g.unsqueeze(1), y.unsqueeze(2)).squeeze(2)
        return y * (g - dots) / ctx.tau, None, None


class GumbelSoftmaxTauLost(GumbelSoftmax):
    @staticmethod
    def backward(ctx, g):
        d, *others = GumbelSoftmax.backward(ctx, g)
        return d * ctx.tau, *others


class SoftDTW(Function):
    """The smoothed cost of aligning two sequences, given the costs of their pairs."""

    @staticmethod
    def forward(ctx, cost, gamma):
        n, m = cost.shape
        r = cost.new_full((n + 1, m + 1), float("inf"))
        r[0, 0] = 0
        for i in range(1, n + 1):
            for j in range(1, m + 1):
                before = torch.stack([r[i - 1, j - 1], r[i - 1, j], r[i, j - 1]])
                r[i, j] = cost[i - 1, j - 1] - gamma * torch.logsumexp(-before / gamma, 0)
        ctx.save_for_backward(cost, r)
        ctx.gamma = gamma
        return r[n, m].clone()

    @staticmethod
    def alignment(cost, r, gamma, weighted):
        """How much each pair counts."""
        n, m = cost.shape
        e = torch.zeros_like(r)
        e[n, m] = 1
        for i in range(n, 0, -1):
            for j in range(m, 0, -1):
                for a, b in ((i + 1, j + 1), (i + 1, j), (i, j + 1)):
                    if a <= n and b <= m:
                        weight = torch.exp((r[a, b] - r[i, j] - cost[a - 1, b - 1]) / gamma)
                        e[i, j] += e[a, b] * (weight if weighted else 1 / 3)
        return e[1:, 1:]

    @staticmethod
    def backward(ctx, g):
        return g * SoftDTW.alignment(*ctx.saved_tensors, ctx.gamma, weighted=True), None


class SoftDTWUnweighted(SoftDTW):
    @staticmethod
    def backward(ctx, g):
        return g * SoftDTW.alignment(*ctx.saved_tensors, ctx.gamma, weighted=False), None


class SoftDTWGammaLost(SoftDTW):
    @staticmethod
    def backward(ctx, g):
        return g * SoftDTW.alignment(*ctx.saved_tensors, 1.0, weighted=True), None


class Sinkhorn(Function):
    """The transport plan after some iterations on the potentials, uniform margins; the backward walks them back."""

    @staticmethod
    def forward(ctx, cost, epsilon, iterations):
        n, m = cost.shape
        f, h = cost.new_zeros(n, 1), cost.new_zeros(1, m)
        plans = []
        for _ in range(iterations):
            f = -epsilon * torch.logsumexp((h - cost) / epsilon, 1, keepdim=True)
            plans.append(torch.exp((f + h - cost) / epsilon))
            h = -epsilon * torch.logsumexp((f - cost) / epsilon, 0, keepdim=True)
            plans.append(torch.exp((f + h - cost) / epsilon))
        ctx.save_for_backward(*plans)
        ctx.epsilon = epsilon
        return plans[-1]

    @staticmethod
    def gradients(ctx, g, steps):
        plans = ctx.saved_tensors
        scaled = g * plans[-1] / ctx.epsilon
        dcost, df, dh = -scaled, scaled.sum(1, keepdim=True), scaled.sum(0, keepdim=True)
        for k in range(len(plans) - 1, len(plans) - 1 - steps, -1):
            if k % 2:  # the columns' potential was made from the rows'
                dcost, df = dcost + dh * plans[k], df - (dh * plans[k]).sum(1, keepdim=True)
                dh = torch.zeros_like(dh)
            else:
                dcost, dh = dcost + df * plans[k], dh - (df * plans[k]).sum(0, keepdim=True)
                df = torch.zeros_like(df)
        return dcost, None, None

    @staticmethod
    def backward(ctx, g):
        return Sinkhorn.gradients(ctx, g, len(ctx.saved_tensors))


class SinkhornLastIteration(Sinkhorn):
    @staticmethod
    def backward(ctx, g):
        return Sinkhorn.gradients(ctx, g, 2)


class SinkhornPlanOnly(Sinkhorn):
    """The potentials are taken for constants."""

    @staticmethod
    def backward(ctx, g):
        return Sinkhorn.gradients(ctx, g, 0)


class SpectralNorm(Function):
    """W/σ with σ = uᵀ·W·v for vectors that are taken for constants."""

    @staticmethod
    def forward(ctx, weight, u, v):
        sigma = u @ weight @ v
        ctx.save_for_backward(weight / sigma, u, v, sigma)
        return weight / sigma

    @staticmethod
    def backward(ctx, g):
        out, u, v, sigma = ctx.saved_tensors
        return (g - (g * out).sum() * torch.outer(u, v)) / sigma, None, None


class SpectralNormConstant(SpectralNorm):
    @staticmethod
    def backward(ctx, g):
        return g / ctx.saved_tensors[3], None, None


class SpectralNormTransposed(SpectralNorm):
    @staticmethod
    def backward(ctx, g):
        out, u, v, sigma = ctx.saved_tensors
        return (g - (g * out).sum() * torch.outer(v, u)) / sigma, None, None


RULES = [
    TensorRule(
        id="sparsemax",
        framework="torch",
        reference="deep-spin/entmax entmax/activations.py, its #13; Martins, Astudillo 2016, arXiv:1602.02068, 2.5",
        what="the projection onto the simplex, along an axis of three",
        right=Sparsemax,
        wrong={
            "the mean over all entries, not over the support": SparsemaxAllCount,
            "the mean over another axis": SparsemaxOtherAxis,
        },
        inputs=tensors(z=(3, 4, 2), dim=1),
    ),
    TensorRule(
        id="entmax15",
        framework="torch",
        reference="deep-spin/entmax entmax/activations.py; Peters et al. 2019, arXiv:1905.05702, proposition 2",
        what="entmax with α = 3/2, from the sorted scores",
        right=Entmax15,
        wrong={"softmax's derivative": Entmax15AsSoftmax},
        inputs=tensors(z=(4, 5)),
    ),
    TensorRule(
        id="gumbel-softmax",
        framework="torch",
        reference="Jang et al. 2017, arXiv:1611.01144, (2)",
        what="softmax((logits + noise)/τ), with the noise given",
        right=GumbelSoftmax,
        wrong={"the temperature lost": GumbelSoftmaxTauLost},
        inputs=tensors(logits=(3, 4), noise=(3, 4), tau=0.5),
        wrt=("logits",),
    ),
    TensorRule(
        id="soft-dtw",
        framework="torch",
        reference="Cuturi, Blondel 2017, arXiv:1703.01541, algorithm 2; keonlee9420/Parallel-Tacotron2#15",
        what="soft dynamic time warping, by its table",
        right=SoftDTW,
        wrong={
            "the three ways back count alike": SoftDTWUnweighted,
            "γ taken for 1 in the backward": SoftDTWGammaLost,
        },
        inputs=tensors(cost=between(0, 2, 3, 4), gamma=0.5),
    ),
    TensorRule(
        id="sinkhorn-unrolled",
        framework="torch",
        reference="Cuturi 2013, arXiv:1306.0895; Peyré, Cuturi 2019, arXiv:1803.00567, 9.1.3",
        what="the transport plan after three iterations",
        right=Sinkhorn,
        wrong={
            "through the last iteration only": SinkhornLastIteration,
            "the potentials are taken for constants": SinkhornPlanOnly,
        },
        inputs=tensors(cost=between(0, 1, 3, 4), epsilon=0.5, iterations=3),
    ),
    TensorRule(
        id="spectral-norm",
        framework="torch",
        reference="Miyato et al. 2018, arXiv:1802.05957, (12)",
        what="W over uᵀ·W·v",
        right=SpectralNorm,
        wrong={
            "the norm is taken for a constant": SpectralNormConstant,
            "v·uᵀ for u·vᵀ, which fits a square": SpectralNormTransposed,
        },
        inputs=tensors(weight=(3, 3), u=(3,), v=(3,)),
        wrt=("weight",),
    ),
]
