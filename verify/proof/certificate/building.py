"""The cover of a proof, built by reading: the splits, their boundaries, and a region for every leaf.

Where the domain, the definition, the forward or a gradient branches on a part, the part is split there, and its
boundary is a part as well.  The boundaries come last: what they say is about the cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product
from typing import Any

from backproof.verify.proof.cell import Split
from backproof.verify.proof.cells.approaches import NEAR, directions
from backproof.verify.proof.cells.domain import STRICT
from backproof.verify.proof.cells.strata import Binding, zeros
from backproof.verify.proof.certificate import schema
from backproof.verify.proof.certificate.claims import RELATIONS, ZERO, Part, Reading, Uncertifiable
from backproof.verify.proof.certificate.contradiction import multipliers
from backproof.verify.proof.field.algebra import CONSTANT_ONE, CONSTANT_ZERO, Element, NoValue, TooHard, number
from backproof.verify.proof.field.differential_field import Field, Restart
from backproof.verify.proof.field.halfspaces import Empty, refuse_contradictions
from backproof.verify.proof.field.interpret import Undefined, Unsupported
from backproof.verify.proof.field.limits import Infinite, Transfer, Unclear, barycentric
from backproof.verify.proof.field.signs import sign
from backproof.verify.proof.obligation import UPSTREAM, accumulated
from backproof.verify.proof.prove import MOST_RESTARTS
from backproof.verify.proof.result import BoundaryKind, BoundaryResult, Proof
from backproof.verify.terms.conditions import conjuncts
from backproof.verify.terms.term import Term, constant

MOST_PARTS = 256
NO_LIMIT = (Infinite, Unclear, Undefined, Unsupported, Uncertifiable, NoValue, TooHard, ZeroDivisionError)
LEFT = "no limit of the derivative is shown in the format"

Tree = dict[str, Any]
Partials = tuple[Element, ...]


@dataclass
class Cell:
    """A leaf inside the domain, as its boundaries need it."""

    reading: Reading
    partials: tuple[Element, ...]


class Builder:
    """The cover of one proof: a tree of splits and leaves, in which terms stand for nodes and readings for regions."""

    def __init__(self, proof: Proof) -> None:
        self.proof, self.obligation = proof, proof.obligation
        self.cells: list[Cell] = []
        self.parts = 0
        self.later: list[tuple[Tree, Part]] = []

    def tree(self, whole: Part) -> Tree:
        """The cover of this part; its boundaries last, when all cells are known."""
        tree = self._part(whole)
        for leaf, part in self.later:
            leaf.update(self._boundary(part))
        return tree

    def give_up(self, number: int) -> None:
        """Claim nothing on this boundary: the checker does not confirm its limits."""
        leaves = [leaf for leaf, _ in self.later if "stratum" in leaf]
        leaf, part = next((leaf, part) for leaf, part in self.later if leaf is leaves[number])
        leaf.clear()
        leaf.update(self._unclaimed(part, LEFT))

    def _part(self, part: Part) -> Tree:
        self.parts += 1
        if self.parts > MOST_PARTS:
            raise Uncertifiable(f"more than {MOST_PARTS} parts")
        hints: dict[str, Fraction] = {}
        cells, later = len(self.cells), len(self.later)
        for _ in range(MOST_RESTARTS):
            try:
                return self._attempt(part, hints)
            except Restart as finer:
                hints[finer.name] = finer.grain
                del self.cells[cells:], self.later[later:]
        raise Uncertifiable(f"more than {MOST_RESTARTS} refinements")

    def _attempt(self, part: Part, hints: dict[str, Fraction]) -> Tree:
        reading = Reading(part, hints)
        try:
            reading.learn()
            refuse_contradictions(reading.field)
            if zeros_here := [u for u, (_, _, r) in zip(reading.facts, part.facts, strict=True) if r == ZERO and u]:
                if any(self._outside_by_equation(reading, u) for u in zeros_here):
                    return {"outside": reading}
                return self._unclaimed(part, "its zeros are not solved for a symbol")
            if not self._in_domain(reading):
                return {"outside": reading}
            if not part.where:
                return self._cell(reading)
            self._branches(reading)
        except Empty:
            return {"empty": reading, "by": multipliers(reading)}
        except Split as split:
            return self._split(part, split, hints)
        except (Undefined, NoValue, Uncertifiable) as problem:
            if not part.where:
                raise
            return self._unclaimed(part, str(problem))
        leaf: Tree = {}
        self.later.append((leaf, part))
        return leaf

    def _in_domain(self, reading: Reading) -> bool:
        reading.visit(self.obligation.domain, reading.written)
        return reading.written.holds(self.obligation.domain)

    def _outside_by_equation(self, reading: Reading, zero: Element) -> bool:
        """Whether the domain leaves out where this element is 0, as x != 0 and x > 0 do."""
        strict = [c for c in conjuncts(self.obligation.domain) if c.op in STRICT]
        for condition in strict:
            try:
                left, right = (reading.element(t, reading.written) for t in condition.args)
                if ((left - right) / zero).constant() is not None:
                    return True
            except (Split, *NO_LIMIT):
                continue  # this condition does not say it
        return False

    def _branches(self, reading: Reading) -> None:
        """Read everything once, for its branches: raises Split where there is one."""
        for term in (self.obligation.definition, self.obligation.forward, *self.obligation.gradients):
            reading.element(term, reading.reader if term is self.obligation.definition else reading.written)

    def _cell(self, reading: Reading) -> Tree:
        self._branches(reading)
        definition = reading.element(self.obligation.definition, reading.reader)
        field = reading.field
        partials = tuple(field.reduced(field.derivative(definition, name)) for name in self.obligation.inputs)
        reading.complete()
        self.cells.append(Cell(reading, partials))
        return {"cell": reading}

    # ------------------------------------------------------------------------------------------- the splits

    def _split(self, part: Part, split: Split, hints: dict[str, Fraction]) -> Tree:
        if split.at is not None:
            lo, hi = part.interval(split.variable)
            return {
                "at": [split.variable, str(split.at)],
                "below": self._part(part.within(split.variable, lo, split.at)),
                "on": self._part(part.bound(split.variable, constant(split.at), inside=True)),
                "above": self._part(part.within(split.variable, split.at, hi)),
            }
        boundary = split.boundary
        try:
            reading, solutions = self._solutions(part, boundary, hints)
        except Split as inner:  # it has no value where this one is 0: first there
            if inner.boundary is boundary:
                raise Uncertifiable(f"a split on {boundary!r}") from None
            return self._split(part, inner, hints)
        on = [(binding, self._bound(part, binding)) for binding in solutions]
        return {
            "sign": boundary,
            "reading": reading,
            "below": self._side(part.given(boundary, "<"), hints, split.one_sided == 1),
            "on": [[binding, self._part(below)] for binding, below in on or [((), part.given(boundary, ZERO))]],
            "above": self._side(part.given(boundary, ">"), hints, split.one_sided == -1),
        }

    def _side(self, part: Part, hints: dict[str, Fraction], empty: bool) -> Tree:
        """One side of a split; ``empty``: its last fact alone is a contradiction."""
        if not empty:
            return self._part(part)
        reading = Reading(part, hints)
        reading.learn()
        return {"empty": reading, "by": [[len(part.facts) - 1, "1"]]}

    def _solutions(self, part: Part, boundary: Term, hints: dict[str, Fraction]) -> tuple[Reading, list[Binding]]:
        """The part read with the boundary, and where that is 0, solved for symbols; none where it cannot be solved.

        Raises Split where the boundary has no value on all of the part.
        """
        reading = self._read(part, boundary, hints)
        if self._outside_by_equation(reading, reading.element(boundary, reading.written)):
            return reading, []
        try:
            found = list(dict.fromkeys(zeros(reading.field, reading.element(boundary, reading.written)) or []))
            solved = self._read(part, boundary, hints)
            for _, value in (pair for binding in found for pair in binding):
                solved.element(value, solved.written)
        except (Split, Restart, *NO_LIMIT):
            return reading, []
        return solved, found

    def _read(self, part: Part, boundary: Term, hints: dict[str, Fraction]) -> Reading:
        reading = Reading(part, hints)
        reading.learn()
        reading.element(boundary, reading.written)
        return reading

    def _bound(self, part: Part, binding: Binding) -> Part:
        for name, value in binding:
            part = part.bound(name, value)
        return part

    # --------------------------------------------------------------------------------------- the boundaries

    def _boundary(self, part: Part) -> Tree:
        if any(b.kind is BoundaryKind.DISCONTINUOUS for b in self._of_the_prover(part)):
            return self._unclaimed(part, LEFT)
        hints: dict[str, Fraction] = {}
        for _ in range(MOST_RESTARTS):
            try:
                return self._limits(part, hints)
            except Restart as finer:
                hints[finer.name] = finer.grain
            except (Split, Empty, *NO_LIMIT):
                break
        return self._unclaimed(part, LEFT)

    def _unclaimed(self, part: Part, reason: str) -> Tree:
        """A boundary of which nothing is claimed, with the prover's own reason if it has one."""
        return {"unclaimed": next((b.reason for b in self._of_the_prover(part) if b.reason), reason)}

    def _of_the_prover(self, part: Part) -> list[BoundaryResult]:
        """The boundaries of the proof at which the same symbols have the same values."""
        where = {name: repr(value) for name, value in part.where}
        return [b for b in self.proof.boundaries if {name: repr(value) for name, value in b.where} == where]

    def _limits(self, part: Part, hints: dict[str, Fraction]) -> Tree:
        """The boundary with the limits whose hull holds the rule."""
        reading = Reading(part, hints)
        reading.learn()
        self._in_domain(reading)
        self._branches(reading)
        upstream = reading.written.element_of_symbol(UPSTREAM)
        if not upstream:
            return {"stratum": reading, "touching": []}
        added = [
            reading.written.element(gradient) - reading.written.element_of_symbol(accumulated(name))
            for name, gradient in zip(self.obligation.inputs, self.obligation.gradients, strict=True)
        ]
        rule = tuple(reading.field.reduced(a / upstream) for a in added)
        for limits in (self._touching(reading), self._along_rays(reading, hints)):
            found = list(limits)
            for size in range(1, min(len(rule) + 1, len(found)) + 1):
                for chosen in combinations(found, size):
                    weights = _weights(reading.field, rule, [partials for _, partials in chosen])
                    if weights is not None:
                        items = [item | {"weight": w} for (item, _), w in zip(chosen, weights, strict=True)]
                        return {"stratum": reading, "touching": items}
        raise Unclear("the hull")

    def _touching(self, reading: Reading) -> Iterator[tuple[Tree, Partials]]:
        """What is written of the cells that are shown to touch the boundary, and the limits from them."""
        for k, cell in enumerate(self.cells):
            transfer = Transfer(cell.reading.field, reading.field, reading.images)
            try:
                along = self._direction(reading, cell, transfer)
                if along is not None:
                    limits = tuple(transfer.limit(u, None) for u in cell.partials)
                    images = _images(cell, reading, transfer)
                    yield {"leaf": k, "along": along, "images": images, "partials": list(cell.partials)}, limits
            except (Split, *NO_LIMIT):
                continue  # another cell may do: this one is not needed, and is not written

    def _along_rays(self, reading: Reading, hints: dict[str, Fraction]) -> Iterator[tuple[Tree, Partials]]:
        """The same along rays that lead into a cell, where the boundary is bound in several symbols."""
        names, part = [name for name, _ in reading.part.where], reading.part
        for k, cell in enumerate(self.cells):
            for steps in directions(len(names)) if len(names) > 1 else ():
                near = Reading(Part((*part.box, (schema.RAY, Fraction(0), NEAR)), part.where, part.facts), hints)
                near.learn()
                s = near.field.symbol(schema.RAY)
                outward = {n: near.images[n] + s.scaled(by) for n, by in zip(names, steps, strict=True)}
                ray = Transfer(cell.reading.field, near.field, outward)
                back = Transfer(near.field, reading.field, {schema.RAY: CONSTANT_ZERO})
                try:
                    if any(sign(near.field, ray.limit(face, None)) != s for face, s in _faces(cell.reading)):
                        continue
                    on_it = [near.field.reduced(ray.limit(u, None)) for u in cell.partials]
                    limits = tuple(back.limit(u, schema.RAY) for u in on_it)
                    images = _images(cell, near, ray)
                except (Split, *NO_LIMIT):
                    continue  # another ray may do
                written = [[n, str(by)] for n, by in zip(names, steps, strict=True) if by]
                yield {"leaf": k, "ray": near, "steps": written, "images": images, "partials": cell.partials}, limits

    def _direction(self, reading: Reading, cell: Cell, transfer: Transfer) -> list[list[str]] | None:
        """A direction from the boundary into the cell; None if it does not touch, as far as is known."""
        rows = []
        names = [name for name, _, _ in cell.reading.part.box]
        for face, s in _faces(cell.reading):
            there = transfer.limit(face, None)
            if there:
                if sign(reading.field, there) != s:
                    return None
                continue
            slopes = [transfer.limit(cell.reading.field.derivative(face, name), None).constant() for name in names]
            rows.append(([c or Fraction(0) for c in slopes], s))
        moved = [k for k in range(len(names)) if any(row[k] for row, _ in rows)]
        for steps in product((0, 1, -1), repeat=len(moved)):
            direction = dict(zip(moved, steps, strict=True))
            values = [(sum(row[k] * by for k, by in direction.items()), s) for row, s in rows]
            if all(v * s > 0 for v, s in values):
                return [[names[k], str(by)] for k, by in direction.items() if by]
        return None


