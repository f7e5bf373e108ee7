"""Linear operations on each plane of an image, such as average pools: their matrix is what they make of unit planes."""

from __future__ import annotations

import math
from typing import Any

import torch

from backproof.verify.arrays.program import Node
from backproof.verify.arrays.traced import Unread
from backproof.verify.subjects.tensors.torch.call import Call, Readings
from backproof.verify.subjects.tensors.torch.storages import floats_of

MOST = 1 << 24
"""Entries of such a matrix."""

_NAMES = """
avg_pool2d avg_pool3d _adaptive_avg_pool2d _adaptive_avg_pool3d upsample_linear1d upsample_bilinear2d
upsample_trilinear3d upsample_bicubic2d _upsample_bilinear2d_aa _upsample_bicubic2d_aa
"""


def _plane(call: Call, a: Any, *arguments: Any, **named: Any) -> Node:
    """M·a for each plane of a; there may be any axes before those of a plane.

    Of the other arguments, tensors and shapes of tensors tell the shape of the planes that come out.
    """
    p, rank = call.program, next(n for n in (1, 2, 3) if f"{n}d" in call.name)
    lead, plane = tuple(a.shape[:-rank]), tuple(a.shape[-rank:])
    size = math.prod(plane)
    if size * math.prod(call.shape[-rank:]) > MOST:
        raise Unread(f"its matrix would have more than {MOST} entries")

    def of_units(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return value.new_empty((size, 1, *value.shape[-rank:]))
        return [size, 1, *value[-rank:]] if isinstance(value, (list, tuple)) and len(value) == rank + 2 else value

    units = torch.eye(size, dtype=torch.float64).reshape(size, 1, *plane)
    matrix = floats_of(call.function(units, *map(of_units, arguments), **named)).reshape(size, -1)
    found = p.dot(p.reshape(call.node(a), (math.prod(lead), size)), p.constant(matrix))
    return p.reshape(found, call.shape)


READINGS: Readings = {name + suffix: _plane for name in _NAMES.split() for suffix in ("", "_backward")}
