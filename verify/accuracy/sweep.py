"""A sweep: a one-operand rule at every number of a format, chunk by chunk, on as many cores as there are.

A chunk is a range of ordinals.  Where balls show that the true slope has no normal number in all of the chunk the
rule is only run, to see that it gives numbers.  Elsewhere the reference is the mirror's stable form in float64, which
for a smaller format is exact to a millionth of an ULP: it picks the worst points and those near the budget, and balls
measure them.  It is itself held against balls at points of every chunk; where it is not good enough, or the slope has
a root nearby, the double-double tier of the gauge takes its place.  What is written down of a chunk depends on the
chunk alone, so a sweep gives the same bytes however it was cut into processes, stopped and taken up again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from flint import arb, ctx
from numpy.typing import NDArray

from verify.accuracy.conditioning import AROUND
from verify.accuracy.evaluate import evaluate
from verify.accuracy.formats import Array, Runner, format_named, from_ordinals, runner
from verify.accuracy.gauge import Gauge, Measured
from verify.case import Case
from verify.harness import Options, Subject
from verify.kinds.arrays import ARRAYS
from verify.numbers.ulps import Format
from verify.trace.balls import BallProgram
from verify.trace.term import Term

BLOCK = 1 << 13  # numbers at a time: what the processor's caches hold of some dozens of arrays
_WITNESSES = 16  # points of a chunk at which the reference is held against balls
_PIECES = 64  # of a chunk, to see whether the slope keeps its sign there
_AGREE = 2.0**-10  # ULPs between the reference and the balls
_NEAR = 4 * _AGREE  # errors this close to the budget are measured in balls
_CONFIRMED = 4  # the worst points of a chunk, measured in balls


@dataclass(frozen=True)
class Job:
    """What is swept: enough for another process to find it again.

    subject: "" for our own engine, else package.module:Class; which: the place among the operation's rows
    """

    subject: str
    op: str
    which: int
    dtype: str
    budget: float


@dataclass(frozen=True)
class Record:
    """What a chunk gave.

    judged: numbers in the domain whose slope is a normal number; beyond: those of them past the budget;
    nans: answers that are no number, anywhere in the domain; place: the ordinal of the worst, None if there is none
    """

    chunk: int
    judged: int = 0
    beyond: int = 0
    nans: int = 0
    ulps: float = 0.0
    place: int | None = None

    def worse(self, other: Record) -> Record:
        """The one with the larger error; of two equal ones that which comes first."""
        return max((self, other), key=lambda r: (r.ulps, -r.chunk))


def chunk_size(fmt: Format) -> int:
    """Ordinals in a chunk: some seconds of work, and always more than one chunk."""
    return 1 << (22 if fmt.width > 16 else 12)


def chunks(fmt: Format, size: int) -> int:
    """How many chunks the finite numbers of a format make."""
    return -(-(2 * fmt.ordinal(fmt.largest) + 1) // size)


def subject_of(spec: str) -> Subject:
    """The engine that a job means."""
    if not spec:
        from verify.subjects.values import own_engine

        return own_engine()
    from verify.subjects.foreign import discovered
    from verify.subjects.load import place_of

    return discovered(place_of(spec))


@lru_cache(maxsize=8)
def _sweeper(job: Job) -> Sweeper:
    cases = [pair for pair in subject_of(job.subject).operations() if pair[0].name == job.op]
    return Sweeper(Case(*cases[job.which], Options()), format_named(job.dtype), job.budget)


def swept(job: Job, chunk: int) -> Record:
    """One chunk of a job, in whatever process this is."""
    sweeper = _sweeper(job)
    return sweeper.chunk(chunk, chunk_size(sweeper.fmt))


class Sweeper:
    """Sweeps one case in one format."""

    def __init__(self, case: Case, fmt: Format, budget: float) -> None:
        self.case, self.fmt, self.budget = case, fmt, budget
        self.gauge = Gauge(case, fmt)
        self.run: Runner = runner(case.operation, fmt)
        self.slopes = BallProgram(case.slopes, case.row.inputs)
        self.corners = [float(place) for corner in case.row.corners for place in corner.places]

    def chunk(self, chunk: int, size: int) -> Record:
        """Everything about the numbers of one chunk."""
        end = self.fmt.ordinal(self.fmt.largest)
        first = -end + chunk * size
        last = min(first + size - 1, end)
        low, high = self.fmt.from_ordinal(first), self.fmt.from_ordinal(last)
        total = Record(chunk)
        if self._never_normal(low, high):
            for column in self._blocks(first, last):
                total = self._added(total, nans=self._nans(column))
            return total
        careful = self._root_near(low, high) or not self._trusted(first, last)
        worst: list[tuple[float, float]] = []
        for column in self._blocks(first, last):
            errors, nans = self._errors(column, careful)
            if not len(errors):
                continue
            top, beyond = float(errors.max()), 0
            if top > self.budget - _NEAR:  # which side of the budget they are on is for the balls to say
                for k in np.flatnonzero(abs(errors - self.budget) < _NEAR):
                    measured = self.gauge.measured((float(column[k]),), 0)
                    errors[k] = -1.0 if measured is None else measured.local
                beyond = int(np.count_nonzero(errors > self.budget))
            total = self._added(total, judged=int(np.count_nonzero(errors >= 0)), beyond=beyond, nans=nans)
            if len(worst) < _CONFIRMED or top > worst[-1][0]:
                worst = _roughest(worst, errors, column)
        return self._confirmed(total, [x for _, x in worst])

    @staticmethod
    def _added(total: Record, *, judged: int = 0, beyond: int = 0, nans: int = 0) -> Record:
        return Record(total.chunk, total.judged + judged, total.beyond + beyond, total.nans + nans)

    def _blocks(self, first: int, last: int) -> Iterator[Array]:
        """The numbers, some at a time: a sweep's memory does not grow."""
        for start in range(first, last + 1, BLOCK):
            yield self.block(start, min(start + BLOCK - 1, last))

    def block(self, first: int, last: int) -> Array:
        """The numbers from ordinal to ordinal that are in the domain; -0.0 beside 0.0."""
        column = _numbers(self.fmt, first, last)
        if first <= 0 <= last:
            column = np.append(column, -0.0)
        region = self.case.region
        low, high = region.intervals[0].floats
        if low > column[0] or high < column[-1] or first <= 0 <= last:
            column = column[(column >= low) & (column <= high)]
        if region.joint is not None or region.intervals[0].holes:
            column = np.array([x for x in column.tolist() if (x,) in region])
        for corner in self.corners:
            if len(column) and column[0] <= corner <= column[-1]:
                column = column[column != corner]
        return column

    # ------------------------------------------------------------------------------------ what balls say of a chunk

    def _slope_around(self, low: float, high: float) -> arb:
        with ctx.workprec(64):
            return self.slopes(arb(low).union(arb(high)))[0]

    def _never_normal(self, low: float, high: float) -> bool:
        slope = self._slope_around(low, high)
        return bool(slope.is_finite() and slope.abs_upper() < self.fmt.smallest_normal and not slope.is_zero())

    def _root_near(self, low: float, high: float) -> bool:
        """Whether the slope may change sign within the reach in which that would count."""
        reach = [x * (1 + s * AROUND) for x in (low, high) for s in (-1, 1)]
        ends = np.linspace(min(reach), max(reach), _PIECES + 1).tolist()
        signs = [self._slope_around(*pair) for pair in pairwise(ends)]
        return not (all(s >= 0 for s in signs) or all(s <= 0 for s in signs))

    def _trusted(self, first: int, last: int) -> bool:
        """The float64 reference agrees with balls at points spread over the chunk, ends included."""
        places = sorted({first + (last - first) * k // (_WITNESSES - 1) for k in range(_WITNESSES)})
        column = from_ordinals(self.fmt, np.array(places))
        column = np.array([x for x in column.tolist() if (x,) in self.case.region and x not in self.corners])
        if not len(column):
            return True
        rough, _ = self._errors(column, careful=False)
        for x, error in zip(column.tolist(), rough.tolist(), strict=True):
            measured = self.gauge.measured((x,), 0)
            if measured is None or not math.isfinite(measured.ulps):
                continue
            if not abs(measured.ulps - error) <= _AGREE * max(1.0, measured.ulps):
                return False
        return True

    # ------------------------------------------------------------------------------------------------ a block

    def _nans(self, column: Array) -> int:
        return int(np.isnan(self.run([column]).slopes[0]).sum()) if len(column) else 0

    def _errors(self, column: Array, careful: bool) -> tuple[Array, int]:
        """The errors as `Gauge.errors` has them, -1 for its NaN, and how many answers are no number."""
        if not len(column):
            return column, 0
        if careful:
            errors = self.gauge.errors([column])[0]
            return np.where(np.isnan(errors), -1.0, errors), self._nans(column)
        out, (slopes,) = self.run([column])
        least, most = self.fmt.smallest_normal, self.fmt.largest
        with np.errstate(all="ignore"):
            exact = _float64(self.case.slopes[0], column)
            size = abs(exact)
            errors = slopes - exact
            np.abs(errors, out=errors)
            errors /= self._ulp(size)
            nans = 0
            if not errors.max() < math.inf:  # an answer is no number, or infinite; or the truth overflows
                nans = int(np.count_nonzero(np.isnan(slopes)))
                errors[~np.isfinite(slopes)] = math.inf
            if not (size.min() >= least and size.max() <= most):
                errors[~(((size >= least) & (size <= most)) | (size == 0))] = -1.0
            out = abs(out)
            if not (out.min() >= least and out.max() <= most):
                errors[~((out <= most) & ((out >= least) | (out == 0)))] = -1.0
        return errors, nans

    def _ulp(self, size: Array) -> Array:
        """The ULP at each size: its power of two, read from the bits of the float64."""
        spacing: Array = (size.view(np.int64) & np.int64(0x7FF << 52)).view(np.float64)
        np.maximum(spacing, self.fmt.smallest_normal, out=spacing)
        spacing *= 2.0 ** (1 - self.fmt.precision)
        return spacing

    def _confirmed(self, total: Record, places: Sequence[float]) -> Record:
        """The record with its worst point, measured in balls."""
        found = [m for x in places if (m := self.gauge.measured((x,), 0)) is not None]
        worst: Measured | None = max(found, key=lambda m: (m.local, -self.fmt.ordinal(m.point[0])), default=None)
        if worst is None or worst.local == 0:
            return total
        place = self.fmt.ordinal(worst.point[0])
        return Record(total.chunk, total.judged, total.beyond, total.nans, worst.local, place)


def _numbers(fmt: Format, first: int, last: int) -> Array:
    """The format's numbers from ordinal to ordinal."""
    if fmt.name == "float32" and first * last > 0:  # by their bits, which are the ordinals
        sizes = np.arange(abs(first), abs(last) + 1) if first > 0 else np.arange(-first, -last - 1, -1)
        column = sizes.astype(np.uint32).view(np.float32).astype(float)
        return column if first > 0 else -column
    return from_ordinals(fmt, np.arange(first, last + 1))


def _roughest(worst: list[tuple[float, float]], errors: Array, column: Array) -> list[tuple[float, float]]:
    """The few largest errors so far, and where; of equal ones those that come first."""
    top: NDArray[np.intp] = np.argsort(-errors, kind="stable")[:_CONFIRMED]
    found = [*worst, *((float(errors[k]), float(column[k])) for k in top if errors[k] >= 0)]
    return sorted(found, key=lambda pair: (-pair[0], pair[1]))[:_CONFIRMED]


def _float64(slope: Term, column: Array) -> Array:
    """The true slope in float64; an outermost `where` that all points agree on is settled first."""
    while slope.op == "where":
        holds = np.broadcast_to(evaluate((slope.args[0],), {"x": column}, ARRAYS)[0], column.shape)
        if holds.all():
            slope = slope.args[1]
        elif not holds.any():
            slope = slope.args[2]
        else:
            break
    values: Array = np.asarray(evaluate((slope,), {"x": column}, ARRAYS)[0], dtype=float)
    return values if values.shape == column.shape else np.full(column.shape, values)
