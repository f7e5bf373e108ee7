"""Which numbers of a program lie where in memory: a storage is the variable, a tensor a way of reading it.

So views need no reading, and a write through one view is seen through all the others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from backproof.verify.arrays.program import Node, Program
from backproof.verify.arrays.traced import Unread

Lay = tuple[int, tuple[int, ...], tuple[int, ...]]
"""Where a tensor lies in its storage: offset, shape and strides, in entries."""


@dataclass
class Held:
    """What a storage holds.

    storage: itself, so that its memory is not given to another, which would be taken for it
    dtype: the format in which it is read
    parts: nodes and where each was written, the later over the earlier; what lies in none of them is what memory holds
    flat: all of it in one axis, if that has been asked for since the last part was written
    """

    storage: Any
    dtype: Any
    parts: list[tuple[Lay, Node]] = field(default_factory=list)
    flat: Node | None = None


class Storages:
    """The storages that hold numbers of a program; any other is a constant."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._held: dict[int, Held] = {}

    def holds(self, tensor: Any) -> bool:
        """Whether the tensor lies in a storage that holds numbers of the program."""
        return _key(tensor) in self._held

    def node(self, tensor: Any) -> Node:
        """What the tensor consists of.  Raises Unread for numbers whose bits are read in another format."""
        held = self._held.get(_key(tensor))
        if held is None:
            return self.program.constant(floats_of(tensor))
        self.check(tensor)
        lay = lay_of(tensor)
        last, node = held.parts[-1]
        if last == lay:
            return node
        return self.program.view(self._flat(held), *lay)

    def check(self, tensor: Any) -> None:
        """Raises Unread for numbers whose bits would be read in another format."""
        held = self._held[_key(tensor)]
        if tensor.dtype != held.dtype:
            raise Unread(f"the bits of {format_of(held.dtype)} numbers are read as {format_of(tensor.dtype)}")

    def write(self, tensor: Any, node: Node) -> None:
        """The tensor consists of these numbers from now on, and so does whatever shares its memory.

        Raises Unread if the node has another shape than the tensor, or if entries of this lie in one place.
        """
        if node.shape != tuple(tensor.shape):
            raise Unread(f"it was read as an array of shape {node.shape}, and is {tuple(tensor.shape)}")
        lay = lay_of(tensor)
        if _overlaps(lay):
            raise Unread("entries that lie in one place are written")
        held = self._held.setdefault(_key(tensor), Held(tensor.untyped_storage(), tensor.dtype))
        self.check(tensor)
        size = _entries(held)
        if tensor.numel() == size:
            held.parts.clear()
        elif held.flat is not None:
            held.parts[:] = [((0, (size,), (1,)), held.flat)]
        held.parts.append((lay, node))
        held.flat = None

    def _flat(self, held: Held) -> Node:
        """All entries of a storage, in one axis."""
        if held.flat is not None:
            return held.flat
        size = _entries(held)
        numbers = np.arange(size)
        operands, count = [], size
        for (offset, shape, strides), node in held.parts:
            part = np.lib.stride_tricks.as_strided(numbers[offset:], shape, [8 * s for s in strides])
            part[...] = count + np.arange(math.prod(shape)).reshape(shape)
            operands.append(node)
            count += node.size
        if numbers.min(initial=size) < size:
            operands.insert(0, self.program.constant(_memory(held)))
        else:
            numbers -= size
        held.flat = self.program.take([self.program.reshape(a, (a.size,)) for a in operands], numbers)
        return held.flat


def is_float(value: Any) -> bool:
    """Whether it is a tensor of floats."""
    return isinstance(value, torch.Tensor) and value.is_floating_point()


def lay_of(tensor: Any) -> Lay:
    """Where it lies in its storage."""
    return tensor.storage_offset(), tuple(tensor.shape), tuple(tensor.stride())


def format_of(dtype: Any) -> str:
    """The name of a format of numbers, as "float32"."""
    return str(dtype).removeprefix("torch.")


def floats_of(tensor: Any) -> NDArray[np.float64]:
    """A copy of its numbers."""
    found: NDArray[np.float64] = tensor.detach().to(torch.float64, copy=True).numpy()
    return found


def _overlaps(lay: Lay) -> bool:
    """Whether two entries lie in one place."""
    _, shape, strides = lay
    if 0 in shape:
        return False
    reach = 0
    for stride, size in sorted((s, n) for s, n in zip(strides, shape, strict=True) if n > 1):
        if stride <= reach:
            numbers = np.arange(1 + sum(s * (n - 1) for s, n in zip(strides, shape, strict=True)))
            taken = np.lib.stride_tricks.as_strided(numbers, shape, [8 * s for s in strides])
            return np.unique(taken).size < taken.size
        reach += stride * (size - 1)
    return False


def _key(tensor: Any) -> int:
    return int(tensor.untyped_storage()._cdata)


def _entries(held: Held) -> int:
    return int(held.storage.nbytes()) // int(held.dtype.itemsize)


def _memory(held: Held) -> NDArray[np.float64]:
    """What it holds in memory."""
    return floats_of(torch.empty(0, dtype=held.dtype).set_(held.storage, 0, (_entries(held),), (1,)))
