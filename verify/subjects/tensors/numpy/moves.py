"""Functions that move entries, run once more on the numbers of the entries: what comes out says where each came from.

    np.roll(x, 1)  of  [x0, x1, x2]  is  np.roll([1, 2, 3], 1) = [3, 1, 2]

A 0 is an entry that the function itself put there, as np.pad and np.tril do.  What shares memory with an argument is an
array in the same storage.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from backproof.verify.arrays.program import Node
from backproof.verify.subjects.tensors.numpy.arrays import (
    TracedArray,
    is_constant,
    node_of,
    the_tape,
    value_of,
    wrapped,
)
from backproof.verify.subjects.tensors.numpy.elementwise import plain_or_constant
from backproof.verify.subjects.tensors.numpy.registry import ALWAYS, READINGS, Reading, function_of_numpy
from backproof.verify.subjects.tensors.numpy.storage import Storage
from backproof.verify.subjects.tensors.numpy.tape import Tape
from backproof.verify.subjects.tensors.numpy.values import TracedValue

Entries = Sequence[int | str]
"""Which arguments hold entries, by place or name; the others say how they are moved."""

EVERY = "every argument by place"

INSTEAD = "which cannot hold them: make it by np.zeros or np.empty"
"""The end of a message about one."""

_MOVED: dict[str, Entries] = {
    **dict.fromkeys(
        (
            *("concatenate", "stack", "vstack", "hstack", "dstack", "column_stack", "block"),
            *("tile", "repeat", "roll", "flip", "fliplr", "flipud", "rot90", "resize", "copy"),
            *("take", "take_along_axis", "delete", "tril", "triu", "diag", "diagflat", "diagonal"),
            *("reshape", "ravel", "transpose", "permute_dims", "matrix_transpose", "swapaxes", "moveaxis", "rollaxis"),
            *("expand_dims", "squeeze", "broadcast_to", "unstack"),
            *("split", "array_split", "hsplit", "vsplit", "dsplit"),
            *("linalg.diagonal", "linalg.matrix_transpose", "lib.stride_tricks.sliding_window_view"),
        ),
        (0,),
    ),
    **dict.fromkeys(("broadcast_arrays", "atleast_1d", "atleast_2d", "atleast_3d", "meshgrid"), (EVERY,)),
    "compress": (1,),
    "extract": (1,),
    "choose": (1, "choices"),
    "append": (0, 1, "values"),
    "insert": (0, 2, "values"),
    "select": (1, 2, "choicelist", "default"),
}

_WRITTEN: dict[str, Entries] = {
    "copyto": (0, 1, "src"),
    "put": (0, 2, "v"),
    "place": (0, 2, "vals"),
    "putmask": (0, 2, "values"),
    "put_along_axis": (0, 2, "values"),
    "fill_diagonal": (0, 1, "val"),
}
"""Functions that write into their first argument."""


class Numbering:
    """The numbers of the entries of several operands, from 1."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.operands: list[Node] = []
        self._count = 1

    def of(self, x: Any) -> Any:
        """Integers in place of the entries, also in lists and tuples; in memory they lie as these do."""
        if x is None:
            return None
        if isinstance(x, (list, tuple)) and any(isinstance(part, _WITH_ENTRIES) for part in x):
            return type(x)(map(self.of, x))
        node = node_of(self.tape, x)
        self.operands.append(node)
        numbers = np.arange(self._count, self._count + node.size).reshape(node.shape)
        self._count += node.size
        if isinstance(x, TracedArray) and not x.value.flags.c_contiguous:
            numbers = x.storage.laid_out(numbers, x.value)
        return numbers if numbers.ndim else numbers[()]

    def arguments(self, entries: Entries, args: Sequence[Any], options: Mapping[str, Any]) -> tuple[list[Any], Any]:
        """Arguments with numbers in place of entries."""
        named = {name: self.of(x) if _holds(entries, name) else value_of(x) for name, x in options.items()}
        return [self.of(x) if _holds(entries, k) else value_of(x) for k, x in enumerate(args)], named

    def node(self, numbers: Any) -> Node:
        """The entries that have these numbers."""
        return self.tape.gathered(self.operands, np.asarray(numbers, np.int64) - 1)


_WITH_ENTRIES = (TracedValue, np.ndarray, list, tuple)


def _holds(entries: Entries, argument: int | str) -> bool:
    return argument in entries or (EVERY in entries and isinstance(argument, int))


