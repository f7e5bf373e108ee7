"""Theorems about wrong rules, one for each: on a cell where the rule differs from the right one at a point."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from backproof.verify.checks.case import Case
from backproof.verify.config.options import Options
from backproof.verify.evaluate.balls import evaluate
from backproof.verify.evaluate.stepwise import OnKink
from backproof.verify.mutants.generate import mutants, sample
from backproof.verify.mutants.subject import cases, own_cases
from backproof.verify.proof.coq import points, scripts, statements
from backproof.verify.proof.coq.export import Theorem
from backproof.verify.proof.coq.printer import Unprintable
from backproof.verify.proof.obligation import UPSTREAM, Obligation, accumulated, among_reals
from backproof.verify.proof.result import Proof
from backproof.verify.subjects.engines.own import own_engine
from backproof.verify.support.errors import NO_TRACE
from backproof.verify.terms.term import Term, symbol

SEED, DRAWN = 0, 150


def own_proofs() -> list[tuple[str, Proof]]:
    """Of the engine's own rules, by title."""
    found = []
    for operation, spec in own_engine().operations():
        case = Case(operation, spec, Options())
        assert case.proof is not None
        found.append((case.title, case.proof))
    return found


def theorem(name: str, proof: Proof, operand: str, rule: Term) -> Theorem | None:
    """That the rule is right, on a cell where it is wrong at a point; None if the points show it wrong on no cell.

    Raises Unprintable and OnKink where there is no theorem.
    """
    obligation = proof.obligation
    place = obligation.inputs.index(operand)
    for result in proof.cells:
        subject = statements.on_cell(_with(obligation, place, rule), result.cell)
        point = points.generic(result.cell)
        if point is None or not _differ(obligation.gradients[place], rule, point):
            continue
        at = points.at(point)
        script = scripts.derivative(subject, operand, result.cell, at)
        return Theorem(name, statements.derivative(subject, operand), script)
    return None


def twin(name: str, proof: Proof, operand: str) -> Theorem:
    """The same theorem about the right rule."""
    cell = proof.cells[0].cell
    subject = statements.on_cell(proof.obligation, cell)
    point = points.generic(cell)
    assert point is not None
    script = scripts.derivative(subject, operand, cell, points.at(point))
    return Theorem(name, statements.derivative(subject, operand), script)


def _with(obligation: Obligation, place: int, rule: Term) -> Obligation:
    gradients = list(obligation.gradients)
    gradients[place] = rule
    return replace(obligation, gradients=tuple(gradients))


def _differ(right: Term, wrong: Term, point: statements.Point) -> bool:
    """Whether the two have different values at the point, for g = 3/2 and acc = 1/4."""
    others = {UPSTREAM: Fraction(3, 2), **{accumulated(name): Fraction(1, 4) for name in ("x", "y")}}
    at = {name: points.ball(value) for name, value in {**others, **point}.items()}
    return not evaluate(right - wrong, at).contains(0)


def forward(name: str, proof: Proof) -> Theorem:
    """That the forward plus 2**-50 computes the definition."""
    obligation, cell = proof.obligation, proof.cells[0].cell
    wrong = replace(obligation, forward=obligation.forward + Fraction(1, 2**50))
    subject, point = statements.on_cell(wrong, cell), points.generic(cell)
    assert point is not None
    return Theorem(name, statements.forward(subject), scripts.forward(subject, cell, points.at(point)))


def shifted(proof: Proof) -> Iterator[tuple[str, Term]]:
    """For the first operand the rule plus x, and plus 2**-50."""
    operand, rule = proof.obligation.inputs[0], proof.obligation.gradients[0]
    g = symbol(UPSTREAM)
    yield operand, rule + g * symbol(operand)
    yield operand, rule + g * Fraction(1, 2**50)


def of_the_repository() -> Iterator[tuple[str, Theorem]]:
    """Theorems about drawn mutants of the engine's rules, each with the mutant in words."""
    engine = own_engine()
    drawn = [m for m in sample(mutants(engine), DRAWN, SEED) if m.operand]
    own: dict[str, list[Case]] = {}
    for k, mutant in enumerate(drawn):
        specs = own.setdefault(mutant.operation, own_cases(engine, mutant.operation, Options()))
        case, right = next(cases(mutant, engine, specs)), specs[0].proof
        assert right is not None
        try:
            gradients = among_reals(case.operation.traced().gradients)
            found = theorem(
                f"mutant{k}", right, mutant.operand, gradients[right.obligation.inputs.index(mutant.operand)]
            )
        except (*NO_TRACE, Unprintable, OnKink):
            continue
        if found is not None:
            yield str(mutant), found
