"""Pairs of Python functions: a forward, and a backward that receives its arguments by name.

    def backward(x, y, out, g): return g * y, g * x

The backward may take any input of the forward, its value ``out`` and the upstream gradient ``g``; it returns one
gradient for each input.  On symbols both run as copies of themselves (`verify.tracing.symbolic`): the user's
functions, and their modules, are not modified.
"""

from __future__ import annotations

import inspect
import sys
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import cached_property
from typing import Any

from backproof.verify.numerics.allowed import Allowed
from backproof.verify.numerics.points import points
from backproof.verify.numerics.working_range import Bounds
from backproof.verify.results.findings import Source
from backproof.verify.subjects.boundary import NotCalled, subject_code
from backproof.verify.subjects.functions.declared import Declared, RuleError, ValueOf, WithCache, takes_cache
from backproof.verify.subjects.functions.looked_at import is_asynchronous, name_of, parameters_of, source_of
from backproof.verify.subjects.functions.returned import gradients_of, narrowest, no_gradient, no_number, plain
from backproof.verify.subjects.operation import INPUT_NAMES, BaseOperation, Operation, Run, Traced, terms_of
from backproof.verify.support.errors import NO_TRACE, SubjectError, UsageError, kind_of
from backproof.verify.terms.ledger import Entry
from backproof.verify.terms.notation.code import written
from backproof.verify.terms.parser import nearest, unfit
from backproof.verify.terms.simplify import simplify
from backproof.verify.terms.term import TRUE, Condition, Term, constant, symbol
from backproof.verify.tracing.branches import NotRepeatable, explore
from backproof.verify.tracing.classes import told
from backproof.verify.tracing.rebuild import Lifter
from backproof.verify.tracing.source_code import reached

OUT, UPSTREAM = "out", "g"
_TRIED = (0.75, 2.5, -0.625)  # where a backward that does not run on symbols is called
_MORE = 24  # points of a domain that has none of these


