"""The result of a proof: for every cell, every operand and every boundary between cells."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

from backproof.verify.proof.cell import Cell
from backproof.verify.proof.obligation import Obligation
from backproof.verify.terms.term import Term


class Status(IntEnum):
    """How an obligation ended, from good to bad; a proof is as good as its worst part."""

    PROVED = 0
    UNKNOWN = 1
    REJECTED = 2  # certainly wrong, at a boundary
    RESIDUAL = 3  # a difference is left on a whole cell: the refuter looks for a counterexample


class BoundaryKind(Enum):
    """The kind of a boundary between cells."""

    SMOOTH = "smooth"  # all one-sided derivatives agree, and the rule with them
    SUBGRADIENT = "subgradient"  # they differ, and the rule returns a convex combination of them
    EDGE = "edge"  # the end of the domain, with a finite derivative
    VERTICAL = "vertical"  # the derivative is unbounded
    DISCONTINUOUS = "discontinuous"  # the operation is discontinuous: it has no derivative here
    REJECTED = "rejected"  # the rule's derivative is not valid, or missing
    UNKNOWN = "unknown"
    EMPTY = "empty"  # it has no points
    OUTSIDE = "outside"  # of the domain, or where the definition has no value
    INSIDE = "inside"  # it runs through the interior of a cell, where it is judged
    IDLE = "idle"  # the upstream gradient is 0 here, and the rule adds nothing

    @property
    def bounds(self) -> bool:
        """Whether there is something to be right or wrong about between cells."""
        return self not in (BoundaryKind.EMPTY, BoundaryKind.OUTSIDE, BoundaryKind.INSIDE, BoundaryKind.IDLE)


@dataclass(frozen=True)
class Verdict:
    """One identity on one cell.

    residual: rule - derivative (or forward - definition), as a term; None when it is zero
    """

    status: Status
    reason: str = ""
    residual: Term | None = None


@dataclass(frozen=True)
class CellResult:
    """One cell: does the forward compute the definition, is each gradient the derivative.

    outside: the definition has no value on this cell, so the rule is not checked
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
    """One boundary: where it is, the derivatives on its sides, and the rule's derivatives there.

    where: the symbols that are bound on it, and their values; empty where it could not be solved for a symbol
    cell: the part of the boundary meant, in the symbols that stay free
    limits: for each cell that touches, the limit of every partial derivative; None for an infinite or unknown one
    rule: the rule's derivatives; None where it has none
    weights: the weight of each limit in the rule's derivatives (of two limits 1 - t and t); () unless a subgradient
    """

    where: tuple[tuple[str, Term], ...]
    cell: Cell
    kind: BoundaryKind
    reason: str = ""
    limits: tuple[tuple[Term | None, ...], ...] = ()
    rule: tuple[Term, ...] | None = None
    weights: tuple[Term, ...] = ()

    @property
    def status(self) -> Status:
        by_bend = {BoundaryKind.REJECTED: Status.REJECTED, BoundaryKind.UNKNOWN: Status.UNKNOWN}
        return by_bend.get(self.kind, Status.PROVED)


@dataclass(frozen=True)
class Proof:
    """The results of one obligation; ``failure`` says why some of it could not be examined.

    within: what is wrong or open beyond the bounds of the inputs was left out
    """

    obligation: Obligation
    cells: tuple[CellResult, ...] = ()
    boundaries: tuple[BoundaryResult, ...] = ()
    assumptions: tuple[str, ...] = ()
    failure: str = ""
    within: bool = False

    @property
    def status(self) -> Status:
        """The worst status; UNKNOWN without a cell inside the domain."""
        whole = Status.UNKNOWN if self.failure or all(c.outside for c in self.cells) else Status.PROVED
        return max((whole, *(c.status for c in self.cells), *(b.status for b in self.boundaries)))

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons why this is not proved, as text."""
        found = [self.failure]
        for c in self.cells:
            found += [v.reason for v in (c.forward, *c.gradients) if v.status is not Status.PROVED]
        found += [b.reason for b in self.boundaries if b.status is not Status.PROVED]
        return tuple(dict.fromkeys(filter(None, found)))