def _images(cell: Cell, reading: Reading, transfer: Transfer) -> list[Any]:
    """The claims that the cell's generators have limits: those that its derivatives and its faces need."""
    field, names = cell.reading.field, [name for name, _, _ in cell.reading.part.box]
    faces = [face for face, _ in _faces(cell.reading)]
    faces += [field.derivative(face, name) for face in faces for name in names]
    needed = {i for u in (*cell.partials, *faces) for i in u.indices()}
    for g in reversed(field.generators.values()):
        needed |= set(g.argument.indices()) if g.index in needed else set()
    return [reading.limit(g, transfer) if i in needed else None for i, g in field.generators.items()]


def _weights(field: Field, rule: Partials, limits: list[Partials]) -> list[Element] | None:
    """The weights of all these limits in the rule; None where it is not shown to be a convex combination of them."""
    if len(limits) == 1:
        return [CONSTANT_ONE] if all(field.is_zero(a - b) for a, b in zip(rule, limits[0], strict=True)) else None
    try:
        weights = barycentric(field, rule, limits)
        return weights if weights is not None and all(sign(field, w) >= 0 for w in weights) else None
    except (Split, TooHard):
        return None


def _faces(reading: Reading) -> Iterator[tuple[Element, int]]:
    """What is given about a cell: elements and their signs."""
    for name, lo, hi in reading.part.box:
        for end, s in ((lo, 1), (hi, -1)):
            if end is not None:
                yield reading.field.symbol(name) - number(end), s
    for u, (_, _, relation) in zip(reading.facts, reading.part.facts, strict=True):
        if u is not None:
            yield u, RELATIONS[relation]
