"""Prove that a rule is the derivative of its operation: cell by cell, then boundary by boundary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from backproof.verify.evaluate.balls import evaluate
from backproof.verify.proof.cell import Cell, Split
from backproof.verify.proof.cells.boundaries import boundary_results
from backproof.verify.proof.cells.domain import domain_cells
from backproof.verify.proof.cells.examined_cell import Leaf
from backproof.verify.proof.field.algebra import CONSTANT_ZERO, Element, TooHard, rational
from backproof.verify.proof.field.differential_field import Field, Restart
from backproof.verify.proof.field.halfspaces import Empty, refuse_contradictions
from backproof.verify.proof.field.interpret import Interpreter, Undefined, Unsupported
from backproof.verify.proof.field.samples import BITS, Point, nowhere_zero_denominators, sample, sample_point
from backproof.verify.proof.field.signs import learn
from backproof.verify.proof.obligation import UPSTREAM, Obligation, accumulated
from backproof.verify.proof.result import BoundaryResult, CellResult, Proof, Status, Verdict
from backproof.verify.support.fuel import charge
from backproof.verify.terms.term import Term

MOST_CELLS = 64
MOST_RESTARTS = 12


def prove(
    obligation: Obligation, *, between: bool = True, enough: Callable[[BoundaryResult], bool] = lambda _: False
) -> Proof:
    """Check everything that can be decided about the obligation; the rest is UNKNOWN, with the reason.

    between: also the boundaries between the cells, without which nothing is proved
    enough: of a boundary, whether those after it need not be checked
    """
    try:
        leaves, failure = _leaves(obligation, domain_cells(obligation))
    except Unsupported as problem:
        return Proof(obligation, failure=str(problem))
    boundaries, limit = (
        boundary_results(obligation, leaves, enough) if between else ([], "the boundaries were left out")
    )
    cells = tuple(leaf.result for leaf in leaves)
    return Proof(obligation, cells, tuple(boundaries), failure=failure or limit)


def _leaves(obligation: Obligation, waiting: list[Cell]) -> tuple[list[Leaf], str]:
    """The cells on which nothing branches, each with its verdicts, and why some may be missing."""
    leaves: list[Leaf] = []
    failure, seen = "", 0
    while waiting:
        seen += 1
        if seen > MOST_CELLS:
            return leaves, f"more than {MOST_CELLS} cells"
        cell = waiting.pop(0)
        charge("cells", 300)
        try:
            leaves.append(_examined(obligation, cell))
        except Split as split:
            waiting[:0] = cell.parts(split)
        except Empty:
            continue
        except (TooHard, Unsupported, Undefined) as problem:
            failure = f"{cell}: {problem}"
        except ZeroDivisionError:
            failure = f"{cell}: a denominator turns out to be 0"
        except RecursionError:
            failure = f"{cell}: the terms are nested too deeply"
    return leaves, failure


def _examined(obligation: Obligation, cell: Cell) -> Leaf:
    """The verdicts on one cell; raises Split if something branches on it, Empty if it has no points."""
    hints: dict[str, Fraction] = {}
    for _ in range(MOST_RESTARTS):
        try:
            return _Examination(obligation, Field(cell, hints)).leaf()
        except Restart as finer:
            hints[finer.name] = finer.grain
    raise TooHard(f"more than {MOST_RESTARTS} refinements")


@dataclass
class _Examination:
    """One attempt at one cell."""

    obligation: Obligation
    field: Field

    def leaf(self) -> Leaf:
        trusting = Interpreter(self.field, trusting=True)
        for name, _, _ in self.field.cell.box:
            self.field.symbol(name)
        for boundary, known in self.field.cell.signs:
            learn(self.field, trusting.element(boundary), known)
        refuse_contradictions(self.field)
        try:
            definition = self.field.reduced(trusting.element(self.obligation.definition))
        except Undefined as problem:
            return self._outside(problem)
        partials = tuple(self._partial(definition, name) for name in self.obligation.inputs)
        written = Interpreter(self.field)
        forward = self._difference(written, self.obligation.forward, definition, "forward")
        gradients = tuple(
            self._difference(written, gradient, self._expected(name, partial), "rule")
            for name, gradient, partial in zip(self.obligation.inputs, self.obligation.gradients, partials, strict=True)
        )
        return self._checked(definition, partials, forward, gradients)

    def _partial(self, definition: Element, name: str) -> Element:
        if name in self.obligation.held:
            return CONSTANT_ZERO
        return self.field.reduced(self.field.derivative(definition, name))

    def _expected(self, name: str, partial: Element) -> Element:
        """acc + g·partial."""
        return self.field.symbol(accumulated(name)) + self.field.symbol(UPSTREAM) * partial

    def _difference(self, written: Interpreter, term: Term, expected: Element, what: str) -> tuple[Verdict, Element]:
        """Whether ``term`` is ``expected``, and the element that their difference is."""
        try:
            difference = self.field.reduced(written.element(term) - expected)
        except Undefined as problem:
            return Verdict(Status.RESIDUAL, f"the {what} has no value on this cell: {problem}"), CONSTANT_ZERO
        except (Unsupported, TooHard) as problem:
            return Verdict(Status.UNKNOWN, f"the {what}: {problem}"), CONSTANT_ZERO
        if self.field.is_zero(difference):
            return Verdict(Status.PROVED), difference
        wanted = "definition" if what == "forward" else "derivative"
        reason = f"a difference between the {what} and the {wanted} is left"
        return Verdict(Status.RESIDUAL, reason, self.field.term(difference)), difference

    def _checked(
        self,
        definition: Element,
        partials: tuple[Element, ...],
        forward: tuple[Verdict, Element],
        gradients: tuple[tuple[Verdict, Element], ...],
    ) -> Leaf:
        """The leaf, its PROVEDs withdrawn where a denominator may be 0 everywhere."""
        field = self.field
        values = sample(field)
        verdicts = [forward[0], *(v for v, _ in gradients)]
        if values is None or not nowhere_zero_denominators(values, (definition, *partials)):
            doubt = "a denominator may be 0 everywhere" if values else "no point of the cell was found"
            verdicts = [Verdict(Status.UNKNOWN, doubt) if v.status is Status.PROVED else v for v in verdicts]
        result = CellResult(
            field.cell,
            verdicts[0],
            tuple(verdicts[1:]),
            tuple(field.term(u) for u in partials),
            tuple(g.term for g in field.generators.values() if g.kind != "symbol"),
        )
        return Leaf(field, result, definition, partials)

    def _has_value(self, point: Point) -> bool:
        """Whether the definition has a value at a point, in ball arithmetic, without the prover's tables."""
        at = {name: arb(rational(x)) for name, x in point.items()}
        return bool(evaluate(self.obligation.definition, at, BITS).is_finite())

    def _outside(self, problem: Undefined) -> Leaf:
        nothing = Verdict(Status.PROVED, f"outside the domain: {problem}")
        point = sample_point(self.field)
        if point is not None and self._has_value(point):
            where = ", ".join(f"{name} = {point[name]}" for name in self.obligation.inputs)
            nothing = Verdict(Status.UNKNOWN, f"{problem}, and yet it has one at {where}")
        gradients = tuple(nothing for _ in self.obligation.inputs)
        result = CellResult(self.field.cell, nothing, gradients, outside=True)
        return Leaf(self.field, result, None, ())
