"""Kernels of PyTorch in terms of other operations, where it has no decomposition of its own that can be traced, or
where loading that takes long.

Each is a function of the arguments of the operation, as its schema names them; `expansion` runs it in its place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from backproof.verify.arrays.traced import Unread
from backproof.verify.subjects.tensors.torch.activations import ACTIVATIONS

# ------------------------------------------------------------------------------------------------------- attention


def _scores(q: Any, k: Any, is_causal: bool, mask: Any, scale: float | None) -> tuple[Any, float]:
    """q·kᵀ·scale, with what the mask adds, and -∞ above the diagonal where it is causal; the scale."""
    factor = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    scores = (q @ k.mT) * factor
    if mask is not None:
        scores = scores + mask
    if is_causal:
        later = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
        scores = scores.masked_fill(later, -math.inf)
    return scores, factor


def _attention(
    q: Any,
    k: Any,
    v: Any,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    attn_mask: Any = None,
    scale: float | None = None,
) -> Any:
    """softmax(scores)·v, and log Σ e**scores."""
    if dropout_p:
        raise Unread("it draws random numbers")
    scores, _ = _scores(q, k, is_causal, attn_mask, scale)
    return torch.softmax(scores, -1) @ v, torch.logsumexp(scores, -1)


def _attention_backward(
    g: Any,
    q: Any,
    k: Any,
    v: Any,
    out: Any,
    logsumexp: Any,
    dropout_p: float,
    is_causal: bool,
    *,
    attn_mask: Any = None,
    scale: float | None = None,
) -> Any:
    """With P = e**(scores - logsumexp): dV = Pᵀ·g, dS = P∘(g·Vᵀ - Σ g∘out), dQ = dS·K·scale, dK = dSᵀ·Q·scale.

    Dao et al. 2022, FlashAttention, appendix B.2.
    """
    scores, factor = _scores(q, k, is_causal, attn_mask, scale)
    weights = torch.exp(scores - logsumexp.unsqueeze(-1))
    moved = weights * (g @ v.mT - (g * out).sum(-1, keepdim=True))
    return moved @ k * factor, moved.mT @ q * factor, weights.mT @ g


# ------------------------------------------------------------------------------------------------------ batch norm


def _along(values: Any, rank: int) -> Any:
    """One number for each channel, the second axis of as many."""
    return values.reshape(1, -1, *[1] * (rank - 2))


def _batch_norm(
    a: Any, weight: Any, bias: Any, mean: Any, variance: Any, training: bool, momentum: float, eps: float
) -> Any:
    """(x - mean)/√(variance + eps)·weight + bias, and in training mean and 1/√(variance + eps).

    In training they are those of the batch, and what is kept of them between batches is updated in place.
    """
    axes = [0, *range(2, a.ndim)]
    kept = (a.new_empty(0), a.new_empty(0))
    if training:
        over, of = torch.var_mean(a, axes, correction=0)
        if mean is not None:
            mean.copy_((1 - momentum) * mean + momentum * of)
        if variance is not None:
            count = a.numel() / a.shape[1]
            variance.copy_((1 - momentum) * variance + momentum * over * (count / (count - 1)))
        inverse = torch.rsqrt(over + eps)
        kept = of, inverse
    else:
        of, inverse = mean, torch.rsqrt(variance + eps)
    found = (a - _along(of, a.ndim)) * _along(inverse, a.ndim)
    found = found if weight is None else found * _along(weight, a.ndim)
    return (found if bias is None else found + _along(bias, a.ndim), *kept)


def _batch_norm_without_kept(
    a: Any, weight: Any, bias: Any, training: bool, momentum: float, eps: float
) -> Any:
    return _batch_norm(a, weight, bias, None, None, training, momentum, eps)


def _batch_norm_by_kept(
    a: Any, weight: Any, bias: Any, mean: Any, variance: Any, momentum: float, eps: float
) -> Any:
    return _batch_norm(a, weight, bias, mean, variance, False, momentum, eps)


def _batch_norm_backward(
    g: Any,
    a: Any,
    weight: Any,
    mean: Any,
    variance: Any,
    saved_mean: Any,
    saved_inverse: Any,
    train: bool,
    eps: float,
    output_mask: Sequence[bool],
) -> Any:
    axes, rank = [0, *range(2, a.ndim)], a.ndim
    of, inverse = (saved_mean, saved_inverse) if train else (mean, torch.rsqrt(variance + eps))
    normal = (a - _along(of, rank)) * _along(inverse, rank)
    along, total = (g * normal).sum(axes), g.sum(axes)
    moved = g
    if train:
        count = a.numel() / a.shape[1]
        moved = g - (_along(total, rank) + normal * _along(along, rank)) / count
    scale = inverse if weight is None else inverse * weight
    return moved * _along(scale, rank), along if output_mask[1] else None, total if output_mask[2] else None


def _group_norm(a: Any, weight: Any, bias: Any, n: int, c: int, rest: int, groups: int, eps: float) -> Any:
    """The norm of each group of channels; mean and 1/√(variance + eps) of each."""
    grouped = a.reshape(n, groups, c // groups * rest)
    over, of = torch.var_mean(grouped, -1, correction=0, keepdim=True)
    inverse = torch.rsqrt(over + eps)
    found = ((grouped - of) * inverse).reshape(a.shape)
    found = found if weight is None else found * _along(weight, a.ndim)
    return found if bias is None else found + _along(bias, a.ndim), of.squeeze(-1), inverse.squeeze(-1)


def _group_norm_backward(
    g: Any, a: Any, mean: Any, inverse: Any, weight: Any, n: int, c: int, rest: int, groups: int, mask: Sequence[bool]
) -> Any:
    shape, axes = (n, groups, c // groups * rest), [0, *range(2, a.ndim)]
    scale = inverse.reshape(n, groups, 1)
    normal = (a.reshape(shape) - mean.reshape(n, groups, 1)) * scale
    upstream = (g if weight is None else g * _along(weight, a.ndim)).reshape(shape)
    along = normal * (upstream * normal).mean(-1, keepdim=True)
    moved = (scale * (upstream - upstream.mean(-1, keepdim=True) - along)).reshape(a.shape)
    found = moved, (g * normal.reshape(a.shape)).sum(axes), g.sum(axes)
    return tuple(one if wanted else None for one, wanted in zip(found, mask, strict=True))


def _weight_norm_backward(g: Any, v: Any, scale: Any, norms: Any, dim: int) -> Any:
    """Of v·scale/‖v‖, with a norm for each index of the axis."""
    axes = [k for k in range(v.ndim) if k != dim]
    along = (g * v).sum(axes, keepdim=True)
    return scale / norms * (g - v * along / norms**2), along / norms


# ----------------------------------------------------------------------------------------- the loss of cross entropy


def _weights(a: Any, target: Any, weight: Any, ignore_index: int) -> tuple[Any, Any, int]:
    """The classes to be looked up, what each counts, 0 where it is to be ignored, and the axis of the classes."""
    axis = min(1, a.ndim - 1)
    ignored = target == ignore_index
    classes = torch.where(ignored, 0, target)
    counts = torch.ones(target.shape, dtype=a.dtype) if weight is None else weight[classes]
    return classes.unsqueeze(axis), torch.where(ignored, 0.0, counts).unsqueeze(axis), axis


def _nll_loss(a: Any, target: Any, weight: Any, reduction: int, ignore_index: int) -> Any:
    """-a of its class for each row, by weight: none added up, their mean, or their sum; and the sum of the weights."""
    classes, counts, axis = _weights(a, target, weight, ignore_index)
    found = (-a.gather(axis, classes) * counts).squeeze(axis)
    if not reduction:
        return found, a.new_zeros(())
    return (found.sum() / counts.sum() if reduction == 1 else found.sum()), counts.sum()


def _nll_loss_backward(
    g: Any, a: Any, target: Any, weight: Any, reduction: int, ignore_index: int, total: Any
) -> Any:
    classes, counts, axis = _weights(a, target, weight, ignore_index)
    each = -counts * (g if reduction else g.unsqueeze(axis))
    return torch.zeros_like(a).scatter(axis, classes, each / total if reduction == 1 else each)


# ---------------------------------------------------------------------------------------------------------- others


def _trilinear(a: Any, b: Any, c: Any, *axes: Any) -> Any:
    """The product of three arrays; axes: the new ones of each, and those over which it is summed."""
    for dim in axes[0]:
        a = a.unsqueeze(dim)
    for dim in axes[1]:
        b = b.unsqueeze(dim)
    for dim in axes[2]:
        c = c.unsqueeze(dim)
    return (a * b * c).sum(list(axes[3])) if axes[3] else a * b * c


def _cross(a: Any, b: Any, *, dim: int = -1) -> Any:
    """a × b: its k-th entry is a[k+1]·b[k+2] - a[k+2]·b[k+1], with k modulo 3."""
    return a.roll(-1, dim) * b.roll(-2, dim) - a.roll(-2, dim) * b.roll(-1, dim)


def _renorm(a: Any, p: float, dim: int, maxnorm: float) -> Any:
    """Each sub-array along an axis, scaled down to the largest norm."""
    axes = [k for k in range(a.ndim) if k != dim % a.ndim]
    norm = torch.linalg.vector_norm(a, p, axes, keepdim=True)
    return a * torch.where(norm > maxnorm, maxnorm / (norm + 1e-7), 1.0)


KERNELS: Mapping[str, Callable[..., Any]] = {
    **ACTIVATIONS,
    "_native_batch_norm_legit": _batch_norm,
    "_native_batch_norm_legit.no_stats": _batch_norm_without_kept,
    "_native_batch_norm_legit_no_training": _batch_norm_by_kept,
    "_scaled_dot_product_flash_attention_for_cpu": _attention,
    "_scaled_dot_product_flash_attention_for_cpu_backward": _attention_backward,
    "_trilinear": _trilinear,
    "_weight_norm_interface_backward": _weight_norm_backward,
    "linalg_cross": _cross,
    "native_batch_norm": _batch_norm,
    "native_batch_norm_backward": _batch_norm_backward,
    "native_group_norm": _group_norm,
    "native_group_norm_backward": _group_norm_backward,
    **dict.fromkeys(("nll_loss_forward", "nll_loss2d_forward"), _nll_loss),
    **dict.fromkeys(("nll_loss_backward", "nll_loss2d_backward"), _nll_loss_backward),
    "renorm": _renorm,
    "trace": lambda a: a.diagonal().sum(),
}
"""By the name of the operation, and of its overload where it has several."""
