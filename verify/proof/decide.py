"""The steps of a decision: the prover, then constants recognised in the literals, then a bound of the residual.

After these comes the refuter (`verify.proof.refute.counterexample`).  SymPy's `simplify` is not asked: it says nowhere
where its result holds, takes seconds, and depends on the order of its sets.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import lru_cache, reduce
from operator import and_

from flint import arb, ctx

from backproof.verify.arithmetics.balls import ratio
from backproof.verify.evaluate.balls import BallProgram
from backproof.verify.proof.bound_residual import BITS, Enclosure, enclosed
from backproof.verify.proof.obligation import UPSTREAM, Obligation, accumulated
from backproof.verify.proof.process import Unanswered, answered
from backproof.verify.proof.prove import prove
from backproof.verify.proof.recognise_constants import recognised
from backproof.verify.proof.result import BoundaryResult, Proof, Status
from backproof.verify.support.fuel import given
from backproof.verify.terms.conditions import conjuncts
from backproof.verify.terms.derivatives import derivative
from backproof.verify.terms.term import TRUE, constant, substitute, symbol, symbols_of, topological

EPSILON = Fraction(1, 2**48)
"""A bound that only the rounding of literals stays below: smaller than any deliberate digit."""

FARTHER = Fraction(64)
"""How far from its finite end an unbounded cell is covered by a bound."""

COPIED = 12
"""Significant digits from which on a literal is a rounded constant, not a chosen number."""


def decided(obligation: Obligation) -> Proof:
    """The proof by the first step that succeeds; where none does, the result of the prover.

    A proof that needs more fuel than there is fails with that reason.
    """
    return _kept(obligation, given())


@lru_cache(maxsize=64)
def _kept(obligation: Obligation, units: int) -> Proof:
    """Kept, since a pair of array functions is proved once to choose how it is verified, and again to be reported."""
    try:
        return answered(_decided, obligation)
    except Unanswered as open_question:
        return Proof(obligation, failure=str(open_question))


forget = _kept.cache_clear
"""Decide anew what was decided before."""


def _decided(obligation: Obligation) -> Proof:
    first = prove(obligation)
    if first.status is Status.PROVED:
        return first
    wider = _without_equations(obligation)
    if wider is not obligation and (proof := _decided(wider)).status is Status.PROVED:
        return replace(proof, obligation=obligation)
    lifted = recognised((obligation.definition, obligation.forward, *obligation.gradients))
    if lifted.assumptions:
        definition, forward, *gradients = lifted.terms
        second = prove(replace(obligation, definition=definition, forward=forward, gradients=tuple(gradients)))
        if second.status < min(first.status, Status.REJECTED):  # proved, or open where the literals alone are wrong
            return replace(second, assumptions=(*second.assumptions, *lifted.assumptions))
    return first


def _without_equations(obligation: Obligation) -> Obligation:
    """The same on a larger set with an interior: what holds there holds where ``c**2 + s**2 == 1``."""
    parts = list(conjuncts(obligation.domain))
    others = [part for part in parts if part.op != "eq"]
    return obligation if len(others) == len(parts) else replace(obligation, domain=reduce(and_, others, TRUE))


def within(proof: Proof) -> tuple[Enclosure, ...]:
    """Bounds of rule - derivative where a rule holds rounded constants, one for each open identity.

    Empty where there are no such constants, where anything else is open, or where a bound cannot be shown.
    """
    if not any(is_copied(t.value) for t in topological(*proof.obligation.gradients) if t.op == "const"):
        return ()
    try:
        return answered(_within, proof)
    except Unanswered:
        return ()


def _within(proof: Proof) -> tuple[Enclosure, ...]:
    obligation = proof.obligation
    if proof.failure or any(b.status is not Status.PROVED for b in proof.boundaries):
        return ()
    bounds = []
    for cell in proof.cells:
        if cell.outside:
            continue
        if cell.forward.status is not Status.PROVED:
            return ()
        for operand, verdict in enumerate(cell.gradients):
            if verdict.status is Status.PROVED:
                continue
            bound = enclosed(obligation, cell, operand, EPSILON)
            if bound is None:
                return ()
            bounds.append(bound)
    return tuple(bounds)


def negligible(proof: Proof, value: Fraction, partial: Fraction) -> tuple[Enclosure, ...]:
    """Bounds of what differs, where forward and rule are proved on some cells, and negligibly wrong on the others.

    value, partial: the largest difference of the forward and of the rule

    A cell is covered as far as `FARTHER` beyond its finite end, and to 0 if it has none.  Empty where a bound cannot be
    shown, where anything else is open, and for more than one input.
    """
    try:
        return answered(_negligible, proof, value, partial)
    except Unanswered:
        return ()


def _negligible(proof: Proof, value: Fraction, partial: Fraction) -> tuple[Enclosure, ...]:
    obligation, bounds = proof.obligation, []
    if proof.failure or len(obligation.inputs) != 1:
        return ()
    if not all(b.status is Status.PROVED or _is_negligible_at(b, obligation, value, partial) for b in proof.boundaries):
        return ()
    if not any(all(v.status is Status.PROVED for v in (c.forward, *c.gradients)) for c in proof.cells if not c.outside):
        return ()
    for cell in (c for c in proof.cells if not c.outside):
        ends = [abs(end) for end in cell.cell.interval(obligation.inputs[0]) if end is not None]
        reach = max((*ends, Fraction(0))) + FARTHER
        for verdict, eps, operand in ((cell.forward, value, None), (cell.gradients[0], partial, 0)):
            if verdict.status is Status.PROVED:
                continue
            bound = enclosed(obligation, cell, operand, eps, reach)
            if bound is None:
                return ()
            bounds.append(bound)
    return tuple(bounds)


def _is_negligible_at(boundary: BoundaryResult, obligation: Obligation, value: Fraction, partial: Fraction) -> bool:
    """Whether forward and rule differ negligibly at a boundary that is a single point where the operation is smooth."""
    (name,) = obligation.inputs
    if len(boundary.where) != 1 or symbols_of(place := boundary.where[0][1]):
        return False
    (rule,) = substitute(obligation.gradients, {symbol(UPSTREAM): constant(1), symbol(accumulated(name)): constant(0)})
    terms = obligation.forward, obligation.definition, rule, derivative(obligation.definition, name)
    with ctx.workprec(BITS):
        forward, meant, ours, true = BallProgram(terms, (name,))(*BallProgram([place], ())())
        return bool(abs(forward - meant) <= _ball(value)) and bool(abs(ours - true) <= _ball(partial))


def _ball(x: Fraction) -> arb:
    return ratio(x.numerator, x.denominator)


def is_copied(value: Fraction) -> bool:
    """A float literal with more digits than a chosen number has."""
    if value.denominator < 2**20 or value.denominator & (value.denominator - 1):
        return False
    digits = repr(float(value)).partition("e")[0].replace(".", "").strip("-0")
    return len(digits) >= COPIED
