"""Sound bounds on a rule's error, in ULPs, over whole intervals: the closure itself, run on `Bounded` numbers.

An interval is cut in two, in ordinal space, wherever its bound is worst.  Each piece's error is divided by the ULP of
the least true slope on it, which the mirror's stable form gives in balls.  Slopes below the normal numbers do not
count, as they do not in a search; near a root of the slope its size around takes the ULP's place.

A bound rests on the known errors of the library's functions (`verify.accuracy.libm`) and on the rule being the
slope in exact arithmetic, which is what the proof says: without one there is no bound.  Nor is there where an error
has been observed that is above it: such a rule does otherwise on floats than on symbols.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flint import arb, ctx

from verify.accuracy.bounded import BOUNDS, Bounded
from verify.accuracy.conditioning import AROUND
from verify.accuracy.evaluate import evaluate
from verify.accuracy.libm import GLIBC, PROFILES, Profile
from verify.case import Case
from verify.numbers.ulps import FLOAT64, Format
from verify.proof.result import Status
from verify.trace.balls import BallProgram

PIECES = 1024
_PATIENCE = 0.9  # twice the pieces must bring the bound down to this part of itself, or it is left there
_HOPELESS = 4.0  # times the numbers of a binade: more ULPs than the slope has; not even a short piece has a bound
_SHORT = 2.0**-10  # of a binade: a piece that is short in this sense
_PREC = 96
Box = tuple[tuple[float, float], ...]
"""An interval of floats for each operand, ends included."""


@dataclass(frozen=True)
class Bound:
    """At every float of the box the rule is off by at most ``ulps``; infinite where no bound was found."""

    box: Box
    operand: int
    ulps: float
    libm: Profile


def founded(case: Case) -> bool:
    """The rule is proved, its literals as they are, and it is the rule that runs on floats: it can be bounded."""
    proof = case.rule_proof
    proved = proof is not None and proof.status is Status.PROVED and not proof.assumptions
    return proved and not case.operation.compiled


def upheld(bound: float, observed: float) -> float:
    """The bound, if no observed error is above it; infinite, for none, otherwise."""
    return bound if observed <= bound else math.inf


class Bounder:
    """Bounds one case's rule."""

    def __init__(self, case: Case, libm: Profile = GLIBC) -> None:
        self.case = case
        self.libm = libm
        self.fmt = libm.fmt
        self._by_trace = False
        self._slopes = BallProgram(case.slopes, case.row.inputs)

    def bound(self, box: Box, operand: int = 0, pieces: int = PIECES, enough: float = 0.0) -> Bound:
        """The least bound that so many pieces give; no more of them once it is at most ``enough``, or stays put."""
        with ctx.workprec(_PREC):
            return Bound(box, operand, self._bisected(box, operand, pieces, enough), self.libm)

    def _bisected(self, box: Box, operand: int, pieces: int, enough: float) -> float:
        heap = [(-self._piece(box, operand), 0, box)]
        count, mark, before = 1, 64, math.inf
        while len(heap) < pieces and (bound := -heap[0][0]) > enough:
            if len(heap) == mark:
                if before < math.inf and bound > _PATIENCE * before:
                    break
                mark, before = 2 * mark, bound
            _, _, worst = heap[0]
            binade = 2.0 ** (self.fmt.precision - 1)  # numbers in one
            if bound > _HOPELESS * binade and _length(worst, self.fmt) < _SHORT * binade:
                break
            halves = _halves(worst, self.fmt)
            if not halves:
                break
            heapq.heappop(heap)
            for half in halves:
                heapq.heappush(heap, (-self._piece(half, operand), count, half))
                count += 1
        return -heap[0][0]

    def _piece(self, box: Box, operand: int) -> float:
        """The bound on one piece, from its ends alone."""
        sides = [_hull(low, high) for low, high in box]
        (slope,) = (self._slopes(*sides)[operand],)
        if slope.is_zero():  # which is judged, by the smallest number
            return self._error(sides, operand) / self.fmt.smallest
        size = float(slope.abs_upper())
        if size < self.fmt.smallest_normal:
            return 0.0  # subnormal throughout: not counted
        error = self._error(sides, operand)
        if not math.isfinite(error):
            return math.inf
        least = float(slope.abs_lower()) * (1 - 2.0**-50) if slope.is_finite() else 0.0
        least = max(least, self.fmt.smallest_normal)
        plain = error / math.ldexp(1.0, math.frexp(least)[1] - self.fmt.precision)
        around = self._around(sides, operand) if plain > 64 else 0.0
        return min(plain, error * 2.0**self.fmt.precision / around) if around else plain

    def _error(self, sides: Sequence[arb], operand: int) -> float:
        """At least |computed - exact| of the slope, wherever on the piece."""
        try:
            answer = self._run([Bounded(side, 0.0, self.libm) for side in sides])[operand]
        except (ValueError, ArithmeticError, TypeError, AttributeError, NotImplementedError):
            return math.inf  # what the rule asks for has no bound, or it runs on no such pairs
        if isinstance(answer, (int, float)):
            return 0.0 if math.isfinite(answer) else math.inf  # a constant slope
        return float(answer.error)

    def _run(self, data: list[Bounded]) -> tuple[Any, ...]:
        """The closure itself; for one that takes floats only, what it did to symbols, done again."""
        if not self._by_trace:
            try:
                return self.case.operation.slopes(*data)
            except (TypeError, AttributeError):  # math.exp(x) wants a float
                self._by_trace = True
        trace = self.case.trace
        if isinstance(trace, Exception):
            raise NotImplementedError(str(trace))  # nothing to do again: then there is no bound
        inputs = self.case.row.inputs
        values = {**dict(zip(inputs, data, strict=True)), "g": 1.0, **{f"acc_{name}": 0 for name in inputs}}
        return evaluate(trace.gradients, values, BOUNDS)

    def _around(self, sides: Sequence[arb], operand: int) -> float:
        """At most the slope's size around its root, where it surely has one near every point of the piece."""
        for k, side in enumerate(sides):
            near = []
            for factor in (1 - AROUND, 1 + AROUND):
                place = [*sides[:k], side * arb(factor), *sides[k + 1 :]]
                near.append(self._slopes(*place)[operand])
            if (near[0] < 0 and near[1] > 0) or (near[0] > 0 and near[1] < 0):
                return max(float(slope.abs_lower()) for slope in near) * (1 - 2.0**-50)
        return 0.0


