"""The reference value at a point, as an interval narrow enough to decide.

A term is evaluated in ball arithmetic, with twice the bits each time, until the interval is far narrower than the ULP
of the floats around it.  Where the limit is reached first the status is ``inconclusive``, never a guess.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple

from flint import arb, ctx

from backproof.verify.arithmetics.ulps import (
    FLOAT64,
    Format,
    error_in_ulps,
    overflows,
    power_of_two,
    rounded,
    ulp_exponent,
)
from backproof.verify.evaluate.balls import BallProgram
from backproof.verify.terms.term import Term

FIRST, LIMIT = 128, 4096
GUARD = 10
"""An interval decides when its radius is at most 2**-10 ULP: errors are then known to a thousandth of an ULP."""


class Status(Enum):
    """The status of a reference value."""

    KNOWN = "known"  # decided, and within the range of the format (subnormal and 0 included)
    FLUSHED = "flushed"  # decided, and so small that floats with flush-to-zero may give 0
    OVERFLOW = "overflow"  # a real number beyond the largest float: not representable
    UNDEFINED = "undefined"  # no finite number at the limit of precision, such as a pole
    INCONCLUSIVE = "inconclusive"  # the limit of precision was reached before the interval was narrow enough


class ReferenceValue(NamedTuple):
    """One reference value: an interval that contains it, the float nearest to its midpoint, and the status."""

    ball: arb
    nearest: float
    status: Status

    @property
    def known(self) -> bool:
        """Whether a float can represent it; only then is there an error to measure."""
        return self.status is Status.KNOWN

    def error(self, computed: float, fmt: Format = FLOAT64) -> float:
        """The error of ``computed`` in ULPs: 0 for the right infinity where the reference value overflows.

        Raises ValueError where the reference value is not known.
        """
        return error_in_ulps(computed, self.ball, fmt)


class Reference:
    """The reference values of terms, at float points."""

    def __init__(
        self,
        terms: Iterable[Term] | BallProgram,
        inputs: Sequence[str],
        *,
        fmt: Format = FLOAT64,
        first: int = FIRST,
        limit: int = LIMIT,
        flush_to_zero_below: float = 0.0,
    ) -> None:
        self.program = terms if isinstance(terms, BallProgram) else BallProgram(terms, inputs)
        self.fmt = fmt
        self.flush_to_zero_below = flush_to_zero_below
        self.first, self.limit = first, limit

    def at(self, point: Sequence[float]) -> tuple[ReferenceValue, ...]:
        """The reference value of each term at ``point``."""
        return self.many([point])[0]

    def many(self, points: Iterable[Sequence[float]]) -> list[tuple[ReferenceValue, ...]]:
        """The reference value of each term at each point."""
        enough = self.fmt.precision + GUARD + 1
        smallest, largest = max(self.fmt.smallest_normal, self.flush_to_zero_below), self.fmt.largest
        fmt, plain = self.fmt, self.fmt is FLOAT64
        results: list[tuple[ReferenceValue, ...]] = []
        with ctx.workprec(self.first):
            program = self.program.at(self.first)
            for point in points:
                balls = program(*map(arb, point))
                reference_values = []
                for ball in balls:
                    nearest = float(ball) if plain else rounded(ball, fmt)
                    # the common case: a normal number known to enough bits, or exactly 0
                    known = ball.rel_accuracy_bits() >= enough and smallest <= abs(nearest) < largest
                    if known or ball.is_zero():
                        reference_values.append(ReferenceValue(ball, nearest, Status.KNOWN))
                    elif (expected := self._decided(ball)) is not None:
                        reference_values.append(expected)
                    else:
                        results.append(self._carefully(point, balls))
                        break
                else:
                    results.append(tuple(reference_values))
        return results

    def _carefully(self, point: Sequence[float], balls: tuple[arb, ...]) -> tuple[ReferenceValue, ...]:
        """Double the bits until every term is decided or the limit is reached; ``balls``: the first intervals."""
        settled: dict[int, ReferenceValue] = {}
        prec = self.first
        while True:
            with ctx.workprec(prec):
                if prec > self.first:
                    balls = self.program.at(prec)(*map(arb, point))
                for i, ball in enumerate(balls):
                    if i not in settled and (expected := self._decided(ball)) is not None:
                        settled[i] = expected
            if len(settled) == len(balls) or 2 * prec > self.limit:
                return tuple(settled.get(i) or _undecided(ball) for i, ball in enumerate(balls))
            prec *= 2

    def _decided(self, ball: arb) -> ReferenceValue | None:
        """The reference value, if the interval is finite and narrow enough."""
        if not ball.is_finite():
            return None
        nearest = rounded(ball, self.fmt)
        narrow = ball.rad() <= power_of_two(ulp_exponent(ball, self.fmt) - GUARD)
        if not narrow or not abs(nearest) < self.fmt.largest / 2:
            beyond = overflows(ball, self.fmt)
            if beyond:
                return ReferenceValue(ball, math.copysign(math.inf, float(ball.mid())), Status.OVERFLOW)
            if not narrow or beyond is not False:
                return None
        flushed = abs(nearest) < self.flush_to_zero_below and not ball.is_zero()
        return ReferenceValue(ball, nearest, Status.FLUSHED if flushed else Status.KNOWN)


def _undecided(ball: arb) -> ReferenceValue:
    return ReferenceValue(ball, math.nan, Status.UNDEFINED if ball.is_nan() else Status.INCONCLUSIVE)
