"""A large pair at sample points and on the cells around them: traced, with its reference, in interval arithmetic."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flint import arb

from backproof.verify.evaluate.stepwise import At, OnKink, Smooth
from backproof.verify.numerics.lattices import Sample
from backproof.verify.numerics.trace_agreement import Leaking
from backproof.verify.subjects.arrays.small import flat
from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.functions.declared import RuleError
from backproof.verify.subjects.operation import MOST_TERMS, ArrayOperation
from backproof.verify.support.errors import NO_TRACE, SubjectError, in_a_line, kind_of
from backproof.verify.terms.reverse_mode import gradient
from backproof.verify.terms.term import TRUE, Term, TooManyTerms, at_most, constant, topological
from backproof.verify.tracing.stopped import Stopped

LOOKS = 4  # points with a cell each; for code without branches all points are evaluated
ENOUGH = 150_000  # terms of their formulas, after which two do
SLIGHT = 2.0**-30  # a relative difference that refutes nothing: of approximations, and constants with fewer digits
_BITS = (192, 768, 3072)
_CLOSE = 40  # bits an interval must enclose before two overlapping intervals count as equal


@dataclass
class Formula:
    """A pair on one cell, without branches: outputs, definition, the rule and the true gradient."""

    outputs: tuple[Term, ...]
    meant: tuple[Term, ...]
    rule: tuple[Term, ...]
    partials: tuple[Term, ...]
    branches: int
    assumptions: tuple[str, ...] = ()

    @cached_property
    def size(self) -> int:
        """The number of distinct terms."""
        return len(topological(*self.outputs, *self.meant, *self.rule, *self.partials))


@dataclass
class Look:
    """A pair at one point.  ``formula`` may be shared by the looks on the same cell."""

    pair: ArrayOperation
    sample: Sample
    formula: Formula
    _at: dict[int, At] = field(default_factory=dict)

    def ball(self, t: Term, bits: int) -> arb:
        """The value of a term at the point."""
        if bits not in self._at:
            self._at[bits] = At(point_of(self.pair, self.sample), bits)
        return self._at[bits].of(t)

    def apart(self, ours: Term, true: Term) -> bool | None:
        """Whether two terms differ at the point: True if certain, False if they agree to 40 bits, None if unknown."""
        for bits in _BITS:
            a, b = self.ball(ours, bits), self.ball(true, bits)
            if a.is_finite() and b.is_finite():
                if not a.overlaps(b):
                    return True
                if _known(a) and _known(b):
                    return False
        return None

    @cached_property
    def _apart(self) -> list[bool | None]:
        """For every entry of the gradient, whether it differs from the reference."""
        pairs = zip(self.formula.rule, self.formula.partials, strict=True)
        return [ours is not true and self.apart(ours, true) for ours, true in pairs]

    @cached_property
    def wrong(self) -> list[int]:
        """The entries of the gradient that certainly differ from the reference, or have no value."""
        found = [i for i, apart in enumerate(self._apart) if apart and i not in self.slight]
        return found or [i for i in self.unknown if self._without_value(i)]

    @cached_property
    def slight(self) -> frozenset[int]:
        """The entries that differ by less than `SLIGHT` of the derivative: a forward that iterates until it stands."""
        if not self.pair.as_it_is:  # its trace is the same function at all points, and says what it computes
            return frozenset()
        pairs = enumerate(zip(self.formula.rule, self.formula.partials, strict=True))
        return frozenset(i for i, (ours, true) in pairs if self._apart[i] and self._is_slight(ours, true))

    @property
    def differs(self) -> bool:
        """Whether the rule or the forward is not what it should be, if only slightly."""
        return bool(self.wrong or self.slight or self.wrong_values)

    def _is_slight(self, ours: Term, true: Term) -> bool:
        a, b = self.ball(ours, _BITS[-1]), self.ball(true, _BITS[-1])
        return bool(a.is_finite() and b.is_finite() and abs(a - b) < arb(SLIGHT) * abs(b))

    @cached_property
    def unknown(self) -> list[int]:
        """The entries that interval arithmetic does not decide."""
        return [i for i, apart in enumerate(self._apart) if apart is None]

    @cached_property
    def _on_floats(self) -> list[Any]:
        """The gradient on floats, entry by entry; empty if the rule raises."""
        try:
            return [v for found in self.pair.partials(self.sample.arrays).values() for v in flat(found)]
        except SubjectError:  # reported by the check of directions
            return []

    def _without_value(self, i: int) -> bool:
        """Whether the rule has no value where the gradient has one: in intervals of any width, and on floats."""
        true, ours = (self.ball(t[i], _BITS[-1]) for t in (self.formula.partials, self.formula.rule))
        returned = not self._on_floats or math.isfinite(self._on_floats[i])
        return bool(true.is_finite() and not ours.is_finite() and not returned)

    @cached_property
    def wrong_values(self) -> list[int]:
        """The entries of the output that differ from the definition."""
        pairs = zip(self.formula.outputs, self.formula.meant, strict=True)
        return [i for i, (ours, true) in enumerate(pairs) if ours is not true and self.apart(ours, true)]

    @cached_property
    def reference(self) -> list[arb]:
        """The true gradient at the point, as intervals."""
        return [self.ball(t, _BITS[0]) for t in self.formula.partials]


@dataclass(frozen=True)
class ArrayCells:
    """All looks.

    stopped: what kept the pair from running on symbols at all, "" if nothing did; dropped: the points at which it did
    not run, though it has a value there, and the first reason
    """

    sampled: tuple[Look, ...]
    stopped: str = ""
    dropped: tuple[Sample, ...] = ()
    reason: str = ""

    @property
    def branches(self) -> int:
        return max((look.formula.branches for look in self.sampled), default=0)

    def formulas(self) -> list[Formula]:
        """The formulas of the cells, each once."""
        return _formulas(self.sampled)


def _formulas(sampled: Sequence[Look]) -> list[Formula]:
    return list({id(look.formula): look.formula for look in sampled}.values())


def sampled(pair: ArrayOperation, seed: int) -> ArrayCells:
    """The pair at its first points inside its domain and on no kink.

    A literal such as 0.7978845608028654 is read as √(2/π) where the rule is wrong without that and right with it.
    """
    found = _looks(pair, seed, lifted=False)
    if not any(look.differs for look in found.sampled):
        return found
    read = _looks(pair, seed, lifted=True)
    assumed = any(formula.assumptions for formula in read.formulas())
    return found if not assumed or any(look.differs for look in read.sampled) else read


def _looks(pair: ArrayOperation, seed: int, lifted: bool) -> ArrayCells:
    found: list[Look] = []
    dropped: list[Sample] = []
    stopped = reason = ""
    points = list(pair.samples(seed))
    for place, sample in enumerate(points):
        shared = found[0].formula if found and not found[0].formula.branches else None
        try:
            look = _look(pair, sample, shared, points[place - 1], lifted)
        except OnKink as error:
            stopped = stopped or str(error)
            continue
        except (RuleError, TooManyTerms) as error:
            return ArrayCells((), str(error))
        except NO_TRACE as error:
            if kind_of(error) == RecursionError.__name__:
                return ArrayCells((), "it recurses too deeply when run on symbols")
            told = error.by if isinstance(error, Stopped) else str(error) if isinstance(error, Leaking) else ""
            stopped = stopped or told or in_a_line(error)
            if _has_value(pair, sample):
                reason = reason or in_a_line(error)
                dropped.append(sample)
            continue
        if look is not None:
            found.append(look)
        cells = _formulas(found)
        if len(cells) == LOOKS or (len(found) > 1 and sum(f.size for f in cells) > ENOUGH):
            break
    if not found:
        return ArrayCells((), stopped or "it has no value at any sample point")
    return ArrayCells(tuple(found), "", tuple(dropped), reason)


def _has_value(pair: ArrayOperation, sample: Sample) -> bool:
    """Whether the pair gives finite numbers there on floats."""
    try:
        found = [pair.values(sample.arrays), *pair.partials(sample.arrays).values()]
    except SubjectError:
        return False
    return all(math.isfinite(v) for one in found for v in flat(one))


def look_at(pair: ArrayOperation, sample: Sample) -> Look | None:
    """The pair at one more point; None where it has no value, or cannot be run on symbols."""
    try:
        return _look(pair, sample)
    except NO_TRACE:  # `sampled` reports what stops it
        return None


def _look(
    pair: ArrayOperation,
    sample: Sample,
    formula: Formula | None = None,
    elsewhere: Sample | None = None,
    lifted: bool = False,
) -> Look | None:
    """None where the forward has no value."""
    point = point_of(pair, sample)
    if pair.domain is not TRUE and not At(point).decide(pair.domain):
        return None
    at = At(point, elsewhere=point_of(pair, elsewhere or sample))
    if formula is None:
        formula = _formula(pair, at, lifted)
    if not all(at.of(t).is_finite() for t in formula.meant):
        return None
    return Look(pair, sample, formula)


def _formula(pair: ArrayOperation, at: At, lifted: bool) -> Formula:
    from backproof.verify.proof.recognise_constants import recognised

    run = pair.along(at)
    smooth = Smooth(at)
    with at_most(2 * MOST_TERMS):
        plain = [tuple(map(smooth, terms)) for terms in run]
        assumptions: tuple[str, ...] = ()
        if lifted:
            read = recognised([t for terms in plain for t in terms])
            count, assumptions = len(plain[0]), read.assumptions
            plain = [read.terms[:count], read.terms[count:-count], read.terms[-count:]]
        outputs, rule, meant = plain
        by = [t for one in pair.inputs for t in pair.symbols(one)]
        with subject_code:  # it may contain functions without a known derivative
            found = map(smooth, gradient(meant, pair.symbols(pair.upstream), by))
            moved = [one in pair.wrt for one in pair.inputs for _ in pair.symbols(one)]
            partials = tuple(t if moves else constant(0) for t, moves in zip(found, moved, strict=True))
    branches: set[Term] = {c for c in at.decided if c.op not in ("true", "false")} | smooth.bends
    return Formula(outputs, meant, rule, partials, len(branches), assumptions)


def point_of(pair: ArrayOperation, sample: Sample) -> dict[Term, arb]:
    """The symbols of all entries, and their values."""
    return dict(_coordinates(pair, sample))


def _coordinates(pair: ArrayOperation, sample: Sample) -> Iterator[tuple[Term, arb]]:
    for name, values in sample.arrays.items():
        numbers: Sequence[Any] = flat(values)
        yield from zip(pair.symbols(name), map(arb, numbers), strict=True)


def _known(ball: arb) -> bool:
    return bool(ball.is_zero() or ball.rel_accuracy_bits() >= _CLOSE or ball.rad() < arb(2) ** -150)
