"""The memory of traced arrays: floats, and for each of them the node that it is an entry of.

A storage is the variable and an array an index map into it, so that views, writes through views and arrays that overlap
are right by construction.  A write changes the map alone; a node of the whole memory is made when all of it is read.
So a loop that sets entry after entry costs what it sets, and not the whole array each time.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arrays.program import Node
from backproof.verify.subjects.tensors.numpy.tape import Tape

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

_MOST_OPERANDS = 256  # of a map, beyond which they are laid together: most of them may be overwritten


class Storage:
    """Some floats in a row, and what they are.

    floats: of one axis, in memory of their own; the first operand has an entry for each of them
    places: for each float the number of its entry among those of the operands, laid end to end; None while the
    floats are the first operand's entries in their order
    """

    __slots__ = ("_operands", "_places", "_starts", "_total", "floats", "tape")

    def __init__(self, tape: Tape, floats: Floats, node: Node) -> None:
        self.tape, self.floats = tape, floats
        self._set(node)

    def _set(self, node: Node) -> None:
        self._operands = [node]
        self._starts = [0]
        self._total = node.size
        self._places: Indices | None = None

    def owns(self, value: Any) -> bool:
        """Whether an array lies in this memory."""
        return isinstance(value, np.ndarray) and np.may_share_memory(value, self.floats)

    def numbers(self, value: Floats) -> Indices:
        """The places in this memory of the entries of an array that lies in it."""
        return self._view(np.arange(self.floats.size), value)

    def laid_out(self, numbers: Indices, value: Floats) -> Indices:
        """Numbers that lie in a memory of their own as an array lies in this one."""
        found = self._view(np.empty(self.floats.size, np.int64), value)
        found[...] = numbers
        return found

    def _view(self, memory: Indices, value: Floats) -> Indices:
        if not value.size:
            return np.zeros(value.shape, np.int64)
        offset, strides = self._layout(value)
        return np.lib.stride_tricks.as_strided(memory[offset:], value.shape, [8 * s for s in strides])

    def _layout(self, value: Floats) -> tuple[int, tuple[int, ...]]:
        step = self.floats.itemsize
        start: int = value.__array_interface__["data"][0] - self.floats.__array_interface__["data"][0]
        return start // step, tuple(s // step for s in value.strides)

    def read(self, value: Floats) -> Node:
        """The node of an array that lies in this memory, as it is now."""
        program = self.tape.program
        if not value.size:
            return program.number(0, value.shape)
        if self._places is not None and value.size >= self.floats.size:
            self._set(self.tape.gathered(self._operands, self._places))
        if self._places is None:
            if self._operands[0].kind == "constant" and not self._operands[0].is_uniform:
                return program.constant(value)
            offset, strides = self._layout(value)
            if min(strides, default=0) >= 0:
                return program.view(self._operands[0], offset, value.shape, strides)
        return self.read_at(self.numbers(value))

    def read_at(self, numbers: Indices) -> Node:
        """The node of the floats at these places."""
        if len(self._operands) > _MOST_OPERANDS:
            assert self._places is not None
            self._set(self.tape.gathered(self._operands, self._places))
        if self._places is not None:
            numbers = np.asarray(self._places[numbers])
        if numbers.size == 1:  # the usual case in a loop: which operand is found without looking at all of them
            number = int(numbers.reshape(-1)[0])
            at = bisect_right(self._starts, number) - 1
            node, offset = self._operands[at], number - self._starts[at]
            if node.kind != "constant":
                return self.tape.program.view(node, offset, numbers.shape, (1,) * numbers.ndim)
        return self.tape.gathered(self._operands, numbers)

    def write(self, numbers: Any, node: Node) -> None:
        """Make the floats at these places the entries of a node of the same shape; of a place named twice the last."""
        if self._places is None:
            self._places = np.arange(self.floats.size)
        self._operands.append(node)
        self._starts.append(self._total)
        self._places[np.reshape(numbers, -1)] = np.arange(self._total, self._total + node.size)
        self._total += node.size
