"""The error over |x|, and the radius beyond which digits are lost; maxima, since a mean would hide the failures.

The bands are binades of |x|; at a finite end of the domain other than 0 they are binades of the distance to it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from backproof.verify.accuracy.error_meter import ErrorMeter, Measured
from backproof.verify.accuracy.formats import Array, rounded_to
from backproof.verify.arithmetics.ulps import FLOAT64, digits_left
from backproof.verify.numerics.points import Point

LEVELS = (10.0, 4.0, 0.0)  # digits; 0 means that none are left
_SAMPLES = 96  # points of a band
_CONFIRMED = 3  # points of a band that are measured in interval arithmetic
_FIRST, _LAST = -10, 10  # the binades of |x| that have a band of their own
_WINDOW = 2.0**-7  # relative width of the range that represents a radius
_STRETCH = 24  # points of a range
_GRID = 4  # radii per binade
_FAR = 8  # binades per radius, far out


@dataclass(frozen=True)
class Band:
    """The worst results for low <= |x| < high, on both sides of 0; None if there is nothing to measure."""

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

    evidence: the point nearest to 0 that was found to show it, measured in interval arithmetic
    """

    digits: float
    sign: int
    radius: float
    evidence: Measured


def edges(meter: ErrorMeter) -> list[float]:
    """Where one band ends and the next one begins."""
    end = meter.fmt.largest
    found = {0.0, end, *(2.0**k for k in range(_FIRST, _LAST + 1))}
    for edge in map(float, meter.case.region.intervals[0].edges):
        if edge:
            found |= {abs(edge)} | {abs(edge) * (1 + s * 2.0**-k) for k in (4, 10, 20) for s in (1, -1)}
    first, last = (abs(x) for x in meter.case.region.intervals[0].floats)
    reach = min(max(first, last), end)
    return sorted({reach, *(x for x in found if x <= reach)})


def curve(meter: ErrorMeter, also: Iterable[Point] = ()) -> list[Band]:
    """The bands of a one-operand rule; ``also`` are points found by a search, which count in their bands."""
    marks = edges(meter)
    found = np.sort([point[0] for point in also])
    bands = []
    for low, high in pairwise(marks):
        sizes = _between(low, high, _SAMPLES)
        sides = []
        for sign in (-1, 1):
            known = sign * found
            known = known[(low <= known) & (known < high) & ((known > 0) | (sign > 0))]
            sides.append(_worst(meter, sign * np.concatenate([sizes, known])))
        bands.append(Band(low, high, *sides))
    return bands


