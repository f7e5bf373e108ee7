"""Finite differences of the float forward: a second opinion that knows nothing of formulas.

Ridders' method: differences at h, h/2, h/4, h/8, extrapolated to h = 0 in a Neville table, the entry with the
smallest error estimate wins.  C. J. F. Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in
Engineering Software 4 (1982) 75-76.  To the table's own estimate is added what rounding can do.

A difference is blind to what lies between the points it looks at.  So it keeps clear of edges and corners,
drops a step over which the forward bends as at a corner, asks at an odd point whether a long step skipped
whole periods, and has nothing to say beyond `FARTHEST`, where floats are too far apart to see a function
change over an eighth.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import NamedTuple

from verify.numbers.domain import Interval

LEVELS = 4  # h, h/2, h/4, h/8
UNIT = 0.125  # the first step: functions of floats change over about 1
ODD = 0.4142  # no fraction of h that halving meets
GOOD = 2.0**-30  # relative error at which no better step is looked for
SMALLEST = 2.0**-1074
ROUNDING = 8 * 2.0**-53  # of a forward value, relative: what a few roundings and a libm function leave
CAUTION = 4.0  # the table's estimate is an estimate: its true error was seen up to three times as large
NOTHING = 2.0**-900  # an error that matters to nobody: a forward that is 0 all around has the slope 0
FARTHEST = 2.0**39  # 2**11 floats to an eighth
USELESS = 1e-3  # relative error from which a difference decides nothing


class Estimate(NamedTuple):
    """A slope by differences, how far it may be off, and the slope's size as the forward's values have it."""

    value: float
    error: float
    scale: float = 0.0

    def within(self, relative: float) -> bool:
        """Whether the error is at most this fraction of the slope, or of a slope that would matter."""
        return self.error <= max(relative * max(abs(self.value), self.scale), NOTHING)


NO_ESTIMATE = Estimate(math.nan, math.inf)

Function = Callable[[float], float]


def slope(f: Function, x: float, low: float = -math.inf, high: float = math.inf, side: int = 0) -> Estimate:
    """The slope of ``f`` at ``x`` by differences that stay within ``low`` and ``high``.

    side: 0 for the two-sided slope, taken from one side only where the other has no room; 1 and -1 for the
    slope to the right and to the left, as at a corner.
    """
    if not abs(x) <= FARTHEST:
        return NO_ESTIMATE
    left, right = x - low, high - x
    if side == 0:
        best = _best(f, x, min(left, right), 0)
        if min(left, right) > 0 or best.within(USELESS):
            return best
        side = 1 if right > 0 else -1  # x is on an edge
    return _best(f, x, right if side > 0 else left, side)


def neighbourhood(
    x: float, interval: Interval, corners: Iterable[Fraction | float] = ()
) -> tuple[float, float]:
    """How far differences at ``x`` may reach: to the nearest edge or corner on either side, ``x`` aside."""
    barriers = [*interval.edges, *corners]
    low = max((float(b) for b in barriers if b < x), default=interval.floats[0])
    high = min((float(b) for b in barriers if b > x), default=interval.floats[1])
    return low, high


def agrees(estimate: Estimate, reference: float) -> bool | None:
    """Whether the estimate agrees with the reference within its own error; None where it decides nothing."""
    return abs(estimate.value - reference) <= estimate.error if estimate.within(USELESS) else None


def _best(f: Function, x: float, room: float, side: int) -> Estimate:
    """The best estimate over steps that get smaller until one is good."""
    best = NO_ESTIMATE
    for h in _steps(x, room):
        found = _extrapolated(f, x, h, side)
        if found.error < best.error:
            best = found
            if best.within(GOOD):
                break
    return best


def _steps(x: float, room: float) -> Iterator[float]:
    """First steps to try, powers of two: an eighth of one, then of ``x``, then ever less.

    Half the room is left as it is, for an open edge has no value.  Each step leaves 2**8 floats between ``x``
    and h/8, so that x + h is exact.
    """
    shortest = math.ulp(x) * 2**11
    last = math.inf
    size = abs(x) / 8 if x else 2.0**-10
    for wanted in (UNIT, *(size / 32**k for k in range(4))):
        h = 2.0 ** (math.frexp(min(wanted, room / 2))[1] - 1)
        if h >= shortest and h != last:
            yield h
        last = h


def _extrapolated(f: Function, x: float, h: float, side: int) -> Estimate:
    """One Neville table from the first step ``h``."""
    try:
        quotients, largest = _quotients(f, x, h, side)
    except (ArithmeticError, ValueError):
        return NO_ESTIMATE  # the forward has no value there
    if not math.isfinite(largest):
        return NO_ESTIMATE
    growth = 2.0 if side else 4.0  # the error of a one-sided difference goes with h, of a central one with h²
    best = NO_ESTIMATE
    row = [quotients[0]]
    for level, quotient in enumerate(quotients[1:], 1):
        above, row = row, [quotient]
        factor = growth
        for column in range(level):
            row.append(row[column] + (row[column] - above[column]) / (factor - 1))
            error = max(abs(row[-1] - row[-2]), abs(row[-1] - above[column]))
            if error < best.error:
                best = Estimate(row[-1], error)
            factor *= growth
    inside = min(abs(x * best.value), 1.0)  # what may have cancelled in the forward
    noise = ROUNDING * (largest + inside) + 4 * SMALLEST
    scale = largest / max(abs(x), h)
    return Estimate(best.value, CAUTION * best.error + noise * 2**LEVELS / h, scale)


def _quotients(f: Function, x: float, h: float, side: int) -> tuple[list[float], float]:
    """The difference quotients at h, h/2, h/4, h/8, and the largest forward value met.

    Raises ArithmeticError for a forward that bends over the step as at a corner, f(x+h) - 2f(x) + f(x-h) then
    shrinks with h, not with h²; and for one that shows another slope at an odd fraction of a long step.
    """
    here = f(x)
    largest = abs(here)
    quotients, bends = [], []
    for step in (h, h / 2, h / 4, h / 8, *((h * ODD,) if h > UNIT else ())):
        ahead = f(x + step) if side >= 0 else here
        behind = f(x - step) if side <= 0 else here
        width = ((x + step) if side >= 0 else x) - ((x - step) if side <= 0 else x)
        quotients.append((ahead - behind) / width)
        bends.append(abs(ahead - here - (here - behind)))
        largest = max(largest, abs(ahead), abs(behind))
    if side == 0 and bends[LEVELS - 1] > max(bends[0] / 4**LEVELS * 10, ROUNDING * largest):
        raise ArithmeticError("the forward bends as at a corner")
    if h > UNIT:
        odd, finest = quotients.pop(), quotients[-1]
        if abs(odd - finest) > max(2 * abs(quotients[0] - finest), ROUNDING * largest / h):
            raise ArithmeticError("the forward turns within the step")
    return quotients, largest
