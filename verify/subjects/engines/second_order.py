"""Second order: the derivative of a rule, computed by nodes of nodes, against the mirror's second derivative.

The data of a node may be a node.  A rule that runs on such data computes its partial derivative as a node of the inner
graph, and a backward pass through that gives second derivatives: so the rule is differentiated, not its forward.  The
case is an operation like any other: its forward is a partial derivative, its rule is the derivative of the first rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from backproof.verify.mirror.table import Spec
from backproof.verify.results.findings import Source
from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.engines.own import ValueOperation, pass_back
from backproof.verify.subjects.operation import Operation, Run
from backproof.verify.subjects.subject import PartedSubject, Recipe, Subject, of_numbers, read, recipe_of
from backproof.verify.support.errors import UsageError


@dataclass(frozen=True)
class DerivativeSpec(Spec):
    """The spec of a partial derivative: its definition by the mirror, its domain; ``of`` names the derivative."""

    of: str = ""

    limits_declared = False

    @property
    def case(self) -> str:
        """Which partial derivative, and the constants."""
        constants = super().case
        return f"{self.of}, {constants}" if constants else self.of


class DerivativeOperation(Operation):
    """The partial derivative of an operation in one operand, by its own rule."""

    def __init__(self, original: ValueOperation, operand: int) -> None:
        self.original, self.operand = original, operand
        self.name, self.inputs = original.name, original.inputs
        self.command = f"{original.command} --order 2"

    flush_to_zero_below = 2.0**-960  # a subnormal derivative has lost digits already: reported at first order

    @property
    def source(self) -> Source:
        return self.original.source

    def code_texts(self) -> list[tuple[str, str]]:
        return self.original.code_texts()

    def written(self) -> tuple[str, ...]:
        rule = self.original.written()[self.operand]
        return tuple(f"d/d{name} of {rule}" for name in self.inputs)

    def run(self, data: Sequence[Any], *, upstream: Any = 1.0, before: Sequence[Any] | None = None) -> Run:
        with subject_code:
            inner = self.original._leaves(data)
            outer = [type(leaf)(leaf) for leaf in inner]
            out = self.original.apply(*outer)
            pass_back(out, 1)
            partial = outer[self.operand].grad
            if not hasattr(partial, "_prev"):  # a partial derivative that does not depend on x
                partial = type(inner[0])(partial)
            value = partial.data
            for leaf, gradient in zip(inner, before or [0] * len(inner), strict=True):
                leaf.grad = gradient
            pass_back(partial, upstream)
            gradients = tuple(leaf.grad for leaf in inner)
            return Run(value, gradients, tuple(leaf.data for leaf in inner), partial.data, upstream)


@dataclass(frozen=True)
class SecondOrder:
    """A subject whose operations are the partial derivatives of another one's."""

    first: Subject

    @property
    def name(self) -> str:
        return f"{self.first.name}, second order"

    @property
    def recipe(self) -> Recipe | None:
        """How another process loads it."""
        first = recipe_of(self.first)
        return None if first is None else (_second, (first,))

    def operations(self) -> Iterator[tuple[Operation, Spec]]:
        """Every partial derivative of every operation on nodes."""
        for operation, spec in of_numbers(self.first.operations()):
            if isinstance(operation, ValueOperation):
                for k, name in enumerate(spec.inputs):
                    yield DerivativeOperation(operation, k), _row_of(spec, k, f"d/d{name}")


def second_order(first: Subject) -> SecondOrder:
    """The partial derivatives of a subject whose nodes can hold nodes.

    Raises UsageError for a subject without nodes: functions, a rules file.
    """
    apart = isinstance(first, PartedSubject)
    if apart or not any(isinstance(operation, ValueOperation) for operation, _ in first.operations()):
        raise UsageError(f"--order 2 differentiates rules of nodes, such as the engine's; {first.name} has none")
    return SecondOrder(first)


def _second(first: Recipe) -> SecondOrder:
    return SecondOrder(read(first))


def _row_of(spec: Spec, k: int, of: str) -> DerivativeSpec:
    return DerivativeSpec(
        spec.op,
        spec.partials[k],
        spec.given_domain,
        spec.given_kinks,
        spec.stable_derivatives[k],
        spec.constants,
        spec.operands,
        of,
    )

