"""Search for the worst point: strata over the floats and over the numbers, then hill-climbing in ordinal space.

The strata find the regions where a formula fails, the climb finds the worst float of a region: errors in ULPs are
a rough landscape (each float has its own rounding), so every round draws candidates around the best so far, in a
window that shrinks by four.  What is reported has been measured in balls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import shake_128

import numpy as np

from verify.accuracy.formats import Array, from_ordinals, rounded_to
from verify.accuracy.gauge import Gauge, Measured
from verify.numbers.points import Point, points

STRATA = 1200
CLIMBERS = 6
TRIES = 8  # candidates a climber draws in a round
_MARGIN = 1.05  # a candidate within this factor of the worst is measured in balls, too
_MOST_BALLS = 64


@dataclass(frozen=True)
class Worst:
    """The worst answer for one operand, and the worst near a root of the slope in ULPs of the slope itself.

    looked: at how many points; None where the rule was exact, or nothing could be measured
    """

    operand: int
    worst: Measured | None
    ill: Measured | None
    looked: int


def worst(gauge: Gauge, operand: int = 0, *, strata: int = STRATA, seed: int = 0) -> Worst:
    """The worst point of one operand's slope that the search can find; the same for the same seed."""
    return _Search(gauge, operand, seed).run(strata)


class _Search:
    def __init__(self, gauge: Gauge, operand: int, seed: int) -> None:
        self.gauge, self.operand = gauge, operand
        case = gauge.case
        self.name = f"{case.operation.name} {case.row.case}".strip()
        self.seed = seed
        key = shake_128(f"{seed}/{self.name}/{operand}/{gauge.fmt.name}/search".encode()).digest(16)
        self.random = np.random.Generator(np.random.PCG64(int.from_bytes(key, "little")))
        self.seen: dict[Point, float] = {}
        self.looked = 0

    def run(self, strata: int) -> Worst:
        self._look(self._strata(strata))
        best = [point for point, _ in self._ranked()[:CLIMBERS]]
        window = 2.0 ** (self.gauge.fmt.width - 14)
        while window >= 1 and best:
            best = self._climbed(best, window)
            window /= 4
        return self._confirmed()

    def _strata(self, count: int) -> list[Array]:
        case = self.gauge.case
        corners = [place for corner in case.row.corners for place in corner.places]
        found = points(self.name, case.region, corners, count, self.seed)
        columns = [rounded_to(self.gauge.fmt, column) for column in zip(*found, strict=True)]
        return self._inside(columns)

    def _inside(self, columns: Sequence[Array]) -> list[Array]:
        """The points that are finite and in the domain, each once."""
        table = np.unique(np.stack(columns, axis=1), axis=0)
        table = table[np.isfinite(table).all(axis=1)]
        region = self.gauge.case.region
        kept = [row for row in table.tolist() if tuple(row) in region]
        return list(np.array(kept, dtype=float).reshape(len(kept), len(columns)).T)

    def _look(self, columns: Sequence[Array]) -> None:
        if not len(columns[0]):
            return
        errors = self.gauge.errors(columns)[self.operand]
        self.looked += len(errors)
        for k in np.flatnonzero(~np.isnan(errors)):
            self.seen[tuple(float(column[k]) for column in columns)] = float(errors[k])

    def _ranked(self) -> list[tuple[Point, float]]:
        return sorted(self.seen.items(), key=lambda item: (-item[1], item[0]))

    def _climbed(self, best: list[Point], window: float) -> list[Point]:
        """Each climber's best of its candidates around it, and of itself."""
        fmt, size = self.gauge.fmt, len(self.gauge.inputs)
        centres = np.array([[fmt.ordinal(x) for x in point] for point in best], dtype=np.int64)
        steps = self.random.integers(-int(window), int(window), (len(best), TRIES, size), endpoint=True)
        if size > 1:  # one operand moves, or all of them
            moving = self.random.integers(0, size + 1, (len(best), TRIES, 1))
            steps *= (moving == size) | (moving == np.arange(size))
        end = fmt.ordinal(fmt.largest)
        places = np.clip(centres[:, None, :] + steps, -end, end)
        columns = [from_ordinals(fmt, places[:, :, k].ravel()) for k in range(size)]
        before = dict.fromkeys(self.seen)
        self._look(self._inside(columns))
        drawn = {point: self.seen[point] for point in self.seen if point not in before}
        climbed = []
        for i, point in enumerate(best):
            own = {tuple(float(c[i * TRIES + t]) for c in columns) for t in range(TRIES)}
            candidates = [(self.seen[point], point), *((drawn[p], p) for p in own if p in drawn)]
            climbed.append(max(candidates)[1])
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
        return Worst(self.operand, worst if worst is None or worst.local > 0 else None, worst_ill, self.looked)
