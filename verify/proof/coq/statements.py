"""What each theorem says: like the printer it is to be believed.

For every cell of a proof, with its inequalities as hypotheses:

    cell1_x          for all x, g and acc_x on the cell there is a d that is the derivative of the definition by x,
                     and the rule returns acc_x + g * d
    cell1_forward    the forward computes the definition; left out where it is the definition to the letter
    cell1_value      definition, forward and all rules have a value there (see `printer.values`)
    cell1_inhabited  the cell is not empty: of an empty one the theorems would say nothing

and for kinks and smooth seams of one variable:

    kink1            the rule returns acc_x + g * d, where d is a mean of the derivatives on the two sides
    kink1_value      the rule has a value there
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from backproof.verify.proof.cell import NOT_ZERO, Cell
from backproof.verify.proof.coq.printer import Unprintable, expression, name, number, proposition, values
from backproof.verify.proof.obligation import UPSTREAM, Obligation, accumulated
from backproof.verify.terms.term import (
    Condition,
    Term,
    apply,
    compare,
    constant,
    substitute,
    symbol,
    symbols_of,
    topological,
)

Point = dict[str, Fraction]


@dataclass(frozen=True)
class Subject:
    """What a file is about, and one of its cells: the inequalities that hold there.

    Where an atan2 occurs they exclude its cut, on which it jumps: by the half-angle formula, 0 < length + x.
    symbols: the inputs, and what else the inequalities are about, as where a rule branches on the upstream gradient
    """

    obligation: Obligation
    hypotheses: tuple[Condition, ...]
    symbols: tuple[str, ...]


def on_cell(obligation: Obligation, cell: Cell) -> Subject:
    """The obligation on one cell.  Raises Unprintable for an input with a name that the statements need."""
    taken = {UPSTREAM, *map(accumulated, obligation.inputs)} & {*obligation.inputs}
    if taken:
        raise Unprintable(f"an input of the name {min(taken)}")
    found = [h for n, lo, hi in cell.box for h in _between(symbol(n), lo, hi)]
    for term, sign in cell.signs:
        if sign == NOT_ZERO:
            found.append(compare("ne", term, 0))
        else:
            found.append(compare("lt", 0, term) if sign > 0 else compare("lt", term, 0))
    for node in topological(obligation.definition, obligation.forward, *obligation.gradients):
        if node.op == "atan2":
            y, x = node.args
            found.append(compare("lt", 0, apply("sqrt", y * y + x * x) + x))
    hypotheses = tuple(dict.fromkeys(h for h in found if h.op != "true"))
    return Subject(obligation, hypotheses, tuple(dict.fromkeys((*obligation.inputs, *symbols_of(*hypotheses)))))


def _between(x: Term, lo: Fraction | None, hi: Fraction | None) -> list[Condition]:
    below = [] if lo is None else [compare("lt", constant(lo), x)]
    return below if hi is None else [*below, compare("lt", x, constant(hi))]


def derivative(subject: Subject, operand: str) -> str:
    """That the rule of one operand adds g times the derivative."""
    obligation = subject.obligation
    rule = obligation.gradients[obligation.inputs.index(operand)]
    x, g, acc = name(operand), name(UPSTREAM), name(accumulated(operand))
    return (
        f"{_for_all(subject, (UPSTREAM, accumulated(operand)))} exists d : R,\n"
        f"  is_derive (fun {x} : R => {expression(obligation.definition)}) {x} d /\\\n"
        f"  {expression(rule)} = {acc} + {g} * d"
    )


def forward(subject: Subject) -> str:
    """That the forward computes the definition; "" where it is the definition to the letter."""
    obligation = subject.obligation
    computed, defined = expression(obligation.forward), expression(obligation.definition)
    return "" if computed == defined else f"{_for_all(subject, ())}\n  {computed} = {defined}"


def has_value(subject: Subject) -> str:
    """That definition, forward and all rules have a value; "" where nothing in them could lack one."""
    obligation = subject.obligation
    terms = (obligation.definition, obligation.forward, *obligation.gradients)
    parts = dict.fromkeys(part for term in terms for part in values(term))
    symbols = (UPSTREAM, *map(accumulated, obligation.inputs))
    return f"{_for_all(subject, symbols)}\n  " + " /\\\n  ".join(f"({p})" for p in parts) if parts else ""


def inhabited(subject: Subject) -> str:
    """That the cell is not empty; "" for all reals."""
    if not subject.hypotheses:
        return ""
    variables = " ".join(map(name, subject.symbols))
    return f"exists {variables} : R, " + " /\\ ".join(map(proposition, subject.hypotheses))


def kink(obligation: Obligation, at: Fraction, sides: tuple[Term, Term], reach: tuple[Fraction, Fraction]) -> str:
    """That at a kink of one variable the rule adds g times a mean of the derivatives on the left and on the right.

    These are the derivatives at the kink of two functions ``sides`` that the definition is on its left and right, up to
    the ends of ``reach``.
    """
    (operand,) = obligation.inputs
    x, g, acc, a = name(operand), name(UPSTREAM), name(accumulated(operand)), number(at)
    rule = _rule_at(obligation, at)
    left, right = map(expression, sides)
    definition = expression(obligation.definition)
    return (
        f"forall {g} {acc} : R, exists l r t : R,\n"
        f"  is_derive (fun {x} : R => {left}) {a} l /\\\n"
        f"  is_derive (fun {x} : R => {right}) {a} r /\\\n"
        f"  0 <= t <= 1 /\\\n"
        f"  {expression(rule)} = {acc} + {g} * (t * l + (1 - t) * r) /\\\n"
        f"  (forall {x} : R, {number(reach[0])} < {x} <= {a} -> {definition} = {left}) /\\\n"
        f"  (forall {x} : R, {a} <= {x} < {number(reach[1])} -> {definition} = {right})"
    )


def seam(obligation: Obligation, at: Fraction) -> str:
    """That the rule adds g times the derivative at a point where two smooth pieces meet."""
    (operand,) = obligation.inputs
    x, g, acc, a = name(operand), name(UPSTREAM), name(accumulated(operand)), number(at)
    rule = _rule_at(obligation, at)
    return (
        f"forall {g} {acc} : R, exists d : R,\n"
        f"  is_derive (fun {x} : R => {expression(obligation.definition)}) {a} d /\\\n"
        f"  {expression(rule)} = {acc} + {g} * d"
    )


def value_at(obligation: Obligation, at: Fraction) -> str:
    """That the rule of an operation of one input has a value at a point; "" where nothing in it could lack one."""
    (operand,) = obligation.inputs
    parts = values(_rule_at(obligation, at))
    variables = " ".join(map(name, (UPSTREAM, accumulated(operand))))
    return f"forall {variables} : R,\n  " + " /\\\n  ".join(f"({p})" for p in parts) if parts else ""


def _rule_at(obligation: Obligation, at: Fraction) -> Term:
    (operand,) = obligation.inputs
    return substitute((obligation.gradients[0],), {symbol(operand): constant(at)})[0]


def variables(subject: Subject, others: Sequence[str]) -> str:
    """The variables of a theorem: those of the cell, and others."""
    return " ".join(map(name, dict.fromkeys((*subject.symbols, *others))))


def _for_all(subject: Subject, others: Sequence[str]) -> str:
    hypotheses = "".join(f"{proposition(h)} -> " for h in subject.hypotheses)
    return f"forall {variables(subject, others)} : R, {hypotheses}".rstrip()
