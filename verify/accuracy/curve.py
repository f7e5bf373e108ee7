"""The error over |x|, and the radius from where on digits are gone; maxima, for a mean would hide the disaster.

The bands are binades of |x|; at a finite end of the domain other than 0 they are binades of the distance to it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from verify.accuracy.formats import Array, rounded_to
from verify.accuracy.gauge import Gauge, Measured
from verify.numbers.points import Point
from verify.numbers.ulps import FLOAT64, digits_left

LEVELS = (10.0, 4.0, 0.0)  # digits; 0 means that none are left
_SAMPLES = 96  # points of a band
_CONFIRMED = 3  # points of a band that are measured in balls
_FIRST, _LAST = -10, 10  # the binades of |x| that have a band of their own
_WINDOW = 2.0**-7  # relative width of the stretch that stands for a radius
_STRETCH = 24  # points of a stretch
_GRID = 4  # radii to a binade
_FAR = 8  # binades to a radius, far out


@dataclass(frozen=True)
class Band:
    """The worst answers for low <= |x| < high, on both sides of 0; None where there is nothing to measure."""

    low: float
    high: float
    below: Measured | None
    above: Measured | None

    @property
    def worst(self) -> Measured | None:
        """The worse of both sides."""
        sides = [side for side in (self.below, self.above) if side is not None]
        return max(sides, key=lambda m: m.local, default=None)


@dataclass(frozen=True)
class Breakdown:
    """From ``radius`` on, on the side of ``sign``, fewer than ``digits`` decimal digits are left (or none, for 0).

    evidence: the point nearest to 0 that was found to show it, measured in balls
    """

    digits: float
    sign: int
    radius: float
    evidence: Measured


def edges(gauge: Gauge) -> list[float]:
    """Where one band ends and the next one begins."""
    end = gauge.fmt.largest
    found = {0.0, end, *(2.0**k for k in range(_FIRST, _LAST + 1))}
    for edge in map(float, gauge.case.region.intervals[0].edges):
        if edge:
            found |= {abs(edge)} | {abs(edge) * (1 + s * 2.0**-k) for k in (4, 10, 20) for s in (1, -1)}
    first, last = (abs(x) for x in gauge.case.region.intervals[0].floats)
    reach = min(max(first, last), end)
    return sorted({reach, *(x for x in found if x <= reach)})


def curve(gauge: Gauge, also: Iterable[Point] = ()) -> list[Band]:
    """The bands of a one-operand rule; ``also`` are points that a search came upon, which count in theirs."""
    marks = edges(gauge)
    found = np.sort([point[0] for point in also])
    bands = []
    for low, high in pairwise(marks):
        sizes = _between(low, high, _SAMPLES)
        sides = []
        for sign in (-1, 1):
            known = sign * found
            known = known[(low <= known) & (known < high) & ((known > 0) | (sign > 0))]
            sides.append(_worst(gauge, sign * np.concatenate([sizes, known])))
        bands.append(Band(low, high, *sides))
    return bands


def _between(low: float, high: float, count: int) -> Array:
    """Half of the points evenly by value and half by binary exponent, ends included, the upper one shy of ``high``.

    A band of hundreds of binades, at 0 and at infinity, has as many again, over all of them.
    """
    top = math.nextafter(high, 0)
    even = np.linspace(low, top, count // 2)
    least = math.log2(max(low, high * 2.0**-60))
    spread = np.exp2(np.linspace(least, math.log2(high), count - count // 2, endpoint=False))
    lowest = math.log2(max(low, FLOAT64.smallest_normal))
    if lowest >= least:
        return np.concatenate([even, spread])
    return np.concatenate([even, spread, np.exp2(np.linspace(lowest, least, count, endpoint=False))])


def _worst(gauge: Gauge, values: Array) -> Measured | None:
    columns = _usable(gauge, values)
    if not len(columns[0]):
        return None
    errors = gauge.errors(columns)[0]
    known = np.flatnonzero(~np.isnan(errors))
    ranked = known[np.argsort(-errors[known], kind="stable")][:_CONFIRMED]
    measured = [m for k in ranked if (m := gauge.measured((float(columns[0][k]),), 0)) is not None]
    return max(measured, key=lambda m: (m.local, m.point), default=None)


def _usable(gauge: Gauge, values: Array) -> list[Array]:
    column = np.unique(rounded_to(gauge.fmt, values))
    return [column[_inside(gauge, column)]]


def _inside(gauge: Gauge, column: Array) -> NDArray[np.bool_]:
    """Which of the numbers are finite and in the domain."""
    region = gauge.case.region
    first, last = region.intervals[0].floats
    inside = (column >= first) & (column <= last)
    if region.joint is not None or region.intervals[0].holes:
        inside[inside] = [(x,) in region for x in column[inside].tolist()]
    return inside


# --------------------------------------------------------------------------------------------------- breakdown


def breakdown(gauge: Gauge) -> list[Breakdown]:
    """For each side and level: the radius from where on, as far out as there is a slope, the digits are gone."""
    found = []
    radii = _radii(gauge)
    for sign in (-1, 1):
        errors = _errors_at(gauge, sign, radii)
        for level in LEVELS:
            place = _from_where(gauge, errors, level)
            if place is None:
                continue
            kept, gone = radii[place - 1] if place else 0.0, radii[place]
            while place and gone - kept > gone * 2.0**-9:
                middle = (kept + gone) / 2
                lost = _gone(gauge, _errors_at(gauge, sign, [middle])[0], level)
                kept, gone = (kept, middle) if lost else (middle, gone)
            evidence = _evidence(gauge, sign, level, kept, gone)
            if evidence is not None:
                found.append(Breakdown(level, sign, abs(evidence.point[0]), evidence))
    return found


def _radii(gauge: Gauge) -> list[float]:
    """Four to a binade where people compute, some as far as the format goes, and towards the ends of the domain."""
    least, most = math.log2(gauge.fmt.smallest_normal), math.log2(gauge.fmt.largest)
    low, high = max(-30.0, least), min(40.0, most)
    radii = [2.0 ** (low + k / _GRID) for k in range(int((high - low) * _GRID))]
    radii += [2.0**k for k in range(int(high), int(most), _FAR)]
    for edge in map(abs, map(float, gauge.case.region.intervals[0].edges)):
        if edge:
            radii += [edge * (1 + s * 2.0**-k) for k in range(3, gauge.fmt.precision - 6) for s in (1, -1)]
    return sorted(radii)


def _errors_at(gauge: Gauge, sign: int, radii: list[float]) -> list[float]:
    """For each radius the worst rough error in a short stretch outwards from it; NaN if nothing can be measured."""
    ends = [abs(float(edge)) for edge in gauge.case.region.intervals[0].edges if edge]
    starts = np.array(radii)
    lengths = starts * _WINDOW
    for end in ends:
        lengths = np.where(starts != end, np.minimum(lengths, abs(starts - end) / 2), lengths)
    table = sign * (starts[:, None] + lengths[:, None] * np.linspace(0, 1, _STRETCH))
    column = rounded_to(gauge.fmt, table.ravel())
    inside = _inside(gauge, column)
    errors = np.full(table.size, -1.0)
    if inside.any():
        measured = gauge.errors([column[inside]])[0]
        errors[inside] = np.where(np.isnan(measured), -1.0, measured)
    worst = errors.reshape(table.shape).max(axis=1)
    return [math.nan if error < 0 else float(error) for error in worst]


def _gone(gauge: Gauge, error: float, level: float) -> bool:
    if level == 0:
        return error >= 2.0 ** (gauge.fmt.precision - 1)
    return digits_left(error, gauge.fmt) < level <= gauge.fmt.digits


def _from_where(gauge: Gauge, errors: list[float], level: float) -> int | None:
    """The first radius after which every one that has an error has lost the digits."""
    place = None
    for k in range(len(errors) - 1, -1, -1):
        if math.isnan(errors[k]):
            continue
        if not _gone(gauge, errors[k], level):
            break
        place = k
    return place


def _evidence(gauge: Gauge, sign: int, level: float, kept: float, gone: float) -> Measured | None:
    """A point that in balls has lost the digits, as near as floats go to one before it that has not."""
    sizes = np.linspace(kept, gone * (1 + _WINDOW), 16 * _STRETCH)
    for x in np.unique(rounded_to(gauge.fmt, sizes)).tolist():
        measured = gauge.measured((sign * x,), 0)
        if measured is not None and _gone(gauge, measured.local, level):
            return _nearest(gauge, sign, level, kept, measured)
    return None


def _nearest(gauge: Gauge, sign: int, level: float, kept: float, found: Measured) -> Measured:
    """Bisection over the floats between a radius that keeps the digits and the point found."""
    fmt = gauge.fmt
    low, high = fmt.ordinal(rounded_to(fmt, [kept])[0]), fmt.ordinal(abs(found.point[0]))
    while high - low > 1:
        middle = (low + high) // 2
        measured = gauge.measured((sign * fmt.from_ordinal(middle),), 0)
        if measured is not None and _gone(gauge, measured.local, level):
            high, found = middle, measured
        else:
            low = middle
    return found
