"""Rules files: derivatives as text, in TOML, each rule a table of expressions in the small language.

    [[rule]]
    name = "atan2"
    inputs = ["y", "x"]
    definition = "atan2(y, x)"
    domain = "x**2 + y**2 > 0"
    backward = { y = "g*x/(x**2 + y**2)", x = "-g*y/(x**2 + y**2)" }

A rule that cannot be read becomes an operation with a problem, which names its line and column; the others are
verified.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backproof.verify.evaluate.floats import on_columns
from backproof.verify.evaluate.formulas import Formula, Formulas
from backproof.verify.mirror.table import Kink, Spec
from backproof.verify.numerics.natural_domain import natural_domain
from backproof.verify.results.findings import Source
from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.functions.arguments import bounds_of
from backproof.verify.subjects.functions.formulas import FormulaKink, FormulaRow, formula_spec
from backproof.verify.subjects.operation import Operation, Run, Together
from backproof.verify.subjects.subject import Recipe
from backproof.verify.subjects.surrogate import WithSurrogate
from backproof.verify.support.errors import UsageError
from backproof.verify.support.escape import quoted, slashed
from backproof.verify.support.program import program
from backproof.verify.terms.notation.code import written
from backproof.verify.terms.parser import ExpressionError, condition, expression, nearest, unfit
from backproof.verify.terms.simplify import simplify
from backproof.verify.terms.term import Condition, Term, constant, substitute, symbol, symbols_of

KEYS = ("name", "inputs", "definition", "domain", "bounds", "kinks", "surrogate", "forward", "backward")
LARGEST = 64 * 2**20  # bytes


_OF_TERMS = {Term, Condition}

_Reader = Callable[[str, Sequence[str]], Term]


class _Unreadable(Exception):
    """Raised for a rule that cannot be read: the reason, the key it is about, and the position in its text."""

    def __init__(self, reason: str, key: str = "", text: str = "", line: int = 1, column: int = 1) -> None:
        super().__init__(reason)
        self.reason, self.key, self.text, self.line, self.column = reason, key, text, line, column


class RuleOperation(Operation):
    """One rule of a file: a forward and one gradient per input, as formulas in the inputs, ``out`` and ``g``."""

    def __init__(
        self, name: str, inputs: Sequence[str], forward: Term, gradients: Sequence[Term], source: Source
    ) -> None:
        self.name, self.inputs = name, tuple(inputs)
        self._gradients = tuple(gradients)
        self._formulas = forward, *self._gradients
        self._source = source
        names = (*inputs, "out", "g")
        self._forward = Formulas((forward,), inputs)
        self._backward = Formulas(self._gradients, names)
        known = substitute(self._gradients, {symbol("out"): forward})
        self._shared = (forward, *known)
        self._both = Formulas(self._shared, (*inputs, "g"))  # what the two share is computed once

    @property
    def source(self) -> Source:
        return self._source

    def code_texts(self) -> list[tuple[str, str]]:
        """The formulas themselves: a rules file has no functions."""
        named = zip(("forward", *self.inputs), self._formulas, strict=True)
        return [(f"{self.name} {name}", repr(formula)) for name, formula in named]

    def run(self, data: Sequence[Any], *, upstream: Any = 1.0, before: Sequence[Any] | None = None) -> Run:
        with subject_code:  # not every kind of number supports every function
            if not _OF_TERMS.isdisjoint(map(type, (*data, upstream))):
                (out,) = self._forward(*data)
                gradients = self._backward(*data, out, upstream)
            else:
                out, *found = self._both(*data, upstream)
                gradients = tuple(found)
            if before is not None:
                gradients = tuple(b + g for b, g in zip(before, gradients, strict=True))
        return Run(out, gradients, tuple(data), out, upstream)

    def at_once(self, columns: Sequence[NDArray[np.float64]]) -> Together | None:
        ones = np.ones(len(columns[0]))
        (out, *partials), doubtful = on_columns(self._shared, (*self.inputs, "g"), (*columns, ones), ieee=True)
        return Together(out, tuple(partials), doubtful)

    def forward(self, *data: Any) -> Any:
        with subject_code:
            return self._forward(*data)[0]

    def written(self) -> tuple[str, ...]:
        """The gradients for an upstream gradient of 1, as written in the file."""
        partials = substitute(self._gradients, {symbol("g"): constant(1)})
        return tuple(written(simplify(partial)) for partial in partials)


class ProblemOperation(Operation):
    """A rule that cannot be read: it has a name, a location, and a problem."""

    inputs = ("x",)

    def __init__(self, name: str, problem: str, source: Source) -> None:
        self.name, self.problem, self._source = name, problem, source

    @property
    def source(self) -> Source:
        return self._source

    def run(self, data: Sequence[Any], *, upstream: Any = 1.0, before: Sequence[Any] | None = None) -> Run:
        raise UsageError(self.problem)

    def written(self) -> tuple[str, ...]:
        return ("(cannot be read)",)


@dataclass(frozen=True)
class RulesFile:
    """The rules of a file, in its order."""

    name: str
    rules: tuple[tuple[Operation, Spec], ...]

    @property
    def recipe(self) -> Recipe:
        """How another process loads it."""
        return rules_file, (self.name,)

    def operations(self) -> Iterator[tuple[Operation, Spec]]:
        yield from self.rules


def rules_file(path: str) -> RulesFile:
    """The rules of the file at ``path``.

    Raises UsageError for a file that is missing, is not TOML, or has no rules: then there is nothing to verify.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from None
    if len(content) > LARGEST:
        raise UsageError(f"{path}: {len(content)} bytes are more than {LARGEST}: split the file")
    try:
        text = content.decode("utf-8-sig")
        document = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: byte {error.start} is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not TOML: {error}") from None
    except RecursionError:
        raise UsageError(f"{path} cannot be read as TOML: it is nested too deeply") from None
    return RulesFile(path, tuple(_rules(document, text, path)))


