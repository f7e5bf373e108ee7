"""The error meter: a rule's error in ULPs, at many points roughly and at one point in interval arithmetic.

Rough figures come from the screening tier; where it cannot decide, and for all that is reported, interval arithmetic
is used.

Near a zero of the derivative the error is also measured relative to the derivative's size around it, and that is the
measure that a budget refers to (see `verify.numerics.conditioning`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import NDArray

from backproof.verify.accuracy.formats import Array, Results, runner
from backproof.verify.arithmetics.double_double import Doubled
from backproof.verify.arithmetics.ulps import FLOAT64, Format, digits_left, error_in_ulps
from backproof.verify.checks.case import Case
from backproof.verify.evaluate.screen import Screen, errors_in_ulps, ulps
from backproof.verify.numerics.conditioning import AROUND, NOTEWORTHY, size_around_root
from backproof.verify.numerics.points import Point
from backproof.verify.numerics.reference import Reference, Status
from backproof.verify.terms.from_sympy import from_sympy

_DECIDED = 2.0**-6  # a screened error suffices when it is known to this many ULPs, or to this relative precision


@dataclass(frozen=True)
class Measured:
    """A rule's result at one point and the reference value.

    ulps: the error in ULPs of the true derivative; local: in ULPs of the derivative's size around its zero, if it has
    one near the point, and the same as ``ulps`` elsewhere; subnormal: the true derivative is below the normal numbers,
    and the ULP is the smallest number
    """

    point: Point
    operand: int
    result: float
    expected: arb
    ulps: float
    local: float
    fmt: Format
    subnormal: bool = False

    @property
    def near_root(self) -> bool:
        """The derivative changes sign near the point: its relative error is not meaningful."""
        return self.local != self.ulps

    @property
    def digits(self) -> float:
        """Decimal digits left, of the derivative's local size."""
        return digits_left(self.local, self.fmt)

    @property
    def lost(self) -> bool:
        """No digit is left: the error is as large as the derivative, or as the smallest normal number."""
        return self.local >= 2.0 ** (self.fmt.precision - 1)


