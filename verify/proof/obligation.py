"""What is to be proved: that a rule, run on symbols, is the derivative of its operation."""

from __future__ import annotations

import operator
from dataclasses import dataclass

from backproof.verify.terms.definitions import expanded
from backproof.verify.terms.ops import COMPARISONS, IN_PIECES
from backproof.verify.terms.term import FALSE, TRUE, Condition, Term, substitute, topological

UPSTREAM = "g"
"""The symbol of the upstream gradient, at the output."""


def accumulated(name: str) -> str:
    """The symbol of the operand's gradient before the rule runs."""
    return "acc_" + name


def among_reals(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """The terms for real symbols only: a comparison with an infinity or NaN is decided, and min(x, inf) is x.

    Functions that are smooth in pieces are expanded into the pieces, so that their boundaries are checked.
    """
    terms = expanded(terms, lambda op: op not in IN_PIECES)
    folded = {t: _folded(t) for t in topological(*terms) if any(a.op == "special" for a in t.args)}
    return substitute(terms, {t: new for t, new in folded.items() if new is not None}) if folded else terms


def _folded(t: Term) -> Term | None:
    """None where the infinity is more than the end of a range."""
    if len(t.args) != 2:
        return None
    a, b = (float(x.value) if x.op == "special" else 0.0 for x in t.args)
    if t.op in COMPARISONS:
        return TRUE if getattr(operator, t.op)(a, b) else FALSE
    if t.op in ("maximum", "minimum") and (a < b or a > b):  # not with NaN
        chosen = t.args[(a < b) == (t.op == "maximum")]
        return None if chosen.op == "special" else chosen
    return None


@dataclass(frozen=True)
class Obligation:
    """Inside every cell: gradient_i == acc_i + g · d definition/d input_i, and forward == definition.

    inputs: the names of the real symbols
    definition: the operation, written independently of the engine
    domain: where the operation is defined, a conjunction of comparisons of the inputs (TRUE for all reals)
    forward: the engine's own forward, traced
    gradients: each operand's gradient after the rule, for the output's ``g`` and its own ``acc_<name>`` before
    held: inputs by which nothing is differentiated: data, and the like.  They do not move, so that the derivative by
        them is taken as 0
    """

    op: str
    inputs: tuple[str, ...]
    definition: Term
    domain: Condition
    forward: Term
    gradients: tuple[Term, ...]
    held: frozenset[str] = frozenset()
