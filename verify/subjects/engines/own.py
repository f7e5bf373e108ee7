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

from backproof.engine.arithmetic import FLOATS, register
from backproof.verify.mirror.table import BINARY, MIRROR, Spec
from backproof.verify.results.findings import Source
from backproof.verify.subjects.boundary import cross, subject_code
from backproof.verify.subjects.engines.order import operands_first
from backproof.verify.subjects.engines.passes import Passes, later
from backproof.verify.subjects.operation import INPUT_NAMES, Operation, Run, Together
from backproof.verify.subjects.small_graphs import OF_GRAPHS, Graph
from backproof.verify.subjects.subject import Recipe
from backproof.verify.support.errors import NO_TRACE, SubjectError
from backproof.verify.support.program import program
from backproof.verify.terms.term import Term, symbol
from backproof.verify.tracing.branches import explore
from backproof.verify.tracing.source_code import formulas, line_of, reached, rule_lines, shown_path
from backproof.verify.tracing.symbolic import private


@dataclass(frozen=True)
class ValueEngine:
    """A class of nodes under verification.

    kind: the class; methods: operation -> the method that performs it
    matches_mirror_kinks: its kinks return what the specs of verify/mirror/table.py declare
    target: how a user named the class
    """

    kind: type
    methods: dict[str, str]
    matches_mirror_kinks: bool = False
    target: str = ""

    @property
    def name(self) -> str:
        """The class as a user named it, or as an import path."""
        return self.target or f"{self.kind.__module__}:{self.kind.__qualname__}"

    @property
    def recipe(self) -> Recipe | None:
        """How another process loads it, if it is our own class; None for one that only this process holds."""
        from backproof.engine import Value

        fields = self.kind, self.methods, self.matches_mirror_kinks, self.target
        return (ValueEngine, fields) if self.kind is Value else None

    @cached_property
    def symbolic(self) -> type:
        """The class of nodes that hold symbols: its `math` accepts terms, its literals are exact."""
        return private(self.kind)

    def operations(self) -> Iterator[tuple[Operation, Spec]]:
        """Every operation with its spec; one with constants is listed once for each spec."""
        for name, method in self.methods.items():
            for spec in MIRROR[name]:
                yield ValueOperation(self, name, method, arguments(spec)), spec


def own_engine() -> ValueEngine:
    """The engine of this project."""
    from backproof.engine import OPS, Value

    missing = [name for name in OPS if name not in MIRROR]
    if missing:
        raise LookupError(f"{', '.join(missing)}: a rule without a spec in verify/mirror/table.py")
    return ValueEngine(Value, {name: OPS[name] for name in MIRROR if name in OPS}, matches_mirror_kinks=True)


def arguments(spec: Spec) -> tuple[Any, ...]:
    """The spec's constants as a user would pass them: an int where it is whole, else a float."""
    fractions = [Fraction(str(value)) for value in spec.values]
    return tuple(int(f) if f.denominator == 1 else Literal(f.numerator, f.denominator) for f in fractions)


class Literal(float):
    """A float that keeps the fraction it was written for, such as 0.01 for 1/100.

    In float arithmetic it is the float; combined with a term it is the fraction (see `verify.terms.term.term`).
    """

    fraction: tuple[int, int]

    def __new__(cls, p: int, q: int) -> Literal:
        self = super().__new__(cls, p / q)
        self.fraction = (p, q)
        return self


register(Literal, FLOATS)  # otherwise it would be searched for in all installed packages