def _rules(document: Mapping[str, Any], text: str, path: str) -> Iterator[tuple[Operation, Spec]]:
    for key in document:
        if key != "rule":
            raise UsageError(f"{path}: unknown table {key!r}{nearest(key, ('rule',))}; each rule is a [[rule]]")
    tables = document.get("rule", [])
    if not isinstance(tables, list) or not tables:
        raise UsageError(f"{path} has no rules: each is a table [[rule]] (docs/rules-files.md)")
    places = _Places(text, len(tables))
    taken: set[str] = set()
    for index, table in enumerate(tables):
        given = table.get("name") if isinstance(table, dict) else None
        name = given if isinstance(given, str) and given.strip() else f"rule {index + 1}"
        operation: Operation
        try:
            if not isinstance(table, dict):
                raise _Unreadable("a rule is a table of texts")
            if name in taken:
                raise _Unreadable(f"the name {name!r} occurs twice", "name", name)
            source = Source(slashed(path), places.line(index, "backward"), places.text(index))
            operation, spec = _rule(name, table, source)
            operation.command = f"{program()} rules {quoted(path)} {quoted(name)}"
        except _Unreadable as error:
            while name in taken:
                name = f"{name} (rule {index + 1})"
            line, column = places.of(index, error)
            problem = f"{path}:{line}:{column}: {error.reason}"
            operation = ProblemOperation(name, problem, Source(slashed(path), line, places.source_line(line)))
            operation.command = f"{program()} rules {quoted(path)}"
            spec = formula_spec(name, constant(0), ("x",))
        taken.add(name)
        yield operation, spec


# -------------------------------------------------------------------------------------------------------- one rule


def _rule(name: str, table: Mapping[str, Any], source: Source) -> tuple[Operation, FormulaRow]:
    """Raises _Unreadable."""
    for key in table:
        if key not in KEYS:
            raise _Unreadable(f"unknown key {key!r}{nearest(key, KEYS)}", key)
    for key in ("name", "definition", "backward"):
        if key not in table:
            raise _Unreadable(f"the rule has no {key}")
    if not isinstance(table["name"], str) or not table["name"].strip():
        raise _Unreadable("the name must be a non-empty string", "name")
    backward = table["backward"]
    if isinstance(backward, str) and len(table.get("inputs", ["x"])) == 1:
        backward = {table.get("inputs", ["x"])[0]: backward}
    if not isinstance(backward, dict):
        raise _Unreadable('backward must be a table with one expression for each input: { x = "..." }', "backward")
    inputs = _inputs(table.get("inputs", list(backward)))
    for one in backward:
        if one not in inputs:
            raise _Unreadable(f"{one!r} is not an input{nearest(one, inputs)}", "backward", one)
    missing = [one for one in inputs if one not in backward]
    if missing:
        raise _Unreadable(f"no backward expression for {', '.join(missing)}: one for each input", "backward")
    definition = _read(expression, table, "definition", inputs)
    forward = _read(expression, table, "forward", inputs) if "forward" in table else definition
    meant = _read(expression, table, "surrogate", inputs) if "surrogate" in table else definition
    domain = _read(condition, table, "domain", inputs) if "domain" in table else natural_domain(meant)
    assert isinstance(domain, Condition)
    gradients = [_read(expression, backward, one, (*inputs, "out", "g"), f"backward of {one}") for one in inputs]
    kinks = tuple(_kinks(table.get("kinks", []), inputs))
    operation: Operation = RuleOperation(name, inputs, forward, gradients, source)
    if "surrogate" in table:
        operation = WithSurrogate(operation, Formula(meant, inputs), table["surrogate"])
    operation.keeps_policy = any(kink.returns for kink in kinks)
    try:
        operation.bounds = bounds_of(table.get("bounds", {}), operation.bounded_names())
    except UsageError as error:
        raise _Unreadable(str(error), "bounds") from None
    return operation, formula_spec(name, meant, inputs, domain, kinks)