class PythonPair(BaseOperation):
    """A forward and a backward in Python, on scalars or arrays: their names, and how they are called.

    backward: itself, or what is declared of it, too; one that takes a cache has a forward that returns it
    """

    def __init__(
        self,
        forward: Callable[..., Any],
        backward: Callable[..., Any],
        name: str = "",
        inputs: Sequence[str] = (),
    ) -> None:
        self._passed_as = forward, backward
        declared = backward if isinstance(backward, Declared) else Declared(backward)
        backward = declared.function
        self._symbolic: tuple[Callable[..., Any], Callable[..., Any]] | None = None
        self._lifter = Lifter()
        self._within: Condition | None = None
        self._limits: tuple[Any, Any, Allowed | None] = None, None, None
        with subject_code:  # an object may run any code when its name or signature is read
            for function in (forward, backward):
                if any(map(is_asynchronous, (function, type(function).__call__))):
                    reason = "is asynchronous: pass a plain function that returns its value"
                    raise UsageError(f"{name_of(function)} {reason}")
            self.name = name or name_of(forward)
            self.inputs = tuple(inputs) or inputs_of(forward)
            self.wrt, self._every = declared.wrt or self.inputs, declared.every
            self._named_inputs = self.inputs
            known = (*self.inputs, OUT, UPSTREAM)
            self._cached = takes_cache(backward, known)
            by_name = tuple((one, True) for one in known if one != OUT)
            self._asked = by_name if self._cached else _asked(backward, self.inputs)
            self._given = forward, backward
            self._forward, self._backward = self._adapted(forward, backward)
            told = (name_of(forward, "forward"), name_of(backward, "backward"))
        self.command = f"verify.check({', '.join(told)})"

    def _adapted(
        self, forward: Callable[..., Any], backward: Callable[..., Any]
    ) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """Both as functions of the inputs alone: of a forward that returns a cache its value."""
        if not self._cached:
            return forward, backward
        return ValueOf(forward), WithCache(forward, backward, self._named_inputs, UPSTREAM)

    def stay_within(self, condition: Condition | None) -> None:
        """Take the domain that a user gives: nothing is called outside of it, nor of the bounds."""
        self._within = condition

    def stay_where(self, other: PythonPair) -> None:
        """Take the domain and the bounds of another pair on the same inputs."""
        self._within, self.bounds = other._within, other.bounds

    @property
    def allowed(self) -> Allowed | None:  # type: ignore[override]
        within, bounds, made = self._limits
        if within is not self._within or bounds is not self.bounds:
            condition = TRUE if self._within is None else self._within
            given = condition is not TRUE or self.bounds
            made = Allowed(condition, self._bounds_of_entries(), self._coordinates()) if given else None
            self._limits = self._within, self.bounds, made
        return made

    def _coordinates(self) -> Sequence[str]:
        """The names of the numbers that a point is made of."""
        return self.inputs

    def _bounds_of_entries(self) -> Bounds:
        return self.bounds

    def _admit(self, point: Sequence[Any]) -> None:
        """Raises NotCalled for a point of floats where the functions have no business."""
        allowed = self.allowed
        if allowed is None:
            return
        if any(getattr(x, "ndim", 0) for x in point):
            return  # all numbers of a format at once, of which those outside are not judged
        if not allowed.admits(point):
            raise NotCalled("not called there: it is outside of the domain or of the bounds")

    def _functions(self, symbols: bool) -> tuple[Callable[..., Any], Callable[..., Any]]:
        self._lifter.put_back()
        if not symbols:
            return self._forward, self._backward
        if self._symbolic is None:
            from backproof.verify.tracing.symbolic import lifter_for_symbols

            self._lifter = lifter_for_symbols()
            made = tuple(map(self._lifter.twin, self._given))
            self._symbolic = self._adapted(self._lifter.ready(made[0]), self._lifter.ready(made[1]))
        self._lifter.report()
        return self._symbolic

    @property
    def functions(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """Forward and backward, as they were passed."""
        return self._passed_as

    def asks_for(self, argument: str) -> bool:
        """Whether the backward takes this argument."""
        return any(name == argument for name, _ in self._asked)

    def _returned(self, backward: Callable[..., Any], given: Mapping[str, Any]) -> Any:
        """What the backward returns for the arguments it takes."""
        by_place = [given[name] for name, named in self._asked if not named]
        by_name = {name: given[name] for name, named in self._asked if named}
        return backward(*by_place, **by_name)

    def rerun(self, seed: int, point: Mapping[str, str]) -> str:
        if not self.command.endswith(")"):  # it has a name on the command line
            return super().rerun(seed, point)
        at = ", ".join(f'"{name}": "{value}"' for name, value in point.items())
        return f"{self.command[:-1]}, seed={seed}, point={{{at}}})"

    @cached_property
    def source(self) -> Source:
        return source_of(self._given[1])

    def code_texts(self) -> list[tuple[str, str]]:
        return reached(*self._given)


class TracedPair(PythonPair, Operation):
    """A pair that is one scalar operation, and runs on symbols as a copy of itself.

    unread: why its forward, which is its own definition, does not run on symbols; "" if it does
    """

    unread = ""

    @abstractmethod
    def with_forward(self, forward: Callable[..., Any]) -> TracedPair:
        """The same pair with another forward."""

    def traced(self) -> Traced:
        """The pair on symbols, by copies without state from an earlier run.

        Raises NotRepeatable if a second trace differs, for example through hidden state.  State that is another one
        after each further run is a leak: what it counts may decide something later.
        """
        self._symbolic = None
        try:
            found = super().traced()
            if super().traced() != found:
                raise NotRepeatable
            before = self._lifter.state()
            last = super().traced()
            if self._lifter.state() == before:
                return found
        finally:
            self._lifter.put_back()
        leak = Entry("state that changes from call to call", self.source.file, self.source.line)
        return replace(last, leaks=(*last.leaks, leak))

    @abstractmethod
    def raw(self, point: Sequence[float]) -> list[Any]:
        """What forward and backward return at a point of floats, as they return it."""

    def format_of_results(self) -> str:
        for point in self._tried():
            try:
                with _quiet_numpy(), subject_code:
                    return narrowest(self.raw(point))
            except SubjectError:  # possibly a point outside its domain
                continue
        return "float64"

    def constants_of_code(self) -> tuple[float, ...]:
        return tuple(self._lifter.numbers)

    def value(self) -> Term:
        """The forward alone on symbols, by a copy without state from an earlier run."""
        self._symbolic = None
        (found,) = explore(lambda: terms_of(self.forward(*map(symbol, self.inputs))))
        return found

    def complaint(self) -> str:
        """What is wrong with what the functions return, "" if it is a number, and one gradient for each input."""
        try:
            self.traced()
        except RuleError as error:
            return str(error)
        except NO_TRACE:  # reported by the checks
            return self._complaint_on_floats()
        return ""

    def _tried(self) -> Iterator[tuple[float, ...]]:
        """Points at which they are called first: plain ones, then others of the domain, the ordinary first."""
        plain_ones = ((place,) * len(self.inputs) for place in _TRIED)
        if self.allowed is None:
            yield from plain_ones
            return
        yield from filter(self.allowed.admits, plain_ones)
        made = points(self.name, self.allowed.domain, (), _MORE, 0)
        yield from filter(self.allowed.admits, reversed(made[:]))

    def _complaint_on_floats(self) -> str:
        found = ""
        for point in self._tried():
            try:
                found = no_number("forward", self.forward(*point))
                if found:
                    continue
                gradients = self.run(point).gradients
            except RuleError as error:
                return str(error)
            except SubjectError:  # possibly a point outside its domain
                continue
            found = next(filter(None, (no_number("backward", gradient) for gradient in gradients)), "")
            if not found:
                return ""  # they return what they should; elsewhere they may never end
        return found


class FunctionPair(TracedPair):
    """A pair of scalar functions; ``constants`` of the forward are its arguments with defaults."""

    def __init__(
        self,
        forward: Callable[..., Any],
        backward: Callable[..., Any],
        name: str = "",
        inputs: Sequence[str] = (),
    ) -> None:
        super().__init__(forward, backward, name, inputs)
        self.held = frozenset(self.inputs) - set(self.wrt)

    def run(self, data: Sequence[Any], *, upstream: Any = 1.0, before: Sequence[Any] | None = None) -> Run:
        with _quiet_numpy(), subject_code:
            symbols = any(isinstance(x, Term) for x in (*data, upstream))
            if not symbols:
                self._admit(data)
            forward, backward = self._functions(symbols)
            out = plain(forward(*data))
            gradients = self._passed(backward, data, out, upstream)
            if before is not None:
                gradients = tuple(b + g for b, g in zip(before, gradients, strict=True))
        return Run(out, gradients, tuple(data), out, upstream)

    def forward(self, *data: Any) -> Any:
        with _quiet_numpy(), subject_code:
            symbols = any(isinstance(x, Term) for x in data)
            if not symbols:
                self._admit(data)
            function, _ = self._functions(symbols)
            return plain(function(*data))

    def raw(self, point: Sequence[float]) -> list[Any]:
        self._admit(point)
        out = self._forward(*point)
        given = {**dict(zip(self.inputs, point, strict=True)), OUT: out, UPSTREAM: 1.0}
        return [out, self._returned(self._backward, given)]

    def with_forward(self, forward: Callable[..., Any]) -> FunctionPair:
        return FunctionPair(forward, no_gradient if self._cached else self._passed_as[1], self.name, self.inputs)

    def written(self) -> tuple[str, ...]:
        """The backward's formulas for an upstream gradient of 1, in its inputs and `out`."""
        if self.stopped:
            return ("(not run again)",) * len(self.inputs)
        data = [symbol(name) for name in self.inputs]

        def run() -> tuple[Term, ...]:
            with subject_code:
                _, backward = self._functions(symbols=True)
                return terms_of(*self._passed(backward, data, symbol(OUT), constant(1)))

        try:
            found = explore(run)
        except NO_TRACE as error:
            return (f"(does not run on symbols: {kind_of(error)})",) * len(self.inputs)
        return tuple(written(simplify(partial)) for partial in found)

    def _passed(self, backward: Callable[..., Any], data: Sequence[Any], out: Any, upstream: Any) -> tuple[Any, ...]:
        """The gradients that the backward returns."""
        given = {**dict(zip(self.inputs, data, strict=True)), OUT: out, UPSTREAM: upstream}
        returned = self._returned(backward, given)
        of_one = max(getattr(x, "ndim", 0) for x in data)  # a batch of numbers is an array, and so is its gradient
        if getattr(returned, "ndim", 0) == of_one + 1:  # an array of gradients
            returned = tuple(returned)
        return gradients_of(returned, self.inputs, self.wrt, self._every)


# ------------------------------------------------------------------------------------------------------ arguments


def inputs_of(forward: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a function's inputs: its arguments without defaults.

    Raises UsageError if they have no names, or a reserved one.
    """
    name = name_of(forward)
    count = told(forward, "nin", 0)
    if isinstance(count, int) and count:  # a ufunc of NumPy, which has no names of its own before NumPy 2.4
        return INPUT_NAMES[:count]
    parameters = parameters_of(forward)
    if parameters is None:
        raise UsageError(f"the signature of {name} is unknown: pass names=('x',), one name each")
    found = []
    for p in parameters:
        if p.kind is p.VAR_POSITIONAL:
            raise UsageError(f"{name} takes *{p.name}: pass names=('x', 'y'), a name for each input")
        if p.kind is p.KEYWORD_ONLY and p.default is p.empty:
            raise UsageError(f"{name} needs the keyword argument {p.name}=: wrap it in a function of its inputs alone")
        if p.default is p.empty and p.kind is not p.VAR_KEYWORD:
            found.append(p.name)
    if not found:
        raise UsageError(f"{name} has no inputs: it must take at least one argument without a default")
    check_names(name, found)
    return tuple(found)


def check_names(name: str, inputs: Any) -> None:
    """Raises UsageError for a name that an input cannot have."""
    if not isinstance(inputs, Sequence) or not all(isinstance(one, str) for one in inputs):
        raise UsageError(f"{name}: {inputs!r} is not a list of names, such as ('x', 'y')")
    for i, one in enumerate(inputs):
        reason = unfit(one) or (f"{one!r} occurs twice" if one in inputs[:i] else "")
        if reason:
            raise UsageError(f"{name}: an input cannot be called {one}: {reason}; rename it")


ALSO_UPSTREAM = frozenset(
    {"dout", "dy", "dz", "dL", "gy", "grad", "grad_out", "grad_output", "ct", "cotangent", "upstream"}
)
"""Names that people give to the upstream gradient, besides `UPSTREAM`."""

_BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def _asked(backward: Callable[..., Any], inputs: Sequence[str]) -> tuple[tuple[str, bool], ...]:
    """The arguments of the backward, in order, and whether each must be passed by name.

    Raises UsageError for an unknown argument.
    """
    known = (*inputs, OUT, UPSTREAM)
    name = name_of(backward)
    parameters = parameters_of(backward)
    if parameters is None:
        raise UsageError(f"the signature of {name} is unknown: wrap it in a function of {', '.join(known)}")
    asked: list[tuple[str, bool]] = []
    named = any(p.name == UPSTREAM for p in parameters)
    for p in parameters:
        if p.kind is p.VAR_KEYWORD:
            given = {name for name, _ in asked}
            asked += [(one, True) for one in known if one not in given]
        elif p.name in known:
            asked.append((p.name, p.kind is p.KEYWORD_ONLY))
        elif p.name in ALSO_UPSTREAM and p.kind in _BY_PLACE and not named:
            asked.append((UPSTREAM, False))
        elif p.kind is p.VAR_POSITIONAL or p.default is p.empty:
            raise UsageError(f"{name} takes an unknown argument {p.name!r}{nearest(p.name, known)}")
    return tuple(asked)


def _quiet_numpy() -> Any:
    """Silences NumPy's warnings of overflow and the like: the sample points are extreme on purpose."""
    numpy = sys.modules.get("numpy")
    return nullcontext() if numpy is None else numpy.errstate(all="ignore")
