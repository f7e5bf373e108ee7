"""The ladder of a decision: the prover, then the constants that literals stand for, then a bound of what is left.

Below it stand the refuter (`verify.proof.refute`) and, last, SymPy (`verify.proof.symbolic`).
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from verify.proof.enclose import Enclosure, enclosed
from verify.proof.obligation import Obligation
from verify.proof.process import Lost, in_time
from verify.proof.prove import prove
from verify.proof.recognise import recognised
from verify.proof.result import Proof, Status
from verify.trace.term import topological

EPSILON = Fraction(1, 2**48)
"""A bound that only the rounding of literals is below: no digit that a person writes is lost in it."""

COPIED = 12
"""Significant digits from which on a literal is a rounded constant, not a number that somebody chose."""


def decided(obligation: Obligation) -> Proof:
    """The proof as far up the ladder as it takes; where no rung holds, what the first one found.

    In time, where a time is set; a proof that does not end in it failed for that reason.
    """
    try:
        return in_time(_decided, obligation)
    except Lost as lost:
        return Proof(obligation, failure=f"the proof {lost}")


def _decided(obligation: Obligation) -> Proof:
    first = prove(obligation)
    if first.status is Status.PROVED:
        return first
    lifted = recognised((obligation.definition, obligation.forward, *obligation.gradients))
    if lifted.assumptions:
        definition, forward, *gradients = lifted.terms
        second = prove(replace(obligation, definition=definition, forward=forward, gradients=tuple(gradients)))
        if second.status is Status.PROVED:
            return replace(second, assumptions=(*second.assumptions, *lifted.assumptions))
    return first


def within(proof: Proof) -> tuple[Enclosure, ...]:
    """Bounds of rule - derivative where a rule holds rounded constants, one for each open identity.

    Empty where there are no such constants, where anything else is open, or where a bound cannot be shown (in time).
    """
    if not any(_is_copied(t.value) for t in topological(*proof.obligation.gradients) if t.op == "const"):
        return ()
    try:
        return in_time(_within, proof)
    except Lost:
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


def _is_copied(value: Fraction) -> bool:
    """A float literal with more digits than people choose."""
    if value.denominator < 2**20 or value.denominator & (value.denominator - 1):
        return False
    digits = repr(float(value)).partition("e")[0].replace(".", "").strip("-0")
    return len(digits) >= COPIED
