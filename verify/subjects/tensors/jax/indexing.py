"""Which entries gather, scatter and sort are about, as numbers of entries.

StableHLO, operations `gather`, `scatter` and `sort`; the names are those of `jax.lax.GatherDimensionNumbers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arrays.program import Indices, contiguous

Shape = Sequence[int]


class Slices(NamedTuple):
    """How slices of an operand lie in one array.

    extends: for each axis of the operand the axis of the array along which a slice extends, or None
    batch: for axes of the operand the axis of the indices that runs with them
    starts: which axis of the operand each number of an index belongs to
    sizes: of a slice, for each axis of the operand; shape: of the array of slices
    drop: a slice that is not wholly inside the operand is left out, otherwise it is moved inside
    """

    extends: Sequence[int | None]
    batch: Mapping[int, int]
    starts: Sequence[int]
    sizes: Sequence[int]
    shape: Shape
    drop: bool


def of_gather(p: Mapping[str, Any], indices: Shape) -> Slices:
    """The slices that a gather reads."""
    numbers, sizes = p["dimension_numbers"], p["slice_sizes"]
    dropped = {*numbers.collapsed_slice_dims, *numbers.operand_batching_dims}
    extends = _extends(len(sizes), dropped, numbers.offset_dims)
    others = iter(indices[:-1])
    sized = {axis: sizes[k] for k, axis in enumerate(extends) if axis is not None}
    shape = [sized[k] if k in sized else next(others) for k in range(len(sized) + len(indices) - 1)]
    batch = dict(zip(numbers.operand_batching_dims, numbers.start_indices_batching_dims, strict=True))
    return Slices(extends, batch, numbers.start_index_map, sizes, shape, _drops(p))


def of_scatter(p: Mapping[str, Any], operand: Shape, updates: Shape) -> Slices:
    """The slices that a scatter writes into an operand."""
    numbers = p["dimension_numbers"]
    dropped = {*numbers.inserted_window_dims, *numbers.operand_batching_dims}
    extends = _extends(len(operand), dropped, numbers.update_window_dims)
    sizes = [1 if axis is None else updates[axis] for axis in extends]
    batch = dict(zip(numbers.operand_batching_dims, numbers.scatter_indices_batching_dims, strict=True))
    return Slices(extends, batch, numbers.scatter_dims_to_operand_dims, sizes, updates, _drops(p))


def _extends(rank: int, dropped: set[int], axes: Sequence[int]) -> list[int | None]:
    remaining = iter(axes)
    return [None if k in dropped else next(remaining) for k in range(rank)]


def _drops(p: Mapping[str, Any]) -> bool:
    return "FILL" in str(p["mode"])


def places(s: Slices, operand: Shape, indices: NDArray[Any]) -> Indices:
    """For each entry of the array of slices the number of the operand's entry; -1 for what is left out."""
    windows = {axis for axis in s.extends if axis is not None}
    batch = [n for k, n in enumerate(s.shape) if k not in windows]
    found = np.zeros(tuple(s.shape), np.int64)
    inside = np.ones(tuple(s.shape), bool)
    for axis, step in enumerate(contiguous(operand)):
        start: Indices = np.zeros(batch, np.int64)
        if axis in s.starts:
            start = indices[..., list(s.starts).index(axis)].astype(np.int64)
        elif axis in s.batch:
            start = np.broadcast_to(along(s.batch[axis], batch), batch)
        start = start.reshape([1 if k in windows else n for k, n in enumerate(s.shape)])
        last = operand[axis] - s.sizes[axis]
        inside &= (start >= 0) & (start <= last)
        number = np.clip(start, 0, last)
        window = s.extends[axis]
        found += step * (number if window is None else number + along(window, s.shape))
    return np.where(inside, found, -1) if s.drop else found


def along(axis: int, shape: Shape) -> Indices:
    """0, 1, 2... along one axis, in a shape that broadcasts to the whole one."""
    return np.arange(shape[axis]).reshape([-1 if k == axis else 1 for k in range(len(shape))])


def rounds(numbers: Indices) -> Iterator[tuple[Indices, Indices]]:
    """Pairs (places, entries), no place twice in one: the first entry that goes to each place, then the second..."""
    flat = numbers.reshape(-1)
    entries = np.flatnonzero(flat >= 0)
    while entries.size:
        _, first = np.unique(flat[entries], return_index=True)
        yield flat[entries[first]], entries[first]
        entries = np.delete(entries, first)


def sorted_order(keys: Sequence[NDArray[Any]], axis: int) -> Indices:
    """The numbers of the entries, sorted along an axis by the first key, then the second...: stable."""
    order = np.lexsort([*reversed(keys)], axis=axis)
    return np.take_along_axis(np.arange(order.size).reshape(order.shape), order, axis)
