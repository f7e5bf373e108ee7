"""What an operation answers at the points: its values and slopes, as columns of floats."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import repeat
from typing import Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from verify.numbers.pieces import pieces
from verify.numbers.points import Column, Point, Points
from verify.subjects.operation import Operation, Run

FIRST, PLAIN, SPREAD = 24, 24, 48
"""Points at which floats are asked again, where all were run at once: the first ones, which are corners and edges,
the plainest, where people put their branches, and some evenly."""
Touched = tuple[str, Any, Any]
"""What a rule changed and should not have: what it is, its value before and after."""


class Sample(NamedTuple):
    """The operation at one point of floats: its value and slopes, or the exception that came instead."""

    point: Point
    out: Any
    slopes: tuple[Any, ...]
    error: Exception | None
    touched: Touched | None = None


class Samples(Sequence[Sample]):
    """The operation at every point.

    out, slopes: columns of floats, NaN where there is no answer; errors: the exceptions that came instead, by place;
    touched: what the rule changed, by place
    """

    def __init__(self, points: Points, operands: int) -> None:
        self.points = points
        self.out: Column = np.empty(len(points))
        self.slopes: list[Column] = [np.empty(len(points)) for _ in range(operands)]
        self.errors: dict[int, Exception] = {}
        self.touched: dict[int, Touched] = {}

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
        slopes = tuple([column.item(place) for column in self.slopes])
        return Sample(self.points[place], self.out.item(place), slopes, None, self.touched.get(place))

    @property
    def answered(self) -> NDArray[np.bool_]:
        """At which points there is an answer."""
        mask = np.ones(len(self), dtype=bool)
        mask[list(self.errors)] = False
        return mask

    def put(self, place: int, sample: Sample) -> None:
        """Write down what the operation answered at one point."""
        if sample.error is not None:
            self.errors[place] = sample.error
        answers = (sample.out, *sample.slopes) if sample.error is None else repeat(math.nan)
        for column, answer in zip((self.out, *self.slopes), answers, strict=sample.error is None):
            column[place] = answer
        if sample.touched is not None:
            self.touched[place] = sample.touched


def sampled(operation: Operation, points: Points) -> Samples:
    """The operation at every point: many at once where it can be run so, and else one after the other.

    Where floats may raise an exception they are asked themselves, and at some other points too: a single one that
    differs from what was run at once, and they are asked everywhere.
    """
    found = Samples(points, len(operation.inputs))
    doubtful = _together(operation, found) if len(points) > FIRST + PLAIN + SPREAD else None
    if doubtful is not None and any(
        not _same(found[k], sample(operation, points[k])) for k in _checked(points) if not doubtful[k]
    ):
        found, doubtful = Samples(points, len(operation.inputs)), None
    for place in range(len(points)) if doubtful is None else np.flatnonzero(doubtful).tolist():
        found.put(place, sample(operation, points[place]))
    return found


def _together(operation: Operation, found: Samples) -> NDArray[np.bool_] | None:
    """Run at once, a piece of the points after the other, and write down what is answered.

    Where it is doubtful what floats answer; None where they are to be asked everywhere.
    """
    doubtful = np.empty(len(found), dtype=bool)
    for part in pieces(len(found)):
        together = operation.at_once([column[part] for column in found.points.columns])
        if together is None:
            return None
        doubtful[part] = together.doubtful
        for column, answer in zip((found.out, *found.slopes), (together.out, *together.slopes), strict=True):
            column[part] = answer
    return doubtful


def _checked(points: Points) -> list[int]:
    """Where floats are asked again."""
    plainest = points.plainest(PLAIN).tolist()
    return [*range(FIRST), *plainest, *range(FIRST, len(points), len(points) // SPREAD)]


def _same(together: Sample, single: Sample) -> bool:
    """Whether floats answer the same; the sign of a zero is left aside."""
    if single.error is not None or single.touched is not None:
        return False
    pairs = zip((together.out, *together.slopes), (single.out, *single.slopes), strict=True)
    return all(x == y or (x != x and y != y) for x, y in pairs)


def sample(operation: Operation, point: Point) -> Sample:
    """The operation at one point."""
    try:
        run = operation.run(point)
    except Exception as error:  # the subject's own code may raise anything; the check of extremes judges it
        return Sample(point, None, (), error)
    try:
        out, slopes = number(run.out), tuple(map(number, run.gradients))
    except (TypeError, ValueError, OverflowError) as error:
        return Sample(point, None, (), error)
    return Sample(point, out, slopes, None, touched(operation.inputs, point, run, 1.0))


def number(x: Any) -> float:
    """What a subject answered, as a float.

    Raises TypeError for an answer that is no real number, OverflowError for one beyond all floats.
    """
    if type(x) is float:
        return x
    if not hasattr(x, "__float__"):
        raise TypeError(f"the answer {x!r} ({type(x).__name__}) is no real number")
    return float(x)


def touched(inputs: tuple[str, ...], point: Point, run: Run, upstream: float) -> Touched | None:
    """The first of the operands' data, the output's data and its gradient that is not what it was."""
    if run.data == point and run.out_after == run.out and run.upstream_after == upstream:
        return None
    names = (*[f"{name}.data" for name in inputs], "out.data", "out.grad")
    was, now = (*point, run.out, upstream), (*run.data, run.out_after, run.upstream_after)
    changed = ((n, a, b) for n, a, b in zip(names, was, now, strict=True) if a != b and repr(a) != repr(b))
    return next(changed, None)  # a NaN is not equal to itself, and yet it is what it was
