"""Linear operations on each plane of an image, such as average pools and interpolation.

The mean over windows is that of the entries of each.  Of any other the matrix is what it makes of unit planes: each
row of it takes the few entries that it needs, or all.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from backproof.verify.arrays.program import Node
from backproof.verify.arrays.traced import Floats, Unread
from backproof.verify.subjects.tensors.torch.call import Call, Readings
from backproof.verify.subjects.tensors.torch.convolution import Geometry, per_axis, transposed
from backproof.verify.subjects.tensors.torch.storages import floats_of

MOST = 1 << 24
"""Entries of a matrix."""

_NAMES = """
_adaptive_avg_pool2d _adaptive_avg_pool3d upsample_linear1d upsample_bilinear2d upsample_trilinear3d upsample_bicubic2d
_upsample_bilinear2d_aa _upsample_bicubic2d_aa
"""


def _rank(call: Call) -> int:
    return next(n for n in (1, 2, 3) if f"{n}d" in call.name)


def _by_matrix(call: Call, a: Any, *arguments: Any, **named: Any) -> Node:
    """M·a for each plane of a; there may be any axes before those of a plane.

    Of the other arguments, tensors and shapes of tensors tell the shape of the planes that come out.
    """
    p, rank = call.program, _rank(call)
    lead, plane = tuple(a.shape[:-rank]), tuple(a.shape[-rank:])
    size = math.prod(plane)
    if size * max(size, math.prod(call.shape[-rank:])) > MOST:
        raise Unread(f"its matrix would have more than {MOST} entries")

    def of_units(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return value.new_empty((size, 1, *value.shape[-rank:]))
        return [size, 1, *value[-rank:]] if isinstance(value, (list, tuple)) and len(value) == rank + 2 else value

    units = torch.eye(size, dtype=torch.float64).reshape(size, 1, *plane)
    made = call.function(units, *map(of_units, arguments), **named)
    rows = p.reshape(call.node(a), (math.prod(lead), size))
    return p.reshape(_product(call, rows, floats_of(made).reshape(size, -1)), call.shape)


def _product(call: Call, rows: Node, matrix: Floats) -> Node:
    """rows·matrix, by the entries of the matrix that are not 0, where they are few."""
    p, (count, size) = call.program, rows.shape
    most = int((matrix != 0).sum(0).max(initial=0))
    if 4 * most > size:
        return p.dot(rows, p.constant(matrix))
    needed = np.argsort(matrix == 0, axis=0, kind="stable")[:most].T
    weights = np.take_along_axis(matrix.T, needed, 1)
    taken = call.take([rows], size * np.arange(count)[:, None, None] + needed)
    return p.sum(p.multiply(taken, p.constant(weights)), (2,))


# ------------------------------------------------------------------------------------------------- means of windows


def _window(
    call: Call,
    kernel: Any,
    stride: Any = (),
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Geometry | None:
    """The windows, where all of them have the same number of entries."""
    rank = _rank(call)
    kernel, padding = per_axis(kernel, rank), per_axis(padding, rank)
    if ceil_mode or divisor_override is not None or not (count_include_pad or not any(padding)):
        return None
    return Geometry(kernel, per_axis(stride or kernel, rank), padding, (1,) * rank)


def _means(call: Call, a: Node, at: Geometry) -> Node:
    p, rank = call.program, len(at.kernel)
    lead, image = a.shape[:-rank], a.shape[-rank:]
    windows = at.windows((1, math.prod(lead), *image))[0]
    return p.reshape(p.mean(p.take([a], windows), (1,)), (*lead, *at.places(image)))


def _average(call: Call, a: Any, *window: Any, **named: Any) -> Node:
    at = _window(call, *window, **named)
    return _by_matrix(call, a, *window, **named) if at is None else _means(call, call.node(a), at)


def _average_backward(call: Call, g: Any, a: Any, *window: Any) -> Node:
    at = _window(call, *window)
    if at is None:
        return _by_matrix(call, g, a, *window)
    return transposed(call.program, lambda x: _means(call, x, at), tuple(a.shape), call.node(g))


READINGS: Readings = {
    **{name + suffix: _by_matrix for name in _NAMES.split() for suffix in ("", "_backward")},
    **{f"avg_pool{n}d": _average for n in (2, 3)},
    **{f"avg_pool{n}d_backward": _average_backward for n in (2, 3)},
}
