"""Rational points in order of how simple they are: by height, the largest of all |p| and q.

The simplest fraction of an interval is its first in the Stern-Brocot tree, found by continued fractions; what
is left on its two sides gives the next ones.  So a narrow interval such as (1e-9, 2e-9) is hit at the first step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from heapq import heappop, heappush
from math import floor

End = Fraction | None
"""An open end; None for an infinite one."""


def height(x: Fraction) -> int:
    """max(|p|, q) of the fraction p/q in lowest terms."""
    return max(abs(x.numerator), x.denominator)


def simplest(lo: End, hi: End) -> Fraction:
    """The fraction of least height in the open interval: both its p and its q are minimal.

    Raises ValueError for an interval that is empty.
    """
    if lo is not None and hi is not None and lo >= hi:
        raise ValueError(f"there is no number between {lo} and {hi}")
    if (lo is None or lo < 0) and (hi is None or hi > 0):
        return Fraction(0)
    if lo is None or lo < 0:
        return -_simplest_positive(-hi if hi is not None else Fraction(0), -lo if lo is not None else None)
    return _simplest_positive(lo, hi)


def _simplest_positive(lo: Fraction, hi: End) -> Fraction:
    """For 0 <= lo: an integer if there is one, else n + 1/y with the simplest y."""
    whole = floor(lo)
    if hi is None or whole + 1 < hi:
        return Fraction(whole + 1)
    above = None if lo == whole else 1 / (lo - whole)
    return whole + 1 / _simplest_positive(1 / (hi - whole), above)


def by_height(lo: End, hi: End) -> Iterator[Fraction]:
    """Every fraction of the open interval, simplest first; positive before negative, integers before fractions."""
    waiting: list[tuple[tuple[int, int, bool, int], Fraction, End, End]] = []

    def offer(lo: End, hi: End) -> None:
        x = simplest(lo, hi)
        heappush(waiting, ((height(x), x.denominator, x < 0, abs(x.numerator)), x, lo, hi))

    offer(lo, hi)
    while True:
        _, x, below, above = heappop(waiting)
        yield x
        offer(below, x)
        offer(x, above)


def points_by_height(box: Sequence[tuple[End, End]]) -> Iterator[tuple[Fraction, ...]]:
    """Every rational point of an open box, in order of its largest height, then of the sum of heights."""
    sources = [by_height(lo, hi) for lo, hi in box]
    known: list[list[Fraction]] = [[next(source)] for source in sources]

    def place(index: tuple[int, ...]) -> tuple[int, int, tuple[int, ...]]:
        heights = [height(known[k][i]) for k, i in enumerate(index)]
        return max(heights, default=0), sum(heights), index

    first = (0,) * len(sources)
    waiting, seen = [place(first)], {first}
    while waiting:
        _, _, index = heappop(waiting)
        yield tuple(known[k][i] for k, i in enumerate(index))
        for k, i in enumerate(index):
            if i + 1 == len(known[k]):
                known[k].append(next(sources[k]))
            following = (*index[:k], i + 1, *index[k + 1 :])
            if following not in seen:
                seen.add(following)
                heappush(waiting, place(following))
