"""Checks one boundary: is the operation continuous there, do its one-sided derivatives agree, is the rule's valid.

Where the derivatives differ the rule must return a point of their convex hull, for all operands at once: that is
Clarke's generalized gradient of a piecewise smooth function (Clarke, "Optimization and Nonsmooth Analysis",
theorem 2.5.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from backproof.verify.proof.cell import NOT_ZERO, Split
from backproof.verify.proof.cells.approaches import Approach, Place, arcs, is_too_steep, rays
from backproof.verify.proof.cells.continuity import is_continuous
from backproof.verify.proof.cells.domain import domain_cells
from backproof.verify.proof.cells.examined_cell import Leaf
from backproof.verify.proof.cells.hulls import equal, weights
from backproof.verify.proof.cells.infinite_derivatives import UNBOUNDED, Tangent, Unbounded, different
from backproof.verify.proof.cells.masks import Mask
from backproof.verify.proof.cells.strata import Stratum, depends, faces
from backproof.verify.proof.field.algebra import Element, number
from backproof.verify.proof.field.differential_field import Field
from backproof.verify.proof.field.halfspaces import open_directions
from backproof.verify.proof.field.interpret import Interpreter, Undefined
from backproof.verify.proof.field.limits import Infinite, Transfer, Unclear
from backproof.verify.proof.field.signs import known_sign, learn, sign
from backproof.verify.proof.obligation import UPSTREAM, Obligation, accumulated
from backproof.verify.proof.result import BoundaryKind, BoundaryResult
from backproof.verify.terms.conditions import conjuncts, is_no_whole_number
from backproof.verify.terms.term import Term, substitute, symbol, topological

Partials = tuple[Element, ...]
NO_MULTIPLE = "the rule's contribution is not a multiple of the upstream gradient here"


@dataclass
class Judgement:
    """One attempt at one stratum, in its own field."""

    obligation: Obligation
    leaves: list[Leaf]
    stratum: Stratum
    field: Field

    def result(self) -> BoundaryResult:
        reader = Interpreter(self.field)
        for name, _, _ in self.field.cell.box:
            self.field.symbol(name)
        for term, known in self.field.cell.signs:
            learn(self.field, reader.element(term), known)
        try:
            self.images = {name: reader.element(value) for name, value in self.stratum.where}
        except Undefined:
            return self._result(BoundaryKind.EMPTY, "there is no such point")
        self.reader = Interpreter(self.field, self.images)
        if not self.reader.element_of_symbol(UPSTREAM) and self._adds_nothing():
            return self._result(BoundaryKind.IDLE)
        if not self._in_domain():
            return self._result(BoundaryKind.OUTSIDE, "it does not belong to the domain")
        touching = self._touching()
        if touching is None:
            return self._result(BoundaryKind.INSIDE)
        inside = [leaf for leaf in touching if leaf.definition is not None]
        try:
            value = Interpreter(self.field, self.images, trusting=True).element(self.obligation.definition)
        except Undefined:
            return self._result(BoundaryKind.OUTSIDE, "the definition has no value")
        if not inside:
            return self._result(BoundaryKind.UNKNOWN, "no cell is shown to reach this part of the domain")
        transfers = [Transfer(leaf.field, self.field, self.images) for leaf in inside]
        jumps = self._jumps(transfers, inside, value)
        arrives = bool(self.reader.element_of_symbol(UPSTREAM))
        if not jumps and (problem := self._forward_problem(value)):  # at a jump itself the value is a convention
            return self._result(BoundaryKind.REJECTED, problem, rule=self._rule() if arrives else None)
        if not arrives:
            return self._without_upstream()
        if jumps:
            return self._at_a_jump(inside, value)
        edge = len(inside) < len(touching) or self._on_the_edge()
        return self._differentiated(inside, edge, value)

    # ---------------------------------------------------------------------------------------- the location

    def _in_domain(self) -> bool:
        try:
            return all(map(self._holds, conjuncts(self.obligation.domain)))
        except Undefined:
            return False

    def _holds(self, condition: Term) -> bool:
        """Whether a condition of the domain holds here; a number that varies is assumed not to be an integer."""
        if is_no_whole_number(condition):
            value = self.reader.element(condition.args[0]).constant()
            return value is None or value.denominator != 1
        if condition.op == "or":
            first = sorted(condition.args, key=is_no_whole_number, reverse=True)  # it branches nowhere
            return any(all(map(self._holds, conjuncts(part))) for part in first)
        return self.reader.holds(condition)

    def _on_the_edge(self) -> bool:
        """Whether a bound of the domain holds with equality."""
        return any(
            not sign(self.field, self.reader.element(term))
            for cell in domain_cells(self.obligation) for term, _ in faces(cell)
        )

    def _touching(self) -> list[Leaf] | None:
        """The cells whose closure contains the stratum; None if it runs through the interior of one."""
        result = []
        for leaf in self.leaves:
            active = self._active(leaf)
            if active == []:
                return None
            if active is not None and (len(active) == 1 or self._opens(leaf, active)):
                result.append(leaf)
        return result

    def _active(self, leaf: Leaf) -> list[tuple[Term, int]] | None:
        """The faces of the cell that the stratum lies on; None if it lies beyond one."""
        active = []
        for term, s in faces(leaf.field.cell):
            if s == NOT_ZERO:
                continue
            here = sign(self.field, Interpreter(self.field, self.images, trusting=True).element(term))
            if here == 0:
                active.append((term, s))
            elif here != s:
                return None
        return active

    def _opens(self, leaf: Leaf, active: list[tuple[Term, int]]) -> bool:
        """Whether the cell has room between several faces that meet here: whether some direction leads into it."""
        transfer, rows = Transfer(leaf.field, self.field, self.images), []
        inputs = self.obligation.inputs
        trusting = Interpreter(leaf.field, trusting=True)
        for term, s in active:
            u = trusting.element(term)
            row = [self._number(transfer.limit(leaf.field.derivative(u, n), None)) for n in inputs]
            if any(row):  # a face with gradient 0, as x² + y² > 0 at the origin, excludes no direction
                rows.append([c * s for c in row])
        return open_directions(rows)

    def _number(self, u: Element) -> Fraction:
        c = u.constant()
        if c is None:
            raise Unclear(f"faces that meet at an angle of {self.field.term(u)!r}")
        return c

    # --------------------------------------------------------------------------------------- the forward

    def _jumps(self, transfers: list[Transfer], inside: list[Leaf], value: Element) -> bool:
        """Whether the definition jumps: its value differs from its limits, or these differ from each other."""
        try:
            return any(self._differs(t, leaf, value) for t, leaf in zip(transfers, inside, strict=True))
        except Unclear:
            arriving = [
                transfer.limit(leaf.definition, self._variable())
                for transfer, leaf in zip(transfers, inside, strict=True)
                if leaf.definition is not None
            ]
            if any(known_sign(self.field, a - b) in (1, -1) for a, b in combinations(arriving, 2)):
                return True
            raise

    def _differs(self, transfer: Transfer, leaf: Leaf, value: Element) -> bool:
        """Whether the limit of the definition from a cell differs from its value here.

        A difference that does not reduce to 0 is a jump only if it has a sign; Unclear where that is not known.
        """
        assert leaf.definition is not None
        if is_continuous(self.obligation.definition, Interpreter(self.field, self.images, trusting=True)):
            return False
        try:
            arriving = transfer.limit(leaf.definition, self._variable())
        except Infinite:
            return True
        difference = arriving - value
        if self.field.is_zero(difference):
            return False
        if known_sign(self.field, difference) in (1, -1):
            return True
        raise Unclear(f"whether the operation jumps here by {self.field.term(difference)!r} is undecided")

    def _forward_problem(self, value: Element) -> str:
        """The error of the engine's forward here, "" if there is none."""
        try:
            forward = self.reader.element(self.obligation.forward)
        except Undefined as problem:
            return f"the forward has no value here: {problem}"
        return "" if self.field.is_zero(forward - value) else "the forward is not the definition here"

    def _variable(self) -> str | None:
        """The symbol to approach along, where just one is bound."""
        return self.stratum.where[0][0] if len(self.stratum.where) == 1 else None

    # ---------------------------------------------------------------------------------------- the partial derivatives

    def _rule(self) -> Partials | str:
        """The rule's partial derivatives, or why it has none."""
        returned: list[Element] = []
        for name in self.obligation.inputs:
            found = self._partial(name)
            if isinstance(found, str):
                return found
            returned.append(found)
        return tuple(returned)

    def _partial(self, name: str, gradient: Term | None = None) -> Element | str:
        """The rule's partial derivative by one operand, or why it has none."""
        if gradient is None:
            gradient = self.obligation.gradients[self.obligation.inputs.index(name)]
        try:
            added = self.reader.element(gradient) - self.reader.element_of_symbol(accumulated(name))
        except Undefined as problem:
            return f"the rule has no value here: {problem}"
        partial = self.field.reduced(added / self.reader.element_of_symbol(UPSTREAM))
        if any(depends(self.field, i, n) for i in partial.indices() for n in (UPSTREAM, accumulated(name))):
            return NO_MULTIPLE
        return partial

    def _adds_nothing(self) -> bool:
        """Whether every gradient stays unchanged, as far as this is known before the stratum is examined."""
        try:
            return all(
                self.field.is_zero(self.reader.element(gradient) - self.reader.element_of_symbol(accumulated(name)))
                for name, gradient in zip(self.obligation.inputs, self.obligation.gradients, strict=True)
            )
        except (Split, Undefined):
            return False

    def _without_upstream(self) -> BoundaryResult:
        """A rule that branches on the upstream gradient must add nothing where that is 0."""
        for name, gradient in zip(self.obligation.inputs, self.obligation.gradients, strict=True):
            try:
                added = self.reader.element(gradient) - self.reader.element_of_symbol(accumulated(name))
            except Undefined as problem:
                return self._result(BoundaryKind.REJECTED, f"the rule has no value here: {problem}")
            if not self.field.is_zero(added):
                return self._result(BoundaryKind.REJECTED, "the rule adds a gradient where the upstream gradient is 0")
        return self._result(BoundaryKind.IDLE)

    def _at_a_jump(self, inside: list[Leaf], value: Element) -> BoundaryResult:
        """The verdict where the operation jumps: the side that the boundary belongs to is a convention."""
        reason = "the operation is discontinuous"
        approaches = [self._approach(leaf) for leaf in inside]
        if any(a.unclear for a in approaches):
            return self._result(BoundaryKind.DISCONTINUOUS, reason)
        limits = [a.limits for a in approaches]
        wrong = self._wrong_along(value, limits)
        if wrong:
            other = f"{reason}, but not along {wrong}, where the rule gives a different derivative, or none"
            return self._result(BoundaryKind.REJECTED, other, limits, self._rule())
        return self._result(BoundaryKind.DISCONTINUOUS, reason)

    def _wrong_along(self, value: Element, limits: list[tuple[Element | None, ...]]) -> str:
        """An operand along the boundary for which the rule has another derivative, or no value; "" if there is none.

        Where the operation jumps, or has no finite derivative, across, it has one along the boundary: that of its value
        there, or that from a side.
        """
        across = [i for image in self.images.values() for i in image.indices()]
        upstream = self.reader.element_of_symbol(UPSTREAM)
        for k, (name, gradient) in enumerate(zip(self.obligation.inputs, self.obligation.gradients, strict=True)):
            if name in self.images or any(depends(self.field, i, name) for i in across):
                continue
            if name in self.obligation.held:
                continue
            try:
                added = self.reader.element(gradient) - self.reader.element_of_symbol(accumulated(name))
            except Undefined:
                return name
            partials = [self.field.derivative(value, name), *(limit[k] for limit in limits)]
            found = (u for u in partials if u is not None)
            if not any(equal(self.field, (added / upstream,), (partial,)) for partial in found):
                return name
        return ""

    def _differentiated(self, inside: list[Leaf], edge: bool, value: Element) -> BoundaryResult:
        """The verdict where the operation is continuous."""
        approaches = [self._approach(leaf) for leaf in inside]
        unclear = [problem for a in approaches for problem in a.unclear.values()]
        if unclear and len(self.stratum.where) < 2:
            raise unclear[0]
        if any(a.infinite for a in approaches):
            return self._unbounded(inside, approaches, value)
        rule = self._rule()
        if unclear:
            return self._along_rays(inside, approaches, rule, value)
        limits = [limit for a in approaches if (limit := a.finite) is not None]
        if isinstance(rule, str):
            return self._result(BoundaryKind.REJECTED, rule, limits)
        if edge and any(equal(self.field, rule, limit) for limit in limits):
            return self._result(BoundaryKind.EDGE, "", limits, rule)
        if all(equal(self.field, limit, limits[0]) for limit in limits[1:]):
            if equal(self.field, rule, limits[0]):
                return self._result(BoundaryKind.SMOOTH, "", limits, rule)
            reason = "the operation is differentiable here, and the rule gives another derivative"
            if edge:
                reason = "the rule's derivative is not the limit from the interior"
            return self._result(BoundaryKind.REJECTED, reason, limits, rule)
        found = weights(self.field, rule, limits)
        if found is None:
            reason = "the rule's derivative is not in the convex hull of the one-sided derivatives"
            return self._result(BoundaryKind.REJECTED, reason, limits, rule)
        return self._result(BoundaryKind.SUBGRADIENT, "", limits, rule, found)

    def _approach(self, leaf: Leaf, which: Sequence[int] | None = None) -> Approach:
        """What the gradient does on the way here from a cell."""
        partials = leaf.partials if which is None else [leaf.partials[k] for k in which]
        return Approach(Transfer(leaf.field, self.field, self.images), partials, self._variable())

    def _unbounded(self, inside: list[Leaf], approaches: list[Approach], value: Element) -> BoundaryResult:
        """The verdict where some one-sided derivative is infinite; only operands with a value can be wrong."""
        returned = [self._partial(name) for name in self.obligation.inputs]
        shown = [a.limits for a in approaches]
        rule = tuple(r for r in returned if not isinstance(r, str))
        complete = rule if len(rule) == len(returned) else None
        for k, r in enumerate(returned):
            if isinstance(r, str) and (problem := self._missing(k, r, inside, approaches)):
                return self._result(*problem, shown)
        if not rule:
            return self._result(BoundaryKind.VERTICAL, UNBOUNDED, shown)
        which = [k for k, r in enumerate(returned) if not isinstance(r, str)]
        kind, reason = Unbounded(
            self.field,
            tuple(self.obligation.inputs[k] for k in which),
            len(returned) == 1,
            rule,
            approaches if complete else [self._approach(leaf, which) for leaf in inside],
            lambda: self._along(inside, which),
            list(self._tangents(which, value)),
            complete is not None and len(self.stratum.where) == 1,
            lambda k: self._mask(which[k], inside).covers(rule[k]),
        ).outcome()
        return self._result(kind, reason, shown, complete)

    def _mask(self, k: int, inside: list[Leaf]) -> Mask:
        ways = [(leaf, Transfer(leaf.field, self.field, self.images)) for leaf in inside]
        rule, definition = self.obligation.gradients[k], self.obligation.definition
        return Mask(self.obligation.inputs[k], k, rule, definition, self.reader, ways, self._variable())

    def _missing(
        self, k: int, reason: str, inside: list[Leaf], approaches: list[Approach]
    ) -> tuple[BoundaryKind, str] | None:
        """What is wrong with a rule that returns no number for an operand; None where its derivative is infinite."""
        if reason == NO_MULTIPLE:
            return BoundaryKind.REJECTED, reason
        if all(a.limits[k] is not None for a in approaches):
            return BoundaryKind.REJECTED, different(self.obligation.inputs[k])
        if problem := self._other_infinity(k, approaches):
            return BoundaryKind.REJECTED, problem
        if any(k in a.infinite for a in approaches) or all(a.infinite for a in approaches):
            return None
        if any(0 in a.infinite for a in self._along(inside, [k])):
            return None
        return BoundaryKind.UNKNOWN, f"{reason}, and whether the derivative is infinite is not decided"

    def _other_infinity(self, k: int, approaches: list[Approach]) -> str:
        """Why a NaN or an infinity that the rule states is wrong; "" where it states none, or a right one."""
        name, gradient = self.obligation.inputs[k], self.obligation.gradients[k]
        stated = {t: symbol(f"{t.value} of the rule") for t in topological(gradient) if t.op == "special"}
        found = self._partial(name, *substitute((gradient,), stated)) if stated else ""
        if isinstance(found, str):
            return ""
        for i in found.indices():
            constant = next((t for t, s in stated.items() if self.field.generators[i].term is s), None)
            if constant is not None and constant.value == "nan":
                return "the derivative is infinite, and the rule returns NaN"
            if constant is not None and found.num.degrees()[i] == 1:
                s = known_sign(self.field, Element(found.num.derivative(i), found.den))
                signs = {a.known_sign(k) for a in approaches if k in a.infinite}
                if s in (-1, 1) and signs == {-s if constant.value == "inf" else s}:
                    return "the derivative is infinite, and the rule returns the infinity of the other sign"
        return ""

    def _tangents(self, which: Sequence[int], value: Element) -> Iterator[Tangent]:
        """The directions along the boundary in which operands move for which the rule returns a number."""
        for name in self.obligation.inputs:
            if name in self.images:
                continue
            moved = [
                self.field.derivative(self.images[n], name) if n in self.images else number(n == name)
                for n in self.obligation.inputs
            ]
            moves = [k for k, c in enumerate(moved) if c]
            if all(k in which and self.obligation.inputs[k] not in self.obligation.held for k in moves):
                yield Tangent(name, tuple(moved[k] for k in which), self.field.derivative(value, name))

    def _along_rays(
        self, inside: list[Leaf], approaches: list[Approach], rule: Partials | str, value: Element
    ) -> BoundaryResult:
        """At a point where the derivative depends on the direction of approach, as at the tip of a cone.

        The limits along some rays are limits of gradients, so their hull lies in the generalized gradient.
        """
        which = range(len(self.obligation.inputs))
        along = [a for leaf in inside for a in rays(self._place(), leaf, which)]
        limits = [limit for a in along if (limit := a.finite) is not None]
        if isinstance(rule, str):
            if any(a.infinite or a.unclear for a in self._along(inside, which)):
                return self._unbounded(inside, approaches, value)
            return self._result(BoundaryKind.REJECTED, rule, limits)
        found = weights(self.field, rule, limits)
        if found is None and is_too_steep(self.field, inside, rule):
            reason = "the rule's gradient is longer than every gradient nearby"
            return self._result(BoundaryKind.REJECTED, reason, limits, rule)
        if found is None:
            return self._unbounded(inside, approaches, value)
        return self._result(BoundaryKind.SUBGRADIENT, "", limits, rule, found)

    def _along(self, inside: list[Leaf], which: Sequence[int]) -> list[Approach]:
        """The gradient along rays and arcs that lead here."""
        return [
            approach
            for leaf in inside
            for lines in (rays, arcs)
            for approach in lines(self._place(), leaf, which)
        ]

    def _place(self) -> Place:
        return Place(self.field, self.stratum, self.images)

    # ------------------------------------------------------------------------------------------- the result

    def _result(
        self,
        kind: BoundaryKind,
        reason: str = "",
        limits: Sequence[tuple[Element | None, ...]] = (),
        rule: Partials | str | None = None,
        weights: list[Element] | None = None,
    ) -> BoundaryResult:
        term = self.field.term
        return BoundaryResult(
            self.stratum.where,
            self.stratum.cell,
            kind,
            reason,
            tuple(tuple(None if u is None else term(u) for u in limit) for limit in limits),
            None if rule is None or isinstance(rule, str) else tuple(map(term, rule)),
            tuple(map(term, weights or ())),
        )