def _inputs(given: Any) -> tuple[str, ...]:
    if not isinstance(given, list) or not given or not all(isinstance(one, str) for one in given):
        raise _Unreadable('inputs must be a list of names, such as ["x", "y"]', "inputs")
    for i, one in enumerate(given):
        reason = unfit(one) or (f"{one!r} occurs twice" if one in given[:i] else "")
        if reason:
            raise _Unreadable(f"an input cannot have this name: {reason}", "inputs", one)
    return tuple(given)


def _read(reader: _Reader, table: Mapping[str, Any], key: str, names: Sequence[str], what: str = "") -> Term:
    text, what = table[key], what or key
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        text = repr(text)
    if not isinstance(text, str):
        raise _Unreadable(f"{what} must be an expression in quotes", key)
    try:
        return reader(text, names)
    except ExpressionError as error:
        raise _Unreadable(f"{what}: {error.reason}", key, text, error.line, error.column) from None


def _kinks(given: Any, inputs: Sequence[str]) -> Iterator[Kink]:
    """A string, a list of strings, or a table of strings and the derivatives that the rule returns there."""
    if isinstance(given, str):
        given = [given]
    if not isinstance(given, (list, dict)):
        raise _Unreadable("kinks must be expressions that are 0 there: a list, or a table with derivatives", "kinks")
    for place in given:
        at = _read(expression, {"kinks": place}, "kinks", inputs)
        if not symbols_of(at):
            raise _Unreadable(f"kinks: {place!r} contains no input: write an expression that is 0 there", "kinks")
        returns = given[place] if isinstance(given, dict) else []
        returns = returns if isinstance(returns, list) else [returns]
        if isinstance(given, dict) and len(returns) != len(inputs):
            raise _Unreadable(f"kinks: {place!r} needs one derivative per input, not {len(returns)}", "kinks")
        if not all(isinstance(a, (int, float)) and not isinstance(a, bool) and math.isfinite(a) for a in returns):
            raise _Unreadable(f"kinks: the derivatives at {place!r} must be numbers", "kinks")
        yield FormulaKink((at,), tuple(returns))


# ------------------------------------------------------------------------------------------------ source locations


class _Places:
    """Line numbers in a TOML text, which its parser does not report: where each rule begins, and each key in it."""

    def __init__(self, text: str, count: int) -> None:
        self.lines = text.splitlines()
        starts = [i for i, line in enumerate(self.lines) if re.match(r"\s*\[\[\s*rule\s*\]\]", line)]
        self.known = len(starts) == count  # otherwise the rules are written in another way, or a string looks like one
        self.starts = [*starts, len(self.lines)]

    def line(self, index: int, key: str) -> int:
        """The line of a rule's key (or of the rule), counted from 1; 1 where it is not known."""
        if not self.known:
            return 1
        return self._key(index, key) + 1

    def _key(self, index: int, key: str) -> int:
        pattern = re.compile(rf"""(?:^|[\s,{{.])["']?{re.escape(key)}["']?\s*[=.]""")
        for i in range(self.starts[index], self.starts[index + 1]):
            if key and pattern.search(self.lines[i]):
                return i
        return self.starts[index]

    def text(self, index: int) -> str:
        return self.source_line(self.line(index, "backward")) if self.known else ""

    def source_line(self, line: int) -> str:
        return self.lines[line - 1].strip() if 0 < line <= len(self.lines) else ""

    def of(self, index: int, error: _Unreadable) -> tuple[int, int]:
        """Line and column of what cannot be read, as exactly as they are known."""
        if not self.known:
            return 1, 1
        at = self._key(index, error.key)
        first = error.text.splitlines()[0] if error.text else ""
        for i in range(at, self.starts[index + 1]):
            column = self.lines[i].find(first) if first else -1
            if column >= 0:
                return i + error.line, (column if error.line == 1 else 0) + error.column
        indent = len(self.lines[at]) - len(self.lines[at].lstrip())
        return at + 1, indent + 1
