"""Pairs of Python functions: a forward, and a backward that receives by name what it asks for.

    def backward(x, y, out, g): return g * y, g * x

The backward may ask for any input of the forward, for its value ``out`` and for the upstream gradient ``g``; it
returns one gradient for each input.  On symbols both run as twins of themselves (`verify.subjects.private`): the
functions that the user holds, and the modules they live in, stay what they are.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from textwrap import shorten
from typing import Any

from verify.errors import UsageError
from verify.findings import Source
from verify.language.parse import nearest, unfit
from verify.mirror import Row
from verify.subjects.operation import INPUT_NAMES, Operation, Run, Traced
from verify.subjects.sandbox import stopping
from verify.subjects.written import shown_path
from verify.trace.derive import without_ones
from verify.trace.explore import NotRepeatable, explore
from verify.trace.term import Term, constant, symbol, term
from verify.trace.text import written

OUT, UPSTREAM = "out", "g"
_TRIED = (0.75, 2.5, -0.625)  # where a backward that does not run on symbols is asked what it returns


class RuleError(UsageError):
    """A backward that does not return one gradient for each input."""


class FunctionPair(Operation):
    """A forward and a backward of Python; ``constants`` of the forward are its arguments with defaults."""

    def __init__(
        self,
        forward: Callable[..., Any],
        backward: Callable[..., Any],
        name: str = "",
        inputs: Sequence[str] = (),
    ) -> None:
        self._forward, self._backward = forward, backward
        for function in (forward, backward):
            if any(map(inspect.iscoroutinefunction, (function, type(function).__call__))):
                raise UsageError(f"{name_of(function)} is asynchronous: pass a plain function that returns its value")
        self.name = name or name_of(forward)
        self.inputs = tuple(inputs) or inputs_of(forward)
        self._asked = _asked(backward, self.inputs)
        self._symbolic: tuple[Callable[..., Any], Callable[..., Any]] | None = None
        told = (name_of(forward, "forward"), name_of(backward, "backward"))
        self.command = f"verify.check({', '.join(told)})"

    def run(self, data: Sequence[Any], *, upstream: Any = 1.0, before: Sequence[Any] | None = None) -> Run:
        forward, backward = self._functions(any(isinstance(x, Term) for x in (*data, upstream)))
        with _quiet_numpy():
            with stopping():
                out = plain(forward(*data))
                gradients = self._passed(backward, data, out, upstream)
            if before is not None:
                gradients = tuple(b + g for b, g in zip(before, gradients, strict=True))
        return Run(out, gradients, tuple(data), out, upstream)

    def forward(self, *data: Any) -> Any:
        function, _ = self._functions(any(isinstance(x, Term) for x in data))
        with _quiet_numpy(), stopping():
            return plain(function(*data))

    def with_forward(self, forward: Callable[..., Any]) -> FunctionPair:
        """The same pair with another forward."""
        return FunctionPair(forward, self._backward, self.name, self.inputs)

    def _functions(self, symbols: bool) -> tuple[Callable[..., Any], Callable[..., Any]]:
        if not symbols:
            return self._forward, self._backward
        if self._symbolic is None:
            from verify.subjects.private import symbolic_together

            forward, backward = symbolic_together(self._forward, self._backward)
            self._symbolic = forward, backward
        return self._symbolic

    def traced(self) -> Traced:
        """The pair on symbols, by twins that have kept nothing from an earlier run.

        Raises NotRepeatable where they answer otherwise when they are asked again: a sum over all calls, for one.
        """
        self._symbolic = None
        found = super().traced()
        if super().traced() != found:
            raise NotRepeatable
        return found

    def value(self) -> Term:
        """The forward alone on symbols, by a twin that has kept nothing from an earlier run."""
        self._symbolic = None
        (found,) = explore(lambda: (term(self.forward(*map(symbol, self.inputs))),))
        return found

    def written(self) -> tuple[str, ...]:
        """The backward's formulas for an upstream of 1, in its inputs and `out`."""
        if self.stopped:
            return ("(not run again)",) * len(self.inputs)
        data = [symbol(name) for name in self.inputs]
        _, backward = self._functions(symbols=True)
        try:
            with stopping():
                found = explore(lambda: tuple(map(term, self._passed(backward, data, symbol(OUT), constant(1)))))
        except Exception as error:  # the user's own code may raise anything
            return (f"(does not run on symbols: {type(error).__name__})",) * len(self.inputs)
        return tuple(map(written, without_ones(found)))

    def _passed(self, backward: Callable[..., Any], data: Sequence[Any], out: Any, upstream: Any) -> tuple[Any, ...]:
        """The gradients that the backward returns for what it asks for."""
        given = {**dict(zip(self.inputs, data, strict=True)), OUT: out, UPSTREAM: upstream}
        by_place = [given[name] for name, named in self._asked if not named]
        by_name = {name: given[name] for name, named in self._asked if named}
        returned = backward(*by_place, **by_name)
        of_one = max(getattr(x, "ndim", 0) for x in data)  # a batch of numbers is an array, and so is its gradient
        if getattr(returned, "ndim", 0) == of_one + 1:  # an array of gradients
            returned = tuple(returned)
        return gradients_of(returned, self.inputs)

    def rerun(self, seed: int, point: Mapping[str, str]) -> str:
        if not self.command.endswith(")"):  # it has a name on the command line
            return super().rerun(seed, point)
        at = ", ".join(f'"{name}": "{value}"' for name, value in point.items())
        return f"{self.command[:-1]}, seed={seed}, point={{{at}}})"

    @cached_property
    def source(self) -> Source:
        return source_of(self._backward)

    def complaint(self) -> str:
        """What is wrong with what the functions return, "" if it is a number, and one gradient for each input."""
        try:
            self.traced()
        except RuleError as error:
            return str(error)
        except Exception:  # the user's own code may raise anything: the checks tell of it
            return self._complaint_on_floats()
        return ""

    def _complaint_on_floats(self) -> str:
        found = ""
        for place in _TRIED:
            point = [place] * len(self.inputs)
            try:
                found = no_number("forward", self.forward(*point))
                if found:
                    continue
                gradients = self.run(point).gradients
            except RuleError as error:
                return str(error)
            except Exception:  # not a point of its domain, perhaps
                continue
            found = next(filter(None, (no_number("backward", gradient) for gradient in gradients)), "")
            if not found:
                return ""  # they answer as they should; at other places they may never end
        return found


