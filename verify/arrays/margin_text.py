"""A comparison that a point lies past, for a report: "past x[2, 1] - 0.01 < 0: its comparison turns there"."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backproof.verify.arrays.cone import TooLarge, cone
from backproof.verify.arrays.expand import terms_of
from backproof.verify.arrays.program import Node, Program
from backproof.verify.arrays.traced import Margin
from backproof.verify.terms.notation.code import written
from backproof.verify.terms.simplify import rewrite, simplify
from backproof.verify.terms.term import Term, constant, symbol, topological

_LONGEST = 12  # nodes of a formula that is told
_LARGEST = 100  # entries of a cone that a formula is written of


def margin_text(program: Program, margin: Margin, number: int, *, negative: bool) -> str:
    """The entry of a margin, by its number in C's order, as a formula in the inputs, or its place if that is long.

    negative: it is so past the comparison
    """
    told = _formula(program, margin.node, number)
    if told:
        return f"past {told} {'<' if negative else '>'} 0: its comparison turns there"
    place = _place(margin.node, number)
    return f"past a comparison ({margin.what}{_in_brackets(place)}): it turns there"


def _formula(program: Program, node: Node, number: int) -> str:
    def named(name: str, k: int) -> Term:
        return symbol(f"{name}{_in_brackets(_place(program.leaves[name].node, k))}")

    try:
        needed = cone(program, [(node, number)])
        if needed.size > _LARGEST:
            return ""
        (found,) = rewrite((simplify(terms_of(needed, named)[0], fold=True),), _readable)
    except TooLarge:
        return ""
    return written(found) if len(topological(found)) <= _LONGEST else ""


def _readable(term: Term) -> Term | None:
    """What is subtracted comes last."""
    match term.op, term.args:
        case "neg", (a,) if a.op == "sub":
            return a.args[1] - a.args[0]
        case "add", (a, b) if a.op == "neg":
            return b - a.args[0]
        case "add", (a, b) if b.op == "const" and b.value < 0:
            return a - constant(-b.value)
        case "add", (a, b) if a.op == "const" and a.value < 0:
            return b - constant(-a.value)
    return None


def _place(node: Node, number: int) -> list[int]:
    return [int(k) for k in np.unravel_index(number, node.shape)] if node.shape else []


def _in_brackets(place: Sequence[int]) -> str:
    return f"[{', '.join(map(str, place))}]" if place else ""
