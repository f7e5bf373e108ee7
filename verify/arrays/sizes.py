"""Inputs of other sizes: a rule that is right at 8×8 only divides by another axis' size, or forgets a transpose.

Axes whose sizes are equal among the given shapes are taken for one axis, and get another size together.  Where that
leaves an array square, its two axes may be different ones: then they are first told apart, in the ways in which arrays
usually fit each other.  The code that does not run on such inputs says that it was not meant so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from backproof.verify.arrays.program import Shape
from backproof.verify.arrays.ranges import as_array, as_given, redrawn

LARGE = 256
"""Axes of this size on grow by 1, not to twice their size."""

MOST_GROWTH = 8  # times the entries of the given inputs
FEW = 10_000  # entries, which always are few enough

Shapes = dict[str, Shape]

def other_sizes(
    inputs: Mapping[str, Any],
    seed: int,
    runs: Callable[[Mapping[str, Any]], bool] | None = None,
    most: int = 2,
) -> Iterator[dict[str, Any]]:
    """Inputs of the same kinds in other shapes, those first that tell the most; numbers and text stay as they are.

    runs: whether the code runs on inputs: then only those on which it does, ``most`` of them; else all
    """
    arrays = {name: array for name, value in inputs.items() if (array := as_array(value)) is not None}
    entries = sum(array.size for array in arrays.values())
    tried: list[Shapes] = [{name: array.shape for name, array in arrays.items()}]
    count = 0
    for number, shapes in enumerate(_candidates(tried[0], seed)):
        size = sum(int(np.prod(shape)) for shape in shapes.values())
        if shapes in tried or size > max(FEW, MOST_GROWTH * entries):
            continue
        tried.append(shapes)
        rng = np.random.default_rng([seed, 97, number])
        made = {name: as_given(inputs[name], redrawn(arrays[name], shapes[name], rng)) for name in arrays}
        candidate = {**inputs, **made}
        if runs is None or runs(candidate):
            yield candidate
            count += 1
        if runs is not None and count == most:
            return


def _candidates(shapes: Shapes, seed: int) -> Iterator[Shapes]:
    free = list(dict.fromkeys(n for shape in shapes.values() for n in shape if n > 1))
    if not free:
        return
    square = {n for shape in shapes.values() for n in shape if n > 1 and shape.count(n) > 1}
    if square:
        for fit in _FITS:
            yield _apart(shapes, square, fit)
    first = int(np.random.default_rng([seed, 101]).integers(len(free)))
    grown, other = ([_grown(n, k % 2 == parity) for k, n in enumerate(free)] for parity in (0, 1))
    singles = ([1 if k == (first + turn) % len(free) else n for k, n in enumerate(other)] for turn in range(len(free)))
    multiples = [n * (2 + k % 2) for k, n in enumerate(free)]  # which divide by what the given sizes divide by
    for sizes in (grown, *(singles if len(free) > 1 else [other, [1]]), other, multiples):
        new = dict(zip(free, _distinct(sizes), strict=True))
        yield {name: tuple(new.get(n, n) for n in shape) for name, shape in shapes.items()}


def _grown(n: int, little: bool) -> int:
    return n + 1 if little or n >= LARGE else 2 * n - 1


def _distinct(sizes: list[int]) -> list[int]:
    """Larger by as little as makes them different."""
    found: list[int] = []
    for size in sizes:
        while size in found:
            size += 1
        found.append(size)
    return found


# -------------------------------------------------------------------------------------------- axes of squares apart

_Fit = Callable[[int, int, int], str]
"""A name for an axis of a size that makes a square; axes with one name stay equal.

It is given which array the axis belongs to, counted among those of two axes and more that have this size, the axis
counted from the end, and how many axes the array has.
"""


def _elementwise(array: int, axis: int, axes: int) -> str:
    """The same axes from the end, as in x + y, with a bias along the last."""
    return f"axis {axis}"


def _labelled(array: int, axis: int, axes: int) -> str:
    """The same, and what has one axis has one entry for each row, as labels."""
    return f"axis {axis if axes > 1 else -2}"


def _chain(array: int, axis: int, axes: int) -> str:
    """The last axis of an array is the last but one of the next, as in x @ y, with a bias along the last of these."""
    if axes == 1:
        return f"link {array}"
    return f"link {array + 2 + axis}" if axis >= -2 else f"axis {axis}"


def _layer(array: int, axis: int, axes: int) -> str:
    """The last axis of all arrays is the same, as in x @ y.T, with a bias along the rows of the second."""
    if axes == 1:
        return "rows 1"
    return f"rows {array}" if axis == -2 else f"axis {axis}"


_FITS: tuple[_Fit, ...] = (_chain, _layer, _elementwise, _labelled)


def _apart(shapes: Shapes, square: set[int], fit: _Fit) -> Shapes:
    """Sizes of squares by the names that a fit gives to their axes, the others as their own size says.

    An earlier axis gets a smaller size: then labels along the wrong axis are too many, and the code does not run.
    """
    names = {name: _named(shapes, name, square, fit) for name in shapes}
    in_order = sorted(shapes, key=lambda name: -len(shapes[name]))
    keys = list(dict.fromkeys(key for name in in_order for key in names[name] if key[0] > 1))
    keys.sort(key=lambda key: key[0] not in square)
    first = dict(reversed(keys))
    new = dict(zip(keys, _distinct([_grown(n, first[n] == axis) for n, axis in keys]), strict=True))
    return {name: tuple(new.get(key, key[0]) for key in names[name]) for name in shapes}


def _named(shapes: Shapes, name: str, square: set[int], fit: _Fit) -> list[tuple[int, str]]:
    """For each axis of an array its size, and its name among those of this size."""
    shape = shapes[name]
    before = [other for other in list(shapes)[: list(shapes).index(name)] if len(shapes[other]) > 1]
    found = []
    for axis, n in enumerate(shape):
        array = sum(n in shapes[other] for other in before)
        found.append((n, fit(array, axis - len(shape), len(shape)) if n in square else ""))
    return found
