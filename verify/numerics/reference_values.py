"""The reference values at many points: screened in double-double arrays, and in ball arithmetic on request.

The screen gives the size of each number, to 63 bits, and ball arithmetic decides every point that it leaves open.  So
filters over a million points work on arrays, and the points they keep are evaluated in ball arithmetic, one by one: no
verdict rests on the screen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import overload

import numpy as np
from flint import arb
from numpy.typing import NDArray

from backproof.verify.arithmetics.double_double import Doubled
from backproof.verify.arithmetics.ulps import FLOAT64
from backproof.verify.evaluate.balls import BallProgram
from backproof.verify.evaluate.screen import Screen, ulps
from backproof.verify.numerics.points import Points
from backproof.verify.numerics.reference import GUARD, Reference, ReferenceValue, Status
from backproof.verify.support.chunks import by_pieces
from backproof.verify.terms.term import Term, topological

FEW = 64  # points that ball arithmetic finishes before the screen has started
MANY = 20_000  # points that justify the screen's tables of erfc, which take a tenth of a second
_SETTLED = 2.0**-1044  # less than a millionth of the smallest normal number: where that matters ball arithmetic is used

STATUSES = tuple(Status)
CODES = {status: code for code, status in enumerate(STATUSES)}


class ReferenceValues(Sequence[tuple[ReferenceValue, ...]]):
    """The value of each term at each point.

    nearest: for each term, the float nearest to its number at each point (NaN where there is none; a number below
    all normal floats to 2**-1044); status: for each term, the status of each number, as an index into `STATUSES`
    """

    def __init__(
        self,
        terms: Sequence[Term] | BallProgram,
        inputs: Sequence[str],
        points: Points,
        flush_to_zero_below: float = 0.0,
        screened: Sequence[Doubled] | None = None,
    ) -> None:
        """``screened``: the terms at the points from the screen, if it was run."""
        self._reference = Reference(terms, inputs, flush_to_zero_below=flush_to_zero_below)
        self._points = points
        self._known: dict[int, tuple[ReferenceValue, ...]] = {}
        count = len(points)
        terms = self._reference.program.terms
        self.nearest = [np.empty(count) for _ in terms] if screened is None else [found.high for found in screened]
        self.status = [np.full(count, CODES[Status.KNOWN], dtype=np.int8) for _ in terms]
        decided = np.full(count, screened is not None)
        for found in screened or ():
            decided &= by_pieces(partial(_decided, flush_to_zero_below), bool, *found)
        left = np.flatnonzero(~decided)
        values = self._reference.many(points.where(left))
        self._known.update(zip(left.tolist(), values, strict=True))
        for nearest, status, of_term in zip(self.nearest, self.status, zip(*values, strict=True), strict=bool(values)):
            nearest[left] = [expected.nearest for expected in of_term]
            status[left] = [CODES[expected.status] for expected in of_term]

    def __len__(self) -> int:
        return len(self._points)

    @overload
    def __getitem__(self, index: int) -> tuple[ReferenceValue, ...]: ...
    @overload
    def __getitem__(self, index: slice) -> list[tuple[ReferenceValue, ...]]: ...
    def __getitem__(self, index: int | slice) -> tuple[ReferenceValue, ...] | list[tuple[ReferenceValue, ...]]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        if place not in self._known:
            self._known[place] = self._reference.at(self._points[place])
        return self._known[place]

    def __iter__(self) -> Iterator[tuple[ReferenceValue, ...]]:
        return iter(self.at(range(len(self))))

    def at(self, places: Iterable[int]) -> list[tuple[ReferenceValue, ...]]:
        """The reference values at these places, by ball arithmetic."""
        wanted = list(places)
        missing = [place for place in wanted if place not in self._known]
        found = self._reference.many(self._points.where(np.array(missing, dtype=int)))
        self._known.update(zip(missing, found, strict=True))
        return [self._known[place] for place in wanted]

    def has(self, status: Status, operand: int) -> NDArray[np.bool_]:
        """At which points a term has this status."""
        found: NDArray[np.bool_] = self.status[operand] == CODES[status]
        return found


def screened(terms: Sequence[Term], inputs: Sequence[str], points: Points) -> list[Doubled] | None:
    """The terms at the points by the screen, an unsupported term with an infinite error; None if intervals are faster.

    The tables of erfc take time to build: terms that need them are left to intervals for fewer than `MANY` points.
    """
    count = len(points)
    left = frozenset({"erfc"}) if count < MANY else frozenset()
    able = [t for t in terms if Screen([t], inputs).able and left.isdisjoint(node.op for node in topological(t))]
    if not able or count < FEW:
        return None
    found = dict(zip(able, Screen(able, inputs).at(*points.columns), strict=True))
    return [found.get(t) or Doubled(np.full(count, np.nan), np.zeros(count), np.full(count, np.inf)) for t in terms]


def _decided(flush_to_zero_below: float, *screened: NDArray[np.float64]) -> NDArray[np.bool_]:
    """At which points the screen knows the number accurately enough."""
    found = Doubled(*screened)
    least = max(FLOAT64.smallest_normal, flush_to_zero_below)
    with np.errstate(all="ignore"):
        size = abs(found.high)
        normal = (size - found.error >= least) & (size < FLOAT64.largest) & (found.error <= ulps(found) * 2.0**-GUARD)
        zero = (size == 0) & (found.error == 0)
        below = (size + found.error < least) & (found.error <= _SETTLED)
    decided: NDArray[np.bool_] = normal | zero | (below if flush_to_zero_below == 0 else False)
    return decided


def zero_at(term: Term, inputs: Sequence[str], points: Points) -> NDArray[np.bool_]:
    """At which points the term is zero, or too close to zero for a float's precision to decide."""
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
