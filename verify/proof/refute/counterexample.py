"""Refute a rule: the simplest rational point where it is certainly not the derivative.

A residual on a cell is only a suspicion.  Here it becomes a counterexample: a point p/q, the rule and the derivative
there as disjoint intervals (balls), and a certificate that uses no table of derivatives: by the mean value
theorem (f(a+h) - f(a))/h is the derivative somewhere in [a, a+h], so a rule that is nowhere near it on all of
[a, a+h] is wrong, independently of the prover.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import chain, islice
from typing import Any

from flint import arb, ctx

from backproof.verify.arithmetics.balls import ratio
from backproof.verify.evaluate.balls import BallProgram
from backproof.verify.proof.cell import NOT_ZERO, Cell
from backproof.verify.proof.obligation import UPSTREAM, Obligation, accumulated
from backproof.verify.proof.refute.clarity import hidden
from backproof.verify.proof.result import CellResult, Proof, Status, Verdict
from backproof.verify.proof.simple_rationals import height, points_by_height
from backproof.verify.proof.thin_cells import nearest_inside, points_between
from backproof.verify.terms.ops import inside
from backproof.verify.terms.term import Term, apply, symbol, topological

Point = tuple[Fraction, ...]

Seeds = tuple[int, int]

SEEDS: tuple[Seeds, ...] = ((1, 0), (2, 0), (1, 1), (-2, 0))
"""The upstream gradient, and the operands' gradients before: the plainest first, then such as show a
missing upstream gradient or an overwritten one."""

EFFORTS = ((24, 256), (200, 2048))
"""Points to try and bits to spend: a quick pass over every cell first, then a thorough one."""

_TELLING, _TELLING_MOST = (64, 128), 16
"""Points, bits and counterexamples to try, for one that is clearer than the simplest."""

STEPS = (60, 120, 240, 480)
"""h = 2**-k of the mean value theorem: smaller for rules that are nearly right."""


@dataclass(frozen=True)
class MeanValue:
    """The gradient by (f(a+h) - f(a))/h, and the rule over [a, a+h]: disjoint intervals."""

    h: Fraction
    expected: arb
    rule: arb


@dataclass(frozen=True)
class Counterexample:
    """A point where the rule, or the forward, is certainly wrong.

    operand: the place of the operand whose partial derivative is meant; None for the forward
    inputs, point: where; upstream, before: the values of `out.grad` and of the operands' gradients
    ours, expected: disjoint intervals (balls); ``ours`` is not finite where the rule has no value
    certificate: the proof without a table; None for a forward, and where the rule has no value
    minimal: every simpler point of the cell was checked and shows nothing
    """

    operand: int | None
    inputs: tuple[str, ...]
    point: Point
    upstream: Fraction
    before: Fraction
    ours: arb
    expected: arb
    certificate: MeanValue | None
    minimal: bool

    @property
    def undefined(self) -> bool:
        """The rule has no value at a point where the operation has a derivative."""
        return not self.ours.is_finite()

    @property
    def certified(self) -> bool:
        """Only the operation itself and ball arithmetic are needed to check it."""
        return self.certificate is not None or self.operand is None


def refutations(proof: Proof) -> list[Counterexample]:
    """A counterexample to the forward, and one for each operand whose rule is wrong, where there is one.

    Each is at the clearest point among the simple ones.
    """
    found = [refute(proof, operand) for operand in (None, *range(len(proof.obligation.inputs)))]
    return [most_visible(proof, counterexample) for counterexample in found if counterexample is not None]


def most_visible(proof: Proof, counterexample: Counterexample) -> Counterexample:
    """The same of the rule at the clearest simple point, if it is as certain; else the counterexample itself."""
    least = _hidden(counterexample)
    if not least or counterexample.undefined:
        return counterexample
    for search in _searches(proof, counterexample.operand):
        seeds = int(counterexample.upstream), int(counterexample.before)
        for found in islice(search.counterexamples(seeds, *_TELLING), _TELLING_MOST):
            if found.certified >= counterexample.certified and not found.undefined and _hidden(found) < least:
                counterexample, least = found, _hidden(found)
    return counterexample


def _hidden(counterexample: Counterexample) -> int:
    return hidden(counterexample.point, float(counterexample.ours), float(counterexample.expected))


def refute(proof: Proof, operand: int | None) -> Counterexample | None:
    """The simplest certified counterexample to the rule of ``operand`` (the forward, for None).

    It is searched on all cells where the proof left a residual.  None if there are none, if no point
    separates the two, or if the mean value theorem does not confirm the derivative.
    """
    searches = _searches(proof, operand)
    for effort in EFFORTS:
        found = [w for w in (search.counterexample(*effort) for search in searches) if w is not None]
        if found:
            return min(found, key=_plainness)
    return None


def _searches(proof: Proof, operand: int | None) -> list[_Search]:
    """One for each cell where the proof left a residual."""
    return [
        _Search(proof.obligation, result.cell, operand, result.derivatives)
        for result in proof.cells
        if not result.outside and _verdict(result, operand).status is Status.RESIDUAL
    ]


def _verdict(result: CellResult, operand: int | None) -> Verdict:
    return result.forward if operand is None else result.gradients[operand]


def _plainness(counterexample: Counterexample) -> tuple[Any, ...]:
    """Sort key: certified before uncertified, plain seeds before others, simple points before others."""
    seeds = (counterexample.upstream, counterexample.before)
    return (
        not counterexample.certified,
        SEEDS.index(seeds),
        max(map(height, counterexample.point)),
        [-x for x in counterexample.point],
    )


@dataclass
class _Search:
    """One wrong partial derivative on one cell."""

    obligation: Obligation
    cell: Cell
    operand: int | None
    derivatives: tuple[Term, ...]

    def counterexample(self, most_points: int, most_bits: int) -> Counterexample | None:
        """The first certified counterexample among so many points; an uncertified one if there is no other."""
        uncertified: Counterexample | None = None
        for seeds in SEEDS if self.operand is not None else SEEDS[:1]:
            for found in self.counterexamples(seeds, most_points, most_bits):
                if found.certified:
                    return found
                if found.undefined:
                    uncertified = uncertified or found
        return uncertified

    def counterexamples(self, seeds: Seeds, most_points: int, most_bits: int) -> Iterator[Counterexample]:
        """All among so many points, certified or not, the simplest first."""
        minimal = True
        for point in chain(islice(points_by_height(self._box()), most_points), self._thin(seeds)):
            if not self._inside(point, seeds):
                continue
            ours, expected = self._separated(point, seeds, most_bits)
            if expected.is_finite() and not (ours.is_finite() and ours.overlaps(expected)):
                yield self._found(point, seeds, ours, expected, minimal)
                minimal = False
            minimal = minimal and ours.is_exact() and expected.is_exact()

    def _found(self, point: Point, seeds: Seeds, ours: arb, expected: arb, minimal: bool) -> Counterexample:
        certifies = self.operand is not None and ours.is_finite()
        certificate = self._certificate(point, seeds) if certifies else None
        before, inputs = Fraction(seeds[1]), self.obligation.inputs
        return Counterexample(
            self.operand, inputs, point, Fraction(seeds[0]), before, ours, expected, certificate, minimal
        )

    # --------------------------------------------------------------------------------------- the search region

    def _thin(self, seeds: Seeds) -> Iterator[Point]:
        """Points of a cell that has little room."""
        inputs = self.obligation.inputs
        ones = tuple(nearest_inside(Fraction(1), *self.cell.interval(name)) for name in inputs)
        fixed = dict(zip(self._names(), self._values(ones, seeds), strict=True))
        for point in points_between(self.cell, inputs, fixed):
            yield tuple(point[name] for name in inputs)

    def _box(self) -> list[tuple[Fraction | None, Fraction | None]]:
        return [self.cell.interval(name) for name in self.obligation.inputs]

    def _names(self) -> tuple[str, ...]:
        inputs = self.obligation.inputs
        return (*inputs, UPSTREAM, *map(accumulated, inputs))

    def _values(self, point: Point, seeds: Seeds) -> list[Fraction]:
        upstream, before = map(Fraction, seeds)
        return [*point, upstream, *[before] * len(point)]

    def _inside(self, point: Point, seeds: Seeds) -> bool:
        """Whether the point, with its seeds, is certainly in the cell."""
        values = self._values(point, seeds)
        for name, x in zip(self._names(), values, strict=True):
            lo, hi = self.cell.interval(name)
            if (lo is not None and x <= lo) or (hi is not None and x >= hi):
                return False
        with ctx.workprec(256):
            return self._signs_hold(_balls(values))

    def _signs_hold(self, at: list[arb]) -> bool:
        signs = self._boundaries(*at)
        return all(_has_sign(value, s) for value, (_, s) in zip(signs, self.cell.signs, strict=True))

    # ------------------------------------------------------------------------------ the values compared

    @cached_property
    def _boundaries(self) -> BallProgram:
        return BallProgram([t for t, _ in self.cell.signs], self._names())

    @cached_property
    def _pair(self) -> BallProgram:
        """The rule, and acc + g · derivative; the forward, and the definition."""
        if self.operand is None:
            return BallProgram([self.obligation.forward, self.obligation.definition], self._names())
        name = self.obligation.inputs[self.operand]
        expected = symbol(accumulated(name)) + symbol(UPSTREAM) * self.derivatives[self.operand]
        return BallProgram([self.obligation.gradients[self.operand], expected], self._names())

    def _separated(self, point: Point, seeds: Seeds, most_bits: int) -> tuple[arb, arb]:
        """Both as intervals, with bits added until they are disjoint or there are too many bits."""
        values = self._values(point, seeds)
        prec = 128
        while True:
            with ctx.workprec(prec):
                ours, expected = self._pair(*_balls(values))
            apart = ours.is_finite() and expected.is_finite() and not ours.overlaps(expected)
            same = ours.is_exact() and expected.is_exact()
            if apart or same or prec >= most_bits:
                return ours, expected
            prec *= 2

    # ------------------------------------------------------------------------------ the mean value theorem

    @cached_property
    def _curve(self) -> BallProgram:
        """The operation, and the terms that must not be zero for it to be smooth."""
        definition = self.obligation.definition
        return BallProgram([definition, *_breaks(definition)], self.obligation.inputs)

    def _certificate(self, point: Point, seeds: Seeds) -> MeanValue | None:
        """The mean value theorem on [a, a+h] in the operand's direction, for decreasing h."""
        assert self.operand is not None
        for k in STEPS:
            h = Fraction(1, 2**k)
            with ctx.workprec(4 * k):
                found = self._mean_value(point, h, seeds)
            if found is not None and not found.rule.overlaps(found.expected):
                return found
        return None

    def _mean_value(self, point: Point, h: Fraction, seeds: Seeds) -> MeanValue | None:
        """The secant's gradient, and the rule's, over the step; None where the operation may have a kink there."""
        assert self.operand is not None
        i = self.operand
        _, hi = self.cell.interval(self.obligation.inputs[i])
        if hi is not None and point[i] + h >= hi:
            return None
        start = _balls(self._values(point, seeds))
        (end,) = _balls([point[i] + h])
        over = [*start[:i], start[i].union(end), *start[i + 1 :]]
        value, *breaks = self._curve(*over[: len(point)])
        if not value.is_finite() or not self._signs_hold(over) or not all(map(_decided, breaks)):
            return None
        at = start[: len(point)]
        rise = self._curve(*at[:i], end, *at[i + 1 :])[0] - self._curve(*at)[0]
        expected, rule = seeds[1] + seeds[0] * (rise / _balls([h])[0]), self._pair(*over)[0]
        return MeanValue(h, expected, rule) if rule.is_finite() and expected.is_finite() else None


def _balls(values: Sequence[Fraction]) -> list[arb]:
    return [ratio(x.numerator, x.denominator) for x in values]


def _has_sign(value: arb, sign: int) -> bool:
    return bool(value != 0) if sign == NOT_ZERO else bool(value * sign > 0)


_STEEP = inside("steep")


def _breaks(root: Term) -> list[Term]:
    """Where the operation may have a kink or jump: its conditions, and the terms that must not be 0."""
    breaks: list[Term] = []
    for t in topological(root):
        if t.op in ("where", "abs") or t.op in _STEEP:
            breaks.append(t.args[0])
        elif t.op in ("maximum", "minimum"):
            breaks.append(apply("sub", *t.args))
        elif t.op in ("floor", "ceil"):
            breaks.append(apply("sub", apply("ceil", t.args[0]), apply("floor", t.args[0])))
    return breaks


def _decided(value: Any) -> bool:
    """Whether a condition is decided, or a number is not 0."""
    return value is True or value is False or (isinstance(value, arb) and bool(value != 0))
