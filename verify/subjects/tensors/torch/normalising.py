"""Softmax and the norms of layers, with their derivatives as PyTorch's kernels have them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from backproof.verify.arrays.program import Node, Program
from backproof.verify.subjects.tensors.torch.call import Call, Readings
from backproof.verify.subjects.tensors.torch.reductions import axes_of, running

LARGEST = 500.0
"""e to a number of this size is a float."""


def _exponentials(call: Call, a: Any, dims: Any) -> tuple[Node, Node, Node]:
    """x = a - c, Σ e**x over axes, and c, which is 0, or the maximum over the axes where e**a is beyond floats."""
    p, axes = call.program, axes_of(a.ndim, dims)
    x, less = call.node(a), p.number(0)
    if a.numel() and float(a.detach().amax(axes).abs().max()) > LARGEST:
        less = _largest(p, x, a.detach().numpy(), axes)
        x = p.subtract(x, less)
    return x, p.sum(p.function("exp", x), axes, keep=True), less


def _largest(p: Program, x: Node, value: Any, axes: Sequence[int]) -> Node:
    """The maximum over axes, which are kept."""
    rest = [k for k in range(value.ndim) if k not in axes]
    order, kept = [*rest, *axes], [1 if k in axes else n for k, n in enumerate(value.shape)]
    rows = math.prod(value.shape[k] for k in axes)
    numbers = np.arange(value.size).reshape(value.shape).transpose(order).reshape(-1, rows)
    places = value.transpose(order).reshape(-1, rows).argmax(-1)
    return p.take([x], np.take_along_axis(numbers, places[:, None], -1).reshape(kept))


def _softmax(call: Call, a: Any, dim: int, *rest: Any) -> Node:
    x, total, _ = _exponentials(call, a, dim)
    return call.program.divide(call.program.function("exp", x), total)


def _log_softmax(call: Call, a: Any, dim: int, *rest: Any) -> Node:
    x, total, _ = _exponentials(call, a, dim)
    return call.program.subtract(x, call.program.function("log", total))


def _logsumexp(call: Call, a: Any, dim: Any, keepdim: bool = False) -> Node:
    p = call.program
    _, total, largest = _exponentials(call, a, dim)
    found = p.function("log", total)
    return p.reshape(p.add(found, largest), call.shape)


def _logcumsumexp(call: Call, a: Any, dim: int) -> Node:
    p = call.program
    x, _, largest = _exponentials(call, a, dim)
    return p.add(p.function("log", running(call, p.function("exp", x), dim, p.add, 0)), largest)


def _softmax_backward(call: Call, g: Any, y: Any, dim: int, *_: Any) -> Node:
    p, upstream, out = call.program, call.node(g), call.node(y)
    weighted = p.multiply(upstream, out)
    return p.subtract(weighted, p.multiply(out, p.sum(weighted, axes_of(y.ndim, dim), keep=True)))


def _log_softmax_backward(call: Call, g: Any, y: Any, dim: int, *_: Any) -> Node:
    p, upstream, out = call.program, call.node(g), call.node(y)
    total = p.sum(upstream, axes_of(y.ndim, dim), keep=True)
    return p.subtract(upstream, p.multiply(p.function("exp", out), total))


# -------------------------------------------------------------------------------------------------- norms of layers


def _layer_norm(call: Call, a: Any, shape: Sequence[int], weight: Any, bias: Any, eps: float) -> list[Node | None]:
    """(x - mean)/√(variance + eps)·weight + bias; the mean, and 1/√(variance + eps)."""
    p, x = call.program, call.node(a)
    axes = range(a.ndim - len(shape), a.ndim)
    mean = p.mean(x, axes, keep=True)
    centred = p.subtract(x, mean)
    spread = p.add(p.mean(p.power(centred, 2), axes, keep=True), p.number(eps))
    inverse = p.power(spread, Fraction(-1, 2))
    return [_affine(call, p.multiply(centred, inverse), weight, bias), mean, inverse]


def _affine(call: Call, a: Node, weight: Any, bias: Any) -> Node:
    found = a if weight is None else call.program.multiply(a, call.node(weight))
    return found if bias is None else call.program.add(found, call.node(bias))


def _layer_norm_backward(
    call: Call, g: Any, a: Any, shape: Sequence[int], mean: Any, inverse: Any, weight: Any, _: Any, mask: Sequence[bool]
) -> list[Node | None]:
    p, rank = call.program, a.ndim
    axes, rows = range(rank - len(shape), rank), range(rank - len(shape))
    upstream, scale = call.node(g), call.node(inverse)
    normal = p.multiply(p.subtract(call.node(a), call.node(mean)), scale)
    weighted = upstream if weight is None else p.multiply(upstream, call.node(weight))
    along = p.multiply(normal, p.mean(p.multiply(weighted, normal), axes, keep=True))
    moved = p.subtract(p.subtract(weighted, p.mean(weighted, axes, keep=True)), along)
    found = p.multiply(scale, moved), p.sum(p.multiply(upstream, normal), rows), p.sum(upstream, rows)
    return [one if wanted else None for one, wanted in zip(found, mask, strict=True)]


READINGS: Readings = {
    "_log_softmax": _log_softmax,
    "_log_softmax_backward_data": _log_softmax_backward,
    "_softmax": _softmax,
    "_softmax_backward_data": _softmax_backward,
    "logcumsumexp": _logcumsumexp,
    "logsumexp": _logsumexp,
    "native_layer_norm": _layer_norm,
    "native_layer_norm_backward": _layer_norm_backward,
}
