"""Generates every mutant of every rule, deterministically, in the order of the engine."""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from backproof.verify.mutants.edits import Mutation, edits, whole_lines
from backproof.verify.mutants.source import Method, method_of, places, replaced
from backproof.verify.subjects.engines.own import ValueEngine
from backproof.verify.subjects.operation import INPUT_NAMES


@dataclass(frozen=True)
class Mutant:
    """A rule with one change.

    operation, operand: the operation, and the input whose derivative is changed ("" for a line that serves all)
    mutation, what: the family of the change, and the change in words
    place: file and line of the changed line; before, after: the line as it was, and as it is
    attribute, lines: the method, and its whole source with the change
    """

    operation: str
    operand: str
    mutation: Mutation
    what: str
    place: str
    before: str
    after: str
    attribute: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        operand = f" in {self.operand}" if self.operand else ""
        return f"{self.operation}{operand}: {self.mutation}: {self.what}: {self.after}"


def mutants(engine: ValueEngine, names: Sequence[str] = ()) -> list[Mutant]:
    """The mutants of all rules, or of the named operations; no two of one rule have the same text."""
    found: dict[tuple[str, tuple[str, ...]], Mutant] = {}
    for operation, attribute in engine.methods.items():
        if not names or operation in names:
            for mutant in _of_method(method_of(engine.kind, operation, attribute)):
                found.setdefault((operation, mutant.lines), mutant)
    return list(found.values())


def sample(of: Sequence[Mutant], count: int, seed: int = 0) -> list[Mutant]:
    """``count`` mutants in their order: from every operation and, within it, from as many families as possible."""
    rounds: dict[tuple[str, Mutation], int] = {}
    draws: dict[str, int] = {}
    order = list(enumerate(of))
    random.Random(seed).shuffle(order)
    ranked = []
    for index, mutant in order:  # the first of each family before the second of any
        key = mutant.operation, mutant.mutation
        rounds[key] = rounds.get(key, 0) + 1
        ranked.append((rounds[key], index, mutant))
    by_operation = []
    for _, index, mutant in sorted(ranked, key=lambda r: r[0]):
        draws[mutant.operation] = draws.get(mutant.operation, 0) + 1
        by_operation.append((draws[mutant.operation], index, mutant))
    chosen = [(index, mutant) for _, index, mutant in sorted(by_operation, key=lambda r: (r[0], r[1]))[:count]]
    return [mutant for _, mutant in sorted(chosen, key=lambda c: c[0])]


def _of_method(method: Method) -> Iterator[Mutant]:
    names = [a.arg for a in method.tree.args.args]
    binary = "other" in names
    values = ("self.data", "other.data", "out.data") if binary else ("self.data", "out.data")
    for line in method.preparation:
        yield from _of_statement(method, line, values[:-1])  # there is no `out` yet
    for statement in method.rule.body:
        yield from _of_statement(method, statement, values)
        if isinstance(statement, ast.AugAssign):
            yield from _of_line(method, statement, binary)
    lines = [s for s in method.rule.body if isinstance(s, ast.AugAssign)]
    if len(lines) == 2:
        a, b = lines
        joined = method.with_line(b, ast.unparse(a))
        changed = Method(method.operation, method.attribute, joined, method.file, method.first)
        exchanged = changed.with_line(a, ast.unparse(b))
        yield _mutant(method, a, "", Mutation.STATEMENT, "the two lines exchanged", ast.unparse(b), exchanged)


def _of_statement(method: Method, statement: ast.stmt, values: tuple[str, ...]) -> Iterator[Mutant]:
    """The changes of one expression in a statement."""
    original = ast.unparse(statement)
    ints = {n for call in ast.walk(statement) if _is_ratio(call) for n in ast.walk(call)}
    for parent, field, index, node in list(places(statement)):
        if isinstance(getattr(node, "ctx", None), ast.Store):
            continue
        if isinstance(parent, ast.Attribute) or (isinstance(parent, ast.Call) and field == "func"):
            continue  # the `self` of self.data, the `m.exp` of m.exp(x): these are changed as a whole
        for edit in edits(node, values, whole=node in ints):
            with replaced(parent, field, index, edit.new):
                text = ast.unparse(statement)
            if text != original:
                lines = method.with_line(statement, text, needs_functions="m." in text)
                yield _mutant(method, statement, original, edit.mutation, edit.what, text, lines)


def _is_ratio(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "m.ratio"


def _of_line(method: Method, statement: ast.AugAssign, binary: bool) -> Iterator[Mutant]:
    """The changes of a whole line ``x.grad += e``."""
    assert isinstance(statement.target, ast.Attribute)
    x = ast.unparse(statement.target.value)
    y = ("other" if x == "self" else "self") if binary else ""
    original = ast.unparse(statement)
    for mutation, what, texts in whole_lines(statement, x, y):
        lines = method.with_line(statement, *texts, needs_functions=any("m." in text for text in texts))
        yield _mutant(method, statement, original, mutation, what, "; ".join(texts), lines)


def _mutant(
    method: Method,
    statement: ast.stmt,
    before: str,
    mutation: Mutation,
    what: str,
    after: str,
    lines: tuple[str, ...],
) -> Mutant:
    place = f"{method.file}:{method.first + statement.lineno - 1}"
    operand = _operand(statement)
    return Mutant(method.operation, operand, mutation, what, place, before, after, method.attribute, lines)


def _operand(statement: ast.stmt) -> str:
    """The input whose gradient the line adds to; "" for a line of another kind."""
    if not isinstance(statement, ast.AugAssign):
        return ""
    target = ast.unparse(statement.target)
    return {"self.grad": INPUT_NAMES[0], "other.grad": INPUT_NAMES[1]}.get(target, "")
