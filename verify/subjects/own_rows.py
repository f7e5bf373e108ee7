"""The row of an operation that the mirror does not know: its own forward, run on symbols, is the definition.

The rule is then held to the forward it belongs to; where that has a value is read off its formula.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from verify.subjects.formulas import FormulaRow, formula_row
from verify.subjects.frameworks.domains import natural_domain
from verify.subjects.operation import Operation
from verify.trace.explore import explore
from verify.trace.term import Term, apply, constant, substitute, symbol, term, topological


class OwnRow(FormulaRow):
    """A row that is worked out where the subject's code may run: when it is first asked for."""

    def __init__(self, operation: Operation) -> None:
        vars(self).update(op=operation.name, operands=operation.inputs, stable_form=None, constants=())
        vars(self)["operation"] = operation

    @cached_property
    def _made(self) -> FormulaRow:
        operation: Operation = vars(self)["operation"]
        inputs = [symbol(name) for name in operation.inputs]
        (definition,) = map(plainly, explore(lambda: (term(operation.forward(*inputs)),)))
        return formula_row(operation.name, definition, operation.inputs, natural_domain(definition))

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


def plainly(root: Term) -> Term:
    """The formula without what a running sum and a factor of 1 leave behind: 0 + x, 1*x."""
    plain: dict[Term, Term] = {}
    for node in topological(root):
        args = [plain[a] for a in node.args]
        changed = any(a is not b for a, b in zip(args, node.args, strict=True))
        whole = substitute((node,), dict(zip(node.args, args, strict=True)))[0] if changed else node
        plain[node] = _shorter(whole)
    return plain[root]


def _shorter(node: Term) -> Term:
    match node.op, node.args:
        case ("add", (a, b)):
            return b if a is _ZERO else a if b is _ZERO else node
        case ("mul", (a, b)) if _ONE in (a, b):
            return b if a is _ONE else a
        case ("mul", (a, b)) if _MINUS_ONE in (a, b):
            return apply("neg", b if a is _MINUS_ONE else a)
    return node


_ZERO, _ONE, _MINUS_ONE = map(constant, (0, 1, -1))
