"""What is to be proved: that a rule, run on symbols, is the derivative of its operation."""

from __future__ import annotations

from dataclasses import dataclass

from verify.trace.term import Condition, Term

UPSTREAM = "g"
"""The symbol that stands for the gradient that arrives at the output."""


def accumulated(name: str) -> str:
    """The symbol for what the operand's gradient already held."""
    return "acc_" + name


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
