"""The gauge: how many ULPs a rule is off, at many points roughly and at one point in balls.

Rough figures come from the screening tier; where it cannot decide, and for whatever is reported, balls do it.

Near a root of the slope the error is also measured against the slope's size around it, and that is the measure that
a budget refers to (see `verify.accuracy.conditioning`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import NDArray

from verify.accuracy.conditioning import AROUND, NOTEWORTHY, size_around_root
from verify.accuracy.formats import Answers, Array, runner
from verify.case import Case
from verify.numbers.doubled import Doubled
from verify.numbers.points import Point
from verify.numbers.reference import Reference, Status
from verify.numbers.screen import Screen, errors_in_ulps, ulps
from verify.numbers.ulps import FLOAT64, Format, digits_left, error_in_ulps
from verify.trace.from_sympy import from_sympy

_DECIDED = 2.0**-6  # a screened error is good enough when it is known to this many ULPs, or to this part of itself


@dataclass(frozen=True)
class Measured:
    """A rule's answer at one point beside the truth.

    ulps: the error in ULPs of the true slope; local: in ULPs of the slope's size around its root, where it has one
    near the point, and the same as ``ulps`` elsewhere; subnormal: the true slope is below the normal numbers, and
    the ULP is the smallest of all
    """

    point: Point
    operand: int
    answer: float
    truth: arb
    ulps: float
    local: float
    fmt: Format
    subnormal: bool = False

    @property
    def near_root(self) -> bool:
        """The slope changes sign near the point: its relative error says little."""
        return self.local != self.ulps

    @property
    def digits(self) -> float:
        """Decimal digits left, of the slope's local size."""
        return digits_left(self.local, self.fmt)

    @property
    def lost(self) -> bool:
        """No digit is left: the error is as large as the slope, or as the smallest normal number."""
        return self.local >= 2.0 ** (self.fmt.precision - 1)