def _between(low: float, high: float, count: int) -> Array:
    """Half of the points evenly by value and half by binary exponent, ends included, the upper one below ``high``.

    A band of hundreds of binades, at 0 and at infinity, has as many again, spread over all of them.
    """
    top = math.nextafter(high, 0)
    even = np.linspace(low, top, count // 2)
    least = math.log2(max(low, high * 2.0**-60))
    spread = np.exp2(np.linspace(least, math.log2(high), count - count // 2, endpoint=False))
    lowest = math.log2(max(low, FLOAT64.smallest_normal))
    if lowest >= least:
        return np.concatenate([even, spread])
    return np.concatenate([even, spread, np.exp2(np.linspace(lowest, least, count, endpoint=False))])


def _worst(meter: ErrorMeter, values: Array) -> Measured | None:
    columns = _usable(meter, values)
    if not len(columns[0]):
        return None
    errors = meter.errors(columns)[0]
    known = np.flatnonzero(~np.isnan(errors))
    ranked = known[np.argsort(-errors[known], kind="stable")][:_CONFIRMED]
    measured = [m for k in ranked if (m := meter.measured((float(columns[0][k]),), 0)) is not None]
    return max(measured, key=lambda m: (m.local, m.point), default=None)


def _usable(meter: ErrorMeter, values: Array) -> list[Array]:
    column = np.unique(rounded_to(meter.fmt, values))
    return [column[_inside(meter, column)]]


def _inside(meter: ErrorMeter, column: Array) -> NDArray[np.bool_]:
    """Which of the numbers are finite and in the domain."""
    region = meter.case.region
    first, last = region.intervals[0].floats
    inside = (column >= first) & (column <= last)
    if region.joint is not None or region.intervals[0].holes:
        inside[inside] = [(x,) in region for x in column[inside].tolist()]
    return inside


# --------------------------------------------------------------------------------------------------- breakdown


def breakdown(meter: ErrorMeter) -> list[Breakdown]:
    """For each side and level: the radius beyond which, as far out as there is a derivative, the digits are lost."""
    found = []
    radii = _radii(meter)
    for sign in (-1, 1):
        errors = _errors_at(meter, sign, radii)
        for level in LEVELS:
            place = _from_where(meter, errors, level)
            if place is None:
                continue
            kept, gone = radii[place - 1] if place else 0.0, radii[place]
            while place and gone - kept > gone * 2.0**-9:
                middle = (kept + gone) / 2
                lost = _gone(meter, _errors_at(meter, sign, [middle])[0], level)
                kept, gone = (kept, middle) if lost else (middle, gone)
            evidence = _evidence(meter, sign, level, kept, gone)
            if evidence is not None:
                found.append(Breakdown(level, sign, abs(evidence.point[0]), evidence))
    return found


def _radii(meter: ErrorMeter) -> list[float]:
    """Four per binade at common sizes, some over the rest of the format, and towards the ends of the domain."""
    least, most = math.log2(meter.fmt.smallest_normal), math.log2(meter.fmt.largest)
    low, high = max(-30.0, least), min(40.0, most)
    radii = [2.0 ** (low + k / _GRID) for k in range(int((high - low) * _GRID))]
    radii += [2.0**k for k in range(int(high), int(most), _FAR)]
    for edge in map(abs, map(float, meter.case.region.intervals[0].edges)):
        if edge:
            radii += [edge * (1 + s * 2.0**-k) for k in range(3, meter.fmt.precision - 6) for s in (1, -1)]
    return sorted(radii)


def _errors_at(meter: ErrorMeter, sign: int, radii: list[float]) -> list[float]:
    """For each radius the worst rough error in a short range outwards from it; NaN if nothing can be measured."""
    ends = [abs(float(edge)) for edge in meter.case.region.intervals[0].edges if edge]
    starts = np.array(radii)
    lengths = starts * _WINDOW
    for end in ends:
        lengths = np.where(starts != end, np.minimum(lengths, abs(starts - end) / 2), lengths)
    table = sign * (starts[:, None] + lengths[:, None] * np.linspace(0, 1, _STRETCH))
    column = rounded_to(meter.fmt, table.ravel())
    inside = _inside(meter, column)
    errors = np.full(table.size, -1.0)
    if inside.any():
        measured = meter.errors([column[inside]])[0]
        errors[inside] = np.where(np.isnan(measured), -1.0, measured)
    worst = errors.reshape(table.shape).max(axis=1)
    return [math.nan if error < 0 else float(error) for error in worst]


def _gone(meter: ErrorMeter, error: float, level: float) -> bool:
    if level == 0:
        return error >= 2.0 ** (meter.fmt.precision - 1)
    return digits_left(error, meter.fmt) < level <= meter.fmt.digits


def _from_where(meter: ErrorMeter, errors: list[float], level: float) -> int | None:
    """The first radius beyond which all measured ones have lost the digits."""
    place = None
    for k in range(len(errors) - 1, -1, -1):
        if math.isnan(errors[k]):
            continue
        if not _gone(meter, errors[k], level):
            break
        place = k
    return place


def _evidence(meter: ErrorMeter, sign: int, level: float, kept: float, gone: float) -> Measured | None:
    """A point shown in interval arithmetic to have lost the digits, adjacent in floats to one that has not."""
    sizes = np.linspace(kept, gone * (1 + _WINDOW), 16 * _STRETCH)
    for x in np.unique(rounded_to(meter.fmt, sizes)).tolist():
        measured = meter.measured((sign * x,), 0)
        if measured is not None and _gone(meter, measured.local, level):
            return _nearest(meter, sign, level, kept, measured)
    return None


def _nearest(meter: ErrorMeter, sign: int, level: float, kept: float, found: Measured) -> Measured:
    """Bisection over the floats between a radius that keeps the digits and the point found."""
    fmt = meter.fmt
    low, high = fmt.ordinal(rounded_to(fmt, [kept])[0]), fmt.ordinal(abs(found.point[0]))
    while high - low > 1:
        middle = (low + high) // 2
        measured = meter.measured((sign * fmt.from_ordinal(middle),), 0)
        if measured is not None and _gone(meter, measured.local, level):
            high, found = middle, measured
        else:
            low = middle
    return found
