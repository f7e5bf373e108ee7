"""The reference: the true number at a point, as a ball that has decided it.

A term is evaluated in balls, with twice the bits each time, until the ball is far narrower than the ULP of
the floats around it.  Where the limit is reached first the answer is ``inconclusive``, never a guess.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple

from flint import arb, ctx

from verify.numbers.ulps import FLOAT64, Format, error_in_ulps, overflows, rounded, ulp_exponent
from verify.trace.balls import BallProgram
from verify.trace.term import Term

FIRST, LIMIT = 128, 4096
GUARD = 10
"""A ball decides when its radius is at most 2**-10 ULP: errors are then known to a thousandth of an ULP."""


class Status(Enum):
    """What the reference says of a number."""

    KNOWN = "known"  # decided, and within the range of the format (subnormal and 0 included)
    FLUSHED = "flushed"  # decided, and so small that the floats meant here may have flushed it to 0
    OVERFLOW = "overflow"  # a real number beyond the largest float: not representable
    UNDEFINED = "undefined"  # no finite number at the limit of precision, such as a pole
    INCONCLUSIVE = "inconclusive"  # the limit of precision was reached before the ball was narrow enough


class Truth(NamedTuple):
    """One true number: the ball that contains it, the float nearest to its middle, and what is known."""

    ball: arb
    nearest: float
    status: Status

    @property
    def known(self) -> bool:
        """A number that a float can stand for; only then is there an error to measure."""
        return self.status is Status.KNOWN

    def error(self, computed: float, fmt: Format = FLOAT64) -> float:
        """The error of ``computed`` in ULPs: 0 for the right infinity where the truth overflows.

        Raises ValueError where the truth is not known.
        """
        return error_in_ulps(computed, self.ball, fmt)


class Reference:
    """The true numbers that terms stand for, at float points."""

    def __init__(
        self,
        terms: Iterable[Term],
        inputs: Sequence[str],
        *,
        fmt: Format = FLOAT64,
        first: int = FIRST,
        limit: int = LIMIT,
        flushes: float = 0.0,
    ) -> None:
        self.program = BallProgram(terms, inputs)
        self.fmt = fmt
        self.flushes = flushes
        self.first, self.limit = first, limit

    def at(self, point: Sequence[float]) -> tuple[Truth, ...]:
        """The truth of each term at ``point``."""
        return self.many([point])[0]

    def many(self, points: Iterable[Sequence[float]]) -> list[tuple[Truth, ...]]:
        """The truth of each term at each point."""
        enough = self.fmt.precision + GUARD + 1
        smallest, largest = max(self.fmt.smallest_normal, self.flushes), self.fmt.largest
        fmt, plain = self.fmt, self.fmt is FLOAT64
        answers: list[tuple[Truth, ...]] = []
        with ctx.workprec(self.first):
            program = self.program.at(self.first)
            for point in points:
                balls = program(*map(arb, point))
                truths = []
                for ball in balls:
                    nearest = float(ball) if plain else rounded(ball, fmt)
                    # the plain case: a normal number known to more bits than it takes, or exactly 0
                    known = ball.rel_accuracy_bits() >= enough and smallest <= abs(nearest) < largest
                    if not known and not ball.is_zero():
                        break
                    truths.append(Truth(ball, nearest, Status.KNOWN))
                else:
                    answers.append(tuple(truths))
                    continue
                answers.append(self._carefully(point, balls))
        return answers

    def _carefully(self, point: Sequence[float], balls: tuple[arb, ...]) -> tuple[Truth, ...]:
        """Twice the bits each time, until every term has decided or the limit is reached; ``balls`` at the first."""
        settled: dict[int, Truth] = {}
        prec = self.first
        while True:
            with ctx.workprec(prec):
                if prec > self.first:
                    balls = self.program.at(prec)(*map(arb, point))
                for i, ball in enumerate(balls):
                    if i not in settled and (truth := self._decided(ball)) is not None:
                        settled[i] = truth
            if len(settled) == len(balls) or 2 * prec > self.limit:
                return tuple(settled.get(i) or _undecided(ball) for i, ball in enumerate(balls))
            prec *= 2

    def _decided(self, ball: arb) -> Truth | None:
        """The truth, if the ball is finite and narrow enough to tell."""
        if not ball.is_finite():
            return None
        beyond = overflows(ball, self.fmt)
        if beyond:
            return Truth(ball, math.copysign(math.inf, float(ball.mid())), Status.OVERFLOW)
        narrow = ball.rad() <= arb((1, ulp_exponent(ball, self.fmt) - GUARD))
        if not narrow or beyond is not False:
            return None
        nearest = rounded(ball, self.fmt)
        flushed = abs(nearest) < self.flushes and not ball.is_zero()
        return Truth(ball, nearest, Status.FLUSHED if flushed else Status.KNOWN)


def _undecided(ball: arb) -> Truth:
    return Truth(ball, math.nan, Status.UNDEFINED if ball.is_nan() else Status.INCONCLUSIVE)
