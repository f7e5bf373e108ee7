"""A sweep: a one-operand rule at every number of a format, chunk by chunk, on as many cores as there are.

A chunk is a range of ordinals, and the rule is run at every number of it.  What its answers are held against comes
piece by piece, a piece being a chunk or a part of one:

nothing       where balls show that all slopes are far beyond the largest number: the rule must give numbers, no more
a polynomial  the slope to 2**-12 ULP, as balls prove for the whole piece (`verify.accuracy.taylor`)
the gauge     double-double with its own bound, and balls where that cannot decide; for the few blocks on which the
              slope branches, crosses a binade or has a root, and wherever a polynomial finds a root's neighbours rough

Slopes below the normal numbers are judged by themselves, in ULPs of theirs: units of the smallest number.  No budget
refers to these, but an answer that is off by a normal number is wrong there, too.

The screen picks; balls measure the worst points of a chunk and all within 2**-10 ULP of the budget.  What is written
down of a chunk depends on the chunk alone, so a sweep gives the same bytes however it was cut into processes, stopped
and taken up again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from flint import arb, ctx
from numpy.typing import NDArray

from verify.accuracy.conditioning import AROUND, NOTEWORTHY
from verify.accuracy.formats import Array, Numbers, format_named, from_ordinals, unwidened
from verify.accuracy.gauge import Gauge, Measured
from verify.accuracy.taylor import Nowhere, Polynomial, Slope
from verify.case import Case
from verify.numbers.ulps import Format
from verify.options import Options
from verify.subjects.subject import Subject
from verify.trace.balls import BallProgram

BLOCK = 1 << 15  # numbers at a time: what the processor's caches hold of a few arrays
_SIGNS = 64  # parts of a piece, to see whether the slope keeps its sign there
_ENOUGH = 2.0**-12  # ULPs between a slope and its polynomial
_NEAR = 4 * _ENOUGH  # errors this close to a limit are measured with more care
_CONFIRMED = 4  # the worst points of a chunk, measured in balls

Model = Polynomial | Nowhere | None
"""What a rule's answers on a piece are held against; None: the gauge."""


@dataclass(frozen=True)
class Job:
    """What is swept: enough for another process to find it again.

    subject: "" for our own engine, else package.module:Class; which: the place among the operation's rows
    order: 2 for the derivative of the rule itself
    """

    subject: str
    op: str
    which: int
    dtype: str
    budget: float
    order: int = 1


@dataclass(frozen=True)
class Record:
    """What a chunk gave.

    judged: numbers in the domain whose slope is a normal number; beyond: those of them past the budget;
    nans: answers that are no number, anywhere in the domain; place: the ordinal of the worst, None if there is none
    subnormal: numbers whose slope is below the normal ones, though not 0; with the worst of these and its place
    """

    chunk: int
    judged: int = 0
    beyond: int = 0
    nans: int = 0
    ulps: float = 0.0
    place: int | None = None
    subnormal: int = 0
    subnormal_ulps: float = 0.0
    subnormal_place: int | None = None

    def within(self, budget: float, fmt: Format) -> bool:
        """All stays within the budget, and no answer is off by a normal number where the slope is below these."""
        return self.ulps <= budget and self.subnormal_ulps < 2.0 ** (fmt.precision - 1)


def chunk_size(fmt: Format) -> int:
    """Ordinals in a chunk: some seconds of work, and always more than one chunk."""
    return 1 << (22 if fmt.width > 16 else 12)