@dataclass(frozen=True)
class Cases:
    """Operations beside their rows, as a subject."""

    name: str
    cases: tuple[tuple[Operation, Row], ...]

    def operations(self) -> Iterator[tuple[Operation, Row]]:
        yield from self.cases


# ------------------------------------------------------------------------------------------ what is asked and given


def inputs_of(forward: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a function's inputs: its arguments without defaults.

    Raises UsageError where they have no names, or one that means something else.
    """
    name = name_of(forward)
    count = getattr(forward, "nin", 0)
    if isinstance(count, int) and count:  # a ufunc of NumPy, which has no names of its own before NumPy 2.4
        return INPUT_NAMES[:count]
    try:
        parameters = inspect.signature(forward).parameters.values()
    except (TypeError, ValueError):
        raise UsageError(f"{name} does not say what its inputs are: pass inputs=('x',), one name each") from None
    found = []
    for p in parameters:
        if p.kind is p.VAR_POSITIONAL:
            raise UsageError(f"{name} takes *{p.name}: pass inputs=('x', 'y'), a name for each that is meant")
        if p.kind is p.KEYWORD_ONLY and p.default is p.empty:
            raise UsageError(f"{name} needs {p.name}= by name: wrap it in a function of its inputs alone")
        if p.default is p.empty and p.kind is not p.VAR_KEYWORD:
            found.append(p.name)
    if not found:
        raise UsageError(f"{name} has no inputs: it must take at least one argument without a default")
    check_names(name, found)
    return tuple(found)


def check_names(name: str, inputs: Any) -> None:
    """Raises UsageError for an input that cannot be called so."""
    if not isinstance(inputs, Sequence) or not all(isinstance(one, str) for one in inputs):
        raise UsageError(f"{name}: {inputs!r} is no list of names, such as ('x', 'y')")
    for i, one in enumerate(inputs):
        reason = unfit(one) or (f"{one!r} is there twice" if one in inputs[:i] else "")
        if reason:
            raise UsageError(f"{name}: an input cannot be called {one}: {reason}; rename it")


def _asked(backward: Callable[..., Any], inputs: Sequence[str]) -> tuple[tuple[str, bool], ...]:
    """What the backward asks for, in its order, and whether it must be passed by name.

    Raises UsageError for something that there is not.
    """
    known = (*inputs, OUT, UPSTREAM)
    name = name_of(backward)
    try:
        parameters = inspect.signature(backward).parameters.values()
    except (TypeError, ValueError):
        raise UsageError(f"{name} does not say what it asks for: wrap it in a function of {', '.join(known)}") from None
    asked: list[tuple[str, bool]] = []
    for p in parameters:
        if p.kind is p.VAR_KEYWORD:
            given = {name for name, _ in asked}
            asked += [(one, True) for one in known if one not in given]
        elif p.name in known:
            asked.append((p.name, p.kind is p.KEYWORD_ONLY))
        elif p.kind is p.VAR_POSITIONAL or p.default is p.empty:
            raise UsageError(f"{name} asks for {p.name!r}{nearest(p.name, known)}")
    return tuple(asked)


def gradients_of(returned: Any, inputs: Sequence[str]) -> tuple[Any, ...]:
    """What a backward returned, as one gradient for each input.

    Raises RuleError for None, or for another number of gradients.
    """
    needed = f"{len(inputs)} input{'' if len(inputs) == 1 else 's'} ({', '.join(inputs)})"
    if isinstance(returned, Mapping):
        if set(returned) != set(inputs):
            raise RuleError(f"the backward returned gradients of {', '.join(map(str, returned))} for {needed}")
        returned = [returned[name] for name in inputs]
    several = isinstance(returned, (tuple, list))
    if returned is None:
        raise RuleError(f"the backward returned None: it must return one gradient for each of {needed}")
    if (several and len(returned) != len(inputs)) or (not several and len(inputs) > 1):
        count = len(returned) if several else 1
        raise RuleError(f"the backward returned {count} gradient{'' if count == 1 else 's'} for {needed}")
    gradients = tuple(returned) if several else (returned,)
    for name, gradient in zip(inputs, gradients, strict=True):
        if gradient is None:
            raise RuleError(f"the backward returned None for {name}: return 0 where no gradient flows")
    return tuple(map(plain, gradients))


def no_number(what: str, answer: Any) -> str:
    """The complaint about an answer that nobody could take for a number, "" about all others."""
    if hasattr(answer, "__float__") and getattr(answer, "ndim", 0) == 0:
        return ""
    shown = repr(answer)
    told = "" if " at 0x" in shown else f", {shorten(shown, 60)}"  # an address is another each time
    return f"the {what} returned a {type(answer).__name__}{told}, which is no number"


def plain(x: Any) -> Any:
    """A number as the checks want it: NumPy's scalars as floats; what is no real number is refused."""
    if isinstance(x, (bool, complex)) and not isinstance(x, int):
        raise ArithmeticError(f"the answer {x!r} is not real")
    if getattr(x, "ndim", None) == 0 and hasattr(x, "item"):
        return plain(x.item())
    return x


def _quiet_numpy() -> Any:
    """NumPy's warnings of overflow and the like are for the user's own runs: here points are meant to be extreme."""
    numpy = sys.modules.get("numpy")
    return nullcontext() if numpy is None else numpy.errstate(all="ignore")


# ---------------------------------------------------------------------------------------------------- where it stands


def name_of(function: Callable[..., Any], nameless: str = "pair") -> str:
    """What a function is called; a lambda is called nothing."""
    name = getattr(function, "__name__", type(function).__name__)
    return nameless if name == "<lambda>" else name


def source_of(function: Callable[..., Any]) -> Source:
    """The file and line of a function, and the line that returns its answer."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return Source(getattr(function, "__module__", "") or name_of(function), 0, name_of(function))
    try:
        lines, first = inspect.getsourcelines(code)
    except (OSError, TypeError):
        return Source(shown_path(code.co_filename), code.co_firstlineno)
    below = next((i for i, line in enumerate(lines) if not line.lstrip().startswith("@")), 0)  # its decorators
    at = next((i for i, line in enumerate(lines) if line.lstrip().startswith("return")), below)
    return Source(shown_path(code.co_filename), max(first, 1) + at, lines[at].strip().rstrip(","))
