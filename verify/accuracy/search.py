"""Search for the worst point: strata over the floats and over the numbers, then hill-climbing in ordinal space.

The strata find the regions where a formula fails.  Three more searches find regions too narrow for them: both sides of
every number that the rule itself compares with; the edges of what is measured, where a factor underflows or overflows
before the derivative does; and, where the budget is nearly reached, the worst binades at thousands of points each.
The climb finds the worst float of a region: errors in ULPs are not smooth (each float has its own rounding), so every
round draws candidates around the best so far, in a window that shrinks by four.  What is reported has been measured in
interval arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import shake_128
from itertools import pairwise

import numpy as np

from backproof.engine.arithmetic import FLOATS
from backproof.verify.accuracy.error_meter import ErrorMeter, Measured
from backproof.verify.accuracy.formats import Array, from_ordinals, rounded_to
from backproof.verify.checks.case import Case
from backproof.verify.evaluate.evaluate import evaluate
from backproof.verify.numerics.conditioning import BUDGET
from backproof.verify.numerics.points import Point, points
from backproof.verify.terms.term import symbols_of, topological

CLIMBERS = 6
TRIES = 8  # candidates a climber draws in a round
_MARGIN = 1.05  # a candidate within this factor of the worst is measured in interval arithmetic, too
_MOST_BALLS = 64
_KEPT = 4096  # worst points that are kept: of ten million the others are not needed
_SLICE = 1 << 16  # points at a time
_EDGES = 32  # places between what is measured and what is not, at most
_FINE = 24  # bits to which such a place is found
_CLOSE = 3.0  # an error of a third of the budget, or more, may be one beyond it nearby
_MORE = 6000  # points to see which binades are the worst
_CELLS = 6  # binades that are searched closely,
_PRESSED = 4000  # at this many points
_COMPARED = frozenset(("gt", "ge", "lt", "le", "eq", "ne", "maximum", "minimum"))


@dataclass(frozen=True)
class Worst:
    """The worst result for one operand, and the worst near a zero of the derivative in ULPs of the derivative itself.

    looked: the number of points; None if the rule was exact, or nothing could be measured
    kept: the points that were measured, or the worst of them
    """

    operand: int
    worst: Measured | None
    ill: Measured | None
    looked: int
    kept: tuple[Point, ...] = ()


def worst(
    meter: ErrorMeter, operand: int = 0, *, strata: int | None = None, seed: int = 0, budget: float = BUDGET
) -> Worst:
    """The worst point of one operand's derivative that the search finds; deterministic for a given seed.

    strata: points to start from, climbing from the worst; by default the case's option (``--points``)
    budget: the accuracy budget in ULPs; a search goes on if it is nearly reached
    """
    return _Search(meter, operand, seed).run(meter.case.options.points if strata is None else strata, budget)


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
                    continue  # not a number, or computed by a function that floats lack
                found |= {value, -value} if math.isfinite(value) else set()
    edges = sorted(found)
    return [*edges, *(low / 2 + high / 2 for low, high in pairwise(edges))]


class _Search:
    def __init__(self, meter: ErrorMeter, operand: int, seed: int) -> None:
        self.error_meter, self.operand = meter, operand
        case = meter.case
        self.name = f"{case.operation.name} {case.spec.case}".strip()
        self.seed = seed
        key = shake_128(f"{seed}/{self.name}/{operand}/{meter.fmt.name}/search".encode()).digest(16)
        self.random = np.random.Generator(np.random.PCG64(int.from_bytes(key, "little")))
        self.seen: dict[Point, float] = {}
        self.cells: dict[tuple[int, ...], float] = {}  # the worst of each binade, counted by ordinals
        self.line: dict[float, bool] = {}  # of one operand: whether something could be measured
        self.looked = 0

    def run(self, strata: int, budget: float) -> Worst:
        self._spread(strata, self.seed)
        if len(self.error_meter.inputs) == 1:
            self._approach()
        self._climb()
        top = max(self.seen.values(), default=0.0)
        if budget / _CLOSE < top <= budget:
            self._press(strata)
            self._climb()
        return self._confirmed()

    def _approach(self) -> None:
        """The last numbers that are measured, next to those that are not: by bisection, all such places at once."""
        fmt, line = self.error_meter.fmt, sorted(self.line.items())
        pairs = [(a, b) if known else (b, a) for (a, known), (b, other) in pairwise(line) if known != other]
        if not pairs:
            return
        within, beyond = np.array([[fmt.ordinal(x) for x in pair] for pair in pairs[:_EDGES]], dtype=np.int64).T
        enough = 1 << max(0, fmt.precision - _FINE)
        while (abs(beyond - within) > enough).any():
            middle = within + (beyond - within) // 2
            known = ~np.isnan(self.error_meter.errors([from_ordinals(fmt, middle)])[self.operand])
            within, beyond = np.where(known, middle, within), np.where(known, beyond, middle)
        steps = np.sign(within - beyond)[:, None] * (1 << np.arange(fmt.precision + 1))
        end = fmt.ordinal(fmt.largest)
        self._look(self._inside([from_ordinals(fmt, np.clip((within[:, None] + steps).ravel(), -end, end))]))

    def _climb(self) -> None:
        best = dict(self._ranked()[:CLIMBERS])
        window = 2.0 ** (self.error_meter.fmt.width - 14)
        while window >= 1 and best:
            best = self._climbed(best, window)
            window /= 4

    def _press(self, strata: int) -> None:
        """Six times the points, or more, and most of them in the binades that turn out the worst."""
        self.cells = {}
        self._spread(max(_MORE, 2 * strata), self.seed + 1)
        fmt = self.error_meter.fmt
        numbers = 1 << (fmt.precision - 1)  # in a binade
        for cell in sorted(self.cells, key=lambda c: (-self.cells[c], c))[:_CELLS]:
            sides = [self.random.integers(k * numbers, (k + 1) * numbers, _PRESSED) for k in cell]
            self._look(self._inside([from_ordinals(fmt, side) for side in sides]))

    def _spread(self, count: int, seed: int) -> None:
        columns = self._strata(count, seed)
        for start in range(0, len(columns[0]), _SLICE):
            found = self._look([column[start : start + _SLICE] for column in columns])
            for point, error in found.items():
                cell = tuple(self.error_meter.fmt.ordinal(x) >> (self.error_meter.fmt.precision - 1) for x in point)
                self.cells[cell] = max(error, self.cells.get(cell, 0.0))

    def _strata(self, count: int, seed: int) -> list[Array]:
        case = self.error_meter.case
        kinks = [place for kink in case.spec.kinks for place in kink.places]
        found = points(self.name, case.region, [*kinks, *thresholds(case)], count, seed)
        if case.requested_point:
            found = found.after(case.requested_point)
        return self._inside([rounded_to(self.error_meter.fmt, column) for column in found.columns])

    def _inside(self, columns: Sequence[Array]) -> list[Array]:
        """The points that are finite and in the domain, each once."""
        table = np.unique(np.stack(columns, axis=1), axis=0)
        table = table[np.isfinite(table).all(axis=1)]
        found: list[Array] = list(table.T)
        inside = self.error_meter.case.region.holds(found)
        return [column[inside] for column in found]

    def _look(self, columns: Sequence[Array]) -> dict[Point, float]:
        """The errors at these points, which are kept as long as they are among the worst."""
        if not len(columns[0]):
            return {}
        errors = self.error_meter.errors(columns)[self.operand]
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
        """Each climber's best among itself and the candidates around it, with its error."""
        fmt, size = self.error_meter.fmt, len(self.error_meter.inputs)
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
        """The roughly worst points measured in interval arithmetic; the first of them that are truly the worst."""
        ranked = self._ranked()
        if not ranked:
            return Worst(self.operand, None, None, self.looked)
        top = ranked[0][1]
        found: list[Measured] = []
        ill: list[Measured] = []
        for point, rough in ranked[:_MOST_BALLS]:
            if rough * _MARGIN < top and len(found) >= CLIMBERS:
                break
            measured = self.error_meter.measured(point, self.operand)
            if measured is not None:
                (ill if measured.near_root else found).append(measured)
        worst = max((*found, *ill), key=lambda m: (m.local, m.point), default=None)
        worst_ill = max(ill, key=lambda m: (m.ulps, m.point), default=None)
        if worst is not None and worst.local == 0:
            worst = None
        return Worst(self.operand, worst, worst_ill, self.looked, tuple(point for point, _ in ranked[:_KEPT]))
