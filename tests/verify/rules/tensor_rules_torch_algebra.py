"""Matrix functions and the geometry of rendering in PyTorch, right and wrong."""

from __future__ import annotations

import torch
from torch.autograd import Function

from tests.verify.rules.tensor_rule import TensorRule, between, tensors


def positive_definite(n):
    """Draws a well-conditioned symmetric matrix."""

    def matrix(rng):
        a = rng.standard_normal((n, n))
        return a @ a.T / n + torch.eye(n, dtype=torch.float64).numpy()

    return matrix


class Cholesky(Function):
    """The lower factor of the symmetric part of A."""

    @staticmethod
    def forward(ctx, a):
        low = torch.linalg.cholesky((a + a.T) / 2)
        ctx.save_for_backward(low)
        return low

    @staticmethod
    def inner(low, g, diagonal):
        """Φ(Lᵀ·Ḡ): its lower half, of the diagonal a share."""
        p = torch.tril(low.T @ g)
        return p - (1 - diagonal) * torch.diag(torch.diagonal(p))

    @staticmethod
    def gradient(low, p):
        left = torch.linalg.solve_triangular(low.T, p, upper=True)
        s = torch.linalg.solve_triangular(low, left, upper=False, left=False)
        return (s + s.T) / 2

    @staticmethod
    def backward(ctx, g):
        (low,) = ctx.saved_tensors
        return Cholesky.gradient(low, Cholesky.inner(low, g, 0.5))


class CholeskyDiagonal(Cholesky):
    @staticmethod
    def backward(ctx, g):
        (low,) = ctx.saved_tensors
        return Cholesky.gradient(low, Cholesky.inner(low, g, 1))


class QuadraticLogdet(Function):
    """bᵀ·A⁻¹·b and log|A|, two outputs."""

    @staticmethod
    def forward(ctx, a, b):
        inverse = torch.linalg.inv(a)
        solved = inverse @ b
        ctx.save_for_backward(inverse, b, solved)
        return b @ solved, torch.linalg.slogdet(a).logabsdet

    @staticmethod
    def backward(ctx, gq, gl):
        inverse, b, solved = ctx.saved_tensors
        left = inverse.T @ b
        return gl * inverse.T - gq * torch.outer(left, solved), gq * (left + solved)


class QuadraticLogdetNotTransposed(QuadraticLogdet):
    @staticmethod
    def backward(ctx, gq, gl):
        inverse, b, solved = ctx.saved_tensors
        left = inverse.T @ b
        return gl * inverse - gq * torch.outer(left, solved), gq * (left + solved)


class QuadraticLogdetSymmetric(QuadraticLogdet):
    """Right for symmetric matrices."""

    @staticmethod
    def backward(ctx, gq, gl):
        inverse, _, solved = ctx.saved_tensors
        return gl * inverse.T - gq * torch.outer(solved, solved), 2 * gq * solved


class TriangularSolve(Function):
    """L⁻¹·B, of which the lower half of L is read."""

    @staticmethod
    def forward(ctx, low, b):
        x = torch.linalg.solve_triangular(low.tril(), b, upper=False)
        ctx.save_for_backward(low, x)
        return x

    @staticmethod
    def backward(ctx, g):
        low, x = ctx.saved_tensors
        db = torch.linalg.solve_triangular(low.tril().mT, g, upper=True)
        return -torch.tril(db @ x.mT), db


class TriangularSolveWhole(TriangularSolve):
    @staticmethod
    def backward(ctx, g):
        low, x = ctx.saved_tensors
        db = torch.linalg.solve_triangular(low.tril().mT, g, upper=True)
        return -db @ x.mT, db


# ---------------------------------------------------------------------------------------------------------- splatting


