"""A large pair at some points, and on the cells around them: traced, its reference beside it, both in balls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flint import arb

from verify.identity.samples import Sample, samples
from verify.subjects.large import MOST_TERMS, LargePair
from verify.subjects.pairs import RuleError
from verify.subjects.vectors import flat
from verify.trace.adjoint import gradient
from verify.trace.stepwise import At, OnCorner, Smooth
from verify.trace.term import TRUE, Condition, Term, TooManyTerms, at_most, topological

LOOKS = 4  # points with a cell each
ENOUGH = 150_000  # terms of their formulas, after which two do
_BITS = (192, 768, 3072)
_CLOSE = 40  # bits that a ball must know of a number before two balls that overlap count as equal


@dataclass
class Formula:
    """A pair on one cell, without its branches: what comes out, what is meant, the rule and the true gradient."""

    outputs: tuple[Term, ...]
    meant: tuple[Term, ...]
    rule: tuple[Term, ...]
    slopes: tuple[Term, ...]
    branches: int

    @cached_property
    def size(self) -> int:
        """Terms, each counted once."""
        return len(topological(*self.outputs, *self.meant, *self.rule, *self.slopes))


@dataclass
class Look:
    """A pair at one point.  ``formula`` may be shared with the looks on the same cell."""

    pair: LargePair
    sample: Sample
    formula: Formula
    _at: dict[int, At] = field(default_factory=dict)

    def ball(self, t: Term, bits: int) -> arb:
        """A term at the point."""
        if bits not in self._at:
            self._at[bits] = At(point_of(self.pair, self.sample), bits)
        return self._at[bits].of(t)

    def apart(self, ours: Term, true: Term) -> bool | None:
        """Whether two terms differ at the point: True for sure, False if they agree to 40 bits, None if unknown."""
        for bits in _BITS:
            a, b = self.ball(ours, bits), self.ball(true, bits)
            if a.is_finite() and b.is_finite():
                if not a.overlaps(b):
                    return True
                if _known(a) and _known(b):
                    return False
        return None

    @cached_property
    def wrong(self) -> list[int]:
        """The entries of the gradient that are not what they must be, for sure."""
        pairs = zip(self.formula.rule, self.formula.slopes, strict=True)
        return [i for i, (ours, true) in enumerate(pairs) if ours is not true and self.apart(ours, true)]

    @cached_property
    def unknown(self) -> list[int]:
        """The entries that balls say nothing of."""
        pairs = zip(self.formula.rule, self.formula.slopes, strict=True)
        return [i for i, (ours, true) in enumerate(pairs) if ours is not true and self.apart(ours, true) is None]

    @cached_property
    def wrong_values(self) -> list[int]:
        """The entries of the output that are not what is meant."""
        pairs = zip(self.formula.outputs, self.formula.meant, strict=True)
        return [i for i, (ours, true) in enumerate(pairs) if ours is not true and self.apart(ours, true)]

    @cached_property
    def reference(self) -> list[arb]:
        """The true gradient at the point, in balls."""
        return [self.ball(t, _BITS[0]) for t in self.formula.slopes]


@dataclass(frozen=True)
class Looks:
    """All that was looked at; ``stopped`` says what kept the pair from running on symbols, "" if nothing did."""

    looks: tuple[Look, ...]
    stopped: str = ""

    @property
    def branches(self) -> int:
        return max((look.formula.branches for look in self.looks), default=0)

    def formulas(self) -> list[Formula]:
        """The formulas of the cells, each once."""
        return _formulas(self.looks)


def _formulas(looks: Sequence[Look]) -> list[Formula]:
    return list({id(look.formula): look.formula for look in looks}.values())


def looks(pair: LargePair, seed: int) -> Looks:
    """The pair at its first points that are in its domain, and on no corner."""
    found: list[Look] = []
    stopped = ""
    for sample in samples(pair.name, {name: pair.shape_of(name) for name in pair.sizes}, seed):
        try:
            look = _look(pair, sample, found[0].formula if found and not found[0].formula.branches else None)
        except OnCorner:
            continue
        except (RuleError, TooManyTerms) as error:
            return Looks((), str(error))
        except RecursionError:
            return Looks((), "it recurses too deeply on symbols")
        except Exception as error:  # the user's own code may raise anything
            stopped = stopped or f"{type(error).__name__}: {error}".splitlines()[0]
            continue
        if look is not None:
            found.append(look)
        if len(found) == LOOKS or (len(found) > 1 and sum(f.size for f in _formulas(found)) > ENOUGH):
            break
    return Looks(tuple(found), "" if found else stopped or "it has a value at none of the points")


def look_at(pair: LargePair, sample: Sample) -> Look | None:
    """The pair at one more point; None where it has no value, or cannot be run on symbols."""
    try:
        return _look(pair, sample, None)
    except Exception:  # the user's own code may raise anything; what stops it is told by `looks`
        return None


def _look(pair: LargePair, sample: Sample, formula: Formula | None) -> Look | None:
    """None where the forward has no value."""
    point = point_of(pair, sample)
    if pair.domain is not TRUE and not At(point).decide(pair.domain):
        return None
    at = At(point)
    if formula is None:
        formula = _formula(pair, at)
    if not all(at.of(t).is_finite() for t in formula.meant):
        return None
    return Look(pair, sample, formula)


def _formula(pair: LargePair, at: At) -> Formula:
    outputs, rule, meant = pair.along(at)
    smooth = Smooth(at)
    with at_most(2 * MOST_TERMS):
        plain = [tuple(map(smooth, terms)) for terms in (outputs, meant, rule)]
        by = [t for one in pair.arrays for t in pair.symbols(one)]
        slopes = tuple(map(smooth, gradient(plain[1], pair.symbols(pair.upstream), by)))
    branches: set[Condition | Term] = {c for c in at.decided if c.op not in ("true", "false")} | smooth.bends
    return Formula(plain[0], plain[1], plain[2], slopes, len(branches))


def point_of(pair: LargePair, sample: Sample) -> dict[Term, arb]:
    """The symbols of all entries, and their values."""
    return dict(_coordinates(pair, sample))


def _coordinates(pair: LargePair, sample: Sample) -> Iterator[tuple[Term, arb]]:
    for name, values in sample.arrays.items():
        numbers: Sequence[Any] = flat(values)
        yield from zip(pair.symbols(name), map(arb, numbers), strict=True)


def _known(ball: arb) -> bool:
    return bool(ball.is_zero() or ball.rel_accuracy_bits() >= _CLOSE or ball.rad() < arb(2) ** -150)
