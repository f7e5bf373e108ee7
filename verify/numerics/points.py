"""Points: where a rule is evaluated.  The same seed gives the same points, whatever else is verified.

Every point is a function of (seed, op, operand, index) alone: its random bits are cut from one SHAKE-128
stream per operand.  After the special values come three families in turn, each with one point per stratum:

strata       the whole range of floats, by ordinal: every stretch of binary exponents gets its share
moderate     2**-40 to 2**40, by ordinal, both signs: each commonly used binade, several times
working      -32 to 32, uniformly

With two operands the strata are paired at random, each met once (a Latin square), the special values on a
grid, and a fourth family holds ties and near ties: equal, opposite, one ULP apart.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from functools import cached_property, lru_cache, partial
from hashlib import shake_128
from itertools import islice, product
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arithmetics.ulps import FLOAT64
from backproof.verify.numerics.domain import Domain, Interval
from backproof.verify.support.chunks import by_pieces

Point = tuple[float, ...]
Column = NDArray[np.float64]
Places = NDArray[np.int64]
Bits = NDArray[np.uint64]

WORKING = 32.0
MODERATE = 40
MOST_TRIED = 50_000  # special values of several operands, where the domain lets few of them in
PLAIN = 4096  # of the plainest points, sorted once for all callers that need a few
ATTEMPTS = 16  # at a point that the joint condition rejects

_FLOATS = sys.float_info
LANDMARKS = (
    *(1.0, _FLOATS.max, FLOAT64.smallest, _FLOATS.min),  # one, the largest, the smallest, the smallest normal
    *(math.log(_FLOATS.max), math.log(2) - math.log(FLOAT64.smallest)),  # where exp overflows, underflows
    *(math.log(_FLOATS.max) / 2, -math.log(FLOAT64.smallest) / 2),  # ... exp(2x), and cosh(x)**2
    *(math.sqrt(_FLOATS.max), math.sqrt(FLOAT64.smallest)),  # where x*x overflows, and underflows
    *(math.cbrt(_FLOATS.max), math.cbrt(FLOAT64.smallest)),  # ... and x*x*x
    *(math.sqrt(-math.log(FLOAT64.smallest)), math.sqrt(math.log(_FLOATS.max))),  # exp(-x*x), exp(x*x)
    *(1 / _FLOATS.max, _FLOATS.max / 2),  # where 1/x, where x + x overflows
    *(_FLOATS.epsilon, 1 / _FLOATS.epsilon),  # where 1 + x loses x, where x + 1 loses 1
    *(-math.log(_FLOATS.epsilon), -math.log(_FLOATS.epsilon) / 2),  # ... where sigmoid and tanh saturate
    FLOAT64.smallest * 2**26,  # half of a subnormal's bits
    # where exp(-x) is the smallest normal number; where it has lost digits, and x·exp(-x) is a normal number again
    *(-math.log(_FLOATS.min), -math.log(_FLOATS.min) + 5),
)
"""Where functions of floats overflow, underflow or lose digits."""


class Points(Sequence[Point]):
    """Points, kept as one column of floats per operand: a million of them take sixteen megabytes, not two hundred."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = tuple(columns)

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    @overload
    def __getitem__(self, index: int) -> Point: ...
    @overload
    def __getitem__(self, index: slice) -> list[Point]: ...
    def __getitem__(self, index: int | slice) -> Point | list[Point]:
        if isinstance(index, slice):
            return list(zip(*(column[index].tolist() for column in self.columns), strict=True))
        return tuple([column.item(index) for column in self.columns])

    def __iter__(self) -> Iterator[Point]:
        return iter(self[:])

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, Sequence) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # equal to a list of the same points

    def __repr__(self) -> str:
        return repr(list(self))

    @cached_property
    def digits(self) -> NDArray[np.int16]:
        """Bits of each point, its coordinates written as fractions: points with few bits are easy to check by hand."""
        bits = [by_pieces(bits_of_fraction, np.int16, column) for column in self.columns]
        total: NDArray[np.int16] = np.add.reduce(bits)
        return total

    def plainest(self, most: int | None = None, among: NDArray[np.bool_] | None = None) -> Places:
        """The places of the points (``among`` these), simplest to check by hand first; ``most`` of them."""
        if most is not None:
            first = self._plainest if among is None else self._plainest[among[self._plainest]]
            if most <= len(first):
                return first[:most]
        places = np.arange(len(self)) if among is None else np.flatnonzero(among)
        return places[np.argsort(self.digits[places], kind="stable")[:most]]

    @cached_property
    def _plainest(self) -> Places:
        """The `PLAIN` plainest of all points: enough for most callers."""
        digits = self.digits
        if len(digits) <= PLAIN:
            return np.argsort(digits, kind="stable")
        plain = np.flatnonzero(digits <= np.partition(digits, PLAIN)[PLAIN])
        return plain[np.argsort(digits[plain], kind="stable")[:PLAIN]]

    def after(self, first: Point) -> Points:
        """The same points with another one before them."""
        return Points([np.concatenate(([x], column)) for x, column in zip(first, self.columns, strict=True)])

    def and_also(self, others: Points) -> Points:
        """The same points, and after them those of the others that are not among them."""
        known = set(self) if len(self) <= PLAIN else set()
        new = [place for place in others if place not in known]
        more = zip(*new, strict=True) if new else [()] * len(self.columns)
        both = zip(self.columns, more, strict=True)
        return Points([np.concatenate((column, np.array(x, dtype=float))) for column, x in both])

    def where(self, chosen: NDArray[Any]) -> Points:
        """The points that a mask or an array of places chooses."""
        return Points([column[chosen] for column in self.columns])