class ValueOperation(Operation):
    """One method of an engine's class, its constants fixed."""

    def __init__(self, engine: ValueEngine, name: str, method: str, constants: tuple[Any, ...] = ()) -> None:
        self.engine = engine
        self.name = name
        self.method = method
        self.constants = constants
        self.inputs = INPUT_NAMES[: 2 if name in BINARY else 1]
        self.matches_mirror_kinks = engine.matches_mirror_kinks
        place = "" if engine.matches_mirror_kinks else f" engine {engine.name}"
        self.command = f"{program()}{place} {name}"

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
        with subject_code:
            return _real(self.apply(*self._leaves(data)).data)

    def run(self, data: Sequence[Any], *, upstream: Any = 1.0, before: Sequence[Any] | None = None) -> Run:
        try:
            leaves = self._leaves(data)
            return self._back(self.apply(*leaves), leaves, upstream, before)
        except BaseException as error:  # the boundary, without the cost of a block
            cross(error)

    def at_once(self, columns: Sequence[NDArray[np.float64]]) -> Together | None:
        if not self.engine.matches_mirror_kinks:  # user code may branch on the type of its data
            return None
        from backproof.verify.arithmetics.columns import operands, plain

        data, doubtful = operands(columns)
        try:
            run = self.run(data)
            with subject_code:  # its return value is ignored
                if run.data != tuple(data) or run.out_after is not run.out or run.upstream_after != 1.0:
                    return None  # it modifies data it should not: reported by the run on floats
                out, *partials = [plain(result, len(doubtful)) for result in (run.out, *run.gradients)]
        except SubjectError:
            return None
        return Together(out, tuple(partials), doubtful)

    def run_among(self, data: Sequence[Any], others: Sequence[Any], *, upstream: Any = 1.0) -> Run | None:
        with subject_code:
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
        for result in (value, *gradients):
            if type(result) is complex:
                _real(result)
        return Run(value, gradients, tuple([leaf.data for leaf in leaves]), out.data, out.grad)

    def run_shared(self, value: Any, *, upstream: Any = 1.0) -> Any:
        with subject_code:
            (leaf,) = self._leaves([value])
            pass_back(self.apply(*[leaf] * len(self.inputs)), upstream)
            return leaf.grad

    def unreached(self) -> tuple[str, ...]:
        try:
            out, leaves = self._sample
        except NO_TRACE:
            return ()
        below = {id(node) for node in _order(out)} | {id(child) for node in _order(out) for child in node._prev}
        return tuple(name for name, leaf in zip(self.inputs, leaves, strict=True) if id(leaf) not in below)

    def through(self, *data: Any) -> tuple[Any, ...] | None:
        if not hasattr(self.engine.kind, "backward"):
            return None
        with subject_code:
            leaves = [self.engine.kind(value) for value in data]
            self.apply(*leaves).backward()
            return tuple(leaf.grad for leaf in leaves)

    def siblings(self) -> dict[str, Operation]:
        engine = self.engine
        found = {n: ValueOperation(engine, n, engine.methods[n]) for n in OF_GRAPHS if n in engine.methods}
        return {**found, self.name: self}

    @cached_property
    def _passes(self) -> Passes:
        methods = self.engine.methods

        def apply(name: str, *nodes: Any) -> Any:
            return self.apply(*nodes) if name == self.name else getattr(nodes[0], methods[name])(*nodes[1:])

        gradient = operator.attrgetter("grad")
        own_pass, rules = operator.methodcaller("backward"), lambda out: pass_back(out, 1.0)
        return Passes(self.engine.kind, apply, own_pass, gradient, gradient, _hold, rules)

    def on_graph(self, graph: Graph, *, down: bool = False) -> tuple[float, ...] | None:
        if not hasattr(self.engine.kind, "backward"):
            return None
        with subject_code:
            return self._passes.once(graph)

    def by_rules(self, graph: Graph) -> tuple[float, ...] | None:
        with subject_code:
            return self._passes.by_rules(graph)

    def again_on_graph(self, graph: Graph, expected: Sequence[float]) -> dict[str, tuple[float, ...]]:
        with subject_code:
            return later(self._passes, graph, expected)

    def reflected(self, number: float, value: Any) -> tuple[Any, Any] | None:
        method, function = REFLECTED.get(self.name, ("", None))
        if function is None or not hasattr(self.engine.kind, method):
            return None
        with subject_code:
            leaf = self.engine.kind(value)
            out = function(number, leaf)
            pass_back(out, 1.0)
            return out.data, leaf.grad

    def beside(self, value: Any, number: float) -> tuple[Any, Any] | None:
        _, function = REFLECTED.get(self.name, ("", None))
        if function is None or self.name == "pow":  # x**2 is the operation "power"
            return None
        with subject_code:
            leaf = self.engine.kind(value)
            try:
                out = function(leaf, number)
            except (TypeError, AttributeError):  # an engine may accept Values only
                return None
            pass_back(out, 1.0)
            return out.data, leaf.grad

    @cached_property
    def _sample(self) -> tuple[Any, tuple[Any, ...]]:
        """One application to symbols, along its first path: the result and the operands."""
        found: list[Any] = []

        def run() -> tuple[Any, ...]:
            with subject_code:
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
        except NO_TRACE:
            return None
        single = all(any(child is leaf for leaf in leaves) for child in out._prev)
        return inspect.unwrap(out._backward) if single else None

    @cached_property
    def source(self) -> Source:
        return self._source(0)

    def source_of(self, operand: str) -> Source:
        return self._source(1) if operand in self.inputs[1:] else self.source

    def code_texts(self) -> list[tuple[str, str]]:
        return reached(getattr(self.engine.kind, self.method))

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


def _hold(node: Any, gradient: Any) -> None:
    node.grad = gradient


def _real(result: Any) -> Any:
    """``result`` itself; raises for a complex number, which (-8)**0.5 is in Python."""
    if isinstance(result, complex):
        raise ArithmeticError(f"the result {result!r} is not real")
    return result


def pass_back(out: Any, upstream: Any) -> None:
    """Seed ``out`` and run every `_backward` below it, results before their operands."""
    out.grad = upstream
    for child in out._prev:
        if child._prev:
            break
    else:  # one operation on leaves: by far the most common
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
"""Operations whose left operand may be a plain number: 2 - x."""
