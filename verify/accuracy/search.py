"""Search for the worst point: strata over the floats and over the numbers, then hill-climbing in ordinal space.

The strata find the regions where a formula fails.  Three more looks find what is too narrow for them: both sides of
every number that the rule itself compares with; the edges of what is judged, where a factor underflows or overflows
before the slope does; and, where the budget is nearly reached, the worst binades at thousands of points each.  The
climb finds the worst float of a region: errors in ULPs are a rough landscape (each float has its own rounding), so
every round draws candidates around the best so far, in a window that shrinks by four.  What is reported has
been measured in balls.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import shake_128
from itertools import pairwise

import numpy as np

from engine.arithmetic import FLOATS
from verify.accuracy.conditioning import BUDGET
from verify.accuracy.evaluate import evaluate
from verify.accuracy.formats import Array, from_ordinals, rounded_to
from verify.accuracy.gauge import Gauge, Measured
from verify.case import Case
from verify.numbers.points import Point, points
from verify.trace.term import symbols_of, topological

CLIMBERS = 6
TRIES = 8  # candidates a climber draws in a round
_MARGIN = 1.05  # a candidate within this factor of the worst is measured in balls, too
_MOST_BALLS = 64
_KEPT = 4096  # points that are remembered, the worst: of ten million the others are of no use
_SLICE = 1 << 16  # points at a time
_EDGES = 32  # places between what is judged and what is not, at most
_FINE = 24  # bits to which such a place is found
_CLOSE = 3.0  # an error of a third of the budget, or more, may be one beyond it nearby
_MORE = 6000  # points to see which binades are the worst
_CELLS = 6  # binades that are looked at closely,
_PRESSED = 4000  # at so many points
_COMPARED = frozenset(("gt", "ge", "lt", "le", "eq", "ne", "maximum", "minimum"))


@dataclass(frozen=True)
class Worst:
    """The worst answer for one operand, and the worst near a root of the slope in ULPs of the slope itself.

    looked: at how many points; None where the rule was exact, or nothing could be measured
    kept: the points that were looked at, or the worst of them
    """

    operand: int
    worst: Measured | None
    ill: Measured | None
    looked: int
    kept: tuple[Point, ...] = ()


def worst(
    gauge: Gauge, operand: int = 0, *, strata: int | None = None, seed: int = 0, budget: float = BUDGET
) -> Worst:
    """The worst point of one operand's slope that the search can find; the same for the same seed.

    strata: points that it begins with, to climb from the worst; as the case's options say (``--points``) without it
    budget: ULPs that matter; within it, but not by far, a search goes on
    """
    return _Search(gauge, operand, seed).run(gauge.case.options.points if strata is None else strata, budget)


def thresholds(case: Case) -> list[float]:
    """The numbers that the rule compares with, both signs, and what lies between each and the next."""
    if isinstance(case.trace, Exception):
        return []
    found = set()
    for node in topological(case.trace.forward, *case.trace.gradients):
        for part in node.args if node.op in _COMPARED else ():
            if not symbols_of(part):
                try:
                    value = float(evaluate((part,), {}, FLOATS)[0])
                except (ArithmeticError, ValueError, NotImplementedError):
                    continue  # no number, or one by a function that floats lack
                found |= {value, -value} if math.isfinite(value) else set()
    edges = sorted(found)
    return [*edges, *(low / 2 + high / 2 for low, high in pairwise(edges))]


class _Search:
    def __init__(self, gauge: Gauge, operand: int, seed: int) -> None:
        self.gauge, self.operand = gauge, operand
        case = gauge.case
        self.name = f"{case.operation.name} {case.row.case}".strip()
        self.seed = seed
        key = shake_128(f"{seed}/{self.name}/{operand}/{gauge.fmt.name}/search".encode()).digest(16)
        self.random = np.random.Generator(np.random.PCG64(int.from_bytes(key, "little")))
        self.seen: dict[Point, float] = {}
        self.cells: dict[tuple[int, ...], float] = {}  # the worst of each binade, counted by ordinals
        self.line: dict[float, bool] = {}  # of one operand: whether there was something to judge
        self.looked = 0

    def run(self, strata: int, budget: float) -> Worst:
        self._spread(strata, self.seed)
        if len(self.gauge.inputs) == 1:
            self._approach()
        self._climb()
        top = max(self.seen.values(), default=0.0)
        if budget / _CLOSE < top <= budget:
            self._press(strata)
            self._climb()
        return self._confirmed()

    def _approach(self) -> None:
        """The last numbers that are judged, beside those that are not: by bisection, all such places at once."""
        fmt, line = self.gauge.fmt, sorted(self.line.items())
        pairs = [(a, b) if known else (b, a) for (a, known), (b, other) in pairwise(line) if known != other]
        if not pairs:
            return
        within, beyond = np.array([[fmt.ordinal(x) for x in pair] for pair in pairs[:_EDGES]], dtype=np.int64).T
        enough = 1 << max(0, fmt.precision - _FINE)
        while (abs(beyond - within) > enough).any():
            middle = within + (beyond - within) // 2
            known = ~np.isnan(self.gauge.errors([from_ordinals(fmt, middle)])[self.operand])
            within, beyond = np.where(known, middle, within), np.where(known, beyond, middle)
        steps = np.sign(within - beyond)[:, None] * (1 << np.arange(fmt.precision + 1))
        end = fmt.ordinal(fmt.largest)
        self._look(self._inside([from_ordinals(fmt, np.clip((within[:, None] + steps).ravel(), -end, end))]))

    def _climb(self) -> None:
        best = dict(self._ranked()[:CLIMBERS])
        window = 2.0 ** (self.gauge.fmt.width - 14)
        while window >= 1 and best:
            best = self._climbed(best, window)
            window /= 4

    def _press(self, strata: int) -> None:
        """Six times the points, or more, and most of them in the binades that turn out the worst."""
        self.cells = {}
        self._spread(max(_MORE, 2 * strata), self.seed + 1)
        fmt = self.gauge.fmt
        numbers = 1 << (fmt.precision - 1)  # in a binade
        for cell in sorted(self.cells, key=lambda c: (-self.cells[c], c))[:_CELLS]:
            sides = [self.random.integers(k * numbers, (k + 1) * numbers, _PRESSED) for k in cell]
            self._look(self._inside([from_ordinals(fmt, side) for side in sides]))

    def _spread(self, count: int, seed: int) -> None:
        columns = self._strata(count, seed)
        for start in range(0, len(columns[0]), _SLICE):
            found = self._look([column[start : start + _SLICE] for column in columns])
            for point, error in found.items():
                cell = tuple(self.gauge.fmt.ordinal(x) >> (self.gauge.fmt.precision - 1) for x in point)
                self.cells[cell] = max(error, self.cells.get(cell, 0.0))

    def _strata(self, count: int, seed: int) -> list[Array]:
        case = self.gauge.case
        corners = [place for corner in case.row.corners for place in corner.places]
        found = points(self.name, case.region, [*corners, *thresholds(case)], count, seed)
        if case.asked:
            found = found.after(case.asked)
        return self._inside([rounded_to(self.gauge.fmt, column) for column in found.columns])

    def _inside(self, columns: Sequence[Array]) -> list[Array]:
        """The points that are finite and in the domain, each once."""
        table = np.unique(np.stack(columns, axis=1), axis=0)
        table = table[np.isfinite(table).all(axis=1)]
        found: list[Array] = list(table.T)
        inside = self.gauge.case.region.holds(found)
        return [column[inside] for column in found]

    def _look(self, columns: Sequence[Array]) -> dict[Point, float]:
        """The errors at these points, which are remembered as long as they are among the worst."""
        if not len(columns[0]):
            return {}
        errors = self.gauge.errors(columns)[self.operand]
        if not self.looked and len(columns) == 1:
            self.line = dict(zip(columns[0].tolist(), (~np.isnan(errors)).tolist(), strict=True))
        self.looked += len(errors)
        known = np.flatnonzero(~np.isnan(errors))
        known = known[np.argsort(-errors[known], kind="stable")][:_KEPT]
        found = {tuple(column.item(k) for column in columns): errors.item(k) for k in known}
        self.seen |= found
        if len(self.seen) > 2 * _KEPT:
            self.seen = dict(self._ranked()[:_KEPT])
        return found

    def _ranked(self) -> list[tuple[Point, float]]:
        return sorted(self.seen.items(), key=lambda item: (-item[1], item[0]))

    def _climbed(self, best: dict[Point, float], window: float) -> dict[Point, float]:
        """Each climber's best of its candidates around it, and of itself, with its error."""
        fmt, size = self.gauge.fmt, len(self.gauge.inputs)
        centres = np.array([[fmt.ordinal(x) for x in point] for point in best], dtype=np.int64)
        steps = self.random.integers(-int(window), int(window), (len(best), TRIES, size), endpoint=True)
        if size > 1:  # one operand moves, or all of them
            moving = self.random.integers(0, size + 1, (len(best), TRIES, 1))
            steps *= (moving == size) | (moving == np.arange(size))
        end = fmt.ordinal(fmt.largest)
        places = np.clip(centres[:, None, :] + steps, -end, end)
        columns = [from_ordinals(fmt, places[:, :, k].ravel()) for k in range(size)]
        drawn = self._look(self._inside(columns))
        climbed = {}
        for i, (point, height) in enumerate(best.items()):
            own = {tuple(float(c[i * TRIES + t]) for c in columns) for t in range(TRIES)}
            error, found = max([(height, point), *((drawn[p], p) for p in own if p in drawn)])
            climbed[found] = error
        return climbed

    def _confirmed(self) -> Worst:
        """The roughly worst points in balls; the first of them that are truly the worst."""
        ranked = self._ranked()
        if not ranked:
            return Worst(self.operand, None, None, self.looked)
        top = ranked[0][1]
        found: list[Measured] = []
        ill: list[Measured] = []
        for point, rough in ranked[:_MOST_BALLS]:
            if rough * _MARGIN < top and len(found) >= CLIMBERS:
                break
            measured = self.gauge.measured(point, self.operand)
            if measured is not None:
                (ill if measured.near_root else found).append(measured)
        worst = max((*found, *ill), key=lambda m: (m.local, m.point), default=None)
        worst_ill = max(ill, key=lambda m: (m.ulps, m.point), default=None)
        if worst is not None and worst.local == 0:
            worst = None
        return Worst(self.operand, worst, worst_ill, self.looked, tuple(point for point, _ in ranked[:_KEPT]))
