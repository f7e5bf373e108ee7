"""Finite differences of the float forward: a second check that does not use formulas.

Ridders' method: differences at h, h/2, h/4, h/8, extrapolated to h = 0 in a Neville table, the entry with the
smallest error estimate wins.  C. J. F. Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Advances in
Engineering Software 4 (1982) 75-76.  A bound on rounding is added to the table's own estimate.

A difference is blind to what lies between its points.  So it keeps clear of edges and kinks,
drops a step over which the forward behaves as at a kink, checks at an odd point whether a long step skipped
whole periods, and gives no estimate beyond `FARTHEST`, where floats are too far apart to resolve a
change over an eighth.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import NamedTuple

from backproof.verify.numerics.domain import Interval
from backproof.verify.support.errors import SubjectError

LEVELS = 4  # h, h/2, h/4, h/8
UNIT = 0.125  # the first step: functions of floats change over about 1
ODD = 0.4142  # not a fraction of h that halving reaches
GOOD = 2.0**-30  # relative error at which no better step is looked for
SMALLEST = 2.0**-1074
UNIT_ROUNDOFF = 2.0**-53
ROUNDINGS = 8  # relative error of a forward value, in units: after a few roundings and a function of libm
CAUTION = 4.0  # the true error was seen up to three times the table's estimate
NOTHING = 2.0**-900  # a negligible error: a forward that is 0 all around has the derivative 0
FARTHEST = 2.0**39  # 2**11 floats to an eighth
NARROW = 0.02  # of the room on the other side, or of one: a difference to both sides is too short then
BESIDE = 2.0**-20  # of a derivative that is estimated from one side of a point close to an edge
USELESS = 1e-3  # relative error from which a difference decides nothing


class Estimate(NamedTuple):
    """A derivative by differences, its error bound, and its size as estimated from the forward's values."""

    value: float
    error: float
    scale: float = 0.0

    def within(self, relative: float) -> bool:
        """Whether the error is at most this fraction of the derivative, or of one that would matter."""
        return self.error <= max(relative * max(abs(self.value), self.scale), NOTHING)


NO_ESTIMATE = Estimate(math.nan, math.inf)

Function = Callable[[float], float]


def finite_difference(
    f: Function,
    x: float,
    low: float = -math.inf,
    high: float = math.inf,
    side: int = 0,
    unit: float = UNIT_ROUNDOFF,
) -> Estimate:
    """The derivative of ``f`` at ``x`` by differences that stay within ``low`` and ``high``.

    side: 0 for the two-sided derivative, one-sided only where the other side has no room; 1 and -1 for the
    right and the left derivative, as at a kink.
    unit: half the distance of the format's floats from 1, where the forward computes in another than float64
    """
    if not abs(x) <= FARTHEST:
        return NO_ESTIMATE
    left, right = x - low, high - x
    if side == 0:
        best = _best(f, x, min(left, right), 0, unit)
        if best.within(USELESS) or min(left, right) > NARROW * min(max(left, right), 1.0):
            return best
        at_edge = min(left, right) <= 0
        side = 1 if right > left else -1  # x is on an edge, or so close to it that only one side has room
        one_sided = _best(f, x, max(left, right), side, unit)
        if at_edge:
            return one_sided
        bar = one_sided.error + BESIDE * abs(one_sided.value)  # a logarithm of the distance to the edge may be in it
        visible = bar <= USELESS * abs(one_sided.value)  # and the forward may be flat further in
        return one_sided._replace(error=bar) if visible and bar < best.error else best
    return _best(f, x, right if side > 0 else left, side, unit)


def neighbourhood(
    x: float, interval: Interval, kinks: Iterable[Fraction | float] = ()
) -> tuple[float, float]:
    """How far differences at ``x`` may reach: to the nearest edge or kink on either side, ``x`` aside."""
    barriers = [*interval.edges, *kinks]
    low = max((float(b) for b in barriers if b < x), default=interval.floats[0])
    high = min((float(b) for b in barriers if b > x), default=interval.floats[1])
    return low, high


def agrees(estimate: Estimate, reference: float) -> bool | None:
    """Whether the estimate agrees with the reference within its own error; None where it is too inaccurate."""
    return abs(estimate.value - reference) <= estimate.error if estimate.within(USELESS) else None


def _best(f: Function, x: float, room: float, side: int, unit: float) -> Estimate:
    """The best estimate over decreasing steps, until one is good."""
    best = NO_ESTIMATE
    for h in _steps(x, room):
        found = _extrapolated(f, x, h, side, unit)
        if found.value == 0 and abs(best.value) > best.error:
            continue  # the step is lost in a forward that rounds to fewer digits than its format has
        if found.error < best.error:
            best = found
            if best.within(GOOD):
                break
    return best


def _steps(x: float, room: float) -> Iterator[float]:
    """First steps to try, powers of two: an eighth of one, then of ``x``, then ever less.

    Half the room is left unused, for an open edge has no value.  Each step leaves 2**8 floats between ``x``
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


def _extrapolated(f: Function, x: float, h: float, side: int, unit: float) -> Estimate:
    """One Neville table from the first step ``h``."""
    try:
        quotients, largest = _quotients(f, x, h, side, ROUNDINGS * unit)
    except (ArithmeticError, ValueError):
        return NO_ESTIMATE  # the forward has no value there
    except SubjectError as problem:
        if problem.without_value:
            return NO_ESTIMATE
        raise
    if not math.isfinite(largest):
        return NO_ESTIMATE
    growth = 2.0 if side else 4.0  # the error of a one-sided difference goes with h, of a central one with h²
    best = NO_ESTIMATE
    spec = [quotients[0]]
    for level, quotient in enumerate(quotients[1:], 1):
        above, spec = spec, [quotient]
        factor = growth
        for column in range(level):
            spec.append(spec[column] + (spec[column] - above[column]) / (factor - 1))
            error = max(abs(spec[-1] - spec[-2]), abs(spec[-1] - above[column]))
            if error < best.error:
                best = Estimate(spec[-1], error)
            factor *= growth
    inside = min(abs(x * best.value), 1.0)  # what may have cancelled in the forward
    noise = ROUNDINGS * unit * (largest + inside) + 4 * SMALLEST
    scale = largest / max(abs(x), h)
    return Estimate(best.value, CAUTION * best.error + noise * 2**LEVELS / h, scale)


def _quotients(f: Function, x: float, h: float, side: int, rounding: float) -> tuple[list[float], float]:
    """The difference quotients at h, h/2, h/4, h/8, and the largest forward value met.

    Raises ArithmeticError for a forward that has a kink within the step, where f(x+h) - 2f(x) + f(x-h)
    shrinks with h, not with h²; and where an odd fraction of a long step gives another derivative.
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
    if side == 0 and bends[LEVELS - 1] > max(bends[0] / 4**LEVELS * 10, rounding * largest):
        raise ArithmeticError("the forward has a kink")
    if h > UNIT:
        odd, finest = quotients.pop(), quotients[-1]
        if abs(odd - finest) > max(2 * abs(quotients[0] - finest), rounding * largest / h):
            raise ArithmeticError("the forward turns within the step")
    return quotients, largest