class ConicOfCovariance(Function):
    """The inverse of [[a, b], [b, c]] as (a, b, c): one entry stands for two."""

    @staticmethod
    def forward(ctx, cov):
        a, b, c = cov.unbind(-1)
        det = a * c - b * b
        conic = torch.stack([c / det, -b / det, a / det], -1)
        ctx.save_for_backward(conic)
        return conic

    @staticmethod
    def gradient(conic, g, off_diagonal):
        """-X·G·X with a share of the gradient of b in each of its two places, and both places added up."""
        x = ConicOfCovariance.matrix(*conic.unbind(-1))
        d = -x @ ConicOfCovariance.matrix(g[..., 0], off_diagonal * g[..., 1], g[..., 2]) @ x
        return torch.stack([d[..., 0, 0], d[..., 0, 1] + d[..., 1, 0], d[..., 1, 1]], -1)

    @staticmethod
    def matrix(a, b, c):
        return torch.stack([torch.stack([a, b], -1), torch.stack([b, c], -1)], -2)

    @staticmethod
    def backward(ctx, g):
        return ConicOfCovariance.gradient(*ctx.saved_tensors, g, 0.5)


class ConicOfCovarianceWhole(ConicOfCovariance):
    @staticmethod
    def backward(ctx, g):
        return ConicOfCovariance.gradient(*ctx.saved_tensors, g, 1)


