"""What a rule may return where one-sided limits of the gradient are infinite.

Let F be the finite limits and E the directions of the infinite ones.  Valid is conv F + cone E: of (3, ∞) on one side
and (3, 2) on the other (3, 9), and not (4, 9).  Where no limit is finite, the rule must agree along the boundary, where
the operation has a finite derivative, and in every other finite part; across, 0 is accepted as a mask, as
``g/(2*out) if out > 0 else 0`` has it, or 0 for the infinite term alone, as 1 for 1 + 1/(2·√x), and reported; and any
number where E holds opposite directions.  The set is
Clarke's generalized gradient extended by horizon directions: Rockafellar and Wets, "Variational Analysis" (1998), 8.B
and 9.F.

What is rejected is outside of the set for one operand alone, or along the boundary, or for all limits there are; what
is neither shown to be inside nor outside is open.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from backproof.verify.proof.cells.approaches import Approach
from backproof.verify.proof.cells.hulls import Vector, equal, is_subspace, is_whole_space, weights
from backproof.verify.proof.field.algebra import Element, total
from backproof.verify.proof.field.differential_field import Field
from backproof.verify.proof.field.signs import sign
from backproof.verify.proof.result import BoundaryKind

UNBOUNDED = "the derivative is unbounded"
_MASKED = "is infinite, and the rule returns 0"
_PART = "is infinite, and the rule returns 0 for its infinite term"
UNDECIDED = "the direction in which the gradient is infinite here is not decided"
VARIES = "the derivative depends on the direction, and the rule's is not shown to lie in the convex hull"


def masked(reason: str) -> str:
    """What a verdict says of a boundary with this reason, if the rule masks an infinite derivative there; else ""."""
    return reason.replace(", and", " and") if reason.endswith((_MASKED, _PART)) else ""


def different(name: str) -> str:
    """Why a rule is wrong along an operand whose partial derivative is finite."""
    return f"{UNBOUNDED}, but not along {name}, where the rule gives a different derivative, or none"


@dataclass(frozen=True)
class Tangent:
    """A direction along the boundary, by the operand that moves freely, and the operation's derivative along it."""

    name: str
    direction: Vector
    slope: Element


Outcome = tuple[BoundaryKind, str]


