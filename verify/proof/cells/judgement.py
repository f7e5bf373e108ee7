"""Checks one boundary: is the operation continuous there, do its one-sided derivatives agree, is the rule's valid.

Where the derivatives differ the rule must return a point of their convex hull, for all operands at once: that is
Clarke's generalized gradient of a piecewise smooth function (Clarke, "Optimization and Nonsmooth Analysis",
theorem 2.5.1).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product

from flint import ctx

from backproof.verify.proof.cell import NOT_ZERO, Cell, Split
from backproof.verify.proof.cells import infinite_derivatives
from backproof.verify.proof.cells.domain import domain_cells
from backproof.verify.proof.cells.examined_cell import Leaf
from backproof.verify.proof.cells.strata import Stratum, depends, faces
from backproof.verify.proof.field.algebra import Element, number, total
from backproof.verify.proof.field.differential_field import Field
from backproof.verify.proof.field.halfspaces import open_directions
from backproof.verify.proof.field.interpret import Interpreter, Undefined
from backproof.verify.proof.field.limits import Infinite, Transfer, Unclear, barycentric
from backproof.verify.proof.field.samples import BITS, sample
from backproof.verify.proof.field.signs import known_sign, learn, sign
from backproof.verify.proof.obligation import UPSTREAM, Obligation, accumulated
from backproof.verify.proof.result import BoundaryKind, BoundaryResult
from backproof.verify.terms.conditions import conjuncts, is_no_whole_number
from backproof.verify.terms.ops import inside
from backproof.verify.terms.term import Term, topological

Partials = tuple[Element, ...]
NEAR = Fraction(1, 1024)
CONTINUOUS = inside("smooth", "steep", "kink", "tip") - {"pow"} | {"symbol", "const", "pi"}
"""A composition of these alone is continuous wherever it has a value; so is a power with a constant exponent."""


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
        if not inside:
            return self._result(BoundaryKind.UNKNOWN, "no cell is shown to reach this part of the domain")
        try:
            value = Interpreter(self.field, self.images, trusting=True).element(self.obligation.definition)
        except Undefined:
            return self._result(BoundaryKind.OUTSIDE, "the definition has no value")
        transfers = [Transfer(leaf.field, self.field, self.images) for leaf in inside]
        jumps = self._jumps(transfers, inside, value)
        arrives = bool(self.reader.element_of_symbol(UPSTREAM))
        if not jumps and (problem := self._forward_problem(value)):  # at a jump itself the value is a convention
            return self._result(BoundaryKind.REJECTED, problem, rule=self._rule() if arrives else None)
        if not arrives:
            return self._without_upstream()
        if jumps:
            return self._at_a_jump(inside, transfers, value)
        edge = len(inside) < len(touching) or self._on_the_edge()
        return self._differentiated(inside, transfers, edge, value)

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
        if self._is_continuous():
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

    def _is_continuous(self) -> bool:
        """Whether the definition is composed of functions that are continuous here, if they have a value."""
        return all(
            t.op in CONTINUOUS
            or (t.op == "pow" and t.args[1].op == "const")
            or (t.op == "atan2" and self._is_off_the_cut(*t.args))
            for t in topological(self.obligation.definition)
        )

    def _is_off_the_cut(self, up: Term, along: Term) -> bool:
        """Whether an angle is continuous here: atan2(up, along) jumps where up is 0 and along negative."""
        reader = Interpreter(self.field, self.images, trusting=True)
        return known_sign(self.field, reader.element(along)) == 1 or bool(known_sign(self.field, reader.element(up)))

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
        upstream, returned = self.reader.element_of_symbol(UPSTREAM), []
        for name, gradient in zip(self.obligation.inputs, self.obligation.gradients, strict=True):
            try:
                added = self.reader.element(gradient) - self.reader.element_of_symbol(accumulated(name))
            except Undefined as problem:
                return f"the rule has no value here: {problem}"
            partial = self.field.reduced(added / upstream)
            if any(depends(self.field, i, n) for i in partial.indices() for n in (UPSTREAM, accumulated(name))):
                return "the rule's contribution is not a multiple of the upstream gradient here"
            returned.append(partial)
        return tuple(returned)

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

    def _at_a_jump(self, inside: list[Leaf], transfers: list[Transfer], value: Element) -> BoundaryResult:
        """The verdict where the operation jumps: the side that the boundary belongs to is a convention."""
        reason = "the operation is discontinuous"
        try:
            limits = self._limits(inside, transfers)
        except Unclear:
            return self._result(BoundaryKind.DISCONTINUOUS, reason)
        wrong = self._wrong_along(value, limits)
        if wrong:
            other = f"{reason}, but not along {wrong}, where the rule gives a different derivative, or none"
            return self._result(BoundaryKind.REJECTED, other, limits, self._rule())
        return self._result(BoundaryKind.DISCONTINUOUS, reason)

    def _limits(self, inside: list[Leaf], transfers: list[Transfer]) -> list[tuple[Element | None, ...]]:
        """The limits of the partial derivatives at the boundary, from every cell; None for an infinite one."""
        return [
            tuple(self._finite(transfer, u) for u in leaf.partials)
            for leaf, transfer in zip(inside, transfers, strict=True)
        ]

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
            try:
                added = self.reader.element(gradient) - self.reader.element_of_symbol(accumulated(name))
            except Undefined:
                return name
            partials = [self.field.derivative(value, name), *(limit[k] for limit in limits)]
            if not any(self._equal((added / upstream,), (partial,)) for partial in partials if partial is not None):
                return name
        return ""

    def _differentiated(
        self, inside: list[Leaf], transfers: list[Transfer], edge: bool, value: Element
    ) -> BoundaryResult:
        """The verdict where the operation is continuous."""
        rule = self._rule()
        try:
            found = self._limits(inside, transfers)
        except Unclear:
            if len(self.stratum.where) < 2:
                raise
            return self._along_rays(inside, rule)
        limits = [tuple(u for u in limit if u is not None) for limit in found]
        if limits != found:
            reason = "the derivative is unbounded"
            if wrong := self._wrong_along(value, found):
                other = f"{reason}, but not along {wrong}, where the rule gives a different derivative, or none"
                return self._result(BoundaryKind.REJECTED, other, found, rule)
            if len(self.obligation.inputs) == 1 and not isinstance(rule, str):
                return self._infinite(rule, found, inside)
            return self._result(BoundaryKind.VERTICAL, reason, found, rule)
        if isinstance(rule, str):
            return self._result(BoundaryKind.REJECTED, rule, limits)
        if edge and any(self._equal(rule, limit) for limit in limits):
            return self._result(BoundaryKind.EDGE, "", limits, rule)
        if all(self._equal(limit, limits[0]) for limit in limits[1:]):
            if self._equal(rule, limits[0]):
                return self._result(BoundaryKind.SMOOTH, "", limits, rule)
            reason = "the operation is differentiable here, and the rule gives another derivative"
            if edge:
                reason = "the rule's derivative is not the limit from the interior"
            return self._result(BoundaryKind.REJECTED, reason, limits, rule)
        weights = self._weights(rule, limits)
        if weights is None:
            reason = "the rule's derivative is not in the convex hull of the one-sided derivatives"
            return self._result(BoundaryKind.REJECTED, reason, limits, rule)
        return self._result(BoundaryKind.SUBGRADIENT, "", limits, rule, weights)

    def _infinite(
        self, rule: Partials, found: list[tuple[Element | None, ...]], inside: list[Leaf]
    ) -> BoundaryResult:
        """The verdict on a finite value of one input where some one-sided derivative is infinite."""
        finite = [limit[0] for limit in found if limit[0] is not None]
        signs = [
            known_sign(leaf.field, leaf.partials[0])
            for leaf, limit in zip(inside, found, strict=True)
            if limit[0] is None
        ]
        directions = {s for s in signs if s}
        if len(directions) == len(set(signs)):  # all are known
            if problem := infinite_derivatives.problem(self.field, rule[0], finite, directions):
                return self._result(BoundaryKind.REJECTED, problem, found, rule)
            if not finite and len(directions) == 1:
                return self._result(BoundaryKind.VERTICAL, infinite_derivatives.MASKED, found, rule)
        return self._result(BoundaryKind.VERTICAL, "the derivative is unbounded", found, rule)

    def _finite(self, transfer: Transfer, u: Element) -> Element | None:
        """The limit of a derivative; None for an infinite one."""
        try:
            return transfer.limit(u, self._variable())
        except Infinite:
            return None

    def _equal(self, a: Partials, b: Partials) -> bool:
        """Whether two gradients are equal; Unclear where a difference does not reduce to 0, but may still be 0."""
        differences = [u - v for u, v in zip(a, b, strict=True)]
        left = [d for d in differences if not self.field.is_zero(d)]
        if left and not any(map(self._is_somewhere_not_zero, left)):
            raise Unclear(f"whether {self.field.term(left[0])!r} is 0 is undecided")
        return not left

    def _is_somewhere_not_zero(self, u: Element) -> bool:
        """Whether ``u`` is not 0 at a point of the stratum, in ball arithmetic."""
        values = sample(self.field)
        with ctx.workprec(BITS):
            return values is not None and not values.polynomial(u.num).contains(0)

    def _weights(self, rule: Partials, limits: list[Partials]) -> list[Element] | None:
        """The weight of each limit in the rule's derivative, the fewest possible; None if it is not in their hull."""
        distinct = [k for k, u in enumerate(limits) if not any(self._equal(u, v) for v in limits[:k])]
        for size in range(1, len(rule) + 2):
            for chosen in combinations(distinct, size):
                weights = barycentric(self.field, rule, [limits[k] for k in chosen])
                if weights is not None and all(sign(self.field, w) >= 0 for w in weights):
                    shares = dict(zip(chosen, weights, strict=True))
                    return [shares.get(k, number(0)) for k in range(len(limits))]
        return None

    def _along_rays(self, inside: list[Leaf], rule: Partials | str) -> BoundaryResult:
        """At a point where the derivative depends on the direction of approach, as at the tip of a cone.

        The limits along some rays are limits of gradients, so their hull lies in the generalized gradient.
        """
        limits = [limit for leaf in inside for limit in self._ray_limits(leaf)]
        if isinstance(rule, str):
            return self._result(BoundaryKind.REJECTED, rule, limits)
        weights = self._weights(rule, limits)
        if weights is None and self._too_steep(inside, rule):
            reason = "the rule's gradient is longer than every gradient nearby"
            return self._result(BoundaryKind.REJECTED, reason, limits, rule)
        if weights is None:
            reason = "the derivative depends on the direction, and the rule's is not shown to lie in the convex hull"
            return self._result(BoundaryKind.UNKNOWN, reason, limits, rule)
        return self._result(BoundaryKind.SUBGRADIENT, "", limits, rule, weights)

    def _too_steep(self, inside: list[Leaf], rule: Partials) -> bool:
        """Whether the rule's gradient is longer than the definition's, which has one length all around."""
        length = total(u * u for u in rule)
        around = [leaf.field.reduced(total(u * u for u in leaf.partials)).constant() for leaf in inside]
        return all(c is not None and sign(self.field, length - number(c)) > 0 for c in around)

    def _ray_limits(self, leaf: Leaf) -> Iterator[Partials]:
        """The limits of the partial derivatives along rays that lead into a cell."""
        along = "ray"
        for direction in directions(len(self.stratum.where)):
            near = Field(Cell(((along, Fraction(0), NEAR), *self.field.cell.box), self.field.cell.signs))
            outward = {
                name: Transfer(self.field, near, {}).limit(self.images[name], None)
                + near.symbol(along).scaled(step)
                for (name, _), step in zip(self.stratum.where, direction, strict=True)
            }
            reader = Interpreter(near, outward, trusting=True)
            given = [(reader.element(t), s) for t, s in faces(leaf.field.cell) if s != NOT_ZERO]
            if all(known_sign(near, u) == s for u, s in given):
                ray = Transfer(leaf.field, near, outward)
                back = Transfer(near, self.field, {along: number(0)})
                yield tuple(back.limit(near.reduced(ray.limit(u, None)), along) for u in leaf.partials)

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


def directions(n: int) -> Iterator[tuple[int, ...]]:
    """Whole directions of rational length: the axes, and those of the triangle 3, 4, 5 in every plane."""
    for i in range(n):
        for s in (1, -1):
            yield tuple(s if k == i else 0 for k in range(n))
    for i, j in combinations(range(n), 2):
        for a, b, s, t in product((3,), (4,), (1, -1), (1, -1)):
            yield tuple(a * s if k == i else b * t if k == j else 0 for k in range(n))
