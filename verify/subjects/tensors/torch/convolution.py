"""Convolutions: windows, by the numbers of their entries, and one matrix product; the others are its transposes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arrays.adjoints import adjoints
from backproof.verify.arrays.program import Node, Program
from backproof.verify.subjects.tensors.torch.call import Call, Readings

Sizes = Sequence[int]


@dataclass(frozen=True)
class Geometry:
    """How windows of a size lie on an image; one number for each of its axes."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]

    def windows(self, shape: Sizes) -> NDArray[np.int64]:
        """The numbers of the entries of arrays of this shape (batch, channels, *image), by batch, channel, place in the
        window, and window; -1 in the padding.
        """
        around = [(0, 0), (0, 0), *((n, n) for n in self.padding)]
        numbers = np.pad(np.arange(math.prod(shape)).reshape(tuple(shape)), around, constant_values=-1)
        reach = [d * (k - 1) + 1 for d, k in zip(self.dilation, self.kernel, strict=True)]
        axes = tuple(range(2, len(shape)))
        found = np.lib.stride_tricks.sliding_window_view(numbers, reach, axes)
        steps = [slice(None, None, s) for s in self.stride] + [slice(None, None, d) for d in self.dilation]
        found = found[(slice(None), slice(None), *steps)]
        rank = len(axes)
        order = [0, 1, *range(2 + rank, 2 + 2 * rank), *range(2, 2 + rank)]
        return found.transpose(order).reshape(*shape[:2], math.prod(self.kernel), -1)

    def places(self, image: Sizes) -> tuple[int, ...]:
        """How many windows there are along each axis of an image."""
        sizes = zip(image, self.kernel, self.stride, self.padding, self.dilation, strict=True)
        return tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in sizes)


def convolved(p: Program, x: Node, w: Node, at: Geometry, groups: int) -> Node:
    """x (batch, channels, *image) with w (outputs, channels of a group, *kernel)."""
    batch, channels, *image = x.shape
    outputs, each = w.shape[0], channels // groups
    size = math.prod(at.kernel)
    windows = p.take([x], at.windows(x.shape).reshape(batch, groups, each * size, -1))
    weights = p.reshape(w, (1, groups, outputs // groups, each * size))
    return p.reshape(p.dot(weights, windows), (batch, outputs, *at.places(image)))


def transposed(p: Program, linear: Callable[[Node], Node], shape: Sizes, g: Node) -> Node:
    """The transpose of a linear function of an array of this shape, of g."""
    name = f"the operand of a linear operation, of shape {tuple(shape)}"
    unknown = p.leaf(name, shape=shape)
    (found,) = adjoints(p, [linear(unknown)], [g], [unknown])
    del p.leaves[name]  # no node that is kept depends on it
    return found


def per_axis(value: int | Sizes, rank: int) -> tuple[int, ...]:
    """One number for each of the axes, where PyTorch takes one for all."""
    values = [value] if isinstance(value, int) else list(value)
    return tuple(values * (rank // len(values)))


def _geometry(w: Any, stride: Sizes, padding: Sizes, dilation: Sizes) -> Geometry:
    rank = w.ndim - 2
    return Geometry(tuple(w.shape[2:]), *(per_axis(one, rank) for one in (stride, padding, dilation)))


def _convolution(
    call: Call,
    x: Any,
    w: Any,
    bias: Any,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    is_transposed: bool,
    _: Sizes,
    groups: int,
) -> Node:
    p, at, weights = call.program, _geometry(w, stride, padding, dilation), call.node(w)
    if is_transposed:
        found = transposed(p, lambda a: convolved(p, a, weights, at, groups), call.shape, call.node(x))
    else:
        found = convolved(p, call.node(x), weights, at, groups)
    if bias is None:
        return found
    return p.add(found, p.reshape(call.node(bias), (1, bias.shape[0], *[1] * (w.ndim - 2))))


def _convolution_backward(
    call: Call,
    g: Any,
    x: Any,
    w: Any,
    _: Any,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    is_transposed: bool,
    __: Sizes,
    groups: int,
    mask: Sequence[bool],
) -> list[Node | None]:
    """A transposed convolution of x is that which takes arrays like g: its derivative is the convolution of g."""
    p, at = call.program, _geometry(w, stride, padding, dilation)
    upstream, image, weights = call.node(g), call.node(x), call.node(w)
    found: list[Node | None] = [None, None, None]
    whole, part = (upstream, image) if is_transposed else (image, upstream)
    if mask[0] and is_transposed:
        found[0] = convolved(p, upstream, weights, at, groups)
    elif mask[0]:
        found[0] = transposed(p, lambda a: convolved(p, a, weights, at, groups), x.shape, upstream)
    if mask[1]:
        found[1] = transposed(p, lambda a: convolved(p, whole, a, at, groups), w.shape, part)
    if mask[2]:
        found[2] = p.sum(upstream, [0, *range(2, g.ndim)])
    return found


READINGS: Readings = {"convolution": _convolution, "convolution_backward": _convolution_backward}
