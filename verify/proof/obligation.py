"""What is to be proved: that a rule, run on symbols, is the derivative of its operation."""

from __future__ import annotations

import operator
from dataclasses import dataclass

from verify.trace.term import COMPARISONS, FALSE, TRUE, Condition, Term, substitute, topological

UPSTREAM = "g"
"""The symbol that stands for the gradient that arrives at the output."""


def accumulated(name: str) -> str:
    """The symbol for what the operand's gradient already held."""
    return "acc_" + name


def among_reals(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """The terms for real symbols: a comparison with an infinity or NaN is decided, and min(x, inf) is x."""
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
    definition: what the operation is, written independently of the engine
    domain: where the operation is defined, a conjunction of comparisons of the inputs (TRUE for all reals)
    forward: the engine's own forward, traced
    gradients: what each operand's gradient became when the output's was ``g`` and its own ``acc_<name>``
    """

    op: str
    inputs: tuple[str, ...]
    definition: Term
    domain: Condition
    forward: Term
    gradients: tuple[Term, ...]
