"""Sound bounds on a rule's error, in ULPs, over whole intervals: the closure itself, run on `Bounded` numbers.

An interval is cut in two, in ordinal space, wherever its bound is worst.  Each piece's error is divided by the ULP of
the least true derivative on it, enclosed by the mirror's stable form.  Derivatives below the normal numbers are not
counted, as in a search; near a zero of the derivative its size around replaces the ULP.

A bound depends on the known errors of the library's functions (`verify.accuracy.libm`) and on a proof that the rule is
the derivative in exact arithmetic: without one there is no bound.  Nor is there one if a larger error has been
observed, or if a result on floats is not, bit for bit, that of the trace: such a rule computes something else on floats
than on symbols, or with other functions than those whose errors are known.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flint import arb, ctx

from backproof.verify.accuracy.bounded import BOUNDS, Bounded
from backproof.verify.accuracy.libm import GLIBC, PROFILES, Profile
from backproof.verify.arithmetics.ulps import FLOAT64, Format
from backproof.verify.checks.case import Case
from backproof.verify.evaluate.balls import BallProgram
from backproof.verify.evaluate.evaluate import evaluate
from backproof.verify.evaluate.floats import compile_floats
from backproof.verify.numerics.conditioning import AROUND
from backproof.verify.proof.result import Status
from backproof.verify.subjects.boundary import subject_code
from backproof.verify.support.errors import NotTraced, SubjectError
from backproof.verify.terms.term import substitute

PIECES = 1024
_PATIENCE = 0.9  # twice the pieces must reduce the bound to this fraction, or the search ends
_HOPELESS = 4.0  # times the numbers of a binade: more ULPs than the derivative has; not even a short piece has a bound
_SHORT = 2.0**-10  # of a binade: a piece that is short in this sense
_REPLAYED = 4096  # points, the plainest, at which a rule is held to its trace
_PREC = 96
Box = tuple[tuple[float, float], ...]
"""An interval of floats for each operand, ends included."""


@dataclass(frozen=True)
class Bound:
    """At every float of the box the rule's error is at most ``ulps``; infinite if no bound was found."""

    box: Box
    operand: int
    ulps: float
    libm: Profile


def unfounded(case: Case) -> str:
    """Why it cannot be bounded; "" if it can.

    It is proved, with its literals unchanged; it is the rule that runs on floats, and gives what its trace gives there.
    """
    proof = case.rule_proof
    if case.operation.compiled:
        return "the floats come from another program"
    if proof is None or proof.status is not Status.PROVED:
        return "the rule is not proved"
    if proof.assumptions:
        return "literals were taken for the constants that they round"
    other = _not_replayed(case)
    return f"the rule on floats and its trace differ in their last bits, first at {other}" if other else ""


def founded(case: Case) -> bool:
    """Whether it can be bounded."""
    return not unfounded(case)


