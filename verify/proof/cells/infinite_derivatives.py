"""What a rule of one input may return where the derivative is unbounded.

Let F be the finite one-sided limits and E the directions, +1 or -1, of the infinite ones.  Valid are conv F + cone E,
and where F is empty and E holds both directions, any number.  Where every limit is infinite in one direction no finite
number is valid; 0 is accepted as a mask, as `g/(2*out) if out > 0 else 0` has it, and reported.  The set is Clarke's
generalized gradient extended by horizon directions: Rockafellar and Wets, "Variational Analysis" (1998), 8.B and 9.F.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from backproof.verify.proof.field.algebra import Element
from backproof.verify.proof.field.differential_field import Field
from backproof.verify.proof.field.signs import sign

MASKED = "the derivative is infinite, and the rule returns 0"


def problem(field: Field, rule: Element, finite: Sequence[Element], directions: Collection[int]) -> str:
    """Why a finite value is not valid; "" if it is.  Raises Split where a comparison differs over the stratum."""
    if {-1, 1} <= set(directions):
        return ""
    if not finite:
        return "" if not rule else "the derivative is infinite, and the rule returns another number than 0"
    towards = 1 if 1 in directions else -1
    if any(towards * sign(field, rule - limit) >= 0 for limit in finite):
        return ""
    return "the rule's derivative lies on the wrong side of the finite one-sided derivative"
