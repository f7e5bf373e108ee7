"""A user-defined engine under verification: found by a survey, run by its own conventions, with every call bounded.

Its class is loaded in the processes that verify it, never in the main process, unless that already holds it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, TypeVar

from backproof.verify.mirror.table import Spec
from backproof.verify.results.findings import Source
from backproof.verify.subjects.boundary import NotCalled, subject_code
from backproof.verify.subjects.engines.conventions import Conventions, WorkedForm, module_of
from backproof.verify.subjects.engines.own import REFLECTED, arguments
from backproof.verify.subjects.engines.passes import Passes, later, numbered, tapes_of
from backproof.verify.subjects.engines.survey import Found, Survey
from backproof.verify.subjects.functions.own_forward import spec_from_forward
from backproof.verify.subjects.operation import INPUT_NAMES, Operation, Run, terms_of
from backproof.verify.subjects.sandbox import bounded, silence
from backproof.verify.subjects.small_graphs import OF_GRAPHS, Graph
from backproof.verify.subjects.subject import Recipe
from backproof.verify.support.errors import NO_TRACE, SubjectError, SubjectStopped, kind_of
from backproof.verify.support.escape import quoted, slashed
from backproof.verify.support.program import program
from backproof.verify.terms.notation.code import written
from backproof.verify.terms.simplify import simplify
from backproof.verify.terms.term import Term, symbol
from backproof.verify.tracing.branches import explore
from backproof.verify.tracing.source_code import formulas, line_of, reached, rule_lines, shown_path
from backproof.verify.tracing.symbolic import private

T = TypeVar("T")
_PLACES = ((0.625, 0.375), (-0.375, 0.625), (2.5, -1.5))  # on both sides of the usual kinks and ties
_MOST_STOPS = 2  # after this many hangs or exits an operation is not called again


@dataclass(frozen=True)
class ForeignEngine:
    """A class of nodes that is user code.

    survey: its conventions and operations; target: how a user named it; given: the class, if this process holds it
    """

    survey: Survey
    target: str = ""
    given: type | None = None

    @property
    def name(self) -> str:
        """The class as a user named it, or as an import path."""
        if self.target:
            return self.target
        assert self.given is not None  # without a name the class is given
        return f"{self.given.__module__}:{self.given.__qualname__}"

    @property
    def file(self) -> str:
        """The file or module that contains it."""
        return slashed(self.survey.place.module) if self.survey.place else self.name.rpartition(":")[0]

    @property
    def recipe(self) -> Recipe | None:
        """How another process loads it, from its survey; None for a class that only this process holds."""
        return (ForeignEngine, (self.survey, self.target)) if self.given is None else None

    @property
    def conventions(self) -> Conventions:
        """Its conventions."""
        return self.survey.conventions

    @cached_property
    def original(self) -> type:
        """The class as its author wrote it."""
        if self.given is not None:
            return self.given
        assert self.survey.place is not None  # where it was surveyed
        return self.survey.place.load()

    @cached_property
    def kind(self) -> type:
        """The class whose nodes hold floats: its own, in double precision if it uses less."""
        if not self.conventions.single:
            return self.original
        from backproof.verify.tracing.symbolic import doubled

        return doubled(self.original)  # its rules are checked, not the round-off of narrower floats

    @cached_property
    def symbolic(self) -> type:
        """The class of nodes that hold symbols."""
        return private(self.original)

    def operations(self) -> Iterator[tuple[Operation, Spec]]:
        """Every operation with its spec; one with constants is listed once for each spec."""
        for found in self.survey.operations:
            for k, spec in enumerate(found.specs):
                once = found if k == 0 else replace(found, note="")  # it is told once
                yield ForeignOperation(self, once, arguments(spec) if found.constants else ()), spec
            if not found.specs:
                operation = ForeignOperation(self, found)
                yield operation, spec_from_forward(operation)


def bound(kind: type, conventions: Conventions) -> ForeignEngine:
    """An engine whose class this process holds."""
    return ForeignEngine(Survey(None, conventions, ()), given=kind)


class ForeignOperation(Operation):
    """One method of a user's class, its constants fixed."""

    raises_outside = True

    def __init__(self, engine: ForeignEngine, found: Found, constants: tuple[Any, ...] = ()) -> None:
        self.engine = engine
        self.name = found.name
        self.method = found.method
        self.constants = constants
        self.inputs = INPUT_NAMES[: found.operands]
        self.problem = found.problem
        self.note = found.note
        self.own_definition = not found.spec
        self.near_its_name = bool(found.spec)
        self.command = f"{program()} engine {quoted(engine.name)} {found.name}"
        self.own_pass = f"{engine.conventions.own_pass}()"
        self._stops: dict[bool, list[str]] = {True: [], False: []}  # on symbols, and on numbers

    # ----------------------------------------------------------------------------------------------- its nodes

    def _called(self, work: Callable[[], T], *data: Any, down: bool = False, what: str = "") -> T:
        """What the subject's code returns, silenced and bounded; an operation that keeps hanging is no longer called.

        One that hangs on symbols (a loop until a sum no longer changes) may still work on floats.
        """
        symbolic = any(isinstance(value, Term) for value in data)
        stops = self._stops[symbolic]
        if len(stops) >= _MOST_STOPS:
            raise NotCalled(f"{stops[-1]}, as it did before; it was not called again")
        try:
            with silence():
                with subject_code:
                    _ = self.engine.kind  # its import does not count towards the time of a call
                with bounded(what or self.method), self._ordered(symbolic, down):
                    return work()
        except SubjectStopped as stopped:
            stops.append(str(stopped))
            raise

    def _ordered(self, symbolic: bool, down: bool) -> AbstractContextManager[None]:
        """Sets of nodes have the same order in every run."""
        if not self.engine.conventions.unordered:
            return nullcontext()
        return numbered(self.engine.symbolic if symbolic else self.engine.kind, down)

    def _leaves(self, data: Sequence[Any]) -> list[Any]:
        engine = self.engine
        kind = engine.symbolic if any(isinstance(value, Term) for value in data) else engine.kind
        return [engine.conventions.leaf(kind, value) for value in data]

    def apply(self, *operands: Any) -> Any:
        """The node that the operation makes.

        Raises TypeError if it makes something else.
        """
        out = getattr(operands[0], self.method)(*operands[1:], *self.constants)
        if not hasattr(out, self.engine.conventions.data) or not hasattr(out, self.engine.conventions.grad):
            raise TypeError(f"{self.method} returned a {type(out).__name__}, which is not a node of this engine")
        return out

    def forward(self, *data: Any) -> Any:
        return self._called(lambda: self.engine.conventions.read(self.apply(*self._leaves(data))), *data)

    def run(self, data: Sequence[Any], *, upstream: Any = 1.0, before: Sequence[Any] | None = None) -> Run:
        def work() -> Run:
            leaves = self._leaves(data)
            return self._back(self.apply(*leaves), leaves, upstream, before)

        return self._called(work, *data)

    def run_among(self, data: Sequence[Any], others: Sequence[Any], *, upstream: Any = 1.0) -> Run | None:
        def work() -> Run:
            leaves = self._leaves(data)
            out = self.apply(*leaves)
            self.apply(*self._leaves(others))
            return self._back(out, leaves, upstream)

        return self._called(work, *data)

    def _back(self, out: Any, leaves: list[Any], upstream: Any, before: Sequence[Any] | None = None) -> Run:
        c = self.engine.conventions
        value = c.read(out)
        if any(out is leaf for leaf in leaves):  # its gradient is the operand's: there is nothing to send back
            there = [0.0] * len(leaves) if before is None else before
            gradients = tuple(b + upstream if leaf is out else b for b, leaf in zip(there, leaves, strict=True))
            return Run(value, gradients, tuple(map(c.read, leaves)), value, upstream)
        if before is not None and not c.resets:
            for leaf, gradient in zip(leaves, before, strict=True):
                c.set_gradient(leaf, gradient)
        c.send_back(out, upstream)
        gradients = tuple(map(c.gradient, leaves))
        if before is not None and c.resets:  # earlier gradients are cleared for every operation alike: a convention
            gradients = tuple(there + gradient for there, gradient in zip(before, gradients, strict=True))
        given = c.gradient(out) if c.worked_form is WorkedForm.HOOKS else upstream
        return Run(value, gradients, tuple(map(c.read, leaves)), c.read(out), given)

    def run_shared(self, value: Any, *, upstream: Any = 1.0) -> Any:
        def work() -> Any:
            (leaf,) = self._leaves([value])
            self.engine.conventions.send_back(self.apply(*[leaf] * len(self.inputs)), upstream)
            return self.engine.conventions.gradient(leaf)

        return self._called(work, value)

    def unreached(self) -> tuple[str, ...]:
        if self.engine.conventions.worked_form is not WorkedForm.HOOKS:
            return ()
        found: dict[str, None] = {}
        for place in _PLACES:
            with suppress(SubjectError):
                found |= dict.fromkeys(self._called(partial(self._cut_off, place[: len(self.inputs)])))
        return tuple(name for name in self.inputs if name in found)

    def _cut_off(self, place: Sequence[float]) -> list[str]:
        """The operands that have a gradient here, which a pass would not go on with."""
        c = self.engine.conventions
        leaves = self._leaves(place)
        out = self.apply(*leaves)
        if any(out is leaf for leaf in leaves):
            return []
        below = {id(node) for node in c.order(out)}
        c.send_back(out, 1.0)
        named = zip(self.inputs, leaves, strict=True)
        return [name for name, leaf in named if id(leaf) not in below and c.gradient(leaf) != 0]

    def through(self, *data: Any) -> tuple[Any, ...] | None:
        c = self.engine.conventions
        if not c.own_pass:
            return None

        def work() -> tuple[Any, ...]:
            leaves = self._leaves(data)
            c.run_pass(self.apply(*leaves))
            return tuple(map(c.gradient, leaves))

        return self._called(work, what=self.own_pass)

    # ------------------------------------------------------------------------------------------------- in graphs

    def siblings(self) -> dict[str, Operation]:
        found = (o for o in self.engine.survey.operations if o.name in OF_GRAPHS and not o.problem)
        return {**{o.name: ForeignOperation(self.engine, o) for o in found}, self.name: self}

    @cached_property
    def _passes(self) -> Passes:
        c, kind = self.engine.conventions, self.engine.kind
        others: dict[str, Any] = self.siblings()
        return Passes(
            leaf=lambda value: c.leaf(kind, value),
            apply=lambda name, *nodes: others[name].apply(*nodes),
            own_pass=c.run_pass,
            gradient=c.gradient,
            held=lambda node: getattr(node, c.grad),
            hold=lambda node, held: setattr(node, c.grad, None) if held is None else c.set_gradient(node, 0.0),
            rules=(lambda out: c.send_back(out, 1.0)) if c.worked_form is WorkedForm.HOOKS else None,
            tapes=lambda: tapes_of(module_of(kind), kind),
        )

    def on_graph(self, graph: Graph, *, down: bool = False) -> tuple[float, ...] | None:
        if not self.engine.conventions.own_pass:
            return None
        return self._called(lambda: self._passes.once(graph), down=down, what=self.own_pass)

    def by_rules(self, graph: Graph) -> tuple[float, ...] | None:
        return self._called(lambda: self._passes.by_rules(graph))

    def again_on_graph(self, graph: Graph, expected: Sequence[float]) -> dict[str, tuple[float, ...]]:
        c = self.engine.conventions
        if not c.own_pass:
            return {}
        beside = bool(c.children)  # of an engine that keeps them on a tape one may have to empty it
        return self._called(lambda: later(self._passes, graph, expected, beside), what=f"a second {self.own_pass}")

    # -------------------------------------------------------------------------------------- beside plain numbers

    def reflected(self, number: float, value: Any) -> tuple[Any, Any] | None:
        method, function = REFLECTED.get(self.name, ("", None))
        if function is None or not hasattr(self.engine.kind, method):
            return None
        return self._called(lambda: self._with_number(lambda leaf: function(number, leaf), value))

    def beside(self, value: Any, number: float) -> tuple[Any, Any] | None:
        _, function = REFLECTED.get(self.name, ("", None))
        if function is None or self.name == "pow":  # x**2 is the operation "power"
            return None
        made: Callable[[Any], Any] = lambda leaf: function(leaf, number)  # noqa: E731
        try:
            self._called(lambda: self.engine.conventions.read(made(*self._leaves([value]))))
        except SubjectError as error:
            if error.raised(TypeError, AttributeError, AssertionError):  # an engine may accept nodes only
                return None
            raise
        return self._called(lambda: self._with_number(made, value))

    def _with_number(self, make: Callable[[Any], Any], value: Any) -> tuple[Any, Any]:
        c = self.engine.conventions
        (leaf,) = self._leaves([value])
        out = make(leaf)
        c.send_back(out, 1.0)
        return c.read(out), c.gradient(leaf)

    # ---------------------------------------------------------------------------------------- the rule as written

    @cached_property
    def _sample(self) -> tuple[Any, list[Any]] | None:
        """One application, to symbols along their first path or otherwise to floats: the result and the operands."""
        found: list[tuple[Any, list[Any]]] = []

        def run() -> tuple[Any, ...]:
            leaves = self._leaves([symbol(name) for name in self.inputs])
            found.append((self.apply(*leaves), leaves))
            return ()

        def on_floats() -> None:
            leaves = self._leaves((0.625, 0.375)[: len(self.inputs)])
            found.append((self.apply(*leaves), leaves))

        for attempt in (lambda: explore(run, limit=2), on_floats):
            try:
                self._called(attempt)
            except NO_TRACE:
                continue
            if found:
                break
        return found[0] if found else None

    @cached_property
    def _closure(self) -> Any:
        """The operation's own closure; None where it is composed of other operations, or has none."""
        c = self.engine.conventions
        if self._sample is None or c.worked_form is not WorkedForm.HOOKS:
            return None
        out, leaves = self._sample
        single = all(any(child is leaf for leaf in leaves) for child in c.operands(out))
        return inspect.unwrap(getattr(out, c.hook)) if single else None

    @cached_property
    def source(self) -> Source:
        return self._source(0)

    def source_of(self, operand: str) -> Source:
        return self._source(1) if operand in self.inputs[1:] else self.source

    def code_texts(self) -> list[tuple[str, str]]:
        with silence():
            return [] if self.problem else reached(getattr(self.engine.kind, self.method))

    def _source(self, operand: int) -> Source:
        if self.problem:  # it is not run, least of all here
            return Source(self.engine.file, 0)
        c = self.engine.conventions
        code: Any = getattr(self._closure, "__code__", None)
        lines = rule_lines(code, c.grad) if code else []
        if not lines:
            with silence():
                code = getattr(inspect.unwrap(getattr(self.engine.kind, self.method)), "__code__", None)
            if code is None:
                return Source(self.engine.file, 0)
            lines = [(code.co_firstlineno, "")]
        return Source(shown_path(code.co_filename), *line_of(lines, operand))

    def written(self) -> tuple[str, ...]:
        if self.problem:
            return ("",) * len(self.inputs)
        c = self.engine.conventions
        found = formulas(self._closure, len(self.inputs), c.data, c.grad) if self._closure else None
        if found and all(formula in ("out", *self.inputs) or self._speaks(formula) for formula in found):
            return found
        return self._from_trace()

    def _speaks(self, formula: str) -> bool:
        """Whether it is more than a name, such as `partial`, and depends on x, y and out alone."""
        return not formula.isidentifier() and f".{self.engine.conventions.data}" not in formula

    def _from_trace(self) -> tuple[str, ...]:
        data = [symbol(name) for name in self.inputs]
        try:
            partials = explore(lambda: terms_of(*self.run(data, upstream=1).gradients), gaps=True)
        except NO_TRACE as error:
            return (f"(does not run on symbols: {kind_of(error)})",) * len(self.inputs)
        return tuple(written(simplify(partial)) for partial in partials)
