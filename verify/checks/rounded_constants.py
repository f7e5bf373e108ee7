"""Rounded constants: a rule that differs from the derivative by no more than the rounding of the numbers stored in it.

An inverse that is made once, 1/√(2π) in a module, a Gram matrix: such a constant is a float, the derivative of the
function has another one in its place, and what is left of their difference is about 2**-53 of the terms.  A rule with
stored constants is not refuted by a difference of less than `NEGLIGIBLE` of the sum of the absolute values of its
terms: a wrong digit, sign or exponent is larger by many orders.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

from flint import arb, ctx

from backproof.verify.arithmetics.balls import ratio
from backproof.verify.checks.case import Case
from backproof.verify.evaluate.balls import BallProgram
from backproof.verify.proof.decide import is_copied
from backproof.verify.terms.term import Condition, Term, apply, constant, substitute, topological

NEGLIGIBLE = 2.0**-44
_BITS = 256


def holds_constants(case: Case) -> bool:
    """Whether the rule, or what it is compared with, holds constants that were not written by hand."""
    proof = case.rule_proof
    if proof is None:
        return False
    terms = topological(proof.obligation.definition, *proof.obligation.gradients)
    return any(t.op == "const" and is_copied(t.value) for t in terms)


def is_rounding(case: Case, i: int, point: Sequence[Any], ours: arb, expected: arb) -> bool:
    """Whether a rule with stored constants differs there by their rounding only; ``i``: the operand."""
    proof = case.rule_proof
    if proof is None or not holds_constants(case) or not (ours.is_finite() and expected.is_finite()):
        return False
    (gradient,) = substitute((proof.obligation.gradients[i],), case.seeds)
    sizes = BallProgram((_size(gradient), _size(case.partials[i])), case.spec.inputs)
    with ctx.workprec(_BITS):
        place = [ratio(x.numerator, x.denominator) if isinstance(x, Fraction) else arb(x) for x in point]
        size = max((s for s in sizes(*place) if s.is_finite()), key=lambda s: float(s.mid()), default=arb(0))
        return bool(abs(ours - expected) <= arb(NEGLIGIBLE) * size)


@lru_cache(maxsize=256)
def _size(root: Term) -> Term:
    """The sum of the absolute values of the terms: of products the product, of quotients the quotient."""
    found: dict[Term, Term] = {}
    for node in topological(root):
        match node.op:
            case "add" | "sub":
                found[node] = found[node.args[0]] + found[node.args[1]]
            case "mul" | "div":
                found[node] = apply(node.op, found[node.args[0]], found[node.args[1]])
            case "neg":
                found[node] = found[node.args[0]]
            case "const":
                found[node] = constant(abs(node.value))
            case _:
                found[node] = node if isinstance(node, Condition) else apply("abs", node)
    return found[root]
