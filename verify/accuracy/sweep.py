"""A sweep: a one-operand rule at every number of a format, chunk by chunk, on as many cores as there are.

A chunk is a range of ordinals, and the rule is run at every number of it.  Its results are compared with a reference
for each piece, a piece being a chunk or a part of one:

nothing          where intervals show that all derivatives overflow by far: the rule must only return numbers
a polynomial     the derivative to 2**-12 ULP, proved by intervals for the whole piece (`verify.accuracy.taylor`)
the error meter  double-double with its own bound, and intervals where that cannot decide; for the few blocks on which
                 the derivative branches, crosses a binade or has a zero, and where a polynomial is too rough near one

Derivatives below the normal numbers are measured separately, in their ULPs: units of the smallest number.  No budget
refers to these, but a result that is off by a normal number is wrong there, too.

The screen selects; interval arithmetic measures the worst points of a chunk and all within 2**-10 ULP of the budget.
The record of a chunk depends on the chunk alone, so a sweep gives the same bytes however it was split into processes,
stopped and resumed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from flint import arb, ctx
from numpy.typing import NDArray

from backproof.verify.accuracy.error_meter import ErrorMeter, Measured
from backproof.verify.accuracy.formats import Array, Numbers, format_named, from_ordinals, unwidened
from backproof.verify.accuracy.taylor import Derivative, Nowhere, Polynomial
from backproof.verify.arithmetics.ulps import Format
from backproof.verify.checks.case import Case
from backproof.verify.config.options import Options
from backproof.verify.evaluate.balls import BallProgram
from backproof.verify.numerics.conditioning import AROUND, NOTEWORTHY
from backproof.verify.subjects.subject import Subject, of_numbers

BLOCK = 1 << 15  # numbers at a time: a few arrays of this size fit in the processor's caches
_SIGNS = 64  # parts of a piece, to check whether the derivative keeps its sign there
_ENOUGH = 2.0**-12  # ULPs between a derivative and its polynomial
_NEAR = 4 * _ENOUGH  # errors this close to a limit are measured with more care
_CONFIRMED = 4  # the worst points of a chunk, measured in interval arithmetic

Model = Polynomial | Nowhere | None
"""What a rule's results on a piece are compared with; None: the error meter."""


@dataclass(frozen=True)
class Job:
    """What is swept: enough for another process to load it.

    subject: "" for our own engine, else package.module:Class; which: the index among the operation's specs
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
    """The result of a chunk.

    judged: numbers in the domain whose derivative is a normal number; beyond: those of them past the budget;
    nans: results that are NaN, anywhere in the domain; place: the ordinal of the worst, None if there is none
    subnormal: numbers whose derivative is below the normal ones, but not 0; with the worst of these and its place
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
        """All errors are within the budget, and below a normal number where the derivative is subnormal."""
        return self.ulps <= budget and self.subnormal_ulps < 2.0 ** (fmt.precision - 1)


def chunk_size(fmt: Format) -> int:
    """Ordinals per chunk: some seconds of work, and always more than one chunk."""
    return 1 << (22 if fmt.width > 16 else 12)


