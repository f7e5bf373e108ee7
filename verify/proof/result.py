"""What a proof found: for every cell, every operand and every boundary between cells."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

from verify.proof.cells import Cell
from verify.proof.obligation import Obligation
from verify.trace.term import Term


class Status(IntEnum):
    """How an obligation ended, from good to bad; a proof is as good as its worst part."""

    PROVED = 0
    UNKNOWN = 1
    REJECTED = 2  # certainly wrong, at a boundary
    RESIDUAL = 3  # a difference is left on a whole cell: for the refuter to make a point of


class Bend(Enum):
    """What a boundary between cells turned out to be."""

    SMOOTH = "smooth"  # all slopes agree, and the rule with them
    SUBGRADIENT = "subgradient"  # slopes differ, and the rule answers with a mean of them
    EDGE = "edge"  # the end of the domain, with a finite slope
    VERTICAL = "vertical"  # the slope grows without bound
    DISCONTINUOUS = "discontinuous"  # the operation itself jumps: it has no slope here
    REJECTED = "rejected"  # the rule's answer is no valid slope, or it has none where it should
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Verdict:
    """One identity on one cell.

    residual: what is left of rule - derivative (or forward - definition), as a term; None when nothing is
    """

    status: Status
    reason: str = ""
    residual: Term | None = None


@dataclass(frozen=True)
class CellResult:
    """One cell: does the forward compute the definition, is each gradient the derivative.

    outside: the definition has no value on this cell, so nothing is asked of the rule
    derivatives: the derivative of the definition by each input, as the prover found it
    generators: the functions that the identities are polynomials in
    """

    cell: Cell
    forward: Verdict
    gradients: tuple[Verdict, ...]
    derivatives: tuple[Term, ...] = ()
    generators: tuple[Term, ...] = ()
    outside: bool = False

    @property
    def status(self) -> Status:
        return max((self.forward.status, *(v.status for v in self.gradients)))


@dataclass(frozen=True)
class BoundaryResult:
    """One boundary: where it is, the slopes on its sides, and what the rule answers there.

    where: the symbols that are bound on it, and to what; empty where it could not be solved for a symbol
    cell: the part of the boundary meant, in the symbols that stay free
    limits: for each cell that touches, the limit of every partial slope; None for an infinite or unknown one
    rule: the rule's answer; None where it has none
    weights: the share of each limit in the rule's answer (of two limits 1 - t and t); () unless a subgradient
    """

    where: tuple[tuple[str, Term], ...]
    cell: Cell
    bend: Bend
    reason: str = ""
    limits: tuple[tuple[Term | None, ...], ...] = ()
    rule: tuple[Term, ...] | None = None
    weights: tuple[Term, ...] = ()

    @property
    def status(self) -> Status:
        by_bend = {Bend.REJECTED: Status.REJECTED, Bend.UNKNOWN: Status.UNKNOWN}
        return by_bend.get(self.bend, Status.PROVED)


@dataclass(frozen=True)
class Proof:
    """Everything found about one obligation; ``failure`` says why some of it could not be looked at."""

    obligation: Obligation
    cells: tuple[CellResult, ...] = ()
    boundaries: tuple[BoundaryResult, ...] = ()
    assumptions: tuple[str, ...] = ()
    failure: str = ""

    @property
    def status(self) -> Status:
        """The worst of everything; with no cell inside the domain there is nothing proved."""
        whole = Status.UNKNOWN if self.failure or all(c.outside for c in self.cells) else Status.PROVED
        return max((whole, *(c.status for c in self.cells), *(b.status for b in self.boundaries)))

    @property
    def reasons(self) -> tuple[str, ...]:
        """What keeps this from being proved, in words."""
        found = [self.failure]
        for c in self.cells:
            found += [v.reason for v in (c.forward, *c.gradients) if v.status is not Status.PROVED]
        found += [b.reason for b in self.boundaries if b.status is not Status.PROVED]
        return tuple(dict.fromkeys(filter(None, found)))
