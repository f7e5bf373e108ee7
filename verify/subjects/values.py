"""Engines in the style of micrograd: a class whose nodes carry data, a gradient and a `_backward` closure."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arithmetic import FLOATS, register
from verify.findings import Source
from verify.mirror import BINARY, MIRROR, Row
from verify.subjects.operation import INPUT_NAMES, Operation, Run, Together
from verify.subjects.order import operands_first
from verify.subjects.private import private
from verify.subjects.written import formulas, line_of, rule_lines, shown_path
from verify.trace.explore import explore
from verify.trace.term import Term, symbol


@dataclass(frozen=True)
class ValueEngine:
    """A class of nodes under verification.

    kind: the class; methods: operation -> the method that performs it
    follows_rows: its corners answer what the rows of verify/mirror.py declare
    spec: how a user named the class
    """

    kind: type
    methods: dict[str, str]
    follows_rows: bool = False
    spec: str = ""

    @property
    def name(self) -> str:
        """The class as a user named it, or as an import path."""
        return self.spec or f"{self.kind.__module__}:{self.kind.__qualname__}"

    @cached_property
    def symbolic(self) -> type:
        """The class that nodes of symbols are made of: its `math` knows terms, its literals are exact."""
        return private(self.kind)

    def operations(self) -> Iterator[tuple[Operation, Row]]:
        """Every operation beside its row; one with constants comes once for each row."""
        for name, method in self.methods.items():
            for row in MIRROR[name]:
                yield ValueOperation(self, name, method, arguments(row)), row


def own_engine() -> ValueEngine:
    """The engine of this project."""
    from engine import OPS, Value

    missing = [name for name in OPS if name not in MIRROR]
    if missing:
        raise LookupError(f"{', '.join(missing)}: a rule without a row in verify/mirror.py")
    return ValueEngine(Value, {name: OPS[name] for name in MIRROR if name in OPS}, follows_rows=True)


def arguments(row: Row) -> tuple[Any, ...]:
    """The row's constants as a user would pass them: an int where it is whole, else a float."""
    fractions = [Fraction(str(value)) for value in row.values]
    return tuple(int(f) if f.denominator == 1 else Literal(f.numerator, f.denominator) for f in fractions)


class Literal(float):
    """A float that knows the fraction it was written for, such as 0.01 for 1/100.

    In float arithmetic it is the float; meeting a term it is the fraction (see `verify.trace.term.term`).
    """

    fraction: tuple[int, int]

    def __new__(cls, p: int, q: int) -> Literal:
        self = super().__new__(cls, p / q)
        self.fraction = (p, q)
        return self


register(Literal, FLOATS)  # or it would be looked for among all that is installed