def _not_replayed(case: Case) -> str:
    """The plainest point at which the rule on floats is not bit for bit its trace on floats; "" if there is none.

    In the working range: where numbers overflow the two may differ, and nothing is bounded.
    """
    trace = case.trace
    if isinstance(trace, Exception):
        return "every point: it has no trace"
    rules = substitute(trace.gradients, case.seeds)
    program = compile_floats(rules, case.spec.inputs)
    for index in case.points.plainest(_REPLAYED, case.in_working_range).tolist():
        sample = case.samples[index]
        if sample.error is not None:
            continue
        try:
            expected = program(*sample.point)
        except ArithmeticError:  # which the rule handles
            continue
        if any(a != b and (a == a or b == b) for a, b in zip(sample.partials, expected, strict=True)):
            return case.shown(sample.point)
    return ""


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
        self._partials = BallProgram(case.partials, case.spec.inputs)

    def bound(self, box: Box, operand: int = 0, pieces: int = PIECES, enough: float = 0.0) -> Bound:
        """The least bound with this many pieces; stops once it is at most ``enough``, or no longer improves."""
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
        (partial,) = (self._partials(*sides)[operand],)
        if partial.is_zero():  # which is measured, in units of the smallest number
            return self._error(sides, operand) / self.fmt.smallest
        size = float(partial.abs_upper())
        if size < self.fmt.smallest_normal:
            return 0.0  # subnormal throughout: not counted
        error = self._error(sides, operand)
        if not math.isfinite(error):
            return math.inf
        least = float(partial.abs_lower()) * (1 - 2.0**-50) if partial.is_finite() else 0.0
        least = max(least, self.fmt.smallest_normal)
        plain = error / math.ldexp(1.0, math.frexp(least)[1] - self.fmt.precision)
        around = self._around(sides, operand) if plain > 64 else 0.0
        return min(plain, error * 2.0**self.fmt.precision / around) if around else plain

    def _error(self, sides: Sequence[arb], operand: int) -> float:
        """At least |computed - exact| of the derivative, everywhere on the piece."""
        try:
            returned = self._run([Bounded(side, 0.0, self.libm) for side in sides])[operand]
        except SubjectError:
            return math.inf  # the rule calls a function without a bound, or does not run on bounded numbers
        if isinstance(returned, (int, float)):
            return 0.0 if math.isfinite(returned) else math.inf  # a constant derivative
        return float(returned.error)

    def _run(self, data: list[Bounded]) -> tuple[Any, ...]:
        """The closure itself; for one that takes floats only, its trace evaluated instead."""
        if not self._by_trace:
            try:
                return self.case.operation.partials(*data)
            except SubjectError as error:
                if not error.raised(TypeError, AttributeError):  # math.exp(x) wants a float
                    raise
                self._by_trace = True
        trace = self.case.trace
        if isinstance(trace, Exception):
            raise NotTraced(str(trace))  # no trace to evaluate: there is no bound
        inputs = self.case.spec.inputs
        values = {**dict(zip(inputs, data, strict=True)), "g": 1.0, **{f"acc_{name}": 0 for name in inputs}}
        with subject_code:  # its formula on numbers that do not support every function
            return evaluate(trace.gradients, values, BOUNDS)

    def _around(self, sides: Sequence[arb], operand: int) -> float:
        """At most the derivative's size around its zero, if it certainly has one near every point of the piece."""
        for k, side in enumerate(sides):
            near = []
            for factor in (1 - AROUND, 1 + AROUND):
                place = [*sides[:k], side * arb(factor), *sides[k + 1 :]]
                near.append(self._partials(*place)[operand])
            if (near[0] < 0 and near[1] > 0) or (near[0] > 0 and near[1] < 0):
                return max(float(partial.abs_lower()) for partial in near) * (1 - 2.0**-50)
        return 0.0


def _hull(low: float, high: float) -> arb:
    """The smallest ball that contains the interval, among binary radii."""
    return arb(low) if low == high else arb(low).union(arb(high))


def _length(box: Box, fmt: Format) -> int:
    """The numbers of the format along the longest side."""
    return max(fmt.ordinal(high) - fmt.ordinal(low) for low, high in box)


def _halves(box: Box, fmt: Format) -> tuple[Box, ...]:
    """The box cut in two across its longest side, counted in numbers; empty if it is a single point."""
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
    """The bound of a one-operand rule for low <= |x| < high inside the domain.

    A bound within twice the largest observed error is close enough.
    """
    bounder = Bounder(case, PROFILES[fmt.name])
    found = [0.0]
    for side in sides(case, 0, low, high, fmt):
        found.append(bounder.bound((side,), 0, pieces, max(enough, 2 * observed)).ulps)
    return max(found)


def sides(case: Case, operand: int, low: float, high: float, fmt: Format = FLOAT64) -> list[tuple[float, float]]:
    """The numbers of the format with low <= |x| < high in the operand's domain, a range for each sign."""
    first, last = case.region.intervals[operand].floats
    found = []
    for sign in (-1, 1):
        ends = sorted((sign * low, sign * math.nextafter(high, 0)))
        start, end = at_least(max(ends[0], first), fmt), -at_least(-min(ends[1], last), fmt)
        if start <= end:
            found.append((start, end))
    return found


def at_least(x: float, fmt: Format) -> float:
    """The least number of the format that is not below ``x``; the largest if all are below it."""
    x = min(max(x, -fmt.largest), fmt.largest)
    near = fmt.from_ordinal(fmt.ordinal(x))
    return near if near >= x else fmt.step(near, 1)
