"""Points: where a rule is looked at.  The same seed gives the same points, whatever else is verified.

Every point is a function of (seed, op, operand, index) alone: its random bits are cut from one SHAKE-128
stream an operand.  After the special values come three families in turn, each with one point to a stratum:

strata       the whole range of floats, by ordinal: every stretch of binary exponents gets its share
moderate     2**-40 to 2**40, by ordinal, both signs: each binade where people compute, several times
working      -32 to 32, uniformly

With two operands the strata are paired at random, each met once (a Latin square), the special values on a
grid, and a fourth family holds ties and near ties: equal, opposite, one ULP apart.
"""

from __future__ import annotations

import math
import struct
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from hashlib import shake_128
from itertools import islice, product

from verify.numbers.domain import Domain, Interval
from verify.numbers.ulps import FLOAT64

Point = tuple[float, ...]

WORKING = 32.0
MODERATE = 40
ATTEMPTS = 16  # at a point that the joint condition refuses

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
)
"""Where functions of floats leave their range or their digits."""


def points(
    op: str, domain: Domain, corners: Iterable[Fraction | float] = (), n: int = 1000, seed: int = 0
) -> list[Point]:
    """``n`` points of the domain: special values first (at most half of them), then strata.

    ``corners`` are values of any operand where the operation bends.  Fewer than ``n`` come only where the
    joint condition of the domain leaves little room.
    """
    intervals = domain.intervals
    if n <= 0 or any(first > last for first, last in (i.floats for i in intervals)):
        return []
    special = list(islice(_inside(domain, _special(intervals, tuple(corners))), n // 2))
    return special + _strata(op, domain, n - len(special), seed)


# -------------------------------------------------------------------------------------------- special values


def _inside(domain: Domain, candidates: Iterable[Point]) -> Iterator[Point]:
    """The candidates in the domain, each once; 0.0 and -0.0 are two."""
    seen: set[bytes] = set()
    for point in candidates:
        bits = struct.pack(f"{len(point)}d", *point)
        if bits not in seen and point in domain:
            seen.add(bits)
            yield point


def _special(intervals: Sequence[Interval], corners: Sequence[Fraction | float]) -> Iterator[Point]:
    """Edges, corners and landmarks; for several operands their grid, the plainest values first."""
    if len(intervals) == 1:
        yield from ((x,) for x in _notable(intervals[0], corners))
        return
    yield from product(*(islice(_notable(i, corners), 12) for i in intervals))
    plain = [(*i.edges, *corners, 0.0, *(s * x for x in LANDMARKS for s in (1, -1))) for i in intervals]
    for values in zip(*map(_as_floats, plain), strict=False):  # each landmark against 1, 0 and itself
        yield values
        for k, x in enumerate(values):
            yield from ((*(other,) * k, x, *(other,) * (len(values) - k - 1)) for other in (1.0, -1.0, 0.0))


def _notable(interval: Interval, corners: Sequence[Fraction | float]) -> Iterator[float]:
    """Edges and corners with their neighbours, both zeros, then the landmarks with theirs."""
    for x in _as_floats((*interval.edges, *corners)):
        yield from (x, FLOAT64.step(x, 1), FLOAT64.step(x, -1))
    yield from interval.floats
    yield from (0.0, -0.0, 1.0, -1.0, FLOAT64.smallest, -FLOAT64.smallest)
    for edge in interval.edges:  # where a difference from the edge cancels: 1 - x*x for x near 1
        yield from (float(edge * (1 + s * Fraction(1, 2**k))) for k in (10, 20, 30, 40) for s in (1, -1) if edge)
    for x in LANDMARKS:
        for near in (x, FLOAT64.step(x, 1), FLOAT64.step(x, -1)):
            yield from (near, -near)


def _as_floats(values: Iterable[Fraction | float]) -> Iterator[float]:
    """Each value as the nearest float, and as both neighbours of a value that no float is."""
    for value in values:
        try:
            x = float(value)
        except OverflowError:
            continue
        yield x
        if x != value:
            yield FLOAT64.step(x, 1 if x < value else -1)


# --------------------------------------------------------------------------------------------------- strata


def _strata(op: str, domain: Domain, count: int, seed: int) -> list[Point]:
    """``count`` points, one to a stratum; a refused one is drawn again, its strata paired anew."""
    found: list[Point | None] = [None] * count
    missing: Sequence[int] = range(count)
    for attempt in range(ATTEMPTS):
        drawn = _draw(op, domain.intervals, count, seed, attempt)
        for i in missing:
            if drawn[i] in domain:
                found[i] = drawn[i]
        missing = [i for i in missing if found[i] is None]
        if not missing:
            break
    return [point for point in found if point is not None]


def _draw(op: str, intervals: Sequence[Interval], count: int, seed: int, attempt: int) -> list[Point]:
    """Point i is of family i mod 3 (or 4), in stratum i div 3 (or 4) of the first operand."""
    ways = 3 if len(intervals) == 1 else 4
    size = -(-count // ways)
    columns: list[list[float]] = []
    for operand, interval in enumerate(intervals):
        bits = _stream(seed, op, operand, attempt, count)
        strata = _shuffled(size, operand, attempt)
        column = [0.0] * count
        for family, values in enumerate((_whole_range(interval), _moderate(interval), _working(interval))):
            column[family::ways] = values(strata, bits[family::ways], size)
        if ways == 4 and operand == 0:
            column[3::4] = _moderate(interval)(strata, bits[3::4], size)
        elif ways == 4:
            column[3::4] = _near_ties(columns[0][3::4], interval, attempt)
        columns.append(column)
    return list(zip(*columns, strict=True))


def _near_ties(others: list[float], interval: Interval, attempt: int) -> list[float]:
    """Equal, one ULP above and below, opposite, and opposite but for an ULP, in turn."""
    ties = []
    for i, x in enumerate(others, attempt):
        tie = FLOAT64.step(x if i % 6 < 3 else -x, (0, 1, -1)[i % 3])
        ties.append(tie if tie in interval else x)
    return ties


Family = Callable[[Sequence[int], Sequence[int], int], list[float]]
"""One float for each (stratum, 64 random bits), the strata being ``size`` in all."""


def _by_ordinal(ranges: Sequence[tuple[int, int]]) -> Family:
    """Uniform over the floats in one or two ranges of ordinals, ends included."""
    (start, bend), *second = ranges
    gap = second[0][0] - bend - 1 if second else 0
    total = sum(last - first + 1 for first, last in ranges)

    def values(strata: Sequence[int], bits: Sequence[int], size: int) -> list[float]:
        patterns = []
        for stratum, r in zip(strata, bits, strict=False):
            ordinal = start + (stratum * total + (r * total >> 64)) // size
            if ordinal > bend:
                ordinal += gap
            patterns.append(ordinal if ordinal >= 0 else _SIGN - ordinal)
        return list(struct.unpack(f"<{len(patterns)}d", struct.pack(f"<{len(patterns)}Q", *patterns)))

    return values


_SIGN = 1 << 63


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

    def values(strata: Sequence[int], bits: Sequence[int], size: int) -> list[float]:
        width = (high - low) / size
        return [
            min(max(low + width * (stratum + r * 2.0**-64), low), high)
            for stratum, r in zip(strata, bits, strict=False)
        ]

    return values


@lru_cache(maxsize=512)
def _stream(seed: int, op: str, operand: int, attempt: int, count: int) -> tuple[int, ...]:
    """``count`` numbers of 64 random bits; a longer stream begins with the shorter one."""
    name = f"{seed}/{op}/{operand}/{attempt}".encode()
    return struct.unpack(f"<{count}Q", shake_128(name).digest(8 * count))


@lru_cache(maxsize=64)
def _shuffled(size: int, operand: int, attempt: int) -> tuple[int, ...]:
    """The strata in the order of the Latin square: as they come for operand 0 at first, else at random."""
    if operand == attempt == 0:
        return tuple(range(size))
    keys = _stream(0, "order", operand, attempt, size)
    return tuple(sorted(range(size), key=keys.__getitem__))
