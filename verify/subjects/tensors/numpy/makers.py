"""Functions of NumPy that make arrays, or take one for another, and do not dispatch by their arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from backproof.verify.subjects.tensors.numpy.arrays import (
    TracedArray,
    as_traced,
    constant,
    is_constant,
    node_of,
    tape_of,
    value_of,
    wrapped,
)
from backproof.verify.subjects.tensors.numpy.tape import Tape

_CONVERTER = np.linspace._implementation.__globals__.get("_array_converter")  # type: ignore[attr-defined]


class Makers:
    """What stands for these functions while a tape is written: arrays of floats are traced, as constants."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.by_function: dict[Any, Callable[..., Any]] = {
            np.array: self.array,
            np.asarray: self.as_array,
            np.asanyarray: self.as_array,
            np.ascontiguousarray: self.as_contiguous,
            np.asfortranarray: self.as_fortran,
            np.empty: self.empty,
            np.empty_like: self.empty_like,
            np.full: self.full,
            np.lib.stride_tricks.as_strided: self.as_strided,
            np.ndenumerate: self.enumerated,
            np.vectorize: self.vectorized,
            np.broadcast: lambda *arrays: np.broadcast(*map(value_of, arrays)),
        }
        if _CONVERTER is not None:
            self.by_function[_CONVERTER] = lambda *x: Converter(self, x)

    def adopted(self, x: Any) -> Any:
        """Arrays of floats as traced constants, also in lists and tuples; everything else as it is."""
        if type(x) is np.ndarray and self.tape.kind_of(x.dtype) == "f":
            return constant(self.tape, np.asarray(x, float))
        return type(x)(map(self.adopted, x)) if type(x) in (list, tuple) else x

    def array(self, x: Any, dtype: Any = None, *, copy: Any = True, ndmin: int = 0, **options: Any) -> Any:
        """np.array."""
        if not copy and isinstance(x, TracedArray) and ndmin <= x.ndim:
            return self.as_array(x, dtype)
        if tape_of(x) is None or is_constant(x):
            return self.adopted(np.array(value_of(x), dtype, ndmin=ndmin))
        kind = "f" if dtype is None else self.tape.kind_of(dtype)
        if kind == "b":
            return np.not_equal(self.array(x), 0)
        if kind != "f":
            kept = "use np.floor or x.astype" if kind in "iu" else "keep them in an array of floats"
            raise self.tape.refuse(f"an array of {np.dtype(dtype).name} would make constants of traced floats: {kept}")
        value = np.array(value_of(x), float)
        found = wrapped(self.tape, value, node_of(self.tape, x))
        return np.reshape(found, (1,) * (ndmin - value.ndim) + value.shape) if ndmin > value.ndim else found

    def as_array(self, x: Any, dtype: Any = None, *args: Any, copy: Any = None, **options: Any) -> Any:
        """np.asarray: a traced array of floats is itself."""
        floats = dtype is None or self.tape.kind_of(dtype) == "f"
        return x if isinstance(x, TracedArray) and floats and not copy else self.array(x, dtype)

    def as_contiguous(self, x: Any, dtype: Any = None, **options: Any) -> Any:
        """np.ascontiguousarray, which gives a number an axis."""
        found = self.as_array(x, dtype)
        if not isinstance(found, TracedArray):
            return np.ascontiguousarray(found)
        found = np.reshape(found, (1,)) if not found.ndim else found
        return found if found.flags.c_contiguous else np.copy(found, "C")

    def as_fortran(self, x: Any, dtype: Any = None, **options: Any) -> Any:
        """np.asfortranarray."""
        found = self.as_array(x, dtype)
        fits = not isinstance(found, TracedArray) or found.flags.f_contiguous
        return found if fits else np.transpose(np.copy(np.transpose(found), "C"))

    def empty(self, *args: Any, **options: Any) -> Any:
        """np.empty: what nobody sets has no value."""
        return unset(self.adopted(np.zeros(*args, **options)))

    def empty_like(self, prototype: Any, *args: Any, **options: Any) -> Any:
        """np.empty_like."""
        return unset(self.adopted(np.zeros_like(prototype, *args, **options)))

    def full(self, shape: Any, fill_value: Any, dtype: Any = None, **options: Any) -> Any:
        """np.full."""
        if tape_of(fill_value) is None:
            return self.adopted(np.full(shape, fill_value, dtype))
        found = self.adopted(np.zeros(shape, dtype or float))
        found[...] = fill_value
        return found

    def as_strided(self, x: Any, shape: Any = None, strides: Any = None, *args: Any, **options: Any) -> Any:
        """np.lib.stride_tricks.as_strided.  Raises Unread where that reads what is not the array's memory."""
        if not isinstance(x, TracedArray):
            return np.lib.stride_tricks.as_strided(x, shape, strides)
        shape = x.shape if shape is None else tuple(np.atleast_1d(shape).tolist())
        strides = x.strides if strides is None else tuple(np.atleast_1d(strides).tolist())
        if x.size and 0 not in shape:
            first = x.storage.numbers(x.value).reshape(-1)[0]
            ends = [(n - 1) * (s // x.itemsize) for n, s in zip(shape, strides, strict=True)]
            low, high = (first + sum(f(end, 0) for end in ends) for f in (min, max))
            if low < 0 or high >= x.storage.floats.size:
                raise self.tape.refuse("as_strided reads beyond the memory of the array")
        return TracedArray(np.lib.stride_tricks.as_strided(x.value, shape, strides), x.storage)

    def enumerated(self, x: Any) -> Iterator[Any]:
        """np.ndenumerate."""
        return ((place, x[place]) for place in np.ndindex(*np.shape(x)))

    def vectorized(self, function: Callable[..., Any], *args: Any, **options: Any) -> Callable[..., Any]:
        """np.vectorize: the function is called once for each entry."""

        def called(*operands: Any) -> Any:
            if tape_of(operands) is None:
                return self.adopted(np.vectorize(function, *args, **options)(*operands))
            return self._for_each(function, operands)

        return called

    def _for_each(self, function: Callable[..., Any], operands: Sequence[Any]) -> Any:
        parts = np.broadcast_arrays(*(as_traced(self.tape, x) for x in operands))
        shape = parts[0].shape
        found = [function(*(part[place] for part in parts)) for place in np.ndindex(*shape)]
        if tape_of(found) is None:
            return self.adopted(np.reshape(found, shape))
        return np.reshape(self.array(found), shape)


def unset(x: Any) -> Any:
    """An array whose entries nobody has set: those of floats are no numbers."""
    if isinstance(x, TracedArray):
        x[...] = np.nan
    return x


class Converter:
    """What NumPy's functions written in Python take their arguments for arrays by (from NumPy 2.1 on)."""

    def __init__(self, makers: Makers, operands: Sequence[Any]) -> None:
        self._makers, self._operands = makers, operands
        self.scalar_input = tuple(np.ndim(value_of(x)) == 0 for x in operands)

    def as_arrays(self, subok: bool = True, pyscalars: Any = None) -> tuple[Any, ...]:
        """All as arrays."""
        return tuple(map(self._makers.as_array, self._operands))

    def __getitem__(self, k: int) -> Any:
        return self.as_arrays()[k]

    def result_type(self, *more: Any, **options: Any) -> Any:
        """The type of an array that holds all of them."""
        return np.result_type(*map(value_of, self._operands), *more)

    def wrap(self, x: Any, to_scalar: bool | None = None) -> Any:
        """A result as it is returned."""
        as_number = all(self.scalar_input) if to_scalar is None else to_scalar
        return x[()] if as_number and np.ndim(value_of(x)) == 0 else x
