"""A large pair at some points, and on the cells around them: traced, its reference beside it, both in balls."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flint import arb

from verify.errors import in_a_line
from verify.numbers.lattices import Sample
from verify.subjects.large import MOST_TERMS, LargePair
from verify.subjects.pairs import RuleError
from verify.subjects.vectors import flat
from verify.trace.adjoint import gradient
from verify.trace.stepwise import At, OnCorner, Smooth
from verify.trace.term import TRUE, Term, TooManyTerms, at_most, topological

LOOKS = 4  # points with a cell each; of code without branches all points are looked at
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
    assumptions: tuple[str, ...] = ()

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
    def _apart(self) -> list[bool | None]:
        """Of every entry of the gradient whether it is another number than it must be."""
        pairs = zip(self.formula.rule, self.formula.slopes, strict=True)
        return [ours is not true and self.apart(ours, true) for ours, true in pairs]

    @cached_property
    def wrong(self) -> list[int]:
        """The entries of the gradient that are not what they must be, for sure, or that have no value."""
        found = [i for i, apart in enumerate(self._apart) if apart]
        return found or [i for i in self.unknown if self._without_value(i)]

    @cached_property
    def unknown(self) -> list[int]:
        """The entries that balls say nothing of."""
        return [i for i, apart in enumerate(self._apart) if apart is None]

    @cached_property
    def _on_floats(self) -> list[Any]:
        """The answer on floats, entry by entry; empty where there is none."""
        try:
            return [v for found in self.pair.slopes(self.sample.arrays).values() for v in flat(found)]
        except Exception:  # the user's own code may raise anything; the check of directions tells of it
            return []

    def _without_value(self, i: int) -> bool:
        """Whether the rule has no value where the gradient has one: in balls of any size, and on floats."""
        true, ours = (self.ball(t[i], _BITS[-1]) for t in (self.formula.slopes, self.formula.rule))
        answered = not self._on_floats or math.isfinite(self._on_floats[i])
        return bool(true.is_finite() and not ours.is_finite() and not answered)

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
    """The pair at its first points that are in its domain, and on no corner.

    Where the rule is wrong there, but right if a literal such as 0.7978845608028654 is read as √(2/π), it is read so.
    """
    found = _looks(pair, seed, lifted=False)
    if not any(look.wrong or look.wrong_values for look in found.looks):
        return found
    read = _looks(pair, seed, lifted=True)
    assumed = any(formula.assumptions for formula in read.formulas())
    return found if not assumed or any(look.wrong or look.wrong_values for look in read.looks) else read


def _looks(pair: LargePair, seed: int, lifted: bool) -> Looks:
    found: list[Look] = []
    stopped = ""
    points = list(pair.samples(seed))
    for place, sample in enumerate(points):
        shared = found[0].formula if found and not found[0].formula.branches else None
        try:
            look = _look(pair, sample, shared, points[place - 1], lifted)
        except OnCorner as error:
            stopped = stopped or str(error)
            continue
        except (RuleError, TooManyTerms) as error:
            return Looks((), str(error))
        except RecursionError:
            return Looks((), "it recurses too deeply on symbols")
        except Exception as error:  # the user's own code may raise anything
            stopped = stopped or in_a_line(error)
            continue
        if look is not None:
            found.append(look)
        cells = _formulas(found)
        if len(cells) == LOOKS or (len(found) > 1 and sum(f.size for f in cells) > ENOUGH):
            break
    return Looks(tuple(found), "" if found else stopped or "it has a value at none of the points")


def look_at(pair: LargePair, sample: Sample) -> Look | None:
    """The pair at one more point; None where it has no value, or cannot be run on symbols."""
    try:
        return _look(pair, sample)
    except Exception:  # the user's own code may raise anything; what stops it is told by `looks`
        return None


def _look(
    pair: LargePair,
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


def _formula(pair: LargePair, at: At, lifted: bool) -> Formula:
    from verify.proof.recognise import recognised

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
        by = [t for one in pair.arrays for t in pair.symbols(one)]
        slopes = tuple(map(smooth, gradient(meant, pair.symbols(pair.upstream), by)))
    branches: set[Term] = {c for c in at.decided if c.op not in ("true", "false")} | smooth.bends
    return Formula(outputs, meant, rule, slopes, len(branches), assumptions)


def point_of(pair: LargePair, sample: Sample) -> dict[Term, arb]:
    """The symbols of all entries, and their values."""
    return dict(_coordinates(pair, sample))


def _coordinates(pair: LargePair, sample: Sample) -> Iterator[tuple[Term, arb]]:
    for name, values in sample.arrays.items():
        numbers: Sequence[Any] = flat(values)
        yield from zip(pair.symbols(name), map(arb, numbers), strict=True)


def _known(ball: arb) -> bool:
    return bool(ball.is_zero() or ball.rel_accuracy_bits() >= _CLOSE or ball.rad() < arb(2) ** -150)
