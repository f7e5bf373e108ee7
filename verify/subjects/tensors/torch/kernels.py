"""Kernels of PyTorch that it has no decomposition of, or none that can be traced, in terms of other operations.

Each is a function of the arguments of the operation, as its schema names them; `expansion` runs it in its place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from backproof.verify.arrays.traced import Unread

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


def _weight_norm_backward(g: Any, v: Any, scale: Any, norms: Any, dim: int) -> Any:
    """Of v·scale/‖v‖, with a norm for each index of the axis."""
    axes = [k for k in range(v.ndim) if k != dim]
    along = (g * v).sum(axes, keepdim=True)
    return scale / norms * (g - v * along / norms**2), along / norms


# ---------------------------------------------------------------------------------------------------- entry by entry

_SIXTH = 0.16666667163372040
"""The constant in PyTorch's derivative of hardsigmoid: 1/6 as a float of 32 bits, for doubles too."""


def _hardsigmoid_backward(g: Any, a: Any) -> Any:
    return torch.where((a > -3) & (a < 3), g * _SIXTH, 0.0)


def _shrunk_backward(g: Any, a: Any, lambd: float) -> Any:
    return torch.where((a >= -lambd) & (a <= lambd), 0.0, g)


def _rrelu(a: Any, noise: Any, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, **_: Any) -> Any:
    if training:
        raise Unread("it draws random numbers")
    return torch.where(a > 0, a, a * ((lower + upper) / 2))


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


KERNELS: Mapping[str, Callable[..., Any]] = {
    "_native_batch_norm_legit": _batch_norm,
    "_native_batch_norm_legit.no_stats": _batch_norm_without_kept,
    "_native_batch_norm_legit_no_training": _batch_norm_by_kept,
    "_scaled_dot_product_flash_attention_for_cpu": _attention,
    "_scaled_dot_product_flash_attention_for_cpu_backward": _attention_backward,
    "_trilinear": _trilinear,
    "_weight_norm_interface_backward": _weight_norm_backward,
    "hardshrink_backward": _shrunk_backward,
    "hardsigmoid_backward": _hardsigmoid_backward,
    "native_batch_norm": _batch_norm,
    "native_batch_norm_backward": _batch_norm_backward,
    "rrelu_with_noise": _rrelu,
    "softshrink_backward": _shrunk_backward,
}
"""By the name of the operation, and of its overload where it has several."""
