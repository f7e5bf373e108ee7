"""Where a user's functions may be called: in the domain and the bounds that the user gave, and nowhere else.

Every check that makes a point of its own would have to ask; so the operation itself does (`verify.subjects.functions`),
and a check that strays is told that nothing was called.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from backproof.verify.numerics.domain import Domain, domain_of
from backproof.verify.numerics.working_range import Bounds
from backproof.verify.terms.term import Condition

_FEW = 16  # coordinates that are compared one by one


class Allowed:
    """The points where a condition holds and each coordinate lies in its bounds.

    An infinity is in a domain that has no end on its side.

    names: of the coordinates, in order; bounds: of some of them
    """

    def __init__(self, condition: Condition, bounds: Bounds, names: Sequence[str]) -> None:
        domain = domain_of(condition, names)
        self.domain: Domain = domain
        everything = -math.inf, math.inf
        pairs = zip(names, domain.intervals, strict=True)
        ends = [(interval, bounds.get(name, everything)) for name, interval in pairs]
        lows = [max(low, -math.inf if i.low == -math.inf else i.floats[0]) for i, (low, _) in ends]
        highs = [min(high, math.inf if i.high == math.inf else i.floats[1]) for i, (_, high) in ends]
        self.ends = tuple(zip(lows, highs, strict=True))
        self.low: NDArray[np.float64] = np.array(lows)
        self.high: NDArray[np.float64] = np.array(highs)
        self._holes = [(k, {float(hole) for hole in i.holes}) for k, (i, _) in enumerate(ends) if i.holes]

    @property
    def is_a_box(self) -> bool:
        """Whether each coordinate has its interval, and nothing else is asked."""
        return self.domain.joint is None and not self._holes

    def admits(self, point: Sequence[float]) -> bool:
        """Whether the functions may be called there."""
        if len(self.ends) <= _FEW:
            if not all(low <= x <= high for x, (low, high) in zip(point, self.ends, strict=True)):
                return False
        elif not bool(np.all((self.low <= point) & (point <= self.high))):
            return False
        if any(point[k] in holes for k, holes in self._holes):
            return False
        joint = self.domain.joint
        return joint is None or (all(map(math.isfinite, point)) and joint(tuple(map(float, point))))

    def stretch(self, start: int, stop: int) -> tuple[float, float]:
        """The bounds that all coordinates from one place to another have in common."""
        return float(self.low[start:stop].max()), float(self.high[start:stop].min())

    def reach(self, point: NDArray[np.float64], direction: NDArray[np.float64]) -> tuple[float, float]:
        """How far one may go against and along a direction until a coordinate leaves its interval."""
        moved = direction != 0
        with np.errstate(all="ignore"):
            to_low = (self.low - point)[moved] / direction[moved]
            to_high = (self.high - point)[moved] / direction[moved]
        up = direction[moved] > 0
        back, ahead = np.where(up, to_low, to_high), np.where(up, to_high, to_low)
        return float(back.max(initial=-math.inf)), float(ahead.min(initial=math.inf))