class ValueOperation(Operation):
    """One method of an engine's class, its constants fixed."""

    def __init__(self, engine: ValueEngine, name: str, method: str, constants: tuple[Any, ...] = ()) -> None:
        self.engine = engine
        self.name = name
        self.method = method
        self.constants = constants
        self.inputs = INPUT_NAMES[: 2 if name in BINARY else 1]
        self.follows_rows = engine.follows_rows
        place = "" if engine.follows_rows else f" engine {engine.name}"
        self.command = f"python -m verify{place} {name}"

    def apply(self, *operands: Any) -> Any:
        """The node that the operation makes."""
        return getattr(operands[0], self.method)(*operands[1:], *self.constants)

    def _leaves(self, data: Sequence[Any]) -> list[Any]:
        kind = self.engine.kind
        for value in data:
            if isinstance(value, Term):
                kind = self.engine.symbolic
        return [kind(value) for value in data]

    def forward(self, *data: Any) -> Any:
        return _real(self.apply(*self._leaves(data)).data)

    def run(self, data: Sequence[Any], *, upstream: Any = 1.0, before: Sequence[Any] | None = None) -> Run:
        leaves = self._leaves(data)
        return self._back(self.apply(*leaves), leaves, upstream, before)

    def at_once(self, columns: Sequence[NDArray[np.float64]]) -> Together | None:
        if not self.engine.follows_rows:  # somebody else's code may look at the type of its data, and do otherwise
            return None
        from verify.kinds.columns import operands, plain

        data, doubtful = operands(columns)
        try:
            run = self.run(data)
            if run.data != tuple(data) or run.out_after is not run.out or run.upstream_after != 1.0:
                return None  # it changes what it should leave alone: floats tell of it
            out, *slopes = (plain(answer, len(doubtful)) for answer in (run.out, *run.gradients))
        except Exception:  # the subject's own code may raise anything
            return None
        return Together(out, tuple(slopes), doubtful)

    def run_among(self, data: Sequence[Any], others: Sequence[Any], *, upstream: Any = 1.0) -> Run | None:
        leaves = self._leaves(data)
        out = self.apply(*leaves)
        self.apply(*self._leaves(others))
        return self._back(out, leaves, upstream)

    def _back(self, out: Any, leaves: list[Any], upstream: Any, before: Sequence[Any] | None = None) -> Run:
        value = out.data
        if before is not None:
            for leaf, gradient in zip(leaves, before, strict=True):
                leaf.grad = gradient
        pass_back(out, upstream)
        gradients = tuple([leaf.grad for leaf in leaves])
        for answer in (value, *gradients):
            if type(answer) is complex:
                _real(answer)
        return Run(value, gradients, tuple([leaf.data for leaf in leaves]), out.data, out.grad)

    def run_shared(self, value: Any, *, upstream: Any = 1.0) -> Any:
        (leaf,) = self._leaves([value])
        pass_back(self.apply(*[leaf] * len(self.inputs)), upstream)
        return leaf.grad

    def unreached(self) -> tuple[str, ...]:
        try:
            out, leaves = self._sample
        except Exception:  # the subject's own code may raise anything
            return ()
        below = {id(node) for node in _order(out)} | {id(child) for node in _order(out) for child in node._prev}
        return tuple(name for name, leaf in zip(self.inputs, leaves, strict=True) if id(leaf) not in below)

    def through(self, *data: Any) -> tuple[Any, ...] | None:
        if not hasattr(self.engine.kind, "backward"):
            return None
        leaves = [self.engine.kind(value) for value in data]
        self.apply(*leaves).backward()
        return tuple(leaf.grad for leaf in leaves)

    def diamond(self, *data: Any) -> tuple[Any, ...] | None:
        if not hasattr(self.engine.kind, "backward"):
            return None
        x, y = (self.engine.kind(value) for value in data)
        s = self.apply(x, y)
        self.apply(s, self.apply(s, x)).backward()
        return x.grad, y.grad

    def reflected(self, number: float, value: Any) -> tuple[Any, Any] | None:
        method, function = REFLECTED.get(self.name, ("", None))
        if function is None or not hasattr(self.engine.kind, method):
            return None
        leaf = self.engine.kind(value)
        out = function(number, leaf)
        pass_back(out, 1.0)
        return out.data, leaf.grad

    def beside(self, value: Any, number: float) -> tuple[Any, Any] | None:
        _, function = REFLECTED.get(self.name, ("", None))
        if function is None or self.name == "pow":  # x**2 is the operation "power"
            return None
        leaf = self.engine.kind(value)
        try:
            out = function(leaf, number)
        except (TypeError, AttributeError):  # an engine may ask for Values only
            return None
        pass_back(out, 1.0)
        return out.data, leaf.grad

    @cached_property
    def _sample(self) -> tuple[Any, tuple[Any, ...]]:
        """One application to symbols, along its first path: the result and the operands."""
        found: list[Any] = []

        def run() -> tuple[Any, ...]:
            leaves = tuple(self._leaves([symbol(name) for name in self.inputs]))
            found.append((self.apply(*leaves), leaves))
            return ()

        explore(run, limit=2)
        return found[0]  # type: ignore[no-any-return]

    @property
    def _closure(self) -> Any:
        """The operation's own `_backward`; None where it is composed of other operations, or will not run."""
        try:
            out, leaves = self._sample
        except Exception:  # the subject's own code may raise anything
            return None
        single = all(any(child is leaf for leaf in leaves) for child in out._prev)
        return inspect.unwrap(out._backward) if single else None

    @cached_property
    def source(self) -> Source:
        return self._source(0)

    def source_of(self, operand: str) -> Source:
        return self._source(1) if operand in self.inputs[1:] else self.source

    def _source(self, operand: int) -> Source:
        code: Any = getattr(self._closure, "__code__", None)
        lines = rule_lines(code) if code else []
        if not lines:
            code = inspect.unwrap(getattr(self.engine.kind, self.method)).__code__
            lines = [(code.co_firstlineno, "")]
        return Source(shown_path(code.co_filename), *line_of(lines, operand))

    def written(self) -> tuple[str, ...]:
        found = formulas(self._closure, len(self.inputs)) if self._closure else None
        return found or super().written()


def _real(answer: Any) -> Any:
    """``answer`` itself; in Python (-8)**0.5 is a complex number, and no answer to a question about real ones."""
    if isinstance(answer, complex):
        raise ArithmeticError(f"the answer {answer!r} is not real")
    return answer


def pass_back(out: Any, upstream: Any) -> None:
    """Seed ``out`` and run every `_backward` below it, results before their operands."""
    out.grad = upstream
    for child in out._prev:
        if child._prev:
            break
    else:  # one operation on leaves: by far the commonest
        out._backward()
        return
    for node in reversed(_order(out)):
        node._backward()


def _order(root: Any) -> list[Any]:
    return operands_first(root, operator.attrgetter("_prev"))


REFLECTED: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "add": ("__radd__", operator.add),
    "sub": ("__rsub__", operator.sub),
    "mul": ("__rmul__", operator.mul),
    "div": ("__rtruediv__", operator.truediv),
    "pow": ("__rpow__", operator.pow),
}
"""Operations that a plain number may begin: 2 - x."""