def moved(function: Callable[..., Any], entries: Entries, args: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """A function that moves entries.  Raises Unread for one that moves them by what is traced."""
    options = dict(options)
    tape = the_tape(*args, options)
    named: list[tuple[int | str, Any]] = [*enumerate(args), *options.items()]
    for argument, x in named:
        if not _holds(entries, argument) and not is_constant(x):
            raise tape.refuse(f"numpy.{function.__name__} moves entries to places that are traced floats")
    value = function(*map(value_of, args), **value_of(options))
    storages = _storages((*args, options))
    if _are_views(value, storages):
        return _wrapped(None, value, value, storages)
    numbering = Numbering(tape)
    places, by_name = numbering.arguments(entries, args, options)
    return _wrapped(numbering, value, function(*places, **by_name), storages)


def _written(function: Callable[..., Any], entries: Entries, args: Sequence[Any], options: Mapping[str, Any]) -> None:
    """A function that writes entries into its first argument.  Raises Unread where that is a plain array."""
    options = dict(options)
    tape, target = the_tape(*args, options), args[0]
    if not isinstance(target, TracedArray):
        raise tape.refuse(f"numpy.{function.__name__} of traced floats into a plain array, {INSTEAD}")
    numbering = Numbering(tape)
    places, named = numbering.arguments(entries, args, options)
    function(*map(value_of, args), **value_of(options))
    function(*places, **named)
    target.storage.write(target.storage.numbers(target.value), numbering.node(places[0]))


# -------------------------------------------------------------------------------------------------- views of memory


def _storages(x: Any) -> list[Storage]:
    if isinstance(x, TracedArray):
        return [x.storage]
    parts = x.values() if isinstance(x, Mapping) else x if isinstance(x, (list, tuple)) else ()
    return [storage for part in parts for storage in _storages(part)]


def _are_views(value: Any, storages: Sequence[Storage]) -> bool:
    if isinstance(value, (list, tuple)):
        return all(_are_views(part, storages) for part in value)
    return any(storage.owns(value) for storage in storages)


def _wrapped(numbering: Numbering | None, value: Any, numbers: Any, storages: Sequence[Storage]) -> Any:
    if isinstance(value, (list, tuple)):
        parts = zip(value, numbers, strict=True)
        return type(value)([_wrapped(numbering, v, n, storages) for v, n in parts])
    storage = next((one for one in storages if one.owns(value)), None)
    if storage is not None:
        return TracedArray(value, storage)
    assert numbering is not None
    return wrapped(numbering.tape, value, numbering.node(numbers))


def of_constants(tape: Tape, value: Any, args: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """What NumPy made of constants: views of their memory, floats as constants of the program, other types as such."""
    storages = _storages((*args, options))
    if isinstance(value, (list, tuple)):
        parts = [of_constants(tape, part, args, options) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    storage = next((one for one in storages if one.owns(value)), None)
    return plain_or_constant(tape, value) if storage is None else TracedArray(value, storage)


# ---------------------------------------------------------------------------------------------------------- readings


def _where(condition: Any, *branches: Any) -> Any:
    tape = the_tape(condition, *branches)
    truths = np.not_equal(condition, 0) if isinstance(condition, TracedValue) else condition
    if is_constant(branches):
        return plain_or_constant(tape, np.where(truths, *map(value_of, branches)))
    return moved(np.where, (1, 2), (truths, *branches), {})


def _pad(array: Any, pad_width: Any, mode: Any = "constant", **options: Any) -> Any:
    if mode not in _MODES or options.get("reflect_type", "even") != "even":
        raise the_tape(array).refuse(f"no reading of numpy.pad with mode={mode!r}")
    return moved(np.pad, (0, "constant_values"), (array, pad_width, mode), options)


_MODES = frozenset({"constant", "edge", "reflect", "symmetric", "wrap"})


def _enter(readings: dict[Any, Reading], table: Mapping[str, Entries], carried_out: Callable[..., Any]) -> None:
    for name, entries in table.items():
        if (function := function_of_numpy(name)) is not None:
            readings[function] = _reading(function, entries, carried_out)


def _reading(function: Any, entries: Entries, carried_out: Callable[..., Any]) -> Reading:
    return lambda *args, **options: carried_out(function, entries, args, options)


READINGS.update({np.where: _where, np.pad: _pad})
_enter(READINGS, _MOVED, moved)
_enter(ALWAYS, _WRITTEN, _written)
