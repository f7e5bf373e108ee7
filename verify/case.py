"""A case: one operation beside its row, and what the checks share about it (the trace, the terms, the points)."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from verify.findings import Finding, Verdict
from verify.mirror import Row
from verify.subjects.operation import Operation, Traced
from verify.trace.from_sympy import condition_from_sympy, from_sympy
from verify.trace.term import Condition, Term

if TYPE_CHECKING:
    from verify.checks import Check
    from verify.harness import Options


class Case:
    """An operation with its constants fixed, its row, and everything worked out about them so far."""

    def __init__(self, operation: Operation, row: Row, options: Options) -> None:
        self.operation = operation
        self.row = row
        self.options = options

    @cached_property
    def definition(self) -> Term:
        """The row's function."""
        return from_sympy(self.row.definition)

    @cached_property
    def stable(self) -> Term:
        """The row's function, in the form that balls follow furthest."""
        return from_sympy(self.row.stable)

    @cached_property
    def slopes(self) -> tuple[Term, ...]:
        """The row's partial derivatives by SymPy, in the form that balls follow furthest."""
        return tuple(map(from_sympy, self.row.stable_slopes))

    @cached_property
    def domain(self) -> Condition:
        """Where the operation has a value."""
        return condition_from_sympy(self.row.domain)

    @cached_property
    def trace(self) -> Traced | Exception:
        """The operation run on symbols, or what stopped it."""
        try:
            return self.operation.traced()
        except Exception as error:  # the subject's own code may raise anything
            return error

    def finding(self, check: Check | str, verdict: Verdict, message: str, **more: Any) -> Finding:
        """A finding about this case; one with constants says which."""
        from verify.checks import CHECKS

        if isinstance(check, str):
            check = next(c for c in CHECKS if c.name == check)
        if self.row.case:
            message = f"{message} ({self.row.case})"
        return Finding(
            self.operation.name, check.question, verdict, check.name, message, source=self.operation.source, **more
        )