def chunks(fmt: Format, size: int) -> int:
    """The number of chunks of all finite numbers of a format."""
    return -(-(2 * fmt.ordinal(fmt.largest) + 1) // size)


def subject_of(target: str, order: int = 1) -> Subject:
    """The engine of a job, or the derivatives of its rules."""
    if order == 2:
        from backproof.verify.subjects.engines.second_order import second_order

        return second_order(subject_of(target))
    if not target:
        from backproof.verify.subjects.engines.own import own_engine

        return own_engine()
    from backproof.verify.subjects.engines.discovery import discovered
    from backproof.verify.subjects.load import place_of

    return discovered(place_of(target))


@lru_cache(maxsize=8)
def _sweeper(job: Job) -> Sweeper:
    found = of_numbers(subject_of(job.subject, job.order).operations())
    cases = [(operation, spec) for operation, spec in found if operation.name == job.op]
    return Sweeper(Case(*cases[job.which], Options()), format_named(job.dtype), job.budget)


def swept(job: Job, chunk: int) -> Record:
    """One chunk of a job, in whatever process this is."""
    sweeper = _sweeper(job)
    return sweeper.chunk(chunk, chunk_size(sweeper.fmt))


class Sweeper:
    """Sweeps one case in one format."""

    def __init__(self, case: Case, fmt: Format, budget: float) -> None:
        self.case, self.fmt, self.budget = case, fmt, budget
        self.error_meter = ErrorMeter(case, fmt)
        self.run = unwidened(case.operation, fmt)
        self.partial = Derivative(case.partials[0], fmt, _ENOUGH)
        self.signs = BallProgram(case.partials, case.spec.inputs)
        self.kinks = [float(place) for kink in case.spec.kinks for place in kink.places]

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
        """The range in pieces with a model, halved until they have one or are a block; none outside the domain."""
        low, high = self.fmt.from_ordinal(first), self.fmt.from_ordinal(last)
        begin, end = self.case.region.intervals[0].floats
        if high < begin or low > end:
            return
        model = self.partial.on(low, high)
        if model is None and last - first >= BLOCK:
            middle = first + -(-(last - first + 1) // (2 * BLOCK)) * BLOCK
            yield from self._pieces(first, middle - 1)
            yield from self._pieces(middle, last)
        else:
            yield first, last, model

    def _blocks(self, first: int, last: int) -> Iterator[Numbers]:
        """The numbers, some at a time, so that a sweep's memory does not grow."""
        for start in range(first, last + 1, BLOCK):
            column = self.block(start, min(start + BLOCK - 1, last))
            if len(column):
                yield column

    def block(self, first: int, last: int) -> Numbers:
        """The numbers from ordinal to ordinal that are in the domain; -0.0 as well as 0.0."""
        column = _numbers(self.fmt, first, last)
        if first <= 0 <= last:
            column = np.append(column, column.dtype.type(-0.0))
        region = self.case.region
        low, high = map(np.float64, region.intervals[0].floats)  # of 64 bits, or they were rounded to the column's
        if low > column[0] or high < column[-1] or first <= 0 <= last:
            column = column[(column >= low) & (column <= high)]
        if region.joint is not None or region.intervals[0].holes:
            column = column[[(x,) in region for x in column.tolist()]]
        for kink in self.kinks:
            if len(column) and column[0] <= kink <= column[-1]:
                column = column[column != np.float64(kink)]
        return column

    def root_near(self, low: float, high: float) -> bool:
        """Whether the derivative may change sign within the distance at which that would matter."""
        reach = [x * (1 + s * AROUND) for x in (low, high) for s in (-1, 1)]
        ends = np.linspace(min(reach), max(reach), _SIGNS + 1).tolist()
        with ctx.workprec(64):
            partials = [self.signs(arb(a).union(arb(b)))[0] for a, b in pairwise(ends)]
        return not (all(s >= 0 for s in partials) or all(s <= 0 for s in partials))

    def _confirmed(self, tally: _Tally) -> tuple[float, int | None]:
        """The worst error, measured in interval arithmetic, and its ordinal."""
        found = [m for _, x in tally.worst if (m := self.error_meter.measured((x,), 0, subnormal=True)) is not None]
        worst: Measured | None = max(found, key=lambda m: (m.local, -self.fmt.ordinal(m.point[0])), default=None)
        if worst is None or worst.local == 0:
            return 0.0, None
        return worst.local, self.fmt.ordinal(worst.point[0])


@dataclass(frozen=True)
class _Found:
    """The result of a block: the counts of `Record`, and all errors, of which the largest is ``ulps``.

    errors: in any unit, negative where nothing is measured
    """

    errors: Array
    ulps: float = -1.0
    judged: int = 0
    beyond: int = 0
    nans: int = 0


_NOTHING = _Found(np.empty(0))


class _Tally:
    """The sum of the blocks of a chunk, with its worst points: their rough errors and numbers."""

    def __init__(self) -> None:
        self.judged = self.beyond = 0
        self.worst: list[tuple[float, float]] = []

    def add(self, column: Numbers, found: _Found) -> None:
        """Add a block."""
        self.judged += found.judged
        self.beyond += found.beyond
        if found.judged and (len(self.worst) < _CONFIRMED or found.ulps > self.worst[-1][0]):
            place = float(column[int(found.errors.argmax())])
            self.worst = sorted([*self.worst, (found.ulps, place)], key=lambda w: (-w[0], w[1]))[:_CONFIRMED]


class _Piece:
    """A piece of a chunk, measured block by block."""

    def __init__(self, sweeper: Sweeper, first: int, last: int, model: Model) -> None:
        self.sweeper, self.model = sweeper, model
        self._ends = sweeper.fmt.from_ordinal(first), sweeper.fmt.from_ordinal(last)
        self._root: bool | None = None

    def judged(self, column: Numbers) -> tuple[_Found, _Found]:
        """The errors at the numbers of a block inside the domain: for normal derivatives and for others."""
        out, partials = self.sweeper.run(column)
        if isinstance(self.model, Polynomial):
            if not self.model.subnormal:
                return self._by_polynomial(column, out, partials, self.model), _NOTHING
            found = self._next_to_zero(out, partials, self.model)
            return _NOTHING, found or self._by_polynomial(column, out, partials, self.model)
        nans = int(np.count_nonzero(np.isnan(partials)))
        if self.model is not None:
            return _Found(np.empty(0), nans=nans), _NOTHING
        ((errors, subnormal),) = self.sweeper.error_meter.all_errors([column.astype(float)])
        errors = np.where(np.isnan(errors), -1.0, errors)
        normal = self._counted(column, np.where(subnormal, -1.0, errors), nans)
        return normal, self._counted(column, np.where(subnormal, errors, -1.0), 0) if subnormal.any() else _NOTHING

    def _next_to_zero(self, out: Numbers, partials: Numbers, model: Polynomial) -> _Found | None:
        """Half of all numbers, where a rule saturates: a result of 0 throughout is found quickly."""
        if len(model.coefficients) == 1 and not partials.any() and self._live_throughout(out):
            return _Found(np.zeros(1), model.error / model.spacing, judged=len(partials))
        return None

    def _by_polynomial(self, column: Numbers, out: Numbers, partials: Numbers, model: Polynomial) -> _Found:
        with np.errstate(all="ignore"):
            errors: Array = np.subtract(partials, model.at(column), dtype=float)
            np.abs(errors, out=errors)
            ulps = float(errors.max()) / model.spacing
            limit = min(NOTEWORTHY, self.sweeper.budget) - _NEAR
            if ulps < limit and self._live_throughout(out):  # as almost everywhere; false where ulps is NaN
                return _Found(errors, ulps, judged=len(errors))
            errors /= model.spacing
            errors[~np.isfinite(partials)] = np.inf
            errors[~self._live(out)] = -1.0
        nans = int(np.count_nonzero(np.isnan(partials)))
        rough = np.flatnonzero((errors > NOTEWORTHY - _NEAR) & np.isfinite(partials))
        if len(rough) and self._root_near:
            careful = self.sweeper.error_meter.errors([column[rough].astype(float)])[0]
            errors[rough] = np.where(np.isnan(careful), -1.0, careful)
        return self._counted(column, errors, nans, 2 if model.between else 1)

    def _live(self, out: Numbers) -> NDArray[np.bool_]:
        """Where the forward is a number that has all its digits."""
        size, fmt = abs(out), self.sweeper.fmt
        live: NDArray[np.bool_] = (size <= fmt.largest) & ((size >= fmt.smallest_normal) | (size == 0))
        return live

    def _live_throughout(self, out: Numbers) -> bool:
        """The same for all points at once; it misses ranges on both sides of 0."""
        low, high = float(out.min()), float(out.max())
        least, most = self.sweeper.fmt.smallest_normal, self.sweeper.fmt.largest
        return -most <= low and high <= most and (low >= least or high <= -least)

    @property
    def _root_near(self) -> bool:
        if self._root is None:
            self._root = self.sweeper.root_near(*self._ends)
        return self._root

    def _counted(self, column: Numbers, errors: Array, nans: int, doubt: int = 1) -> _Found:
        """The counts; errors near the budget are decided by interval arithmetic.

        doubt: the factor by which an error may be smaller than estimated
        """
        budget = self.sweeper.budget
        for k in np.flatnonzero((errors > budget - _NEAR) & (errors < budget * doubt + _NEAR)):
            measured = self.sweeper.error_meter.measured((float(column[k]),), 0)
            errors[k] = -1.0 if measured is None else measured.local
        judged, beyond = np.count_nonzero(errors >= 0), np.count_nonzero(errors > budget)
        return _Found(errors, float(errors.max()), int(judged), int(beyond), nans)


def _numbers(fmt: Format, first: int, last: int) -> Numbers:
    """The format's numbers from ordinal to ordinal."""
    if fmt.name == "float32" and first * last > 0:  # by their bits: the magnitudes are ordinals, the sign is added
        steps = _steps()[: last - first + 1]
        bits = steps + np.uint32(first) if first > 0 else np.uint32(2**31 - first) - steps
        return bits.view(np.float32)
    column = from_ordinals(fmt, np.arange(first, last + 1))
    return column if fmt.name == "bfloat16" else column.astype(fmt.name)


@lru_cache(maxsize=1)
def _steps() -> NDArray[np.uint32]:
    return np.arange(BLOCK, dtype=np.uint32)