@dataclass
class Unbounded:
    """One boundary where a limit of the gradient is infinite, or depends on the direction.

    names: the operands for which the rule returns a number; alone: whether the operation has no other operand
    approaches: from each cell that touches
    along: more ones, along rays and arcs, where several symbols are bound; they are some of all
    normal: whether the boundary has a dimension less than the domain, so that the tangents are all but one direction
    covered: whether the value for an operand is the derivative with 0 for an infinite term (see `masks`)
    """

    field: Field
    names: tuple[str, ...]
    alone: bool
    rule: Vector
    approaches: Sequence[Approach]
    along: Callable[[], Sequence[Approach]]
    tangents: Sequence[Tangent]
    normal: bool
    covered: Callable[[int], bool]

    def outcome(self) -> Outcome:
        """VERTICAL where the value is valid, REJECTED where it is not, else UNKNOWN; with the reason.  Raises Split."""
        for t in self.tangents:
            slope = total(r * c for r, c in zip(self.rule, t.direction, strict=True))
            if not equal(self.field, (slope,), (t.slope,)):
                return self._wrong_along(t.name)
        if self._is_mask():
            return self._mask([k for k in self._infinite if not self._has_both_signs(k)])
        if self._finite and weights(self.field, self.rule, self._finite) is not None:
            return BoundaryKind.VERTICAL, UNBOUNDED
        if self.normal and not self._finite:
            return self._across()
        for k, name in enumerate(self.names):
            if problem := self._problem(k, name):
                return problem
        if any(a.unclear for a in self.approaches):
            return self._in_part()
        if self._finite:
            return self._between_finite()
        return self._between_infinite()

    # ------------------------------------------------------------------------------------------ the limits

    @cached_property
    def _finite(self) -> list[Vector]:
        return [a.finite for a in self.approaches if a.finite is not None]

    @cached_property
    def _infinite(self) -> list[int]:
        """The operands with an infinite partial derivative on some side."""
        return sorted({k for a in self.approaches for k in a.infinite})

    def _directions(self, approaches: Sequence[Approach]) -> list[Vector]:
        return [e for a in approaches if (e := a.direction) is not None]

    def _has_both_signs(self, k: int) -> bool:
        """Whether a partial derivative is known to tend to plus and to minus infinity."""
        return {-1, 1} <= {a.known_sign(k) for a in self.approaches if k in a.infinite}

    # --------------------------------------------------------------------------------------- one operand

    def _problem(self, k: int, name: str) -> Outcome | None:
        """Why the value for one operand alone is wrong, whatever the others are; None where that is not shown."""
        if any(k in a.unclear for a in self.approaches):
            return None
        value = self.rule[k]
        finite = [u for a in self.approaches if (u := a.limits[k]) is not None]
        if any(self.field.is_zero(value - u) for u in finite):
            return None
        infinite = [a for a in self.approaches if k in a.infinite]
        if not infinite:
            return None if self._is_between(value, finite) else self._wrong_along(name)
        signs = {a.sign(k) for a in infinite}
        if None in signs or {-1, 1} <= signs:
            return None
        if not finite:
            return None if self._masks(k) else self._other(k)
        towards = 1 if 1 in signs else -1
        if any(sign(self.field, (value - u).scaled(towards)) >= 0 for u in finite):
            return None
        by = "" if self.alone else f" by {name}"
        reason = f"the rule's derivative{by} lies on the wrong side of the finite one-sided derivative"
        return BoundaryKind.REJECTED, reason

    def _is_between(self, value: Element, finite: Sequence[Element]) -> bool:
        if all(equal(self.field, (u,), finite[:1]) for u in finite):
            return equal(self.field, (value,), finite[:1])
        return weights(self.field, (value,), [(u,) for u in finite]) is not None

    def _derivative(self, *which: int) -> str:
        return "the derivative" if self.alone else f"the derivative by {', '.join(self.names[k] for k in which)}"

    def _other(self, *which: int) -> Outcome:
        reason = f"{self._derivative(*which)} is infinite, and the rule returns another number than 0"
        return BoundaryKind.REJECTED, reason

    def _wrong_along(self, name: str) -> Outcome:
        return BoundaryKind.REJECTED, different(name)

    # -------------------------------------------------------------------------------------------- masks

    def _is_mask(self) -> bool:
        """Whether no limit is finite, and the rule masks what is infinite and returns a limit of what is not."""
        if not self._infinite or self._finite or any(a.unclear for a in self.approaches):
            return False
        if not all(map(self._masks, self._infinite)):
            return False
        others = [k for k in range(len(self.rule)) if k not in self._infinite]
        if not others:
            return True
        corners = [tuple(u for k in others if (u := a.limits[k]) is not None) for a in self.approaches]
        return weights(self.field, tuple(self.rule[k] for k in others), corners) is not None

    def _masks(self, k: int) -> bool:
        """Whether the rule returns 0 for an infinite partial derivative, or has 0 for the infinite part of it."""
        return not self.rule[k] or self.covered(k)

    def _mask(self, which: Sequence[int]) -> Outcome:
        if not which:
            return BoundaryKind.VERTICAL, UNBOUNDED
        how = _PART if any(self.rule[k] for k in which) else _MASKED
        return BoundaryKind.VERTICAL, f"{self._derivative(*which)} {how}"

    # ----------------------------------------------------------------------------------------- all operands

    def _between_finite(self) -> Outcome:
        """Some limits are finite: in conv F + cone E, or not."""
        infinite = [a for a in self.approaches if a.infinite]
        found = self._directions(infinite)
        if weights(self.field, self.rule, self._finite, found) is not None:
            return BoundaryKind.VERTICAL, UNBOUNDED
        if len(found) < len(infinite):
            return BoundaryKind.UNKNOWN, UNDECIDED
        return BoundaryKind.REJECTED, "the rule's derivative is not between the finite and the infinite one-sided ones"

    def _across(self) -> Outcome:
        """No limit is finite, and all infinite ones are normal to the boundary, along which the rule is right."""
        k = next((k for k in self._infinite if all(k in a.infinite for a in self.approaches)), None)
        signs = {None} if k is None else {a.sign(k) for a in self.approaches}
        if {-1, 1} <= signs:
            return BoundaryKind.VERTICAL, UNBOUNDED
        if None in signs:
            return BoundaryKind.UNKNOWN, UNDECIDED
        if zeros := [k for k in self._infinite if not self.rule[k]]:
            return self._mask(zeros)
        return self._other(*self._infinite)

    def _between_infinite(self) -> Outcome:
        """No limit is finite, and several symbols are bound."""
        if self._is_anything([*self.approaches, *self.along()]):
            return BoundaryKind.VERTICAL, UNBOUNDED
        return BoundaryKind.UNKNOWN, UNDECIDED

    def _is_anything(self, approaches: Sequence[Approach]) -> bool:
        """Whether the infinite limits have opposite directions, between which the rule's value is."""
        found = self._directions(approaches)
        if is_whole_space(self.field, found):
            return True
        if any(sum(map(bool, e)) > 1 for e in found) or not is_subspace(self.field, found):
            return False  # what is finite beside a direction that is none of the axes is not known
        corners = [mask for a in self.approaches if (mask := a.masked) is not None]
        return bool(corners) and weights(self.field, self.rule, corners, found) is not None

    def _in_part(self) -> Outcome:
        """The derivative depends on the direction, and only some of its limits are known."""
        some = [*self.approaches, *self.along()]
        finite = [a.finite for a in some if a.finite is not None]
        found = self._directions(some)
        if finite and weights(self.field, self.rule, finite, found) is not None:
            return BoundaryKind.VERTICAL if found else BoundaryKind.SUBGRADIENT, UNBOUNDED if found else ""
        if is_whole_space(self.field, found):
            return BoundaryKind.VERTICAL, UNBOUNDED
        unbounded = {k for a in some for k in a.infinite}
        masks = [mask for a in some if (mask := a.masked) is not None]
        if self._finite or not unbounded or any(self.rule[k] for k in unbounded):
            return BoundaryKind.UNKNOWN, VARIES
        if weights(self.field, self.rule, masks) is None:
            return BoundaryKind.UNKNOWN, VARIES
        return self._mask(sorted(unbounded))
