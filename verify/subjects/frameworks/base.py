"""What the frameworks share: an operation whose rule is a trace, and whose floats come from a compiled kernel.

A rule has two programs: the formula that the framework's tracer records, which is proved, and the compiled kernel,
whose error is measured in ULPs.  If the two disagree, the report says so.
"""

from __future__ import annotations

import inspect
import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from textwrap import shorten
from typing import Any

from backproof.verify.mirror.table import Spec
from backproof.verify.numerics.natural_domain import natural_domain
from backproof.verify.proof.recognise_constants import recognised
from backproof.verify.results.findings import Source
from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.frameworks.calls import Argument, bound
from backproof.verify.subjects.functions import looked_at
from backproof.verify.subjects.functions.formulas import formula_spec
from backproof.verify.subjects.operation import INPUT_NAMES, CompiledOperation, Operation, Run
from backproof.verify.support.errors import NO_TRACE, NotTraced, UsageError, in_a_line
from backproof.verify.terms.simplify import simplify
from backproof.verify.terms.term import Condition, Term, constant, symbol, term, topological
from backproof.verify.tracing.branches import explore
from backproof.verify.tracing.source_code import reached

WIDEST = 160  # most characters of an error in a line of a report
LONGEST = 400  # nodes of a formula, counted with repetition, beyond which it is not readable


class Untraceable(NotTraced):
    """Raised for a step of a trace that has no term; the message names it."""


class FrameworkOperation(CompiledOperation):
    """A differentiable function of a framework, on real scalars."""

    def __init__(self, function: Any, name: str, inputs: Sequence[str], command: str) -> None:
        self.function = function
        self.name = name
        self.inputs = tuple(inputs)
        self.command = command

    @abstractmethod
    def traced_forward(self, *x: Term) -> Term:
        """The forward that the framework's tracer records.  Raises Untraceable."""

    @abstractmethod
    def traced_rule(self, g: Term, *x: Term) -> tuple[Term, ...]:
        """The gradients that its tracer records, for the upstream gradient ``g``.  Raises Untraceable."""

    @abstractmethod
    def kernel(self, g: float, *x: float) -> tuple[float, tuple[float, ...]]:
        """Value and gradients by the framework's own compiled code."""

    @classmethod
    def bound(cls, function: Any, arguments: Sequence[Argument]) -> Any:
        """The function with some of its arguments fixed: names are operands.  Raises UsageError."""
        return bound(function, arguments)

    @classmethod
    def count_inputs(cls, function: Any, count: int = 0) -> tuple[str, ...]:
        """The names of the function's inputs: all that it takes, or ``count``.  Raises UsageError."""
        return inputs_of(function, count)

    def run(self, data: Sequence[Any], *, upstream: Any = 1.0, before: Sequence[Any] | None = None) -> Run:
        with subject_code:
            if any(isinstance(x, Term) for x in (*data, upstream)):
                x = tuple(map(term, data))
                out: Any = self.traced_forward(*x)
                gradients: tuple[Any, ...] = self.traced_rule(term(upstream), *x)
            else:
                out, gradients = self.kernel(float(upstream), *map(float, data))
        if before is not None:  # a framework accumulates the gradients itself, outside of its rules
            gradients = tuple(b + g for b, g in zip(before, gradients, strict=True))
        return Run(out, gradients, tuple(data), out, upstream)

    @property
    def source(self) -> Source:
        return source_of(self.function)

    def code_texts(self) -> list[tuple[str, str]]:
        return reached(self.function)

    def rerun(self, seed: int, point: Mapping[str, str]) -> str:
        if not self.command.endswith(")"):
            return super().rerun(seed, point)
        at = ", ".join(f'"{name}": "{value}"' for name, value in point.items())
        return f"{self.command[:-1]}, seed={seed}, point={{{at}}})"

    def written(self) -> tuple[str, ...]:
        def run() -> tuple[Term, ...]:
            with subject_code:
                return self.traced_rule(constant(1), *map(symbol, self.inputs))

        try:
            gradients = explore(run)
        except NO_TRACE as error:
            return (f"(not traced: {first_line(error)})",) * len(self.inputs)
        texts = (repr(simplify(g)) if size(g) <= LONGEST else "" for g in gradients)
        return tuple(t or f"(a trace of {len(topological(g))} steps)" for t, g in zip(texts, gradients, strict=True))

    @cached_property
    def own_forward(self) -> Term:
        """The forward in terms of the inputs; 0, and a problem of the operation, if it cannot be traced."""

        def run() -> tuple[Term, ...]:
            with subject_code:
                return (self.traced_forward(*map(symbol, self.inputs)),)

        try:
            return explore(run)[0]
        except NO_TRACE as error:
            self.problem = self.problem or f"its forward cannot be traced: {first_line(error)}"
            return constant(0)


def framework_case(
    operation: FrameworkOperation, spec: Spec | None = None, domain: Condition | None = None
) -> tuple[Operation, Spec]:
    """The operation with its spec: the given one, else what its own traced forward computes, where it has a value."""
    if spec is not None:
        return operation, spec
    operation.own_definition = True
    (meant,) = recognised((operation.own_forward,)).terms  # the constant is sqrt(2), not the nearest float
    where = natural_domain(meant) if domain is None else domain
    return operation, formula_spec(operation.name, meant, operation.inputs, where)


def first_line(error: Exception) -> str:
    """The error in a line: its name, unless it is our own, and the beginning of its message."""
    if isinstance(error, Untraceable):
        return _shortened(str(error))
    name, colon, message = in_a_line(error).partition(": ")
    return f"{name}: {_shortened(message)}" if colon else f"{name}: "


def _shortened(message: str) -> str:
    return shorten(next(iter(message.splitlines()), ""), WIDEST, placeholder=" ...")


def size(root: Term) -> float:
    """The number of nodes of the formula when it is written out."""
    sizes: dict[Term, float] = {}
    for node in topological(root):
        sizes[node] = 1 + math.fsum(sizes[a] for a in node.args)
    return sizes[root]


def inputs_of(function: Callable[..., Any], count: int = 0) -> tuple[str, ...]:
    """x, y, ...: one for each argument without a default, or ``count``.

    Raises UsageError if the function's signature does not show how many it takes.
    """
    if not count:
        count = getattr(function, "nin", 0) or _required(function)
    if not 1 <= count <= len(INPUT_NAMES):
        raise UsageError(f"{function!r} takes {count} inputs: only 1 to {len(INPUT_NAMES)} inputs are supported")
    return INPUT_NAMES[:count]


def _required(function: Callable[..., Any]) -> int:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise UsageError(f"the number of inputs of {function!r} is unknown: pass names=('x',)") from None
    places = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.kind in places and p.default is p.empty for p in parameters)


def source_of(function: Any) -> Source:
    """The function's location: in a file of the working directory the line of its result, else module and line."""
    plain = inspect.unwrap(function)
    code = getattr(plain, "__code__", None)
    file = Path(code.co_filename) if code else Path()
    if file.is_file() and file.is_relative_to(Path.cwd()) and "site-packages" not in file.parts:
        return looked_at.source_of(plain)
    module = getattr(plain, "__module__", None) or type(plain).__module__
    return Source(module, code.co_firstlineno if code else 0)