class ErrorMeter:
    """Measures one case's rule in one format."""

    def __init__(self, case: Case, fmt: Format = FLOAT64) -> None:
        self.case = case
        self.fmt = fmt
        self.inputs = case.spec.inputs
        self._run = runner(case.operation, fmt)
        self._screen = Screen(case.partials, self.inputs)
        self._able = self._screen.able
        self._reference = Reference(case.partials, self.inputs, fmt=fmt)
        self._kinks = [[from_sympy(e) for e in kink.at] for kink in case.spec.kinks]
        self._kink_screen = Screen([e for kink in self._kinks for e in kink], self.inputs)

    # ------------------------------------------------------------------------------------------- many points

    def errors(self, columns: Sequence[Array]) -> list[Array]:
        """For each operand the error at each point, in ULPs as a budget counts them.

        NaN where nothing is measured: at a kink, where the true derivative is not a normal number of the format, or
        where the forward has left the range in which it has its digits.  Infinite where the result is not a number.
        """
        return [np.where(subnormal, np.nan, errors) for errors, subnormal in self.all_errors(columns)]

    def all_errors(self, columns: Sequence[Array]) -> list[tuple[Array, NDArray[np.bool_]]]:
        """The same including subnormal derivatives, in their ULPs, and which of the points have one."""
        results = self._run(columns)
        live = self._live(results) & ~self._on_kink(columns)
        if not self._able:
            nothing = np.full(len(columns[0]), np.nan)
            return [self._in_balls(columns, i, partials, nothing, live) for i, partials in enumerate(results.partials)]
        screened = self._screen.at(*columns)
        return [
            self._of_operand(columns, i, partials, exact, live)
            for i, (partials, exact) in enumerate(zip(results.partials, screened, strict=True))
        ]

    def _of_operand(
        self, columns: Sequence[Array], i: int, partials: Array, exact: Doubled, live: NDArray[np.bool_]
    ) -> tuple[Array, NDArray[np.bool_]]:
        errors, margin = errors_in_ulps(partials, exact, self.fmt)
        known = margin <= _DECIDED * np.maximum(1.0, errors)
        size = abs(exact.high)
        known &= (size > 0) | (exact.error == 0)
        with np.errstate(all="ignore"):
            errors = np.where(np.isfinite(partials), errors, np.inf)
        errors = np.where(live & known & (size <= self.fmt.largest), errors, np.nan)
        errors, in_balls = self._in_balls(columns, i, partials, errors, live & ~known)
        subnormal = np.where(known, (size > 0) & (size < self.fmt.smallest_normal), in_balls)
        rough = np.flatnonzero(known & (errors > NOTEWORTHY) & np.isfinite(partials))
        if len(rough):
            errors[rough] = self._relieved(
                [column[rough] for column in columns], i, exact.high[rough], partials[rough], errors[rough]
            )
        return errors, subnormal

    def _relieved(self, columns: Sequence[Array], i: int, here: Array, results: Array, errors: Array) -> Array:
        """The errors as counted near a zero: in ULPs of the derivative's size around it (see `conditioning`)."""
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
                local = np.where(here == 0, abs(results) / spacing, errors * (abs(here) / around))
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
        self, columns: Sequence[Array], i: int, partials: Array, errors: Array, chosen: NDArray[np.bool_]
    ) -> tuple[Array, NDArray[np.bool_]]:
        """The errors, at the chosen points by interval arithmetic, and which of these have a subnormal derivative."""
        subnormal = np.zeros(len(partials), dtype=bool)
        for k in np.flatnonzero(chosen):
            found = self._judged(_point(columns, k), i, float(partials[k]))
            errors[k] = math.nan if found is None else found.local
            subnormal[k] = found is not None and found.subnormal
        return errors, subnormal

    def _live(self, results: Results) -> NDArray[np.bool_]:
        """Where the forward is a number with all its digits."""
        out = results.out
        with np.errstate(all="ignore"):
            live: NDArray[np.bool_] = np.isfinite(out) & ((out == 0) | (abs(out) >= self.fmt.smallest_normal))
        return live

    def _on_kink(self, columns: Sequence[Array]) -> NDArray[np.bool_]:
        """Where all expressions of some kink are zero: the derivative there is a choice."""
        found = np.zeros(len(columns[0]), dtype=bool)
        values = iter(self._kink_screen.at(*columns) if self._kinks else ())
        for kink in self._kinks:
            zero = [(e.high == 0) & (e.low == 0) for _, e in zip(kink, values, strict=False)]
            found |= np.logical_and.reduce(zero)
        return found

    # -------------------------------------------------------------------------------------------- one point

    def measured(self, point: Point, operand: int, *, subnormal: bool = False) -> Measured | None:
        """The rule at one point, in interval arithmetic; None if there is nothing to measure.

        subnormal: a subnormal derivative is measured, too
        """
        columns = [np.array([x]) for x in point]
        results = self._run(columns)
        if not self._live(results)[0] or self._on_kink(columns)[0]:
            return None
        found = self._judged(point, operand, float(results.partials[operand][0]))
        return None if found is None or (found.subnormal and not subnormal) else found

    def _judged(self, point: Point, i: int, result: float) -> Measured | None:
        expected = self._reference.at(point)[i]
        if expected.status is not Status.KNOWN:
            return None
        size = abs(expected.nearest)
        subnormal = not size >= self.fmt.smallest_normal and not expected.ball.is_zero()
        error = local = error_in_ulps(result, expected.ball, self.fmt)
        if error > NOTEWORTHY and math.isfinite(result):
            around = self._around(point, i, expected.nearest)
            if around and subnormal:
                local = error * (self.fmt.smallest / _spacing(around, self.fmt))
            elif around:
                local = error * size / around if size else abs(result) / _spacing(around, self.fmt)
        return Measured(point, i, result, expected.ball, error, local, self.fmt, subnormal)

    def _around(self, point: Point, i: int, here: float) -> float:
        return size_around_root(self._reference, self.case.region, point, i, here)


def _spacing(size: float, fmt: Format) -> float:
    """The ULP at a number of this size."""
    return math.ldexp(1.0, max(math.frexp(size)[1] - 1, fmt.least) - fmt.precision + 1)


def _point(columns: Sequence[Array], k: Any) -> Point:
    return tuple(float(column[k]) for column in columns)