class Gauge:
    """Measures one case's rule in one format."""

    def __init__(self, case: Case, fmt: Format = FLOAT64) -> None:
        self.case = case
        self.fmt = fmt
        self.inputs = case.row.inputs
        self._run = runner(case.operation, fmt)
        self._screen = Screen(case.slopes, self.inputs)
        self._able = self._screen.able
        self._reference = Reference(case.slopes, self.inputs, fmt=fmt)
        self._corners = [[from_sympy(e) for e in corner.at] for corner in case.row.corners]
        self._corner_screen = Screen([e for corner in self._corners for e in corner], self.inputs)

    # ------------------------------------------------------------------------------------------- many points

    def errors(self, columns: Sequence[Array]) -> list[Array]:
        """For each operand the error at each point, in ULPs as a budget counts them.

        NaN where there is nothing to be accurate about: at a corner, where the true slope is no normal number of
        the format, or where the forward has left the range in which it has its digits.  Infinite where the answer
        is no number at all.
        """
        return [np.where(subnormal, np.nan, errors) for errors, subnormal in self.all_errors(columns)]

    def all_errors(self, columns: Sequence[Array]) -> list[tuple[Array, NDArray[np.bool_]]]:
        """The same with the subnormal slopes, in ULPs of theirs, and which of the points have one."""
        answers = self._run(columns)
        live = self._live(answers) & ~self._on_corner(columns)
        if not self._able:
            nothing = np.full(len(columns[0]), np.nan)
            return [self._in_balls(columns, i, slopes, nothing, live) for i, slopes in enumerate(answers.slopes)]
        screened = self._screen.at(*columns)
        return [
            self._of_operand(columns, i, slopes, exact, live)
            for i, (slopes, exact) in enumerate(zip(answers.slopes, screened, strict=True))
        ]

    def _of_operand(
        self, columns: Sequence[Array], i: int, slopes: Array, exact: Doubled, live: NDArray[np.bool_]
    ) -> tuple[Array, NDArray[np.bool_]]:
        errors, margin = errors_in_ulps(slopes, exact, self.fmt)
        known = margin <= _DECIDED * np.maximum(1.0, errors)
        size = abs(exact.high)
        known &= (size > 0) | (exact.error == 0)
        with np.errstate(all="ignore"):
            errors = np.where(np.isfinite(slopes), errors, np.inf)
        errors = np.where(live & known & (size <= self.fmt.largest), errors, np.nan)
        errors, in_balls = self._in_balls(columns, i, slopes, errors, live & ~known)
        subnormal = np.where(known, (size > 0) & (size < self.fmt.smallest_normal), in_balls)
        rough = np.flatnonzero(known & (errors > NOTEWORTHY) & np.isfinite(slopes))
        if len(rough):
            errors[rough] = self._relieved(
                [column[rough] for column in columns], i, exact.high[rough], slopes[rough], errors[rough]
            )
        return errors, subnormal

    def _relieved(self, columns: Sequence[Array], i: int, here: Array, answers: Array, errors: Array) -> Array:
        """The errors as they weigh near a root: in ULPs of the slope's size around it (see `conditioning`)."""
        for k in range(len(columns)):
            around, turns = abs(here), np.zeros(len(here), dtype=bool)
            for factor in (1 - AROUND, 1 + AROUND):
                with np.errstate(over="ignore"):  # past the largest float there is no domain
                    moved = [*columns[:k], columns[k] * factor, *columns[k + 1 :]]
                near = self._screen.at(*moved)[i]
                certain = (abs(near.high) > near.error) & self._inside(moved)
                turns |= certain & ((near.high * np.sign(here) < 0) | ((here == 0) & (near.high != 0)))
                around = np.where(certain, np.maximum(around, abs(near.high)), around)
            with np.errstate(all="ignore"):
                spacing = ulps(Doubled(around, np.zeros(len(around)), 0.0), self.fmt)
                local = np.where(here == 0, abs(answers) / spacing, errors * (abs(here) / around))
                subnormal = (here != 0) & (abs(here) < self.fmt.smallest_normal)
                local = np.where(subnormal, errors * (self.fmt.smallest / spacing), local)
            errors = np.where(turns, np.minimum(errors, local), errors)
        return errors

    def _inside(self, columns: Sequence[Array]) -> NDArray[np.bool_]:
        """Which of the points are in the domain."""
        region = self.case.region
        inside = np.ones(len(columns[0]), dtype=bool)
        for column, interval in zip(columns, region.intervals, strict=True):
            first, last = interval.floats
            inside &= (column >= first) & (column <= last)
        if region.joint is not None or any(interval.holes for interval in region.intervals):
            inside[inside] = [point in region for point in zip(*(c[inside].tolist() for c in columns), strict=True)]
        return inside

    def _in_balls(
        self, columns: Sequence[Array], i: int, slopes: Array, errors: Array, chosen: NDArray[np.bool_]
    ) -> tuple[Array, NDArray[np.bool_]]:
        """The errors, those of the chosen points by balls, and which of these have a subnormal slope."""
        subnormal = np.zeros(len(slopes), dtype=bool)
        for k in np.flatnonzero(chosen):
            found = self._judged(_point(columns, k), i, float(slopes[k]))
            errors[k] = math.nan if found is None else found.local
            subnormal[k] = found is not None and found.subnormal
        return errors, subnormal

    def _live(self, answers: Answers) -> NDArray[np.bool_]:
        """Where the forward is a number that has all its digits."""
        out = answers.out
        with np.errstate(all="ignore"):
            live: NDArray[np.bool_] = np.isfinite(out) & ((out == 0) | (abs(out) >= self.fmt.smallest_normal))
        return live

    def _on_corner(self, columns: Sequence[Array]) -> NDArray[np.bool_]:
        """Where all expressions of some corner are zero: no slope there, only a choice."""
        found = np.zeros(len(columns[0]), dtype=bool)
        values = iter(self._corner_screen.at(*columns) if self._corners else ())
        for corner in self._corners:
            zero = [(e.high == 0) & (e.low == 0) for _, e in zip(corner, values, strict=False)]
            found |= np.logical_and.reduce(zero)
        return found

    # -------------------------------------------------------------------------------------------- one point

    def measured(self, point: Point, operand: int, *, subnormal: bool = False) -> Measured | None:
        """The rule at one point, in balls; None where there is nothing to measure.

        subnormal: a subnormal slope is measured, too
        """
        columns = [np.array([x]) for x in point]
        answers = self._run(columns)
        if not self._live(answers)[0] or self._on_corner(columns)[0]:
            return None
        found = self._judged(point, operand, float(answers.slopes[operand][0]))
        return None if found is None or (found.subnormal and not subnormal) else found

    def _judged(self, point: Point, i: int, answer: float) -> Measured | None:
        truth = self._reference.at(point)[i]
        if truth.status is not Status.KNOWN:
            return None
        size = abs(truth.nearest)
        subnormal = not size >= self.fmt.smallest_normal and not truth.ball.is_zero()
        error = local = error_in_ulps(answer, truth.ball, self.fmt)
        if error > NOTEWORTHY and math.isfinite(answer):
            around = self._around(point, i, truth.nearest)
            if around and subnormal:
                local = error * (self.fmt.smallest / _spacing(around, self.fmt))
            elif around:
                local = error * size / around if size else abs(answer) / _spacing(around, self.fmt)
        return Measured(point, i, answer, truth.ball, error, local, self.fmt, subnormal)

    def _around(self, point: Point, i: int, here: float) -> float:
        return size_around_root(self._reference, self.case.region, point, i, here)


def _spacing(size: float, fmt: Format) -> float:
    """The ULP at a number of this size."""
    return math.ldexp(1.0, max(math.frexp(size)[1] - 1, fmt.least) - fmt.precision + 1)


def _point(columns: Sequence[Array], k: Any) -> Point:
    return tuple(float(column[k]) for column in columns)
