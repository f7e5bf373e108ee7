"""Convolutions and pools: windows of an array, as the numbers of the entries that they hold."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from backproof.verify.arrays.program import Indices, Node
from backproof.verify.arrays.traced import Unread
from backproof.verify.subjects.tensors.jax.choices import won
from backproof.verify.subjects.tensors.jax.moves import arranged, padded
from backproof.verify.subjects.tensors.jax.step import Step


def windows(numbers: Indices, sizes: Sequence[int], strides: Sequence[int], spread: Sequence[int]) -> Indices:
    """The windows over the last axes: first their places, then the places inside.

    spread: how far the entries of a window are apart
    """
    axes = tuple(range(numbers.ndim - len(sizes), numbers.ndim))
    widths = [(n - 1) * d + 1 for n, d in zip(sizes, spread, strict=True)]
    found = np.lib.stride_tricks.sliding_window_view(numbers, widths, axes)
    rest = (slice(None),) * axes[0] if axes else ()
    every = tuple(slice(None, None, step) for step in strides)
    return found[(*rest, *every, *(slice(None, None, d) for d in spread))]


def _around(padding: Sequence[tuple[int, int]], dilation: Sequence[int]) -> list[tuple[int, int, int]]:
    """How many entries of 0 lie before, after and between those of each axis."""
    return [(low, high, distance - 1) for (low, high), distance in zip(padding, dilation, strict=True)]


def convolution(step: Step) -> Node:
    """conv_general_dilated: windows of the first operand times the second, as one product of matrices.

    Of the two kinds of groups one divides the features of the first operand, the other its batch: each group of it
    meets its own part of the second.
    """
    p, (a, kernel), parameters = step.program, step.nodes, step.parameters
    of = parameters["dimension_numbers"]
    by_features, by_batch = parameters["feature_group_count"], parameters["batch_group_count"]
    groups = by_features * by_batch
    numbers = np.arange(a.size).reshape(a.shape).transpose(of.lhs_spec)
    around = _around(parameters["padding"], parameters["lhs_dilation"])
    numbers = padded(numbers, -1, [(0, 0, 0), (0, 0, 0), *around])
    kernel = p.permute(kernel, of.rhs_spec)
    features, inner, *sizes = kernel.shape
    found = windows(numbers, sizes, parameters["window_strides"], parameters["rhs_dilation"])
    batch, spatial = found.shape[0] // by_batch, found.shape[2 : 2 + len(sizes)]
    found = found.reshape(by_batch, batch, by_features, inner, *spatial, *sizes)
    found = np.moveaxis(found, 2, 1).reshape(groups, batch, inner, math.prod(spatial), math.prod(sizes))
    left = arranged(p, [a], found.transpose(0, 1, 3, 2, 4))
    left = p.reshape(left, (groups, batch * math.prod(spatial), inner * math.prod(sizes)))
    right = p.transpose(p.reshape(kernel, (groups, features // groups, inner * math.prod(sizes))))
    product = p.reshape(p.dot(left, right), (groups, batch, math.prod(spatial), features // groups))
    whole = p.reshape(p.permute(product, (1, 0, 3, 2)), (batch, features, *spatial))
    return p.permute(whole, np.argsort(of.out_spec).tolist())


def _pooled(step: Step, shape: Sequence[int]) -> Indices:
    """The windows of an array of a shape, each in one axis, the last; -1 for what lies outside."""
    given, sizes = step.parameters, step.parameters["window_dimensions"]
    ones = (1,) * len(sizes)
    around = _around(given["padding"], given.get("base_dilation") or ones)
    numbers = padded(np.arange(math.prod(shape)).reshape(tuple(shape)), -1, around)
    found = windows(numbers, sizes, given["window_strides"], given.get("window_dilation") or ones)
    return found.reshape(*found.shape[: len(sizes)], math.prod(sizes))


def window_sum(step: Step) -> Node:
    """reduce_window_sum."""
    p, a = step.program, step.nodes[0]
    return p.sum(arranged(p, [a], _pooled(step, a.shape)), (-1,))


def window_largest(step: Step) -> Node:
    """reduce_window_max, reduce_window_min."""
    a = step.nodes[0]
    numbers = _pooled(step, a.shape)
    winners = _winners(step, 0, numbers, largest=step.name == "reduce_window_max")
    return step.program.reshape(_taken(step, a, numbers, winners), step.shape)


def _winners(step: Step, operand: int, numbers: Indices, largest: bool) -> Indices:
    """Which entry of each window wins; what lies outside never does."""
    worst = -np.inf if largest else np.inf
    inside = np.where(numbers < 0, worst, step.data[operand].reshape(-1)[numbers])
    if (numbers < 0).all(-1).any():
        raise Unread(f"{step.name} with a window that is outside the array")
    return np.expand_dims(inside.argmax(-1) if largest else inside.argmin(-1), -1)


def _taken(step: Step, a: Node, numbers: Indices, winners: Indices) -> Node:
    """Outside a window has entries that never win: the margin there is that of its first entry inside."""
    first = np.take_along_axis(numbers, (numbers >= 0).argmax(-1)[..., None], -1)
    everywhere = arranged(step.program, [a], np.where(numbers < 0, first, numbers))
    return won(step.path, step.name, everywhere, winners, -1)


def selected_and_added(step: Step) -> Node:
    """select_and_scatter_add, the transpose of a pool: each entry goes to the winner of its window."""
    p, (source, a) = step.program, step.nodes
    numbers = _pooled(step, a.shape)
    winners = _winners(step, 1, numbers, largest=_selects_largest(step))
    _taken(step, a, numbers, winners)
    to = np.take_along_axis(numbers, winners, -1)[..., 0]
    return p.reshape(p.collect(source, to, a.size), a.shape)


def selected_and_gathered(step: Step) -> Node:
    """select_and_gather_add: of each window the tangent of the winner."""
    tangents, a = step.nodes
    numbers = _pooled(step, a.shape)
    winners = _winners(step, 1, numbers, largest=_selects_largest(step))
    _taken(step, a, numbers, winners)
    return arranged(step.program, [tangents], np.take_along_axis(numbers, winners, -1)[..., 0])


def _selects_largest(step: Step) -> bool:
    return bool(step.parameters["select_prim"].name == "ge")
