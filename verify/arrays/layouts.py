"""How an array may lie in memory: a rule that reads a gradient with another array's strides is wrong in some layout."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arrays.program import contiguous

LAYOUTS = ("contiguous", "transposed", "sliced", "offset", "expanded", "uniform")
"""In C's order; with its axes in the reverse order; every second entry of a longer array; from the third entry of one;
one row for all of an axis, with a stride of 0; one number for all entries, as the gradient of a sum arrives."""


class Laid(NamedTuple):
    """A buffer of one axis and how an array lies in it: where it begins, its shape, its strides in entries."""

    buffer: NDArray[Any]
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def array(self) -> NDArray[Any]:
        """The array, a view of the buffer."""
        step = self.buffer.itemsize
        start = self.buffer[self.offset :]
        return np.lib.stride_tricks.as_strided(start, self.shape, [step * s for s in self.strides])


def values_in(array: Any, layout: str) -> NDArray[Any]:
    """The values that the array has in a layout: an expanded one has its first entries along an axis."""
    array = np.asarray(array)
    if layout == "uniform" and array.size:
        return np.full(array.shape, array.reshape(-1)[0])
    if layout == "expanded" and array.ndim:
        return np.array(np.broadcast_to(array[:1], array.shape))
    return np.array(array)


def laid_out(array: Any, layout: str) -> Laid:
    """The array in a layout of `LAYOUTS`; between its entries lie others, 7, that nobody should read."""
    array = np.asarray(array)
    shape = array.shape
    match layout:
        case "transposed":
            strides = contiguous(shape[::-1])[::-1]
            offset, size = 0, array.size
        case "sliced":
            strides = tuple(2 * s for s in contiguous(shape))
            offset, size = 0, 2 * array.size
        case "offset":
            strides, offset, size = contiguous(shape), 2, array.size + 2
        case "expanded" if shape:
            strides = (0, *contiguous(shape[1:]))
            offset, size = 0, max(1, array[:1].size)
        case "uniform":
            strides, offset, size = (0,) * len(shape), 0, 1
        case _:
            strides, offset, size = contiguous(shape), 0, array.size
    laid = Laid(np.full(max(size, 1), 7, array.dtype), offset, shape, strides)
    if array.size:
        laid.array[...] = array
    return laid


