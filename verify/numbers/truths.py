"""The true numbers at many points: screened in double-double arrays, and in balls wherever anybody asks for one.

The screen says how large each number is, to 63 bits, and balls decide every point that it leaves open.  So filters
over a million points work on arrays, and what they let through is looked at in balls, point by point: no verdict
rests on the screen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import overload

import numpy as np
from flint import arb
from numpy.typing import NDArray

from verify.numbers.doubled import Doubled
from verify.numbers.pieces import by_pieces
from verify.numbers.points import Points
from verify.numbers.reference import GUARD, Reference, Status, Truth
from verify.numbers.screen import Screen, ulps
from verify.numbers.ulps import FLOAT64
from verify.trace.balls import BallProgram
from verify.trace.term import Term, topological

FEW = 64  # points that balls have done before the screen has begun
MANY = 20_000  # points from which on the screen's tables of erfc, a tenth of a second to make, are worth it
_SETTLED = 2.0**-1044  # less than a millionth of the smallest normal number: where that matters balls are asked

STATUSES = tuple(Status)
CODES = {status: code for code, status in enumerate(STATUSES)}


class Truths(Sequence[tuple[Truth, ...]]):
    """What each term is at each point.

    nearest: for each term, the float nearest to its number at each point (NaN where there is none; a number below
    all normal floats to 2**-1044); status: for each term, what is known of it, as a place in `STATUSES`
    """

    def __init__(
        self,
        terms: Sequence[Term],
        inputs: Sequence[str],
        points: Points,
        flushes: float = 0.0,
        screened: Sequence[Doubled] | None = None,
    ) -> None:
        """``screened``: the terms at the points as the screen has them, if it was asked."""
        self._reference = Reference(terms, inputs, flushes=flushes)
        self._points = points
        self._known: dict[int, tuple[Truth, ...]] = {}
        count = len(points)
        self.nearest = [np.empty(count) for _ in terms] if screened is None else [found.high for found in screened]
        self.status = [np.full(count, CODES[Status.KNOWN], dtype=np.int8) for _ in terms]
        decided = np.full(count, screened is not None)
        for found in screened or ():
            decided &= by_pieces(partial(_decided, flushes), bool, *found)
        left = np.flatnonzero(~decided)
        for place, truths in zip(left.tolist(), self._reference.many(points.where(left)), strict=True):
            self._known[place] = truths
            for nearest, status, truth in zip(self.nearest, self.status, truths, strict=True):
                nearest[place], status[place] = truth.nearest, CODES[truth.status]

    def __len__(self) -> int:
        return len(self._points)

    @overload
    def __getitem__(self, index: int) -> tuple[Truth, ...]: ...
    @overload
    def __getitem__(self, index: slice) -> list[tuple[Truth, ...]]: ...
    def __getitem__(self, index: int | slice) -> tuple[Truth, ...] | list[tuple[Truth, ...]]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        if place not in self._known:
            self._known[place] = self._reference.at(self._points[place])
        return self._known[place]

    def __iter__(self) -> Iterator[tuple[Truth, ...]]:
        return iter(self.at(range(len(self))))

    def at(self, places: Iterable[int]) -> list[tuple[Truth, ...]]:
        """The truths at these places, in balls."""
        wanted = list(places)
        missing = [place for place in wanted if place not in self._known]
        found = self._reference.many(self._points.where(np.array(missing, dtype=int)))
        self._known.update(zip(missing, found, strict=True))
        return [self._known[place] for place in wanted]

    def has(self, status: Status, operand: int) -> NDArray[np.bool_]:
        """At which points this is what is known of a term."""
        found: NDArray[np.bool_] = self.status[operand] == CODES[status]
        return found


def screened(terms: Sequence[Term], inputs: Sequence[str], points: Points) -> list[Doubled] | None:
    """The terms at the points by the screen, a term it cannot read with an infinite error; None where balls are sooner.

    Its tables of erfc take their time: what needs them is left to balls for fewer than `MANY` points.
    """
    count = len(points)
    left = frozenset({"erfc"}) if count < MANY else frozenset()
    able = [t for t in terms if Screen([t], inputs).able and left.isdisjoint(node.op for node in topological(t))]
    if not able or count < FEW:
        return None
    found = dict(zip(able, Screen(able, inputs).at(*points.columns), strict=True))
    return [found.get(t) or Doubled(np.full(count, np.nan), np.zeros(count), np.full(count, np.inf)) for t in terms]


def _decided(flushes: float, *screened: NDArray[np.float64]) -> NDArray[np.bool_]:
    """At which points the screen knows the number as well as anybody asks."""
    found = Doubled(*screened)
    least = max(FLOAT64.smallest_normal, flushes)
    with np.errstate(all="ignore"):
        size = abs(found.high)
        normal = (size - found.error >= least) & (size < FLOAT64.largest) & (found.error <= ulps(found) * 2.0**-GUARD)
        zero = (size == 0) & (found.error == 0)
        below = (size + found.error < least) & (found.error <= _SETTLED)
    decided: NDArray[np.bool_] = normal | zero | (below if flushes == 0 else False)
    return decided


def zero_at(term: Term, inputs: Sequence[str], points: Points) -> NDArray[np.bool_]:
    """At which points the term is zero, or so near to it that a float's worth of bits does not tell."""
    program = Screen([term], inputs)
    if not program.able:
        return _zero_in_balls(term, inputs, points)
    (found,) = program.at(*points.columns)
    zero: NDArray[np.bool_] = ~(abs(found.high) > found.error)
    doubtful = np.flatnonzero(zero & ~(found.error == 0))
    zero[doubtful] = _zero_in_balls(term, inputs, points.where(doubtful))
    return zero


def _zero_in_balls(term: Term, inputs: Sequence[str], points: Points) -> NDArray[np.bool_]:
    program = BallProgram([term], inputs)
    return np.array([program(*map(arb, point))[0].contains(0) for point in points], dtype=bool)
