"""Cells: the parts of a domain on which nothing branches."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from backproof.verify.terms.term import Term

NOT_ZERO = 0
"""The sign of a term that is only known not to vanish."""

Interval = tuple[Fraction | None, Fraction | None]


class Split(Exception):
    """The sign of ``boundary`` is not constant on the cell, or cannot be decided there.

    variable, at: where the boundary is the one point ``variable = at``
    one_sided: +1 (-1) where the boundary is nowhere negative (positive), so that one side is empty
    """

    def __init__(
        self, boundary: Term, variable: str = "", at: Fraction | None = None, one_sided: int = 0
    ) -> None:
        super().__init__(f"the sign of {boundary!r}")
        self.boundary = boundary
        self.variable = variable
        self.at = at
        self.one_sided = one_sided


@dataclass(frozen=True)
class Cell:
    """An open box, and terms whose sign on it is given (+1, -1, or `NOT_ZERO`)."""

    box: tuple[tuple[str, Fraction | None, Fraction | None], ...]
    signs: tuple[tuple[Term, int], ...] = ()

    def __str__(self) -> str:
        parts = [_interval(name, lo, hi) for name, lo, hi in self.box if lo is not None or hi is not None]
        relation = {1: "> 0", -1: "< 0", NOT_ZERO: "!= 0"}
        return ", ".join([*parts, *(f"{t!r} {relation[s]}" for t, s in self.signs)]) or "everywhere"

    def interval(self, name: str) -> Interval:
        """The open interval of one symbol."""
        return next(((lo, hi) for n, lo, hi in self.box if n == name), (None, None))

    def within(self, name: str, lo: Fraction | None, hi: Fraction | None) -> Cell:
        """The same cell with another interval for one symbol."""
        return Cell(tuple((n, lo, hi) if n == name else (n, a, b) for n, a, b in self.box), self.signs)

    def given(self, boundary: Term, sign: int) -> Cell:
        """The part of the cell where ``boundary`` has this sign."""
        return Cell(self.box, (*self.signs, (boundary, sign)))

    def parts(self, split: Split) -> list[Cell]:
        """The cells on the two sides of a boundary."""
        if split.at is not None:
            lo, hi = self.interval(split.variable)
            return [self.within(split.variable, lo, split.at), self.within(split.variable, split.at, hi)]
        sides = (split.one_sided,) if split.one_sided else (-1, 1)
        return [self.given(split.boundary, side) for side in sides]


def everywhere(names: tuple[str, ...]) -> Cell:
    """All reals, for every symbol."""
    return Cell(tuple((name, None, None) for name in names))


def _interval(name: str, lo: Fraction | None, hi: Fraction | None) -> str:
    if lo is None:
        return f"{name} < {hi}"
    return f"{name} > {lo}" if hi is None else f"{lo} < {name} < {hi}"
