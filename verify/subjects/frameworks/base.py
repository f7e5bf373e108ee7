"""What the frameworks share: an operation whose rule is a trace, and whose floats come from a running kernel.

Two programs stand behind one rule: the formula that the framework's tracer writes down, which is proved, and the
compiled kernel, which is audited in ULPs.  The two may disagree, and then the report says so.
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

from verify.errors import UsageError
from verify.findings import Source
from verify.mirror import Row
from verify.proof.recognise import recognised
from verify.subjects import pairs
from verify.subjects.formulas import formula_row
from verify.subjects.frameworks.calls import Argument, bound
from verify.subjects.frameworks.domains import natural_domain
from verify.subjects.operation import INPUT_NAMES, Operation, Run
from verify.trace.explore import explore
from verify.trace.term import Condition, Term, constant, symbol, term, topological
from verify.trace.text import plainly

WIDEST = 160  # characters of an error that a line of a report has room for
LONGEST = 400  # nodes of a formula, counted with repetition, beyond which no reader is helped by it


class Untraceable(Exception):
    """A step of a trace that no term stands for; the message names it."""


class FrameworkOperation(Operation):
    """A differentiable function of a framework, of real scalars."""

    compiled = True

    def __init__(self, function: Any, name: str, inputs: Sequence[str], command: str) -> None:
        self.function = function
        self.name = name
        self.inputs = tuple(inputs)
        self.command = command

    @abstractmethod
    def traced_forward(self, *x: Term) -> Term:
        """The forward that the framework's tracer writes down.  Raises Untraceable."""

    @abstractmethod
    def traced_rule(self, g: Term, *x: Term) -> tuple[Term, ...]:
        """The gradients that its tracer writes down, for the upstream ``g``.  Raises Untraceable."""

    @abstractmethod
    def kernel(self, g: float, *x: float) -> tuple[float, tuple[float, ...]]:
        """Value and gradients by the framework's own compiled code."""

    @classmethod
    def bound(cls, function: Any, arguments: Sequence[Argument]) -> Any:
        """The function with some of its arguments fixed: names stand for operands.  Raises UsageError."""
        return bound(function, arguments)

    @classmethod
    def count_inputs(cls, function: Any, count: int = 0) -> tuple[str, ...]:
        """The names of the function's inputs: as many as it takes, or ``count``.  Raises UsageError."""
        return inputs_of(function, count)

    def run(self, data: Sequence[Any], *, upstream: Any = 1.0, before: Sequence[Any] | None = None) -> Run:
        if any(isinstance(x, Term) for x in (*data, upstream)):
            x = tuple(map(term, data))
            out: Any = self.traced_forward(*x)
            gradients: tuple[Any, ...] = self.traced_rule(term(upstream), *x)
        else:
            out, gradients = self.kernel(float(upstream), *map(float, data))
        if before is not None:  # a framework adds up the gradients itself, outside of its rules
            gradients = tuple(b + g for b, g in zip(before, gradients, strict=True))
        return Run(out, gradients, tuple(data), out, upstream)

    @property
    def source(self) -> Source:
        return source_of(self.function)

    def rerun(self, seed: int, point: Mapping[str, str]) -> str:
        if not self.command.endswith(")"):
            return super().rerun(seed, point)
        at = ", ".join(f'"{name}": "{value}"' for name, value in point.items())
        return f"{self.command[:-1]}, seed={seed}, point={{{at}}})"

    def written(self) -> tuple[str, ...]:
        try:
            gradients = explore(lambda: self.traced_rule(constant(1), *map(symbol, self.inputs)))
        except Exception as error:  # the user's own code may raise anything
            return (f"(not traced: {first_line(error)})",) * len(self.inputs)
        texts = (repr(plainly(g)) if size(g) <= LONGEST else "" for g in gradients)
        return tuple(t or f"(a trace of {len(topological(g))} steps)" for t, g in zip(texts, gradients, strict=True))

    @cached_property
    def own_forward(self) -> Term:
        """The forward in terms of the inputs; 0, and a problem of the operation, where it cannot be traced."""
        try:
            return explore(lambda: (self.traced_forward(*map(symbol, self.inputs)),))[0]
        except Exception as error:  # the user's own code may raise anything
            self.problem = self.problem or f"its forward cannot be traced: {first_line(error)}"
            return constant(0)


def framework_case(
    operation: FrameworkOperation, row: Row | None = None, domain: Condition | None = None
) -> tuple[Operation, Row]:
    """The operation beside its row: the given one, else what its own traced forward computes, where it has a value."""
    if row is not None:
        return operation, row
    operation.own_definition = True
    (meant,) = recognised((operation.own_forward,)).terms  # what is meant is sqrt(2), not the nearest float
    where = natural_domain(meant) if domain is None else domain
    return operation, formula_row(operation.name, meant, operation.inputs, where)


def first_line(error: Exception) -> str:
    """The error in a line: its name, unless it is our own, and how what it says begins."""
    message = shorten(next(iter(str(error).splitlines()), ""), WIDEST, placeholder=" ...")
    return message if isinstance(error, Untraceable) else f"{type(error).__name__}: {message}"


def size(root: Term) -> float:
    """How many nodes the formula has when it is written out."""
    sizes: dict[Term, float] = {}
    for node in topological(root):
        sizes[node] = 1 + math.fsum(sizes[a] for a in node.args)
    return sizes[root]


def inputs_of(function: Callable[..., Any], count: int = 0) -> tuple[str, ...]:
    """x, y, ...: one for each argument without a default, or ``count``.

    Raises UsageError where the function does not say how many it takes.
    """
    if not count:
        count = getattr(function, "nin", 0) or _required(function)
    if not 1 <= count <= len(INPUT_NAMES):
        raise UsageError(f"{function!r} takes {count} inputs: a rule of 1 to {len(INPUT_NAMES)} can be verified")
    return INPUT_NAMES[:count]


def _required(function: Callable[..., Any]) -> int:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise UsageError(f"{function!r} does not say how many inputs it has: pass inputs=('x',)") from None
    places = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.kind in places and p.default is p.empty for p in parameters)


def source_of(function: Any) -> Source:
    """Where the function stands: in a file of the working directory the line of its answer, else module and line."""
    plain = inspect.unwrap(function)
    code = getattr(plain, "__code__", None)
    file = Path(code.co_filename) if code else Path()
    if file.is_file() and file.is_relative_to(Path.cwd()) and "site-packages" not in file.parts:
        return pairs.source_of(plain)
    module = getattr(plain, "__module__", None) or type(plain).__module__
    return Source(module, code.co_firstlineno if code else 0)
