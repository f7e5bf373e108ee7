"""An array case: an operation run on whole arrays, and what its checks share about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import numpy as np

from backproof.verify.checks.array_cells import ArrayCells, sampled
from backproof.verify.checks.table import Check
from backproof.verify.config.options import Options
from backproof.verify.results.findings import Finding, Verdict
from backproof.verify.subjects.operation import ArrayOperation


class ArrayCase:
    """An operation on arrays, and everything computed about it so far."""

    def __init__(self, operation: ArrayOperation, options: Options) -> None:
        self.operation = operation
        self.options = options

    @property
    def title(self) -> str:
        """The operation's name, and its shapes: softmax (x: 768)."""
        return f"{self.operation.name} ({self.operation.case})" if self.operation.case else self.operation.name

    @property
    def derivative(self) -> str:
        """What the rule must be, in words."""
        return f"the derivative{of_surrogate(self.operation)}"

    @cached_property
    def sampled(self) -> ArrayCells:
        """The operation at sample points, and on the cells around them."""
        return sampled(self.operation, self.options.seed)

    def finding(self, check: Check, verdict: Verdict, message: str, of: str = "", **more: Any) -> Finding:
        """A finding about this case; ``of``: the array whose source line is reported, if not that of the operand."""
        return check.finding(self.operation, self.operation.case, verdict, message, of, **more)


def of_surrogate(pair: ArrayOperation) -> str:
    """Which function's derivative a rule is declared to be; "" for its forward's."""
    return f" of its surrogate {pair.surrogate}, not of its forward" if pair.surrogate else ""


def without_warnings(check: Callable[[ArrayCase], Iterator[Finding]]) -> Callable[[ArrayCase], Iterator[Finding]]:
    """The check with NumPy's warnings silenced: the check itself evaluates what they warn of."""

    def quiet(case: ArrayCase) -> Iterator[Finding]:
        with np.errstate(all="ignore"):
            yield from check(case)

    quiet.__doc__ = check.__doc__
    return quiet
