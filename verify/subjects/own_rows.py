"""The row of an operation that the mirror does not know: its own forward, run on symbols, is the definition.

The rule is then held to the forward it belongs to.  Where the forward has a value is read off its formula: what is
divided by is not zero, what has a logarithm is positive, and so on.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cached_property, reduce
from typing import Any

from verify.subjects.formulas import FormulaRow, formula_row
from verify.subjects.operation import Operation
from verify.trace.explore import explore
from verify.trace.term import (
    TRUE,
    Condition,
    Term,
    apply,
    compare,
    symbol,
    term,
)
from verify.trace.text import plainly


class OwnRow(FormulaRow):
    """A row that is worked out where the subject's code may run: when it is first asked for."""

    def __init__(self, operation: Operation) -> None:
        vars(self).update(op=operation.name, operands=operation.inputs, formula=None, stable_formula=None, constants=())
        vars(self)["operation"] = operation

    @cached_property
    def _made(self) -> FormulaRow:
        operation: Operation = vars(self)["operation"]
        inputs = [symbol(name) for name in operation.inputs]
        (definition,) = map(plainly, explore(lambda: (term(operation.forward(*inputs)),)))
        return formula_row(operation.name, definition, operation.inputs, domain(definition))

    @property
    def form(self) -> Any:
        return self._made.form

    @property
    def domain(self) -> Any:
        return self._made.domain

    @property
    def corners(self) -> Any:
        return self._made.corners

    @property
    def case(self) -> str:
        return "by its own forward"

    __eq__ = object.__eq__
    __hash__ = object.__hash__


def domain(definition: Term) -> Condition:
    """Where the formula has a value, as far as it shows outside of its branches."""
    parts = dict.fromkeys(_needs(definition))
    return reduce(lambda a, b: a & b, parts) if parts else TRUE


_BOUNDS: dict[str, tuple[tuple[str, int], ...]] = {
    "log": (("gt", 0),),
    "log1p": (("gt", -1),),
    "sqrt": (("ge", 0),),
    "asin": (("ge", -1), ("le", 1)),
    "acos": (("ge", -1), ("le", 1)),
    "acosh": (("ge", 1),),
    "atanh": (("gt", -1), ("lt", 1)),
}


def _needs(root: Term) -> Iterator[Condition]:
    for node in _outside_of_branches(root):
        for op, bound in _BOUNDS.get(node.op, ()):
            yield from _unless_plain(op, node.args[0], bound)
        if node.op == "div":
            yield from _unless_plain("ne", node.args[1], 0)
        elif node.op == "tan":
            yield compare("ne", apply("cos", node.args[0]), 0)
        elif node.op == "pow":
            base, exponent = node.args
            if exponent.op != "const":
                yield from _unless_plain("gt", base, 0)
            elif exponent.value.denominator == 1:
                yield from _unless_plain("ne", base, 0) if exponent.value < 0 else ()
            else:
                yield from _unless_plain("ge" if exponent.value > 0 else "gt", base, 0)


def _outside_of_branches(root: Term) -> list[Term]:
    """Every term below ``root``, operands first: a branch looks after itself, only what is compared is looked into."""
    order: dict[Term, None] = {}
    stack: list[tuple[Term, bool]] = [(root, False)]
    while stack:
        node, ready = stack.pop()
        if ready:
            order[node] = None
        elif node not in order:
            below = node.args[0].args if node.op == "where" else node.args
            stack += [(node, True), *((argument, False) for argument in reversed(below))]
    return list(order)


def _unless_plain(op: str, a: Term, bound: int) -> Iterator[Condition]:
    """The condition, where it does not hold on the face of it."""
    low = least(a)
    plain = low is not None and (low[0] > bound or (low[0] == bound and (op == "ge" or not low[1])))
    if op not in ("gt", "ge", "ne") or not plain:
        condition = compare(op, a, bound)
        if condition is not TRUE:
            yield condition


def least(a: Term) -> tuple[Fraction, bool] | None:
    """A number that the term is never below, and whether it may be reached; None where none shows."""
    match a.op:
        case "const":
            return a.value, True
        case "pi":
            return Fraction(3), False
        case "exp":
            return Fraction(0), False
        case "cosh":
            return Fraction(1), True
        case "abs" | "hypot":
            return Fraction(0), True
        case "sqrt":
            low = least(a.args[0])
            return Fraction(0), not (low and (low[0] > 0 or not low[1]))
        case "add" | "maximum":
            both = [least(part) for part in a.args]
            known = [low for low in both if low is not None]
            if a.op == "maximum":
                return max(known, default=None)
            return (known[0][0] + known[1][0], known[0][1] and known[1][1]) if len(known) == 2 else None
        case "mul" if a.args[0] is a.args[1]:
            return Fraction(0), True
        case "pow" if a.args[1].op == "const" and a.args[1].value.denominator == 1 and a.args[1].value % 2 == 0:
            return Fraction(0), True
        case "mul" | "div":
            lows = [least(part) for part in a.args]
            if all(low is not None and low[0] >= 0 for low in lows):
                return Fraction(0), any(low is not None and low[0] == 0 and low[1] for low in lows)
    return None