def chunks(fmt: Format, size: int) -> int:
    """How many chunks the finite numbers of a format make."""
    return -(-(2 * fmt.ordinal(fmt.largest) + 1) // size)


def subject_of(spec: str, order: int = 1) -> Subject:
    """The engine that a job means, or the derivatives of its rules."""
    if order == 2:
        from verify.subjects.second import second_order

        return second_order(subject_of(spec))
    if not spec:
        from verify.subjects.values import own_engine

        return own_engine()
    from verify.subjects.foreign import discovered
    from verify.subjects.load import place_of

    return discovered(place_of(spec))


@lru_cache(maxsize=8)
def _sweeper(job: Job) -> Sweeper:
    cases = [pair for pair in subject_of(job.subject, job.order).operations() if pair[0].name == job.op]
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
        self.run = unwidened(case.operation, fmt)
        self.slope = Slope(case.slopes[0], fmt, _ENOUGH)
        self.signs = BallProgram(case.slopes, case.row.inputs)
        self.corners = [float(place) for corner in case.row.corners for place in corner.places]

    def chunk(self, chunk: int, size: int) -> Record:
        """Everything about the numbers of one chunk."""
        end = self.fmt.ordinal(self.fmt.largest)
        first = -end + chunk * size
        nans = 0
        tallies = _Tally(), _Tally()
        for start, stop, model in self._pieces(first, min(first + size - 1, end)):
            piece = _Piece(self, start, stop, model)
            for column in self._blocks(start, stop):
                both = piece.judged(column)
                nans += sum(found.nans for found in both)
                for tally, found in zip(tallies, both, strict=True):
                    tally.add(column, found)
        normal, subnormal = tallies
        return Record(
            *(chunk, normal.judged, normal.beyond, nans, *self._confirmed(normal)),
            *(subnormal.judged, *self._confirmed(subnormal)),
        )

    def _pieces(self, first: int, last: int) -> Iterator[tuple[int, int, Model]]:
        """The range in pieces that have a model, halved until they have or are a block; none outside the domain."""
        low, high = self.fmt.from_ordinal(first), self.fmt.from_ordinal(last)
        begin, end = self.case.region.intervals[0].floats
        if high < begin or low > end:
            return
        model = self.slope.on(low, high)
        if model is None and last - first >= BLOCK:
            middle = first + -(-(last - first + 1) // (2 * BLOCK)) * BLOCK
            yield from self._pieces(first, middle - 1)
            yield from self._pieces(middle, last)
        else:
            yield first, last, model

    def _blocks(self, first: int, last: int) -> Iterator[Numbers]:
        """The numbers, some at a time: a sweep's memory does not grow."""
        for start in range(first, last + 1, BLOCK):
            column = self.block(start, min(start + BLOCK - 1, last))
            if len(column):
                yield column

    def block(self, first: int, last: int) -> Numbers:
        """The numbers from ordinal to ordinal that are in the domain; -0.0 beside 0.0."""
        column = _numbers(self.fmt, first, last)
        if first <= 0 <= last:
            column = np.append(column, column.dtype.type(-0.0))
        region = self.case.region
        low, high = map(np.float64, region.intervals[0].floats)  # of 64 bits, or they were rounded to the column's
        if low > column[0] or high < column[-1] or first <= 0 <= last:
            column = column[(column >= low) & (column <= high)]
        if region.joint is not None or region.intervals[0].holes:
            column = column[[(x,) in region for x in column.tolist()]]
        for corner in self.corners:
            if len(column) and column[0] <= corner <= column[-1]:
                column = column[column != np.float64(corner)]
        return column

    def root_near(self, low: float, high: float) -> bool:
        """Whether the slope may change sign within the reach in which that would count."""
        reach = [x * (1 + s * AROUND) for x in (low, high) for s in (-1, 1)]
        ends = np.linspace(min(reach), max(reach), _SIGNS + 1).tolist()
        with ctx.workprec(64):
            slopes = [self.signs(arb(a).union(arb(b)))[0] for a, b in pairwise(ends)]
        return not (all(s >= 0 for s in slopes) or all(s <= 0 for s in slopes))

    def _confirmed(self, tally: _Tally) -> tuple[float, int | None]:
        """The worst error, measured in balls, and the ordinal of its place."""
        found = [m for _, x in tally.worst if (m := self.gauge.measured((x,), 0, subnormal=True)) is not None]
        worst: Measured | None = max(found, key=lambda m: (m.local, -self.fmt.ordinal(m.point[0])), default=None)
        if worst is None or worst.local == 0:
            return 0.0, None
        return worst.local, self.fmt.ordinal(worst.point[0])


@dataclass(frozen=True)
class _Found:
    """What a block gave: the counts of `Record`, and all errors, of which the largest is ``ulps``.

    errors: in any unit, negative where there is nothing to judge
    """

    errors: Array
    ulps: float = -1.0
    judged: int = 0
    beyond: int = 0
    nans: int = 0


_NOTHING = _Found(np.empty(0))


class _Tally:
    """What the blocks of a chunk add up to, with its worst points: their rough errors and numbers."""

    def __init__(self) -> None:
        self.judged = self.beyond = 0
        self.worst: list[tuple[float, float]] = []

    def add(self, column: Numbers, found: _Found) -> None:
        """One more block."""
        self.judged += found.judged
        self.beyond += found.beyond
        if found.judged and (len(self.worst) < _CONFIRMED or found.ulps > self.worst[-1][0]):
            place = float(column[int(found.errors.argmax())])
            self.worst = sorted([*self.worst, (found.ulps, place)], key=lambda w: (-w[0], w[1]))[:_CONFIRMED]


class _Piece:
    """A piece of a chunk, judged block by block."""

    def __init__(self, sweeper: Sweeper, first: int, last: int, model: Model) -> None:
        self.sweeper, self.model = sweeper, model
        self._ends = sweeper.fmt.from_ordinal(first), sweeper.fmt.from_ordinal(last)
        self._root: bool | None = None

    def judged(self, column: Numbers) -> tuple[_Found, _Found]:
        """The errors at the numbers of a block, or of what the domain leaves of one: of normal slopes and of others."""
        out, slopes = self.sweeper.run(column)
        if isinstance(self.model, Polynomial):
            if not self.model.subnormal:
                return self._by_polynomial(column, out, slopes, self.model), _NOTHING
            found = self._next_to_zero(out, slopes, self.model)
            return _NOTHING, found or self._by_polynomial(column, out, slopes, self.model)
        nans = int(np.count_nonzero(np.isnan(slopes)))
        if self.model is not None:
            return _Found(np.empty(0), nans=nans), _NOTHING
        ((errors, subnormal),) = self.sweeper.gauge.all_errors([column.astype(float)])
        errors = np.where(np.isnan(errors), -1.0, errors)
        normal = self._counted(column, np.where(subnormal, -1.0, errors), nans)
        return normal, self._counted(column, np.where(subnormal, errors, -1.0), 0) if subnormal.any() else _NOTHING

    def _next_to_zero(self, out: Numbers, slopes: Numbers, model: Polynomial) -> _Found | None:
        """Half of all numbers, where a rule saturates: an answer of 0 throughout is seen at a glance."""
        if len(model.coefficients) == 1 and not slopes.any() and self._live_throughout(out):
            return _Found(np.zeros(1), model.error / model.spacing, judged=len(slopes))
        return None

    def _by_polynomial(self, column: Numbers, out: Numbers, slopes: Numbers, model: Polynomial) -> _Found:
        with np.errstate(all="ignore"):
            errors: Array = np.subtract(slopes, model.at(column), dtype=float)
            np.abs(errors, out=errors)
            ulps = float(errors.max()) / model.spacing
            limit = min(NOTEWORTHY, self.sweeper.budget) - _NEAR
            if ulps < limit and self._live_throughout(out):  # as almost everywhere; false where ulps is NaN
                return _Found(errors, ulps, judged=len(errors))
            errors /= model.spacing
            errors[~np.isfinite(slopes)] = np.inf
            errors[~self._live(out)] = -1.0
        nans = int(np.count_nonzero(np.isnan(slopes)))
        rough = np.flatnonzero((errors > NOTEWORTHY - _NEAR) & np.isfinite(slopes))
        if len(rough) and self._root_near:
            careful = self.sweeper.gauge.errors([column[rough].astype(float)])[0]
            errors[rough] = np.where(np.isnan(careful), -1.0, careful)
        return self._counted(column, errors, nans, 2 if model.between else 1)

    def _live(self, out: Numbers) -> NDArray[np.bool_]:
        """Where the forward is a number that has all its digits."""
        size, fmt = abs(out), self.sweeper.fmt
        live: NDArray[np.bool_] = (size <= fmt.largest) & ((size >= fmt.smallest_normal) | (size == 0))
        return live

    def _live_throughout(self, out: Numbers) -> bool:
        """The same of every point, seen at a glance; it misses what reaches both sides of 0."""
        low, high = float(out.min()), float(out.max())
        least, most = self.sweeper.fmt.smallest_normal, self.sweeper.fmt.largest
        return -most <= low and high <= most and (low >= least or high <= -least)

    @property
    def _root_near(self) -> bool:
        if self._root is None:
            self._root = self.sweeper.root_near(*self._ends)
        return self._root

    def _counted(self, column: Numbers, errors: Array, nans: int, doubt: int = 1) -> _Found:
        """The counts; which side of the budget the errors near it are on is for balls to say.

        doubt: how many times smaller an error may be than it seems
        """
        budget = self.sweeper.budget
        for k in np.flatnonzero((errors > budget - _NEAR) & (errors < budget * doubt + _NEAR)):
            measured = self.sweeper.gauge.measured((float(column[k]),), 0)
            errors[k] = -1.0 if measured is None else measured.local
        judged, beyond = np.count_nonzero(errors >= 0), np.count_nonzero(errors > budget)
        return _Found(errors, float(errors.max()), int(judged), int(beyond), nans)


def _numbers(fmt: Format, first: int, last: int) -> Numbers:
    """The format's numbers from ordinal to ordinal."""
    if fmt.name == "float32" and first * last > 0:  # by their bits: the sizes are ordinals, the sign comes on top
        steps = _steps()[: last - first + 1]
        bits = steps + np.uint32(first) if first > 0 else np.uint32(2**31 - first) - steps
        return bits.view(np.float32)
    column = from_ordinals(fmt, np.arange(first, last + 1))
    return column if fmt.name == "bfloat16" else column.astype(fmt.name)


@lru_cache(maxsize=1)
def _steps() -> NDArray[np.uint32]:
    return np.arange(BLOCK, dtype=np.uint32)
