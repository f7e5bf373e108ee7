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

    tensor: one of those that lie in it, of the format in which it is read
    parts: nodes and where each was written, the later over the earlier; what lies in none of them is what memory holds
    """

    tensor: Any
    parts: list[tuple[Lay, Node]] = field(default_factory=list)


class Storages:
    """The storages that hold numbers of a program; any other is a constant."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._held: dict[int, Held] = {}
        self._alive: list[Any] = []

    def keep(self, tensor: Any) -> None:
        """Its memory is not given to another tensor, which would be taken for it."""
        self._alive.append(tensor)

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
        if tensor.dtype != held.tensor.dtype:
            raise Unread(f"the bits of {format_of(held.tensor)} numbers are read as {format_of(tensor)}")

    def write(self, tensor: Any, node: Node) -> None:
        """The tensor consists of these numbers from now on, and so does whatever shares its memory.

        Raises Unread if the node has another shape than the tensor.
        """
        if node.shape != tuple(tensor.shape):
            raise Unread(f"it was read as an array of shape {node.shape}, and is {tuple(tensor.shape)}")
        self.keep(tensor)
        held = self._held.setdefault(_key(tensor), Held(tensor))
        if tensor.dtype != held.tensor.dtype:
            raise Unread(f"{format_of(tensor)} numbers are written over {format_of(held.tensor)}")
        lay = lay_of(tensor)
        if tensor.numel() == _entries(tensor) and 0 not in lay[2]:
            held.parts.clear()
        held.parts.append((lay, node))

    def _flat(self, held: Held) -> Node:
        """All entries of a storage, in one axis; its parts become one."""
        size = _entries(held.tensor)
        numbers = np.arange(size)
        operands, count = [], size
        for (offset, shape, strides), node in held.parts:
            part = np.lib.stride_tricks.as_strided(numbers[offset:], shape, [8 * s for s in strides])
            part[...] = count + np.arange(math.prod(shape)).reshape(shape)
            operands.append(node)
            count += node.size
        whole = _whole(held.tensor)
        if numbers.min(initial=size) < size:
            operands.insert(0, self.program.constant(floats_of(whole)))
        else:
            numbers -= size
        flat = self.program.take([self.program.reshape(a, (a.size,)) for a in operands], numbers)
        held.parts[:] = [(lay_of(whole), flat)]
        return flat


def is_float(value: Any) -> bool:
    """Whether it is a tensor of floats."""
    return isinstance(value, torch.Tensor) and value.is_floating_point()


def lay_of(tensor: Any) -> Lay:
    """Where it lies in its storage."""
    return tensor.storage_offset(), tuple(tensor.shape), tuple(tensor.stride())


def format_of(tensor: Any) -> str:
    """The format of its numbers, as "float32"."""
    return str(tensor.dtype).removeprefix("torch.")


def floats_of(tensor: Any) -> NDArray[np.float64]:
    """A copy of its numbers."""
    return np.array(tensor.detach().to(torch.float64, copy=True).numpy())


def _key(tensor: Any) -> int:
    return int(tensor.untyped_storage()._cdata)


def _entries(tensor: Any) -> int:
    return int(tensor.untyped_storage().nbytes()) // int(tensor.element_size())


def _whole(tensor: Any) -> Any:
    """Its storage, as a tensor of one axis."""
    return tensor.detach().as_strided((_entries(tensor),), (1,), 0)
