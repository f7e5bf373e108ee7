"""Movement of entries: each primitive once, on any arrays, so that it moves values and the numbers of entries alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arrays.program import Indices, Node, Program, is_number
from backproof.verify.subjects.tensors.jax.indexing import along, of_gather, of_scatter, places
from backproof.verify.subjects.tensors.jax.step import Step, is_real

Array = NDArray[Any]
Parameters = Mapping[str, Any]


def _same(_: Parameters, *operands: Array) -> list[Array]:
    return list(operands)


def _reshape(p: Parameters, a: Array) -> Array:
    axes = p.get("dimensions")
    return (a if axes is None else a.transpose(axes)).reshape(p["new_sizes"])


def _broadcast(p: Parameters, a: Array) -> Array:
    kept = [1] * len(p["shape"])
    for axis, size in zip(p["broadcast_dimensions"], a.shape, strict=True):
        kept[axis] = size
    return np.broadcast_to(a.reshape(kept), p["shape"])


def _slice(p: Parameters, a: Array) -> Array:
    steps = p["strides"] or [1] * a.ndim
    return a[tuple(map(slice, p["start_indices"], p["limit_indices"], steps))]


def padded(a: Array, filling: Any, padding: Sequence[tuple[int, int, int]]) -> Array:
    """Filled up before, after and between the entries of each axis; a negative number cuts off."""
    for axis, (low, high, between) in enumerate(padding):
        size = a.shape[axis]
        spread = size + between * max(size - 1, 0)
        shape = [*a.shape]
        shape[axis] = max(low, 0) + spread + max(high, 0)
        wide = np.full(shape, filling, a.dtype)
        before = (slice(None),) * axis
        wide[(*before, slice(max(low, 0), max(low, 0) + spread, between + 1))] = a
        a = wide[(*before, slice(max(-low, 0), shape[axis] - max(-high, 0)))]
    return a


def _select(_: Parameters, which: Array, *cases: Array) -> Array:
    if len(cases) == 2:
        return np.where(which, cases[1], cases[0])
    return np.select([np.asarray(which == k) for k in range(len(cases))], cases)


def _dynamic_slice(p: Parameters, a: Array, *starts: Array) -> Array:
    return a[_inside(a.shape, p["slice_sizes"], starts)]


def _dynamic_update(_: Parameters, a: Array, update: Array, *starts: Array) -> Array:
    a = np.array(a)
    a[_inside(a.shape, update.shape, starts)] = update
    return a


def _inside(shape: Sequence[int], sizes: Sequence[int], starts: Sequence[Array]) -> tuple[slice, ...]:
    moved = [min(max(int(s), 0), n - size) for s, n, size in zip(starts, shape, sizes, strict=True)]
    return tuple(slice(s, s + size) for s, size in zip(moved, sizes, strict=True))


def _split(p: Parameters, a: Array) -> list[Array]:
    return np.split(a, np.cumsum(p["sizes"])[:-1], p["axis"])


def _scatter(p: Parameters, a: Array, indices: Array, updates: Array) -> Array:
    """Of the entries that are written to one place the last stays."""
    to = places(of_scatter(p, a.shape, updates.shape), a.shape, indices).reshape(-1)
    result = np.array(a).reshape(-1)
    result[to[to >= 0]] = updates.reshape(-1)[to >= 0]
    return result.reshape(a.shape)


MOVES: dict[str, Callable[..., Array | list[Array]]] = {
    **dict.fromkeys(("copy", "copy_p", "stop_gradient", "optimization_barrier", "device_put", "name", "tie"), _same),
    "reshape": _reshape,
    "squeeze": lambda p, a: np.squeeze(a, tuple(p["dimensions"])),
    "transpose": lambda p, a: a.transpose(p["permutation"]),
    "broadcast_in_dim": _broadcast,
    "slice": _slice,
    "rev": lambda p, a: np.flip(a, p["dimensions"]),
    "concatenate": lambda p, *arrays: np.concatenate(arrays, p["dimension"]),
    "stack": lambda p, *arrays: np.stack(arrays, p["axis"]),
    "unstack": lambda p, a: [*np.moveaxis(a, p["axis"], 0)],
    "split": _split,
    "tile": lambda p, a: np.tile(a, p["reps"]),
    "pad": lambda p, a, filling: padded(a, filling, p["padding_config"]),
    "select_n": _select,
    "dynamic_slice": _dynamic_slice,
    "dynamic_update_slice": _dynamic_update,
    "scatter": _scatter,
}
"""What each primitive does: its parameters, then its operands."""


def moved(step: Step) -> list[Node]:
    """The results of a primitive of `MOVES`, run on the numbers of the entries of its operands of floats."""
    operands: list[Node] = []
    arrays, start = [], 0
    for node, data in zip(step.nodes, step.data, strict=True):
        if not is_real(data):
            arrays.append(data)
        elif is_number(node, 0):
            arrays.append(np.full(node.shape, -1, np.int64))
        else:
            arrays.append(np.arange(start, start + node.size).reshape(node.shape))
            operands.append(node)
            start += node.size
    results = MOVES[step.name](step.parameters, *arrays)
    return [arranged(step.program, operands, n) for n in (results if isinstance(results, list) else [results])]


def gathered(step: Step) -> Node:
    """A gather: entries by their numbers; for those outside the value that is asked for, or NaN."""
    a, indices = step.nodes[0], step.data[1]
    numbers = places(of_gather(step.parameters, indices.shape), a.shape, indices)
    filling = step.parameters["fill_value"]
    fill = step.program.constant(np.nan if filling is None else filling)
    return arranged(step.program, [a, fill], np.where(numbers < 0, a.size, numbers))


def arranged(p: Program, operands: Sequence[Node], numbers: Indices) -> Node:
    """The entries with these numbers of the operands, laid end to end, 0 for -1: as a view where they are one."""
    numbers = np.asarray(numbers, np.int64)
    used: list[Node] = []
    shifted = np.full(numbers.shape, -1, np.int64)
    start = new = 0
    for operand in operands:
        here = (numbers >= start) & (numbers < start + operand.size)
        if here.any():
            used.append(operand)
            shifted = np.where(here, numbers + (new - start), shifted)
            new += operand.size
        start += operand.size
    if not used:
        return p.number(0, numbers.shape)
    strides = _strides(shifted) if len(used) == 1 else None
    if strides is None:
        return p.take(used, shifted)
    return p.view(used[0], int(shifted.flat[0]), numbers.shape, strides)


def _strides(numbers: Indices) -> list[int] | None:
    """The strides, none negative, by which the numbers proceed from the first; None if they do not."""
    first = numbers.flat[0]
    found: list[int] = []
    expected: Any = first
    for axis, size in enumerate(numbers.shape):
        second = numbers[tuple(int(k == axis) for k in range(numbers.ndim))] if size > 1 else first
        found.append(int(second - first))
        expected = expected + found[-1] * along(axis, numbers.shape)
    return found if first >= 0 and min(found, default=0) >= 0 and np.array_equal(expected, numbers) else None
