"""The closure of an operation: its lines in the source, what it computes as a term, and what it must keep.

The rule is run on symbols with ``out.data`` set to the symbol `out`, so that it reads as written, and with the named
functions (sigmoid, Φ, ...) left standing.  What it then names is what it must keep.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from backproof.derivations.steps.named import NAMED
from backproof.verify.subjects.engines.own import ValueOperation
from backproof.verify.terms.simplify import simplify
from backproof.verify.terms.term import TERMS, Term, apply, constant, substitute, symbol, symbols_of, topological


@dataclass(frozen=True)
class Closure:
    """One operation's `_backward`.

    file, line: its location; source: its lines, without the `def`, and what is prepared for it
    forward: the lines that compute `out`
    partials: what it multiplies the upstream gradient with, one term an operand, in x, y, out and the constants
    """

    file: str
    line: int
    source: tuple[str, ...]
    forward: tuple[str, ...]
    partials: tuple[Term, ...]

    def keeps(self, inputs: tuple[str, ...]) -> tuple[str, ...]:
        """The names that the partial derivatives need, `out` last."""
        found = set(symbols_of(*self.partials))
        return tuple(name for name in (*inputs, "out") if name in found)

    @property
    def is_mask(self) -> bool:
        """Whether the data is only ever compared: then bits would do."""
        return not any(
            node.op == "symbol" and node.value in ("x", "y", "out")
            for partial in self.partials
            for node in topological(*_outside_conditions(partial))
        )


def _outside_conditions(partial: Term) -> list[Term]:
    """The partial derivative with every condition taken out, in parts."""
    parts, stack = [], [partial]
    while stack:
        node = stack.pop()
        if node.op in ("where", "sign"):
            stack += node.args[1:]
        elif node.args:
            stack += node.args
        else:
            parts.append(node)
    return parts


def closure_of(operation: ValueOperation, constants: Mapping[str, Any]) -> Closure:
    """The closure of the engine's operation, its constants (n, slope, alpha) as symbols.

    constants: symbols that stand in the result for fixed numbers of the source
    """
    node = _on_symbols(operation)
    method = getattr(operation.engine.kind, operation.method)
    lines, first = inspect.getsourcelines(node._backward)
    body = [line for line in textwrap.dedent("".join(lines[1:])).splitlines() if line.strip()]
    forward, beside = _method_lines(method)
    return Closure(
        operation.source.file,
        next(first + i for i, line in enumerate(lines) if ".grad" in line),
        (*beside, *body),
        forward,
        tuple(_partial(operation, i, constants) for i in range(len(operation.inputs))),
    )


def _on_symbols(operation: ValueOperation) -> Any:
    """The node that the operation makes of x, y and its constants."""
    leaves = [operation.engine.kind(symbol(name)) for name in operation.inputs]
    return getattr(leaves[0], operation.method)(*leaves[1:], *map(symbol, _constant_names(operation)))


def _partial(operation: ValueOperation, i: int, constants: Mapping[str, Any]) -> Term:
    """The gradient of operand ``i`` for an upstream gradient of 1, `out` a symbol."""
    with _functions_named():
        node = _on_symbols(operation)
        node.data = symbol("out")
        node.grad = constant(1)
        node._backward()
        partial = simplify(node._prev[i].grad, fold=True)
    numbers = {constant(value): symbol(name) for name, value in constants.items()}
    return substitute((partial,), numbers)[0]


def _constant_names(operation: ValueOperation) -> tuple[str, ...]:
    """The parameters of the operation that are plain numbers, by the names of the mirror."""
    from backproof.verify.mirror.table import MIRROR

    return tuple(str(name) for name, _ in MIRROR[operation.name][0].constants)


def _method_lines(method: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The statements of the method up to `out`, and those between it and the closure.

    What chooses an arithmetic, wraps an operand or refuses an argument is left out: it is not mathematics.
    """
    tree = ast.parse(textwrap.dedent(inspect.getsource(method))).body[0]
    lines = textwrap.dedent(inspect.getsource(method)).splitlines()
    assert isinstance(tree, ast.FunctionDef)
    before: list[str] = []
    after: list[str] = []
    found = before
    for statement in tree.body:
        text = textwrap.dedent("\n".join(lines[statement.lineno - 1 : statement.end_lineno])).splitlines()
        if text[0].startswith("out._backward"):
            break
        if isinstance(statement, ast.Assign) and not text[0].startswith(("m = arithmetic(", "other = self.operand(")):
            found += text
        if text[0].startswith("out = "):
            found = after
    return tuple(before), tuple(after)


@contextmanager
def _functions_named() -> Iterator[None]:
    """Within this block the arithmetic of terms leaves sigmoid and its like standing, instead of computing them."""
    names = {name: (lambda x, _name=name: apply(_name, x)) for name in NAMED}
    vars(TERMS).update(names)
    try:
        yield
    finally:
        for name in names:
            del vars(TERMS)[name]
