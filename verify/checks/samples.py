"""Evaluates an operation at the sample points: its values and derivatives, as columns of floats."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import repeat
from typing import Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from backproof.verify.numerics.points import Column, Point, Points
from backproof.verify.subjects.boundary import number
from backproof.verify.subjects.operation import Operation, Run
from backproof.verify.support.chunks import pieces
from backproof.verify.support.errors import SubjectError

FIRST, PLAIN, SPREAD = 24, 24, 48
"""Points that are evaluated again one by one after a vectorised run: the first ones, which are kinks and edges,
the plainest, where branches usually lie, and some evenly."""
Touched = tuple[str, Any, Any]
"""Data that a rule modified and should not have: its name, its value before and after."""


class Sample(NamedTuple):
    """The operation at one point of floats: its value and derivatives, or the exception raised instead."""

    point: Point
    out: Any
    partials: tuple[Any, ...]
    error: SubjectError | None
    touched: Touched | None = None


class Samples(Sequence[Sample]):
    """The operation at every point.

    out, partials: columns of floats, NaN where there is no result; errors: the exceptions raised instead, by place;
    touched: the data that the rule modified, by place; together: all came from one run on columns, which was checked
    """

    def __init__(self, points: Points, operands: int) -> None:
        self.points = points
        self.out: Column = np.empty(len(points))
        self.partials: list[Column] = [np.empty(len(points)) for _ in range(operands)]
        self.errors: dict[int, SubjectError] = {}
        self.touched: dict[int, Touched] = {}
        self.together = False

    def __len__(self) -> int:
        return len(self.points)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> list[Sample]: ...
    def __getitem__(self, index: int | slice) -> Sample | list[Sample]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        error = self.errors.get(place)
        if error is not None:
            return Sample(self.points[place], None, (), error)
        partials = tuple([column.item(place) for column in self.partials])
        return Sample(self.points[place], self.out.item(place), partials, None, self.touched.get(place))

    @property
    def returned(self) -> NDArray[np.bool_]:
        """At which points the operation returns a result."""
        mask = np.ones(len(self), dtype=bool)
        mask[list(self.errors)] = False
        return mask

    def put(self, place: int, sample: Sample) -> None:
        """Record what the operation returned at one point."""
        if sample.error is not None:
            self.errors[place] = sample.error
        results = (sample.out, *sample.partials) if sample.error is None else repeat(math.nan)
        for column, result in zip((self.out, *self.partials), results, strict=sample.error is None):
            column[place] = result
        if sample.touched is not None:
            self.touched[place] = sample.touched


def sampled(operation: Operation, points: Points) -> Samples:
    """The operation at every point: vectorised where possible, otherwise one by one.

    Points where floats may raise an exception are evaluated one by one, and some others too: if a single one differs
    from the vectorised run, all are.
    """
    found = Samples(points, len(operation.inputs))
    doubtful = _together(operation, found) if len(points) > FIRST + PLAIN + SPREAD else None
    if doubtful is not None and any(
        not _same(found[k], sample(operation, points[k])) for k in _checked(points) if not doubtful[k]
    ):
        found, doubtful = Samples(points, len(operation.inputs)), None
    found.together = doubtful is not None
    for place in range(len(points)) if doubtful is None else np.flatnonzero(doubtful).tolist():
        found.put(place, sample(operation, points[place]))
    return found


def _together(operation: Operation, found: Samples) -> NDArray[np.bool_] | None:
    """Run the points vectorised, in chunks, and record the results.

    Returns where the results on floats may differ; None if every point must be evaluated one by one.
    """
    doubtful = np.empty(len(found), dtype=bool)
    for part in pieces(len(found)):
        together = operation.at_once([column[part] for column in found.points.columns])
        if together is None:
            return None
        doubtful[part] = together.doubtful
        for column, result in zip((found.out, *found.partials), (together.out, *together.partials), strict=True):
            column[part] = result
    return doubtful


def _checked(points: Points) -> list[int]:
    """The points to evaluate again one by one, each once."""
    plainest = points.plainest(PLAIN).tolist()
    return list(dict.fromkeys((*range(FIRST), *plainest, *range(FIRST, len(points), len(points) // SPREAD))))


def _same(together: Sample, single: Sample) -> bool:
    """Whether the results are the same floats; the sign of a zero is ignored."""
    if single.error is not None or single.touched is not None:
        return False
    pairs = zip((together.out, *together.partials), (single.out, *single.partials), strict=True)
    return all(x == y or (x != x and y != y) for x, y in pairs)


def sample(operation: Operation, point: Point) -> Sample:
    """The operation at one point."""
    try:
        run = operation.run(point)
        out, partials = number(run.out), tuple(map(number, run.gradients))
    except SubjectError as error:  # the check of extremes reports it
        return Sample(point, None, (), error)
    return Sample(point, out, partials, None, touched(operation.inputs, point, run, 1.0))


def touched(inputs: tuple[str, ...], point: Point, run: Run, upstream: float) -> Touched | None:
    """The first of the operands' data, the output's data and its gradient that was modified."""
    if run.data == point and run.out_after == run.out and run.upstream_after == upstream:
        return None
    names = (*[f"{name}.data" for name in inputs], "out.data", "out.grad")
    was, now = (*point, run.out, upstream), (*run.data, run.out_after, run.upstream_after)
    changed = ((n, a, b) for n, a, b in zip(names, was, now, strict=True) if a != b and repr(a) != repr(b))
    return next(changed, None)  # a NaN is not equal to itself, but has not changed
