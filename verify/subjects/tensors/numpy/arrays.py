"""Arrays and numbers that stand for NumPy's while a rule is traced, and the way between them and plain ones.

As in NumPy what has no axes is a number rather than an array where it is computed.  Numbers do not change: ``s += x``
binds the name ``s`` to another one, where ``a += x`` of an array writes into its memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from backproof.verify.arrays.program import Node
from backproof.verify.subjects.tensors.numpy.storage import Floats, Storage
from backproof.verify.subjects.tensors.numpy.tape import Tape
from backproof.verify.subjects.tensors.numpy.values import TracedValue


class TracedArray(TracedValue):
    """An array: ``value`` lies in its storage, which other arrays may share."""

    __slots__ = ("storage", "value")

    def __init__(self, value: Floats, storage: Storage) -> None:
        self.value, self.storage = value, storage

    @property  # type: ignore[misc]
    def __class__(self) -> Any:  # so that isinstance(x, np.ndarray) is what it is of the array that it stands for
        return np.ndarray

    @property
    def tape(self) -> Tape:
        return self.storage.tape

    @property
    def node(self) -> Node:
        return self.storage.read(self.value)

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape, which can be set where that needs no copy."""
        return self.value.shape  # type: ignore[no-any-return]

    @shape.setter
    def shape(self, shape: Any) -> None:
        found = self.value.reshape(shape)
        if found.size and not self.storage.owns(found):
            raise AttributeError("incompatible shape for in-place modification")
        self.value = found

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Any]:
        if not self.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self.value)))

    def __contains__(self, x: Any) -> bool:
        return bool(np.any(np.equal(self, x)))

    def __getitem__(self, key: Any) -> Any:
        found = self.value[key]
        if self.storage.owns(found) or (isinstance(found, np.ndarray) and not found.size):
            return TracedArray(found, self.storage)
        numbers = self.storage.numbers(self.value)[key]
        return wrapped(self.tape, found, self.storage.read_at(numbers))

    def __setitem__(self, key: Any, x: Any) -> None:
        node = node_of(self.tape, x)  # before the write: it may be of the same memory
        self.value[key] = value_of(x)
        numbers = np.asarray(self.storage.numbers(self.value)[key])
        self.storage.write(numbers, _fitted(self.tape, node, numbers.shape))

    @property
    def flat(self) -> Flat:
        """Its entries in C's order."""
        return Flat(self)

    @flat.setter
    def flat(self, x: Any) -> None:
        self.flat[:] = x

    def fill(self, x: Any) -> None:
        """Set all entries."""
        self[...] = x

    def view(self, *kind: Any) -> TracedArray:
        """Another array in the same memory."""
        if kind and not (kind[0] is np.ndarray or np.dtype(kind[0]) == self.value.dtype):
            raise self.tape.refuse("no reading of the bytes of floats as another type")
        return TracedArray(self.value.view(), self.storage)

    def put(self, places: Any, values: Any, mode: str = "raise") -> None:
        """As np.put."""
        np.put(self, places, values, mode)  # type: ignore[arg-type]

    def sort(self, axis: int = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> None:
        """In place."""
        self[...] = np.sort(self, axis, kind)

    def partition(self, kth: Any, axis: int = -1, kind: Any = "introselect", order: Any = None) -> None:
        """In place."""
        self[...] = np.partition(self, kth, axis, kind)


class TracedNumber(TracedValue):
    """A number, as NumPy's float64."""

    __slots__ = ("node", "tape", "value")

    node: Node
    tape: Tape

    def __init__(self, value: Any, node: Node, tape: Tape) -> None:
        self.value, self.node, self.tape = np.float64(value), node, tape

    @property  # type: ignore[misc]
    def __class__(self) -> Any:  # so that isinstance(x, float) is what it is of the number that it stands for
        return np.float64

    __iter__ = None  # a number is no sequence, though it takes the index ()

    def __getitem__(self, key: Any) -> Any:
        return wrapped(self.tape, np.asarray(self.value), self.node)[key]

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(self.plain("the hash"))


class Flat:
    """The entries of an array in C's order, which can be set."""

    def __init__(self, array: TracedArray) -> None:
        self.array = array

    def __len__(self) -> int:
        return self.array.size

    def __iter__(self) -> Iterator[Any]:
        return iter(self.array.flatten())

    def __getitem__(self, key: Any) -> Any:
        return self.array.flatten()[key]

    def __setitem__(self, key: Any, x: Any) -> None:
        self.array[np.unravel_index(np.arange(self.array.size)[key], self.array.shape)] = x


# ------------------------------------------------------------------------------------------ between plain and traced


def tape_of(x: Any) -> Tape | None:
    """The tape of what is traced in a value, or in a list, tuple or dictionary; None if nothing is."""
    if isinstance(x, TracedValue):
        return x.tape
    if type(x) is dict:
        x = x.values()
    elif not isinstance(x, (list, tuple)):
        return None
    return next((tape for part in x if (tape := tape_of(part)) is not None), None)


def the_tape(*args: Any) -> Tape:
    """The tape of arguments of which one is traced."""
    tape = tape_of(args)
    assert tape is not None
    return tape


def is_constant(x: Any) -> bool:
    """Whether nothing in it depends on an input."""
    if isinstance(x, TracedValue):
        return x.is_constant
    if type(x) is dict:
        x = x.values()
    elif not isinstance(x, (list, tuple)):
        return True
    return all(map(is_constant, x))


def value_of(x: Any) -> Any:
    """The plain array or number, also in lists, tuples and dictionaries."""
    if isinstance(x, TracedValue):
        return x.value
    if type(x) in (list, tuple):
        return type(x)(map(value_of, x))
    return {name: value_of(part) for name, part in x.items()} if type(x) is dict else x


def node_of(tape: Tape, x: Any) -> Node:
    """The node of an array or a number, traced or not, or of nested lists of such.  Raises Unread for others."""
    if isinstance(x, TracedValue):
        return x.node
    if isinstance(x, (int, np.integer, np.bool_)):
        return tape.program.number(int(x))
    if isinstance(x, (float, np.floating)):
        return tape.program.number(float(x))
    if isinstance(x, (list, tuple)) and tape_of(x) is not None:
        nodes = [node_of(tape, part) for part in x]
        return tape.gathered(nodes, np.arange(sum(n.size for n in nodes)).reshape(len(nodes), *nodes[0].shape))
    array = np.asarray(x)
    if array.dtype.kind not in "biuf":
        raise tape.refuse(f"no reading of {array.dtype.name} beside traced floats")
    return tape.program.constant(array)


def as_traced(tape: Tape, x: Any) -> Any:
    """An array or a number, or nested lists of such, as one that is traced."""
    if isinstance(x, TracedValue):
        return x
    value = value_of(x)
    return wrapped(tape, value if isinstance(value, (float, int)) else np.asarray(value, float), node_of(tape, x))


def wrapped(tape: Tape, value: Any, node: Node) -> Any:
    """An array with memory of its own, in the order of NumPy's, or a number, with these floats and this node."""
    if not isinstance(value, np.ndarray):
        return TracedNumber(value, node, tape)
    if value.flags.c_contiguous:
        floats = np.array(value, float)
        return TracedArray(floats, Storage(tape, floats.reshape(-1), node))
    axes = sorted(range(value.ndim), key=lambda k: -abs(value.strides[k]))
    floats = np.array(value.transpose(axes), float, order="C")
    storage = Storage(tape, floats.reshape(-1), tape.program.permute(node, axes))
    return TracedArray(floats.transpose(np.argsort(axes)), storage)


def constant(tape: Tape, value: Any) -> Any:
    """An array or a number that does not depend on the inputs."""
    return wrapped(tape, value, tape.program.constant(value))


def _fitted(tape: Tape, node: Node, shape: tuple[int, ...]) -> Node:
    """A node broadcast to the shape of what it is assigned to: leading axes of size 1 may be too many."""
    more = len(node.shape) - len(shape)
    if more > 0:
        node = tape.program.reshape(node, node.shape[more:])
    if node.kind == "constant" and not node.is_uniform:
        return tape.program.constant(np.broadcast_to(node.parameter, shape))
    return tape.program.broadcast(node, shape)
