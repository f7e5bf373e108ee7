"""Sets of real numbers: finitely many intervals with rational ends; their union, intersection and complement."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from backproof.verify.terms.conditions import SWAPPED
from backproof.verify.terms.term import Condition, Term, compare

End = Fraction | float
"""An exact number, or an infinity."""

Cut = tuple[Fraction, int]
"""A place between real numbers: (3, 0) lies just before 3, (3, 1) just after it."""


class Span(NamedTuple):
    """An interval, and whether its ends belong to it."""

    low: End = -math.inf
    low_in: bool = False
    high: End = math.inf
    high_in: bool = False


@dataclass(frozen=True)
class RealSet:
    """The numbers before the first cut if it ``begins``, then every other stretch between the cuts."""

    begins: bool
    cuts: tuple[Cut, ...] = ()

    @property
    def ends(self) -> bool:
        """Whether it contains all large numbers."""
        return self.begins ^ bool(len(self.cuts) % 2)

    def __contains__(self, x: Fraction | int) -> bool:
        return self.begins ^ bool(sum(cut < (x, 1) for cut in self.cuts) % 2)

    def __invert__(self) -> RealSet:
        return RealSet(not self.begins, self.cuts)

    def __and__(self, other: RealSet) -> RealSet:
        return self.combined(other, lambda a, b: a and b)

    def __or__(self, other: RealSet) -> RealSet:
        return self.combined(other, lambda a, b: a or b)

    def __xor__(self, other: RealSet) -> RealSet:
        return self.combined(other, lambda a, b: a != b)

    def __le__(self, other: RealSet) -> bool:
        return self == other or (self & ~other) == NOTHING

    def combined(self, other: RealSet, rule: Callable[[bool, bool], bool]) -> RealSet:
        """The numbers x for which rule(x in self, x in other) holds."""
        a, b = self.begins, other.begins
        begins = inside = rule(a, b)
        ours, theirs, kept = set(self.cuts), set(other.cuts), []
        for cut in sorted(ours | theirs):
            a, b = a ^ (cut in ours), b ^ (cut in theirs)
            if rule(a, b) != inside:
                inside = not inside
                kept.append(cut)
        return RealSet(begins, tuple(kept))

    def affine(self, factor: Fraction, shift: Fraction) -> RealSet:
        """The numbers factor·x + shift for x in it; the factor is not 0."""
        if factor < 0:
            return self.mirrored().affine(-factor, shift)
        return RealSet(self.begins, tuple((factor * at + shift, side) for at, side in self.cuts))

    def mirrored(self) -> RealSet:
        """The numbers -x for x in it."""
        return RealSet(self.ends, tuple((-at, 1 - side) for at, side in reversed(self.cuts)))

    def divided(self) -> tuple[RealSet, RealSet, bool]:
        """Two simpler sets: their intersection for an interval (True), their union for any other set."""
        first, *others = self.cuts
        if self.begins or len(others) > 1:
            split = 1 if self.begins else 2
            return RealSet(self.begins, self.cuts[:split]), RealSet(False, self.cuts[split:]), False
        return RealSet(False, (first,)), RealSet(True, tuple(others)), True

    @classmethod
    def of(cls, span: Span) -> RealSet:
        """The numbers of an interval."""
        low = () if span.low == -math.inf else ((Fraction(span.low), int(not span.low_in)),)
        high = () if span.high == math.inf else ((Fraction(span.high), int(span.high_in)),)
        return cls(not low, (*low, *high)) if not (low and high and low[0] >= high[0]) else NOTHING

    def hull(self) -> Span:
        """The interval from its first to its last number."""
        (low, after), (high, past) = (self.cuts[0], self.cuts[-1]) if self.cuts else ((Fraction(0), 0),) * 2
        return Span(
            *((-math.inf, False) if self.begins else (low, not after)),
            *((math.inf, False) if self.ends else (high, bool(past))),
        )

    def conditions(self, u: Term) -> Iterator[Condition]:
        """What must hold for ``u`` to be in it: its ends, then its gaps; the set is not empty."""
        low, low_in, high, high_in = self.hull()
        if low == high:
            yield stated("eq", u, low)
            return
        if low > -math.inf and high < math.inf:
            yield compare("le" if low_in else "lt", low, u)  # -1 <= x and x <= 1
            yield compare("le" if high_in else "lt", u, high)
        elif low > -math.inf:
            yield stated("ge" if low_in else "gt", u, low)
        elif high < math.inf:
            yield stated("le" if high_in else "lt", u, high)
        inner = self.cuts[not self.begins : len(self.cuts) - (not self.ends)]
        for (a, after), (b, past) in zip(inner[::2], inner[1::2], strict=True):
            if a == b:
                yield stated("ne", u, a)
            else:
                yield stated("le" if after else "lt", u, a) | stated("gt" if past else "ge", u, b)


REALS, NOTHING = RealSet(True), RealSet(False)


def half_line(op: str, at: Fraction | int) -> RealSet:
    """The numbers x with ``x op at``, op being one of "lt", "le", "gt", "ge", "eq", "ne"."""
    before, after = (Fraction(at), 0), (Fraction(at), 1)
    return {
        **{"lt": RealSet(True, (before,)), "le": RealSet(True, (after,)), "ne": RealSet(True, (before, after))},
        **{"gt": RealSet(False, (after,)), "ge": RealSet(False, (before,)), "eq": RealSet(False, (before, after))},
    }[op]


def stated(op: str, u: Term, number: End) -> Condition:
    """``u op number`` in its usual form: x != 1 for x - 1 != 0, x > y for x - y > 0."""
    value = Fraction(number)
    match u.op, u.args:
        case ("neg", (a,)):
            return stated(SWAPPED[op], a, -value)
        case (("add" | "sub"), (a, b)) if b.op == "const":
            return stated(op, a, value - b.value if u.op == "add" else value + b.value)
        case ("add", (a, b)) if a.op == "const":
            return stated(op, b, value - a.value)
        case ("sub", (a, b)) if a.op == "const":
            return stated(SWAPPED[op], b, a.value - value)
        case ("sub", (a, b)) if value == 0 and (b.op == "floor" or not {a.op, b.op} & {"add", "sub", "neg"}):
            return compare(op, a, b)
    return compare(op, u, value)
