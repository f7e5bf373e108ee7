"""What the gradient does on the way to a boundary: from a cell, or along a ray or an arc that leads into one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations, product

from backproof.verify.proof.cell import NOT_ZERO, Cell
from backproof.verify.proof.cells.examined_cell import Leaf
from backproof.verify.proof.cells.strata import Stratum, faces
from backproof.verify.proof.field.algebra import CONSTANT_ZERO, Element, number, total
from backproof.verify.proof.field.differential_field import Field
from backproof.verify.proof.field.interpret import Interpreter
from backproof.verify.proof.field.limits import Infinite, Transfer, Unclear
from backproof.verify.proof.field.signs import known_sign, sign

NEAR = Fraction(1, 1024)
ARCS = ((1, 2), (2, 1), (1, 3), (3, 1))
"""Exponents of an arc: its first symbol that moves goes as s**a, the others as s**b."""

MOST_BOUND = 3
"""The most symbols that are bound where arcs are tried: there are 8·n·(n - 1) of them."""


class Approach:
    """The partial derivatives on the way to a boundary.

    limits: the limit of each; None where it has no finite one
    infinite: of those that tend to plus or minus infinity an element of its sign; None where that is not known
    unclear: why others have no limit that is known
    """

    def __init__(self, transfer: Transfer, partials: Sequence[Element], variable: str | None) -> None:
        self.transfer, self.partials, self.variable = transfer, tuple(partials), variable
        self.infinite: dict[int, Element | None] = {}
        self.unclear: dict[int, Unclear] = {}
        self.limits = tuple(self._limit(k, u) for k, u in enumerate(self.partials))

    def _limit(self, k: int, u: Element) -> Element | None:
        try:
            return self.transfer.limit(u, self.variable)
        except Infinite as found:
            self.infinite[k] = found.leading
        except Unclear as problem:
            self.unclear[k] = problem
        return None

    @property
    def finite(self) -> tuple[Element, ...] | None:
        """The limit of the gradient; None where it has no finite one."""
        found = tuple(u for u in self.limits if u is not None)
        return found if len(found) == len(self.limits) else None

    def sign(self, k: int) -> int | None:
        """The sign of a partial derivative that is infinite, None where it is not known; may raise Split."""
        leading = self.infinite[k]
        return None if leading is None else sign(self.transfer.target, leading)

    def known_sign(self, k: int) -> int | None:
        """The same where it is known on all of the stratum."""
        leading = self.infinite[k]
        return None if leading is None else known_sign(self.transfer.target, leading)

    @property
    def masked(self) -> tuple[Element, ...] | None:
        """The limits with 0 for the infinite ones; None where one is unclear."""
        return None if self.unclear else tuple(CONSTANT_ZERO if u is None else u for u in self.limits)

    @cached_property
    def direction(self) -> tuple[Element, ...] | None:
        """The direction of a gradient of infinite length; None where it is finite, or not decided.

        That of all partial derivatives over one that grows no slower than the others.  May raise Split.
        """
        for k in self.infinite:
            s, ratios = self.sign(k), self._ratios(k)
            if s and ratios is not None:
                return tuple(ratio.scaled(s) for ratio in ratios)
        return None

    def _ratios(self, k: int) -> list[Element] | None:
        """The limits of all partial derivatives over the k-th; None where one has none."""
        found = [CONSTANT_ZERO] * len(self.partials)
        for i in (*self.infinite, *self.unclear):
            ratio = self.transfer.source.reduced(self.partials[i] / self.partials[k])
            try:
                found[i] = self.transfer.limit(ratio, self.variable)
            except (Infinite, Unclear):
                return None
        return found


def directions(n: int) -> Iterator[tuple[int, ...]]:
    """Whole directions of rational length: the axes, and those of the triangle 3, 4, 5 in every plane."""
    for i in range(n):
        for s in (1, -1):
            yield tuple(s if k == i else 0 for k in range(n))
    for i, j in combinations(range(n), 2):
        for a, b, s, t in product((3,), (4,), (1, -1), (1, -1)):
            yield tuple(a * s if k == i else b * t if k == j else 0 for k in range(n))


@dataclass(frozen=True)
class Place:
    """A boundary where several symbols are bound: its field, and the elements that the symbols are bound to."""

    field: Field
    stratum: Stratum
    images: dict[str, Element]


def rays(place: Place, leaf: Leaf, which: Sequence[int]) -> list[Approach]:
    """The gradient along rays that lead into a cell; raises Unclear.

    which: the operands
    """
    found: list[Approach] = []
    for steps in directions(len(place.stratum.where)):
        found += _along(place, leaf, which, [(step, 1) for step in steps])
    return found


def arcs(place: Place, leaf: Leaf, which: Sequence[int]) -> list[Approach]:
    """The same along arcs on which two symbols move by different powers: those of which something is known."""
    found: list[Approach] = []
    bound = len(place.stratum.where)
    for steps in directions(bound) if bound <= MOST_BOUND else ():
        moving = [k for k, step in enumerate(steps) if step]
        for a, b in ARCS if len(moving) > 1 else ():
            path = [(step, a if k == moving[0] else b) for k, step in enumerate(steps)]
            with suppress(Unclear):  # other arcs may show it
                found += _along(place, leaf, which, path)
    return found


def is_too_steep(field: Field, around: Sequence[Leaf], rule: Sequence[Element]) -> bool:
    """Whether a rule's gradient is longer than that of the definition, which has one length all around."""
    length = total(u * u for u in rule)
    lengths = [leaf.field.reduced(total(u * u for u in leaf.partials)).constant() for leaf in around]
    return all(c is not None and sign(field, length - number(c)) > 0 for c in lengths)


def _along(place: Place, leaf: Leaf, which: Sequence[int], path: Sequence[tuple[int, int]]) -> Iterator[Approach]:
    """The approach along x = x0 + step·s**power, if that leads into the cell; nothing if it does not."""
    along, field = "ray", place.field
    near = Field(Cell(((along, Fraction(0), NEAR), *field.cell.box), field.cell.signs))
    s = near.symbol(along)
    outward = {
        name: Transfer(field, near, {}).limit(place.images[name], None) + (s**power).scaled(step)
        for (name, _), (step, power) in zip(place.stratum.where, path, strict=True)
    }
    reader = Interpreter(near, outward, trusting=True)
    given = [(reader.element(t), sign_) for t, sign_ in faces(leaf.field.cell) if sign_ != NOT_ZERO]
    if all(known_sign(near, u) == sign_ for u, sign_ in given):
        ray = Transfer(leaf.field, near, outward)
        back = Transfer(near, field, {along: number(0)})
        try:
            partials = [near.reduced(ray.limit(leaf.partials[k], None)) for k in which]
        except Infinite:
            raise Unclear("the gradient along a ray") from None
        yield Approach(back, partials, along)
