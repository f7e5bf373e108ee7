"""A method of the engine as source text: extracts its rule, replaces it by a changed one, and compiles the result."""

from __future__ import annotations
import __future__

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

_FLAGS = __future__.annotations.compiler_flag  # the engine's modules have it; annotations must stay strings


@dataclass(frozen=True)
class Method:
    """The source of one operation's method.

    operation: its name; attribute: the method's; lines: its source, without decorators and indentation
    file: the module's file, relative to the repository; first: the line of `def` there
    """

    operation: str
    attribute: str
    lines: tuple[str, ...]
    file: str
    first: int

    @cached_property
    def tree(self) -> ast.FunctionDef:
        """The method, parsed."""
        (found,) = ast.parse("\n".join(self.lines)).body
        assert isinstance(found, ast.FunctionDef)
        return found

    @cached_property
    def rule(self) -> ast.FunctionDef:
        """Its `_backward`."""
        return next(n for n in self.tree.body if isinstance(n, ast.FunctionDef) and n.name == "_backward")

    @cached_property
    def preparation(self) -> tuple[ast.Assign, ...]:
        """What the method computes for the closure, such as ``s = m.sigmoid(self.data)``: it is part of the rule."""
        read = {n.id for n in ast.walk(self.rule) if isinstance(n, ast.Name)} - {"m", "other", "out"}
        found = [
            statement
            for statement in self.tree.body
            if isinstance(statement, ast.Assign) and {_name(t) for t in statement.targets} <= read
        ]
        return tuple(found)

    @property
    def has_functions(self) -> bool:
        """Whether ``m``, the namespace of functions, is in scope in the rule."""
        return any(isinstance(n, ast.Name) and n.id == "m" for n in ast.walk(self.tree))

    def with_line(self, statement: ast.stmt, *texts: str, needs_functions: bool = False) -> tuple[str, ...]:
        """The source with one statement replaced, and with ``m`` in the rule if the new lines need it."""
        assert statement.end_lineno is not None
        margin = " " * statement.col_offset
        lines = list(self.lines)
        lines[statement.lineno - 1 : statement.end_lineno] = [margin + text for text in texts]
        if needs_functions and not self.has_functions:
            body = self.rule.body[0]
            lines.insert(body.lineno - 1, " " * body.col_offset + "m = arithmetic(self.data)")
        return tuple(lines)


def method_of(kind: type, operation: str, attribute: str) -> Method:
    """The source of the method that performs ``operation``.

    Raises LookupError if it has no closure `_backward`, OSError if its source cannot be found.
    """
    function = inspect.unwrap(getattr(kind, attribute))
    lines, first = inspect.getsourcelines(function)
    skipped = next(i for i, line in enumerate(lines) if line.lstrip().startswith("def "))
    text = textwrap.dedent("".join(lines[skipped:])).rstrip("\n")
    found = Method(operation, attribute, tuple(text.split("\n")), _shown(function), first + skipped)
    if not any(isinstance(n, ast.FunctionDef) for n in found.tree.body):
        raise LookupError(f"{attribute}: the method of {operation!r} holds no closure `_backward`")
    return found


def built(kind: type, attribute: str, lines: tuple[str, ...]) -> type:
    """A subclass of ``kind`` in which the method has this source, compiled in the original's own globals.

    The method is not marked with `engine.node.op`: a node of it keeps its closure as it is.
    """
    original = inspect.unwrap(getattr(kind, attribute))
    names: dict[str, Any] = {}
    code = compile("\n".join(lines), f"<mutant of {attribute}>", "exec", _FLAGS, dont_inherit=True)
    exec(code, original.__globals__, names)  # the engine's own source, changed by us
    method: Callable[..., Any] = names[original.__name__]
    return type(kind.__name__, (kind,), {"__slots__": (), attribute: method})


@contextmanager
def replaced(parent: ast.AST, field: str, index: int | None, new: ast.AST) -> Iterator[None]:
    """Within this block, ``new`` replaces a node of the tree."""
    if index is None:
        old = getattr(parent, field)
        setattr(parent, field, new)
    else:
        old = getattr(parent, field)[index]
        getattr(parent, field)[index] = new
    try:
        yield
    finally:
        if index is None:
            setattr(parent, field, old)
        else:
            getattr(parent, field)[index] = old


def places(root: ast.AST) -> Iterator[tuple[ast.AST, str, int | None, ast.expr]]:
    """Every expression below ``root``: its parent, the field, the index in a list of them, and itself."""
    for parent in ast.walk(root):
        for field, value in ast.iter_fields(parent):
            if isinstance(value, ast.expr):
                yield parent, field, None, value
            elif isinstance(value, list):
                yield from ((parent, field, i, v) for i, v in enumerate(value) if isinstance(v, ast.expr))


def _name(target: ast.expr) -> str:
    return target.id if isinstance(target, ast.Name) else ""


def _shown(function: Any) -> str:
    """The module's file, relative to the repository."""
    return Path(*function.__module__.removeprefix("backproof.").split(".")).with_suffix(".py").as_posix()
