"""The domain of an operation: one interval per input, and a joint condition on the inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property, reduce
from typing import Any

import numpy as np
from flint import arb, ctx
from numpy.typing import NDArray

from backproof.verify.evaluate.balls import compile_balls
from backproof.verify.evaluate.screen import decide
from backproof.verify.terms.conditions import SWAPPED, conjuncts
from backproof.verify.terms.term import Condition

End = Fraction | float
"""An exact number, or an infinity."""


@dataclass(frozen=True)
class Interval:
    """The real numbers from ``low`` to ``high``, without an open end and without the ``holes``."""

    low: End = -math.inf
    high: End = math.inf
    low_open: bool = False
    high_open: bool = False
    holes: tuple[Fraction, ...] = ()

    @cached_property
    def floats(self) -> tuple[float, float]:
        """The first and the last finite float inside: first > last where there is none."""
        first, last = _inward(self.low, math.inf), _inward(self.high, -math.inf)
        if self.low_open and first == self.low:
            first = math.nextafter(first, math.inf)
        if self.high_open and last == self.high:
            last = math.nextafter(last, -math.inf)
        return first, last

    @cached_property
    def edges(self) -> tuple[Fraction, ...]:
        """The finite ends and the holes."""
        ends = [Fraction(end) for end in (self.low, self.high) if not math.isinf(end)]
        return (*ends, *self.holes)

    def __contains__(self, x: float) -> bool:
        first, last = self.floats
        return first <= x <= last and x not in self._missing

    def holds(self, x: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which floats of a column are inside."""
        first, last = self.floats
        inside: NDArray[np.bool_] = (first <= x) & (x <= last)
        for hole in self._missing:
            inside &= x != hole
        return inside

    @cached_property
    def _missing(self) -> frozenset[float]:
        """The floats that are holes."""
        return frozenset(float(hole) for hole in self.holes if float(hole) == hole)


def _inward(end: End, towards: float) -> float:
    """The first finite float from ``end`` on, in the direction of ``towards``."""
    if math.isinf(end):
        return -math.copysign(math.nextafter(math.inf, 0), towards)
    try:
        nearest = float(end)
    except OverflowError:
        nearest = math.copysign(math.nextafter(math.inf, 0), end)
    outside = nearest < end if towards > 0 else nearest > end
    return math.nextafter(nearest, towards) if outside else nearest


@dataclass(frozen=True)
class Domain:
    """The points where every input is in its interval and the joint condition holds, if there is one."""

    intervals: tuple[Interval, ...]
    joint: _Joint | None = field(default=None, compare=False)

    def __contains__(self, point: tuple[float, ...]) -> bool:
        inside = all(x in interval for x, interval in zip(point, self.intervals, strict=True))
        return inside and (self.joint is None or self.joint(point))

    def holds(self, columns: Sequence[NDArray[np.float64]]) -> NDArray[np.bool_]:
        """Which points are inside, given as one column an input."""
        parts = [i.holds(x) for i, x in zip(self.intervals, columns, strict=True)]
        inside: NDArray[np.bool_] = np.logical_and.reduce(parts)
        if self.joint is not None:
            inside[inside] = self.joint.holds([x[inside] for x in columns])
        return inside


def domain_of(condition: Condition | Any, inputs: Sequence[str]) -> Domain:
    """The domain that a condition describes: a Condition, or a SymPy relation (And, Or, Not of such).

    ``x > 0``, ``x != 1`` and the like narrow the interval of x; any other condition, such as
    ``x**2 + y**2 > 0`` or ``cos(x) != 0``, is decided point by point in ball arithmetic.
    """
    if not isinstance(condition, Condition):
        from backproof.verify.terms.from_sympy import condition_from_sympy

        condition = condition_from_sympy(condition)
    intervals = dict.fromkeys(inputs, Interval())
    others: list[Condition] = []
    for part in conjuncts(condition):
        bound = _bound(part)
        if bound is None:
            others.append(part)
        else:
            name, op, number = bound
            intervals[name] = _narrowed(intervals[name], op, number)
    return Domain(tuple(intervals.values()), _Joint(others, inputs) if others else None)


def _bound(condition: Condition) -> tuple[str, str, Fraction] | None:
    """(x, op, number) of the condition "x op number", whichever side x is on."""
    if condition.op not in SWAPPED:
        return None
    left, right = condition.args
    if left.op == "symbol" and right.op == "const":
        return left.value, condition.op, right.value
    if left.op == "const" and right.op == "symbol":
        return right.value, SWAPPED[condition.op], left.value
    return None


def _narrowed(interval: Interval, op: str, number: Fraction) -> Interval:
    """The part of the interval where "x op number" holds."""
    if op == "ne":
        return replace(interval, holes=(*interval.holes, number))
    if op in ("gt", "ge", "eq") and (number, op == "gt") > (interval.low, interval.low_open):
        interval = replace(interval, low=number, low_open=op == "gt")
    if op in ("lt", "le", "eq") and (number, op != "lt") < (interval.high, not interval.high_open):
        interval = replace(interval, high=number, high_open=op == "lt")
    return interval


class _Joint:
    """Conditions decided in ball arithmetic, with more bits until they are; a point never decided is outside."""

    def __init__(self, conditions: list[Condition], inputs: Sequence[str]) -> None:
        self.program = compile_balls(conditions, inputs)
        self.whole = reduce(lambda a, b: a & b, conditions)
        self.inputs = inputs

    def holds(self, columns: Sequence[NDArray[np.float64]]) -> NDArray[np.bool_]:
        """Which points are inside: by the screen for most, by ball arithmetic for the others."""
        holds, doubtful = decide(self.whole, self.inputs, columns)
        inside = holds.copy()
        for place in np.flatnonzero(doubtful):
            inside[place] = self(tuple([x.item(place) for x in columns]))
        return inside

    def __call__(self, point: tuple[float, ...]) -> bool:
        x = [arb(v) for v in point]
        results: tuple[Any, ...] = ()
        for prec in (64, 256, 2200, 4400):  # the square of the smallest float has 2148 bits below the point
            with ctx.workprec(prec):
                results = self.program(*x)
            if None not in results:
                break
        return all(results)
