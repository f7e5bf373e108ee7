"""Further points for a rule that was traced at one: drawn anew, with ties, of other sizes, past its comparisons.

Whether the code runs there, the caller tries.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import combinations
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arrays.crossings import past_margins as past_margins  # re-exported: all points are found here
from backproof.verify.arrays.ranges import as_array, as_given, redrawn, within
from backproof.verify.arrays.sizes import other_sizes as other_sizes
from backproof.verify.arrays.traced import Floats

SCALES = (1.0, 10.0, 0.1)

MOST_PAIRS = 3
"""Pairs of arrays that are made equal."""

Ties = dict[str, NDArray[np.int64]]


def drawn(
    inputs: Mapping[str, Any],
    seed: int,
    index: int,
    ranges: Mapping[str, tuple[float, float]] = MappingProxyType({}),
    moved: Collection[str] = (),
) -> dict[str, Any]:
    """Other inputs of the same shapes and kinds (`verify.arrays.ranges`), standard normal times 1, 10 or 0.1.

    index: which of them; ranges: for an array by its name, where its entries lie, the upper end of integers excluded
    moved: plain floats that are drawn, too; other numbers, text and all else stay as they are
    """
    rng = np.random.default_rng([seed, 83, index])
    found: dict[str, Any] = {}
    for name, value in inputs.items():
        array = as_array(value)
        if array is not None:
            found[name] = as_given(value, _array(array, ranges.get(name), rng, index))
        elif name in moved and isinstance(value, float):
            found[name] = float(_array(np.array(value), ranges.get(name), rng, index))
        else:
            found[name] = value
    return found


def _array(given: NDArray[Any], ends: tuple[float, float] | None, rng: np.random.Generator, index: int) -> NDArray[Any]:
    if ends is None or given.dtype.kind == "b":
        return redrawn(given, given.shape, rng, SCALES[index % len(SCALES)], index)
    if given.dtype.kind in "iu":
        return rng.integers(int(ends[0]), int(ends[1]), given.shape)
    return np.asarray(rng.uniform(*ends, given.shape))


# ------------------------------------------------------------------------------------------------------------- ties


def ties(values: Mapping[str, Floats], seed: int) -> Iterator[tuple[str, dict[str, Floats], Ties]]:
    """Points with ties and zeros, each with a text, and which entries are tied.

    Entries of an array that are equal share a number, those that are 0 have -1.  No two arrays share one, but those
    that are made equal.  Single numbers stay as they are beside arrays.
    """
    rng = np.random.default_rng([seed, 89])
    arrays = {name: value for name, value in values.items() if np.ndim(value)} or dict(values)
    for text, changed in _tied(arrays, rng):
        there = {**values, **{name: np.asarray(value) + 0.0 for name, value in changed.items()}}  # -0.0 becomes 0
        yield text, there, numbered(there)
    for a, b in list(_of_one_shape(arrays))[:MOST_PAIRS]:
        there = {**values, b: np.array(values[a])}
        numbers = numbered(there)
        yield f"a tie: {b} equals {a}", there, {**numbers, b: numbers[a]}


def _tied(arrays: Mapping[str, Floats], rng: np.random.Generator) -> Iterator[tuple[str, dict[str, Floats]]]:
    yield "a tie: every entry is 1", {name: within(x, np.ones(np.shape(x))) for name, x in arrays.items()}
    yield "a tie: every entry is 0", {name: np.zeros(np.shape(x)) for name, x in arrays.items()}
    yield "a tie: rows of zeros", {name: _rows_of_zeros(np.asarray(x), rng) for name, x in arrays.items()}
    yield "a tie: rounded to integers", {name: within(x, np.round(x)) for name, x in arrays.items()}
    yield "a tie: rounded to halves", {name: within(x, np.round(2 * x) / 2) for name, x in arrays.items()}
    yield "a tie: repeated entries in each row", {name: _repeated(np.asarray(x), rng) for name, x in arrays.items()}


def _rows_of_zeros(x: Floats, rng: np.random.Generator) -> Floats:
    """Half of its rows, one at least."""
    rows = x.reshape(-1, x.shape[-1]).copy() if x.ndim and x.size else x.copy().reshape(-1, 1)
    rows[rng.permutation(len(rows))[: (len(rows) + 1) // 2]] = 0
    return rows.reshape(x.shape)


def _repeated(x: Floats, rng: np.random.Generator) -> Floats:
    """Each entry of a row is one of half as many values."""
    if not x.ndim or not x.size:
        return x.copy()
    size = x.shape[-1]
    return np.take(x, rng.permutation(np.arange(size) // 2), axis=-1)


def _of_one_shape(arrays: Mapping[str, Floats]) -> Iterator[tuple[str, str]]:
    for a, b in combinations(arrays, 2):
        if np.shape(arrays[a]) == np.shape(arrays[b]):
            yield a, b


def numbered(values: Mapping[str, Floats]) -> Ties:
    """For each array the numbers of its values, equal ones alike; -1 for 0.  No two arrays share one."""
    found: Ties = {}
    start = 0
    for name, value in values.items():
        distinct, numbers = np.unique(value, return_inverse=True)
        numbers = np.asarray(numbers, np.int64).reshape(np.shape(value)) + start
        found[name] = np.where(np.asarray(value) == 0, -1, numbers)
        start += distinct.size
    return found
