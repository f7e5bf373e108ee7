"""Proofs for rules of few entries: the same program with a symbol for each entry, given to the scalar prover.

Only a program that makes no choice by its data is the rule at all points of its shapes; one that does is its path at
one point, and stays `probable`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from backproof.verify.arrays.expand import TooLarge
from backproof.verify.checks import proof
from backproof.verify.checks.case import Case
from backproof.verify.checks.small_shapes import FEW, smaller
from backproof.verify.checks.table import TENSOR_IDENTITY
from backproof.verify.checks.tensor_case import TensorCase
from backproof.verify.results.findings import Finding, Verdict
from backproof.verify.subjects.tensors.expanded import expanded
from backproof.verify.subjects.tensors.pairs import PairOperation
from backproof.verify.support.fuel import budget, given

_SHARE = 2  # of a question's fuel: what is not proved with it is probable
_SHARE_OF_SMALL = 8


def smaller_proofs(case: TensorCase) -> Iterator[Finding]:
    """Proofs at small shapes of functions that run on symbols, all of their branches followed."""
    if not isinstance(case.operation, PairOperation):
        return
    with budget(max(1, given() // _SHARE_OF_SMALL)):
        for one in smaller(case):
            if one.proved:
                yield from one.findings


def suspected(case: TensorCase) -> Iterator[Finding]:
    """What the refuter finds on little fuel at a small shape, where the prover proves none.

    A rule that is proved on some cells of a small shape, and wrong on another, is wrong; one that is wrong on all of
    them may be written for the shapes that were asked for.
    """
    if not isinstance(case.operation, PairOperation):
        return
    with budget(max(1, given() // _SHARE_OF_SMALL)):
        one = next((small for small in smaller(case, True, FEW) if small.refuted), None)
    if one is not None:
        verdict = Verdict.REFUTED if one.partly else Verdict.MATCHED
        note = "at this smaller shape" + ("" if one.partly else ", if it is written for that,")
        wrong = [f for f in one.findings if f.verdict is Verdict.REFUTED]
        yield from (replace(f, verdict=verdict, message=f"{note} {f.message}") for f in wrong)


def proofs(case: TensorCase) -> tuple[list[Finding], str]:
    """That the rule is proved at its shapes, if the prover decides so; else nothing, and the reason."""
    first = case.looks[0]
    if first.traced is None:
        return [], "there is no program"
    if first.traced.decisions:
        return [], "the program makes choices by its data"
    try:
        operation, spec = expanded(case.operation, first.traced)
    except TooLarge as error:
        return [], str(error)
    with budget(max(1, given() // _SHARE)):
        found = list(proof.check(Case(operation, spec, case.options)))
    if not found or any(one.verdict is not Verdict.PROVED for one in found):
        return [], next((one.message for one in found if one.verdict is not Verdict.PROVED), "the prover said nothing")
    name, shapes = TENSOR_IDENTITY.name, case.operation.case
    return [replace(one, message=f"{one.message}, at these shapes", check=name, case=shapes) for one in found], ""
