"""Conditions split and combined: conjunctions, negations, comparisons with the sides swapped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backproof.verify.terms.ops import COMPARISONS
from backproof.verify.terms.term import FALSE, TRUE, Condition, Term, compare, topological

SWAPPED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}
"""b > a for a < b."""

OPPOSITE = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt", "eq": "ne", "ne": "eq"}
"""a >= b where a < b does not hold, between real numbers."""


def conjunction(conditions: Iterable[Condition]) -> Condition:
    """The conjunction of the conditions."""
    found = TRUE
    for condition in conditions:
        if condition is not TRUE:
            found = condition if found is TRUE else found & condition
    return found


def conjuncts(condition: Term) -> Iterator[Condition]:
    """The conjuncts, each once, in order of appearance: comparisons, and conditions that are no `and` and no `not`."""
    waiting: list[Term] = [condition]
    seen: set[Term] = {TRUE}
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        if node.op == "and":
            waiting += reversed(node.args)
        elif node.op == "not":
            waiting.append(negated(node.args[0]))
        else:
            assert isinstance(node, Condition)
            yield node


def negated(condition: Term) -> Condition:
    """The condition that holds where all compared terms have a value and this condition does not hold."""
    opposite: dict[Term, Condition] = {TRUE: FALSE, FALSE: TRUE}
    for node in topological(condition):
        if node.op in COMPARISONS:
            opposite[node] = compare(OPPOSITE[node.op], *node.args)
        elif node.op == "not":
            assert isinstance(node.args[0], Condition)
            opposite[node] = node.args[0]
        elif node.op in ("and", "or"):
            a, b = (opposite[part] for part in node.args)
            opposite[node] = a | b if node.op == "and" else a & b
    return opposite[condition]


def is_no_whole_number(condition: Term) -> bool:
    """Whether a condition says that a number is no integer, as the domain of gamma does: x != floor(x)."""
    return condition.op == "ne" and condition.args[1].op == "floor" and condition.args[1].args[0] is condition.args[0]
