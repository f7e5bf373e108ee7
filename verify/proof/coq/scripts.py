"""The proof of each theorem, as tactics: guesses, which Coq has to confirm.

A derivative is found by the tactic `derive` of Prelude.v.  Before it the branches of the definition and of the rule are
decided; after it an identity is left, which the equations of `equations` turn into one of polynomials, for `field`.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from backproof.verify.evaluate.stepwise import At
from backproof.verify.proof.cell import Cell
from backproof.verify.proof.coq.core import decisions, without_branches
from backproof.verify.proof.coq.equations import IDENTITY, KNOWN, Equations, equations
from backproof.verify.proof.coq.printer import expression, name, number, proposition
from backproof.verify.proof.coq.statements import Point, Subject, variables
from backproof.verify.proof.obligation import UPSTREAM, Obligation, accumulated
from backproof.verify.terms.term import Term


def derivative(subject: Subject, operand: str, cell: Cell, at: At) -> list[str]:
    """Of `statements.derivative`; ``at``: a point of the cell.  Raises OnKink, Unprintable."""
    obligation = subject.obligation
    rule = obligation.gradients[obligation.inputs.index(operand)]
    smooth_definition, smooth_rule = (without_branches(t, at) for t in (obligation.definition, rule))
    facts = equations(cell, at, (smooth_definition, smooth_rule))
    return [
        f"intros {_variables(subject, operand)}.",
        "eexists; split.",
        "{ " + _near(subject, operand, smooth_definition, at) + "derive. }",
        f"transitivity ({expression(smooth_rule)}).",
        f"{{ {'; '.join([*_decided(rule, at), 'same'])}. }}",
        "written.",
        *identity(facts),
    ]


def forward(subject: Subject, cell: Cell, at: At) -> list[str]:
    """Of `statements.forward`; ``at``: a point of the cell.  Raises OnKink, Unprintable."""
    sides = (subject.obligation.forward, subject.obligation.definition)
    smooth = tuple(without_branches(side, at) for side in sides)
    shown = [f"{{ {'; '.join([*_decided(side, at), 'same'])}. }}" for side in sides]
    computed, defined = map(expression, smooth)
    return [
        "intros.",
        f"transitivity ({computed}).",
        shown[0],
        f"transitivity ({defined}).",
        "2: { symmetry. " + shown[1].removeprefix("{ "),
        *identity(equations(cell, at, smooth)),
    ]


def _variables(subject: Subject, operand: str) -> str:
    names = variables(subject, (UPSTREAM, accumulated(operand)))
    return " ".join([names, *(f"H{k}" for k, _ in enumerate(subject.hypotheses, 1))])


def _near(subject: Subject, operand: str, smooth: Term, at: At) -> str:
    """The definition is its smooth piece near every point of the cell."""
    definition = subject.obligation.definition
    if expression(smooth) == expression(definition):
        return ""
    x = name(operand)
    piece = f"apply (d_near (fun {x} : R => {expression(smooth)})); ["
    same = "; ".join([*_decided(definition, at), "same"])
    if not subject.hypotheses:
        return f"{piece}apply everywhere; clear dependent {x}; intros {x}; {same} |]. "
    facts = " /\\ ".join(f"({proposition(h)})" for h in subject.hypotheses)
    known = "repeat match goal with H : _ /\\ _ |- _ => destruct H end"
    return (
        f"{piece}apply (near_all (fun {x} : R => {facts})); "
        f"[clear dependent {x}; intros {x} Z; {known}; {same} | near] |]. "
    )


def _decided(term: Term, at: At) -> list[str]:
    """What decides the branches of the term, as far as Coq finds it."""
    found = enumerate(decisions(term, at), 1)
    return [f"first [assert (B{k} : {proposition(c)}) by ordered | idtac]" for k, c in found]


def identity(facts: Equations) -> list[str]:
    """Show that two expressions are equal, with the equations between their functions."""
    relations = [f"assert (R{k} : {said}) by ({shown})." for k, (said, shown) in enumerate(facts.relations, 1)]
    names = " ".join(f"R{k}" for k, _ in enumerate(facts.relations, 1))
    lines = list(relations)
    for k, equation in enumerate(facts.found, 1):
        tactics = equation.tactics.replace(IDENTITY, _polynomial(k - 1, names)).replace(KNOWN, _rewritten(k - 1))
        lines.append(
            f"first [assert (E{k} : {equation.left} = {equation.right}) by ({tactics}) | pose proof I as E{k}]."
        )
    return [*lines, f"{_polynomial(len(facts.found), names)}."]


def _polynomial(known: int, relations: str) -> str:
    """By the first ``known`` equations, then as polynomials."""
    field = f"field [{relations}]; side" if relations else "field; side"
    return f"({_rewritten(known)}; facts; first [reflexivity | {field} | lra])"


def _rewritten(known: int) -> str:
    """By the first ``known`` equations, from the outermost functions inwards."""
    return "; ".join(f"try rewrite !E{k}" for k in range(known, 0, -1)) or "idtac"


def has_value() -> list[str]:
    """Of `statements.has_value` and `statements.value_at`."""
    return ["intros. has_value."]


def inhabited(subject: Subject, point: Point) -> list[str]:
    """Of `statements.inhabited`."""
    return [f"exists {', '.join(number(point[n]) for n in subject.symbols)}. inside."]


def kink(weight: Fraction, at: Fraction, operand: str) -> list[str]:
    """Of `statements.kink`; ``weight``: that of the derivative on the left."""
    return [
        f"intros. do 2 eexists. exists {number(weight)}. refine (conj _ (conj _ (conj _ (conj _ (conj _ _))))).",
        "{ derive. }",
        "{ derive. }",
        "{ lra. }",
        f"{{ {_RETURNED} }}",
        *_sides(at, operand),
    ]


_RETURNED = "written. settled."


def _sides(at: Fraction, operand: str) -> list[str]:
    x = name(operand)
    return [f"{{ intros {x} Z; destruct (Req_dec {x} {number(at)}) as [->|]; settled. }}"] * 2


def seam(obligation: Obligation, at: Fraction, sides: tuple[Term, Term], reach: tuple[Fraction, Fraction]) -> list[str]:
    """Of `statements.seam`; the functions on the two sides, and how far they are the definition."""
    (operand,) = obligation.inputs
    left, right = (f"(fun {name(operand)} : R => {expression(side)})" for side in sides)
    return [
        "intros. eexists. split.",
        f"{{ apply (glue _ {left} {right} {number(reach[0])} {number(reach[1])}); [lra | derive | | |].",
        f"  {{ eapply d_equal; [derive |]. {_RETURNED} }}",
        *_sides(at, operand),
        "}",
        f"{{ {_RETURNED} }}",
    ]


def script(lines: Sequence[str]) -> str:
    """The proof, indented."""
    return "\n".join(["Proof.", *(f"  {line}" for line in lines), "Qed."])