def points(
    op: str, domain: Domain, kinks: Iterable[Fraction | float] = (), n: int = 1000, seed: int = 0
) -> Points:
    """``n`` points of the domain: special values first (at most half of them), then strata.

    ``kinks`` are values of any operand where the operation has a kink.  Fewer than ``n`` are returned only where the
    joint condition of the domain leaves little room.
    """
    intervals = domain.intervals
    if n <= 0 or any(first > last for first, last in (i.floats for i in intervals)):
        return Points([np.empty(0)] * len(intervals))
    special = _special(domain, tuple(kinks), n // 2)
    strata = _strata(op, domain, n - len(special[0]), seed)
    return Points([np.concatenate(both) for both in zip(special, strata, strict=True)])


def bits_of_fraction(x: Column) -> NDArray[np.int16]:
    """Bits of numerator and denominator together of each float, written as the fraction that it is."""
    fraction, exponent = np.frexp(np.where(np.isfinite(x), x, 0.0))
    whole = np.ldexp(fraction, 53).astype(np.int64)
    lowest = np.frexp((whole & -whole).astype(float))[1] - 1  # the place of the last bit that is set
    bits = (53 - lowest) + abs(exponent - 53 + lowest) + 1
    return np.where(x == 0, 1, bits).astype(np.int16)


# -------------------------------------------------------------------------------------------- special values


def _special(domain: Domain, kinks: tuple[Fraction | float, ...], most: int) -> list[Column]:
    """The first ``most`` of the candidates that are in the domain; of many operands there are millions."""
    limit = 1024
    while True:
        columns, exhausted = _tabled(domain.intervals, kinks, limit)
        chosen = np.flatnonzero(domain.holds(columns))[:most]
        if exhausted or len(chosen) == most or limit > MOST_TRIED:
            return [column[chosen] for column in columns]
        limit *= 4


@lru_cache(maxsize=256)
def _tabled(
    intervals: tuple[Interval, ...], kinks: tuple[Fraction | float, ...], limit: int
) -> tuple[tuple[Column, ...], bool]:
    """So many candidates, each once (0.0 and -0.0 are distinct), as one column per operand; and whether that is all."""
    table = np.array(list(islice(_candidates(intervals, kinks), limit)), dtype=float)
    patterns = np.ascontiguousarray(table).view(np.uint64)
    _, first = np.unique(patterns, axis=0, return_index=True)
    return tuple(table[np.sort(first)].T.copy()), len(table) < limit


def _candidates(intervals: Sequence[Interval], kinks: Sequence[Fraction | float]) -> Iterator[Point]:
    """Edges, kinks and landmarks.

    For several operands the grid of their notable values, the plainest first, then landmark against landmark.
    """
    if len(intervals) == 1:
        yield from ((x,) for x in _notable(intervals[0], kinks))
        return
    yield from product(*(islice(_notable(i, kinks), 12) for i in intervals))
    plain = [(*i.edges, *kinks, 0.0, *(s * x for x in LANDMARKS for s in (1, -1))) for i in intervals]
    for values in zip(*map(_as_floats, plain), strict=False):  # each landmark against 1, 0 and itself
        yield values
        for k, x in enumerate(values):
            yield from ((*(other,) * k, x, *(other,) * (len(values) - k - 1)) for other in (1.0, -1.0, 0.0))


def _notable(interval: Interval, kinks: Sequence[Fraction | float]) -> Iterator[float]:
    """Edges and kinks with their neighbours, both zeros, then the landmarks with theirs."""
    for x in _as_floats((*interval.edges, *kinks)):
        yield from (x, FLOAT64.step(x, 1), FLOAT64.step(x, -1))
    yield from interval.floats
    yield from (0.0, -0.0, 1.0, -1.0, FLOAT64.smallest, -FLOAT64.smallest)
    for edge in interval.edges:  # where a difference from the edge cancels: 1 - x*x for x near 1
        yield from (float(edge * (1 + s * Fraction(1, 2**k))) for k in (10, 20, 30, 40) for s in (1, -1) if edge)
    for x in LANDMARKS:
        for near in (x, FLOAT64.step(x, 1), FLOAT64.step(x, -1)):
            yield from (near, -near)


def _as_floats(values: Iterable[Fraction | float]) -> Iterator[float]:
    """Each value as the nearest float, and as both neighbours of a value that is not a float."""
    for value in values:
        try:
            x = float(value)
        except OverflowError:
            continue
        yield x
        if x != value:
            yield FLOAT64.step(x, 1 if x < value else -1)


# --------------------------------------------------------------------------------------------------- strata

def _strata(op: str, domain: Domain, count: int, seed: int) -> list[Column]:
    """``count`` points, one per stratum; a rejected one is drawn again, its strata paired anew."""
    found = _draw(op, domain.intervals, count, seed, 0)
    missing: Places = np.flatnonzero(~domain.holds(found))
    for attempt in range(1, ATTEMPTS):
        if not len(missing):
            return found
        drawn = [column[missing] for column in _draw(op, domain.intervals, count, seed, attempt)]
        inside = domain.holds(drawn)
        for whole, column in zip(found, drawn, strict=True):
            whole[missing[inside]] = column[inside]
        missing = missing[~inside]
    kept = np.ones(count, dtype=bool)
    kept[missing] = False
    return [column[kept] for column in found]


def _draw(op: str, intervals: Sequence[Interval], count: int, seed: int, attempt: int) -> list[Column]:
    """Point i is of family i mod 3 (or 4), in stratum i div 3 (or 4) of the first operand."""
    ways = 3 if len(intervals) == 1 else 4
    size = -(-count // ways)
    columns: list[Column] = []
    for operand, interval in enumerate(intervals):
        bits = _stream(seed, op, operand, attempt, count)
        strata = _shuffled(size, operand, attempt)
        families = [_whole_range(interval), _moderate(interval), _working(interval)]
        if ways == 4 and operand == 0:
            families.append(_moderate(interval))
        column = np.empty(count)
        for family, values in enumerate(families):
            chosen = bits[family::ways]
            column[family::ways] = by_pieces(partial(values, size), float, strata[: len(chosen)], chosen)
        if ways == 4 and operand:
            column[3::4] = _near_ties(columns[0][3::4], interval, attempt)
        columns.append(column)
    return columns


def _near_ties(others: Column, interval: Interval, attempt: int) -> Column:
    """Equal, one ULP above and below, opposite, and opposite but for an ULP, in turn."""
    turn = np.arange(attempt, attempt + len(others))
    facing = np.where(turn % 6 < 3, others, -others)
    last = FLOAT64.ordinal(FLOAT64.largest)
    ties = _from_ordinals(np.clip(_ordinals(facing) + np.array([0, 1, -1])[turn % 3], -last, last))
    return np.where(interval.holds(ties), ties, others)


Family = Callable[[int, Places, Bits], Column]
"""One float for each (stratum, 64 random bits), the strata being ``size`` in all."""


def _by_ordinal(ranges: Sequence[tuple[int, int]]) -> Family:
    """Uniform over the floats in one or two ranges of ordinals, ends included."""
    (start, bend), *second = ranges
    gap = second[0][0] - bend - 1 if second else 0
    total = sum(last - first + 1 for first, last in ranges)

    def values(size: int, strata: Places, bits: Bits) -> Column:
        """The ordinal at place stratum·total/size + bits·total/size/2**64 of the ranges, in exact integers."""
        each, rest = divmod(total, size)
        within = strata.astype(np.uint64) * np.uint64(rest) + _upper_product(bits, total)
        place = strata.astype(np.uint64) * np.uint64(each) + within // np.uint64(size)
        ordinals = place.view(np.int64) + np.int64(start)  # intermediate wrap-around is harmless
        return _from_ordinals(ordinals + np.where(ordinals > bend, np.int64(gap), np.int64(0)))

    return values


def _upper_product(bits: Bits, factor: int) -> Bits:
    """The upper 64 bits of bits·factor, by halves of 32 bits."""
    half, low = np.uint64(32), np.uint64(2**32 - 1)
    a, b = bits >> half, bits & low
    c, d = np.uint64(factor >> 32), np.uint64(factor & (2**32 - 1))
    middle = (b * d >> half) + (a * d & low) + (b * c & low)
    upper: Bits = a * c + (a * d >> half) + (b * c >> half) + (middle >> half)
    return upper


_SIGN = np.int64(-(2**63))


def _ordinals(x: Column) -> Places:
    """The place of each float among the floats: 0 for ±0, odd in x (`Format.ordinal`, for columns)."""
    patterns = np.ascontiguousarray(x).view(np.int64)
    return np.where(patterns >= 0, patterns, _SIGN - patterns)


def _from_ordinals(places: Places) -> Column:
    """The float at each place."""
    return np.where(places >= 0, places, _SIGN - places).view(np.float64)


def _clipped(interval: Interval, ranges: Iterable[tuple[float, float]]) -> list[tuple[int, int]]:
    first, last = interval.floats
    cut = ((max(low, first), min(high, last)) for low, high in ranges)
    return [(FLOAT64.ordinal(low), FLOAT64.ordinal(high)) for low, high in cut if low <= high]


@lru_cache(maxsize=256)
def _whole_range(interval: Interval) -> Family:
    return _by_ordinal(_clipped(interval, [(-FLOAT64.largest, FLOAT64.largest)]))


@lru_cache(maxsize=256)
def _moderate(interval: Interval) -> Family:
    near, far = 2.0**-MODERATE, 2.0**MODERATE
    ranges = _clipped(interval, [(-far, -near), (near, far)])
    return _by_ordinal(ranges) if ranges else _whole_range(interval)


@lru_cache(maxsize=256)
def _working(interval: Interval) -> Family:
    first, last = interval.floats
    low, high = max(first, -WORKING), min(last, WORKING)
    if not low < high:
        return _whole_range(interval)

    def values(size: int, strata: Places, bits: Bits) -> Column:
        width = (high - low) / size
        return np.clip(low + width * (strata + bits * 2.0**-64), low, high)

    return values


@lru_cache(maxsize=16)
def _stream(seed: int, op: str, operand: int, attempt: int, count: int) -> Bits:
    """``count`` numbers of 64 random bits; a longer stream begins with the shorter one."""
    name = f"{seed}/{op}/{operand}/{attempt}".encode()
    return np.frombuffer(shake_128(name).digest(8 * count), dtype="<u8").astype(np.uint64)


@lru_cache(maxsize=16)
def _shuffled(size: int, operand: int, attempt: int) -> Places:
    """The strata in the order of the Latin square: in sequence for operand 0 at first, else at random."""
    if operand == attempt == 0:
        return np.arange(size)
    return np.argsort(_stream(0, "order", operand, attempt, size), kind="stable")