def _hull(low: float, high: float) -> arb:
    """The smallest ball around the interval that binary radii allow."""
    return arb(low) if low == high else arb(low).union(arb(high))


def _length(box: Box, fmt: Format) -> int:
    """The numbers of the format along the longest side."""
    return max(fmt.ordinal(high) - fmt.ordinal(low) for low, high in box)


def _halves(box: Box, fmt: Format) -> tuple[Box, ...]:
    """The box cut in two across its longest side, counted in numbers; nothing where it is a single point."""
    ordinals = [(fmt.ordinal(low), fmt.ordinal(high)) for low, high in box]
    side = max(range(len(box)), key=lambda k: ordinals[k][1] - ordinals[k][0])
    low, high = ordinals[side]
    if high - low < 1:
        return ()
    middle = (low + high) // 2
    parts = ((box[side][0], fmt.from_ordinal(middle)), (fmt.from_ordinal(middle + 1), box[side][1]))
    return tuple((*box[:side], part, *box[side + 1 :]) for part in parts)


def bound_of_band(
    case: Case,
    low: float,
    high: float,
    observed: float = 0.0,
    *,
    pieces: int = PIECES,
    enough: float = 1.0,
    fmt: Format = FLOAT64,
) -> float:
    """The bound of a one-operand rule for low <= |x| < high, wherever that is in the domain.

    A bound within twice the largest error that was observed there is close enough.
    """
    bounder = Bounder(case, PROFILES[fmt.name])
    found = [0.0]
    for side in sides(case, 0, low, high, fmt):
        found.append(bounder.bound((side,), 0, pieces, max(enough, 2 * observed)).ulps)
    return max(found)


def sides(case: Case, operand: int, low: float, high: float, fmt: Format = FLOAT64) -> list[tuple[float, float]]:
    """The numbers of the format with low <= |x| < high that are in the operand's domain, a stretch for each sign."""
    first, last = case.region.intervals[operand].floats
    found = []
    for sign in (-1, 1):
        ends = sorted((sign * low, sign * math.nextafter(high, 0)))
        start, end = at_least(max(ends[0], first), fmt), -at_least(-min(ends[1], last), fmt)
        if start <= end:
            found.append((start, end))
    return found


def at_least(x: float, fmt: Format) -> float:
    """The least number of the format that is not below ``x``; the largest where all are below it."""
    x = min(max(x, -fmt.largest), fmt.largest)
    near = fmt.from_ordinal(fmt.ordinal(x))
    return near if near >= x else fmt.step(near, 1)
