"""Second order: the derivative of a rule, which a node of nodes works out, beside the mirror's second derivative.

The data of a node may be a node.  A rule that runs on such data computes its slope as a node of the inner graph, and
the backward pass through that gives the slope's own derivatives: so a rule is differentiated, not its forward.  The
case is an operation like any other: its forward is the slope in one operand, its rule is what came of that rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from verify.errors import UsageError
from verify.findings import Source
from verify.mirror import Row
from verify.subjects.operation import Operation, Run
from verify.subjects.subject import PartedSubject, Subject
from verify.subjects.values import ValueOperation, pass_back


@dataclass(frozen=True)
class SlopeRow(Row):
    """The row of a slope: what it is by the mirror, where it lives; ``of`` names the slope."""

    of: str = ""

    @property
    def case(self) -> str:
        """Which slope, and the constants."""
        constants = super().case
        return f"{self.of}, {constants}" if constants else self.of


class SlopeOperation(Operation):
    """The slope of an operation in one operand, by its own rule."""

    def __init__(self, original: ValueOperation, operand: int) -> None:
        self.original, self.operand = original, operand
        self.name, self.inputs = original.name, original.inputs
        self.command = f"{original.command} --order 2"

    flushes = 2.0**-960  # a slope near the subnormal numbers has lost digits on the way: the first order's affair

    @property
    def source(self) -> Source:
        return self.original.source

    def written(self) -> tuple[str, ...]:
        rule = self.original.written()[self.operand]
        return tuple(f"d/d{name} of {rule}" for name in self.inputs)

    def run(self, data: Sequence[Any], *, upstream: Any = 1.0, before: Sequence[Any] | None = None) -> Run:
        inner = self.original._leaves(data)
        outer = [type(leaf)(leaf) for leaf in inner]
        out = self.original.apply(*outer)
        pass_back(out, 1)
        slope = outer[self.operand].grad
        if not hasattr(slope, "_prev"):  # a slope that does not depend on x
            slope = type(inner[0])(slope)
        value = slope.data
        for leaf, gradient in zip(inner, before or [0] * len(inner), strict=True):
            leaf.grad = gradient
        pass_back(slope, upstream)
        gradients = tuple(leaf.grad for leaf in inner)
        return Run(value, gradients, tuple(leaf.data for leaf in inner), slope.data, upstream)


@dataclass(frozen=True)
class SecondOrder:
    """A subject whose operations are the slopes of another one's."""

    first: Subject

    @property
    def name(self) -> str:
        return f"{self.first.name}, second order"

    def operations(self) -> Iterator[tuple[Operation, Row]]:
        """Every slope of every operation that is made of nodes."""
        for operation, row in self.first.operations():
            if isinstance(operation, ValueOperation):
                for k, name in enumerate(row.inputs):
                    yield SlopeOperation(operation, k), _row_of(row, k, f"d/d{name}")


def second_order(first: Subject) -> SecondOrder:
    """The slopes of a subject whose nodes can hold nodes.

    Raises UsageError for one that has none: somebody's functions, a rules file.
    """
    apart = isinstance(first, PartedSubject)
    if apart or not any(isinstance(operation, ValueOperation) for operation, _ in first.operations()):
        raise UsageError(f"--order 2 differentiates rules of nodes, such as the engine's; {first.name} has none")
    return SecondOrder(first)


def _row_of(row: Row, k: int, of: str) -> SlopeRow:
    plain = {f: getattr(row, f) for f in ("op", "domain", "corners", "constants", "operands")}
    return SlopeRow(**plain, formula=row.slopes[k], stable_formula=row.stable_slopes[k], of=of)

