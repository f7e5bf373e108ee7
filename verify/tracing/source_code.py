"""A rule as written in its source: the file and line, and the formulas of its ``+=``."""

from __future__ import annotations

import ast
import inspect
import linecache
import sys
import textwrap
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any


def shown_path(file: str) -> str:
    """The file relative to the working directory or to where Python found it: never a path of this machine."""
    path = Path(file)
    for base in (Path.cwd(), *map(Path, filter(None, reversed(sys.path)))):
        if path.is_relative_to(base):
            return path.relative_to(base).as_posix()
    return path.name


def source_lines(code: CodeType) -> tuple[list[str], int]:
    """The lines of a function's source, and the number of the first; raises OSError if there is none.

    Uses the positions stored in the code object: `inspect.getsourcelines` tokenizes the file instead.
    """
    first = code.co_firstlineno
    last = max((end for _, end, _, _ in code.co_positions() if end), default=first)
    lines = linecache.getlines(code.co_filename)[first - 1 : last]
    if not lines:
        raise OSError(f"{code.co_filename} has no source")
    return lines, first


def reached(*functions: Any) -> list[tuple[str, str]]:
    """The functions and those that they use from their own file, each with its name and the text of its code.

    A function without source, such as a built-in one, is left out.
    """
    waiting, seen, found = list(functions), set[CodeType](), list[tuple[str, str]]()
    while waiting:
        function = inspect.unwrap(waiting.pop(0))
        code = getattr(function, "__code__", None)
        if not isinstance(code, CodeType) or code in seen:
            continue
        seen.add(code)
        try:
            lines, _ = source_lines(code)
        except OSError:
            continue
        found.append((code.co_qualname, textwrap.dedent("".join(lines))))
        known = {**getattr(function, "__globals__", {}), **_closed_over(function, code)}
        used = (inspect.unwrap(known[name]) for name in _names(code) if isinstance(known.get(name), FunctionType))
        waiting += (f for f in used if f.__code__.co_filename == code.co_filename)
    return found


def _names(code: CodeType) -> list[str]:
    """The names that a function and the functions inside it look up, in order."""
    inner = [name for part in code.co_consts if isinstance(part, CodeType) for name in _names(part)]
    return [*code.co_names, *code.co_freevars, *inner]


def _closed_over(function: Any, code: CodeType) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, cell in zip(code.co_freevars, getattr(function, "__closure__", None) or (), strict=False):
        with suppress(ValueError):  # a cell that is still empty
            found[name] = cell.cell_contents
    return found


def rule_lines(code: Any, grad: str = "grad") -> list[tuple[int, str]]:
    """The closure's lines that touch a gradient."""
    try:
        lines, first = source_lines(code)
    except (OSError, TypeError):
        return []
    return [(first + i, line.strip()) for i, line in enumerate(lines) if f".{grad}" in line and "def " not in line]


def line_of(lines: Sequence[tuple[int, str]], operand: int) -> tuple[int, str]:
    """The line for one of two operands, if each has its own, by ``self`` and by another name; otherwise the first."""
    own = [line for line in lines if line[1].startswith("self.")]
    others = [line for line in lines if not line[1].startswith("self.")]
    return (own, others)[operand][0] if len(own) == len(others) == 1 and operand < 2 else lines[0]


_DATA_NAMES = {"self": "x", "other": "y", "out": "out"}


def formulas(
    closure: Callable[[], None], operands: int, data: str = "data", grad: str = "grad"
) -> tuple[str, ...] | None:
    """The formula in x, y and out of each ``p.grad += formula * out.grad`` of the closure; None for any other form."""
    try:
        tree = ast.parse(textwrap.dedent("".join(source_lines(inspect.unwrap(closure).__code__)[0])))
    except (OSError, TypeError, SyntaxError, AttributeError):
        return None
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add):
            target = node.target
            if not (isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.attr == grad):
                return None
            formula = _without_upstream(node.value, f"out.{grad}")
            if formula is None or target.value.id in found:
                return None
            found[target.value.id] = ast.unparse(_InMathematics(data).visit(formula)).replace(" ** ", "**")
    return tuple(found.values()) if len(found) == operands else None


def _without_upstream(node: ast.expr, upstream: str) -> ast.expr | None:
    """The factor of `out.grad`: what the rule multiplies the upstream gradient by."""
    if _is_upstream(node, upstream):
        return ast.Constant(1)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and _is_upstream(node.operand, upstream):
        return ast.Constant(-1)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        if _is_upstream(node.right, upstream):
            return node.left
        if _is_upstream(node.left, upstream):
            return node.right
    return None


def _is_upstream(node: ast.expr, upstream: str) -> bool:
    return isinstance(node, ast.Attribute) and ast.unparse(node) == upstream


class _InMathematics(ast.NodeTransformer):
    """Renames self.data to x, other.data to y, out.data to out, and m.tanh to tanh."""

    def __init__(self, data: str) -> None:
        self.data = data

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name):
            if node.attr == self.data and node.value.id in _DATA_NAMES:
                return ast.Name(_DATA_NAMES[node.value.id])
            if node.value.id in ("m", "math", "np", "numpy"):
                return ast.Name(node.attr)
        return self.generic_visit(node)
