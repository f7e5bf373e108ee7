"""The spec of an operation that the mirror does not know: its own forward, run on symbols, is the definition.

The rule is then compared with its own forward, where that has a value.
"""

from __future__ import annotations

from functools import cache

from backproof.verify.numerics.natural_domain import natural_domain
from backproof.verify.subjects.functions.formulas import FormulaRow, formula_spec
from backproof.verify.subjects.operation import Operation
from backproof.verify.terms.simplify import simplify
from backproof.verify.terms.term import symbol, term
from backproof.verify.tracing.branches import explore


class OwnRow(FormulaRow):
    """A spec whose definition is the operation's own forward."""

    @property
    def case(self) -> str:
        return "by its own forward"


def spec_from_forward(operation: Operation) -> OwnRow:
    """The spec of an operation's own forward: computed on first use, in a process where its code may run."""

    @cache
    def made() -> FormulaRow:
        inputs = [symbol(name) for name in operation.inputs]
        found = explore(lambda: (term(operation.forward(*inputs)),), gaps=operation.raises_outside)
        definition = simplify(found[0])
        return formula_spec(operation.name, definition, operation.inputs, natural_domain(definition))

    return OwnRow(
        operation.name,
        formula=lambda: made().form,
        given_domain=lambda: made().domain,
        given_kinks=lambda: made().kinks,
        operands=operation.inputs,
    )