class RotatedCovariance(Function):
    """R·S·S·Rᵀ with S = diag(exp(log_scales)) and the rotation of a quaternion (w, x, y, z), which is normalised."""

    @staticmethod
    def rotation(q):
        w, x, y, z = q.unbind(-1)
        entries = [
            *(1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
            *(2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
            *(2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
        ]
        return torch.stack(entries, -1).unflatten(-1, (3, 3))

    @staticmethod
    def rotation_gradient(q, d):
        w, x, y, z = q.unbind(-1)
        sym, skew = d + d.mT, d - d.mT
        dw = x * skew[..., 2, 1] + y * skew[..., 0, 2] + z * skew[..., 1, 0]
        dx = y * sym[..., 0, 1] + z * sym[..., 0, 2] + w * skew[..., 2, 1] - 2 * x * (d[..., 1, 1] + d[..., 2, 2])
        dy = x * sym[..., 0, 1] + z * sym[..., 1, 2] + w * skew[..., 0, 2] - 2 * y * (d[..., 0, 0] + d[..., 2, 2])
        dz = x * sym[..., 0, 2] + y * sym[..., 1, 2] + w * skew[..., 1, 0] - 2 * z * (d[..., 0, 0] + d[..., 1, 1])
        return 2 * torch.stack([dw, dx, dy, dz], -1)

    @staticmethod
    def forward(ctx, quaternions, log_scales):
        q = quaternions / quaternions.norm(dim=-1, keepdim=True)
        m = RotatedCovariance.rotation(q) * log_scales.exp()[..., None, :]
        ctx.save_for_backward(quaternions, log_scales)
        return m @ m.mT

    @staticmethod
    def backward(ctx, g):
        quaternions, log_scales = ctx.saved_tensors
        norm, scales = quaternions.norm(dim=-1, keepdim=True), log_scales.exp()
        q = quaternions / norm
        rotation = RotatedCovariance.rotation(q)
        dm = (g + g.mT) @ (rotation * scales[..., None, :])
        dq = RotatedCovariance.rotation_gradient(q, dm * scales[..., None, :])
        return (dq - q * (q * dq).sum(-1, keepdim=True)) / norm, (rotation * dm).sum(-2) * scales


class RotatedCovarianceOfScales(RotatedCovariance):
    @staticmethod
    def backward(ctx, g):
        dq, dlog = RotatedCovariance.backward(ctx, g)
        return dq, dlog / ctx.saved_tensors[1].exp()


class RotatedCovarianceNotProjected(RotatedCovariance):
    @staticmethod
    def backward(ctx, g):
        quaternions, log_scales = ctx.saved_tensors
        q = quaternions / quaternions.norm(dim=-1, keepdim=True)
        scales = log_scales.exp()[..., None, :]
        dm = (g + g.mT) @ (RotatedCovariance.rotation(q) * scales)
        _, dlog = RotatedCovariance.backward(ctx, g)
        return RotatedCovariance.rotation_gradient(q, dm * scales), dlog


class Compositing(Function):
    """Σ αᵢ·Tᵢ·cᵢ + T·background along a ray, Tᵢ = Π(1 - αⱼ) over what lies before; the backward starts behind."""

    @staticmethod
    def forward(ctx, alpha, color, background):
        through = torch.cumprod(torch.cat([torch.ones_like(alpha[:1]), 1 - alpha]), 0)
        ctx.save_for_backward(alpha, color, background, through)
        return (alpha * through[:-1]) @ color + through[-1] * background

    @staticmethod
    def gradients(ctx, g, with_background):
        alpha, color, background, through = ctx.saved_tensors
        dalpha = torch.empty_like(alpha)
        behind = through[-1] * (background @ g) * with_background
        for i in reversed(range(len(alpha))):
            dalpha[i] = through[i] * (color[i] @ g) - behind / (1 - alpha[i])
            behind = behind + alpha[i] * through[i] * (color[i] @ g)
        return dalpha, torch.outer(alpha * through[:-1], g), through[-1] * g

    @staticmethod
    def backward(ctx, g):
        return Compositing.gradients(ctx, g, True)


class CompositingNoBackground(Compositing):
    @staticmethod
    def backward(ctx, g):
        return Compositing.gradients(ctx, g, False)


class CompositingOneOff(Compositing):
    @staticmethod
    def backward(ctx, g):
        alpha, *_, through = ctx.saved_tensors
        dalpha, _, dbackground = Compositing.backward(ctx, g)
        return dalpha, torch.outer(alpha * through[1:], g), dbackground


RULES = [
    TensorRule(
        id="cholesky",
        framework="torch",
        reference="Murray 2016, arXiv:1602.07527, (8) and (9)",
        what="the Cholesky factor of a symmetric part",
        right=Cholesky,
        wrong={"the diagonal of Φ is not halved": CholeskyDiagonal},
        inputs=tensors(a=positive_definite(3)),
    ),
    TensorRule(
        id="quadratic-logdet",
        framework="torch",
        reference="cornellius-gp/linear_operator linear_operator/functions/_inv_quad_logdet.py; Giles 2008, 2.2",
        what="bᵀ·A⁻¹·b and log|det A|, two outputs, of any A",
        right=QuadraticLogdet,
        wrong={
            "the inverse is not transposed": QuadraticLogdetNotTransposed,
            "right for symmetric matrices": QuadraticLogdetSymmetric,
        },
        inputs=tensors(a=lambda rng: positive_definite(3)(rng) + rng.uniform(-0.3, 0.3, (3, 3)), b=(3,)),
    ),
    TensorRule(
        id="triangular-solve",
        framework="torch",
        reference="Giles 2008, An extended collection of matrix derivative results, 2.2.3",
        what="L⁻¹·B, of which the lower half of L is read",
        right=TriangularSolve,
        wrong={"a gradient for the half that is not read": TriangularSolveWhole},
        inputs=tensors(low=positive_definite(3), b=(3, 2)),
    ),
    TensorRule(
        id="splat-conic",
        framework="torch",
        reference="nerfstudio-project/gsplat#136; graphdeco-inria/gaussian-splatting#551 (its off-diagonal entry)",
        what="the inverse of a symmetric 2 by 2 matrix of three numbers",
        right=ConicOfCovariance,
        wrong={"the entry that stands for two counts twice": ConicOfCovarianceWhole},
        inputs=tensors(cov=lambda rng: rng.uniform([1, -0.5, 1], [2, 0.5, 2], (3, 3))),
    ),
    TensorRule(
        id="splat-covariance",
        framework="torch",
        reference="nerfstudio-project/gsplat gsplat/cuda/_torch_impl.py; openvdb/fvdb-core#432; arXiv:2312.02121",
        what="covariances of Gaussians from quaternions and the logarithms of their scales",
        right=RotatedCovariance,
        wrong={
            "by the scale, not by its logarithm": RotatedCovarianceOfScales,
            "the quaternion's norm is not differentiated": RotatedCovarianceNotProjected,
        },
        inputs=tensors(quaternions=(2, 4), log_scales=(2, 3)),
    ),
    TensorRule(
        id="alpha-compositing",
        framework="torch",
        reference="joeyan/gaussian_splatting#35; Kerbl et al. 2023, arXiv:2308.04079, C",
        what="colours along a ray, from front to back, before a background",
        right=Compositing,
        wrong={
            "the background is forgotten": CompositingNoBackground,
            "the colours' transmittance is one behind": CompositingOneOff,
        },
        inputs=tensors(alpha=between(0.1, 0.8, 5), color=(5, 3), background=(3,)),
    ),
]
