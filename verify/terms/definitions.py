"""The texts of the table of primitives (`verify.terms.ops`) as functions of terms."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any

from backproof.verify.terms.ops import DEFINED, PRIMITIVES
from backproof.verify.terms.term import PI, Term, apply, compare, constant, substitute, term, topological, where

Builder = Callable[..., Any]

_RELATIONS: dict[type[ast.cmpop], str] = {
    **{ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne"},
}


@cache
def build(name: str) -> Builder:
    """The function that builds a term of the tables, a defined one expanded.  Raises KeyError for another name."""
    if name in DEFINED:
        return reading(DEFINED[name].definition, DEFINED[name].operands)
    return partial(apply, PRIMITIVES[name].name)


@cache
def definition(name: str) -> Builder | None:
    """The function that expands a primitive by its definition; None without one, or for a name that is no primitive."""
    row = PRIMITIVES.get(name)
    return reading(row.definition, row.operands) if row is not None and row.definition else None


@cache
def domain(name: str) -> Builder:
    """Where a primitive has a value, as a condition on its operands."""
    row = PRIMITIVES[name]
    return reading(row.domain or "0 == 0", row.operands)


def expanded(roots: Iterable[Term], known: Callable[[str], bool]) -> tuple[Term, ...]:
    """The terms, with the definition in place of every primitive that is not in ``known`` and has one."""
    roots = tuple(roots)
    order = topological(*roots)
    written = {op for op in {node.op for node in order} if op in PRIMITIVES and not known(op) and definition(op)}
    if not written:
        return roots
    new: dict[Term, Term] = {}
    for node in order:
        args = tuple(new[a] for a in node.args)
        by_others = definition(node.op) if node.op in written else None
        if by_others is not None:
            (new[node],) = expanded([by_others(*args)], known)
        elif all(a is b for a, b in zip(args, node.args, strict=True)):
            new[node] = node
        else:
            new[node] = substitute((node,), dict(zip(node.args, args, strict=True)))[0]
    return tuple(new[root] for root in roots)


# ------------------------------------------------------------------------------------------- from text to function


def reading(text: str, operands: Sequence[str], helpers: Mapping[str, Any] | None = None) -> Builder:
    """The function of terms that a text of the table describes; of several parts a tuple, None for "?".

    helpers: the functions that the text calls besides those of the tables
    """
    body = _Numbers().visit(ast.parse(text.replace("?", "None"), mode="eval").body)
    parameters = ast.arguments([], [ast.arg(name) for name in operands], None, [], [], None, [])
    tree = ast.fix_missing_locations(ast.Expression(ast.Lambda(parameters, body)))
    code = compile(tree, f"<{text}>", "eval")  # text of the tables, never user code
    names = {name: _named(name, helpers or {}) for name in _names(tree)}
    function = eval(code, names)
    return lambda *x: function(*map(term, x))


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _named(name: str, helpers: Mapping[str, Any]) -> Any:
    """The value of a name in the text; an operand is looked up when the function runs."""
    if name in helpers:
        return helpers[name]
    if name in _WORDS:
        return _WORDS[name]
    if name.startswith("number_"):
        return constant(int(name.removeprefix("number_").replace("minus", "-")))
    return build(name) if name in PRIMITIVES or name in DEFINED else None


_WORDS: dict[str, Any] = {"pi": PI, "where": where, **{f"is_{op}": partial(compare, op) for op in _RELATIONS.values()}}


class _Numbers(ast.NodeTransformer):
    """Python's syntax tree with exact numbers, and with conditions in place of Python's truth values."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if node.value is None:
            return node
        return ast.Name(f"number_{node.value!r}".replace("-", "minus"), ast.Load())

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        if isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
            return self.visit_Constant(ast.Constant(-node.operand.value))  # type: ignore[operator]
        operand = self.visit(node.operand)
        return ast.UnaryOp(ast.Invert() if isinstance(node.op, ast.Not) else node.op, operand)

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        sides = [self.visit(side) for side in (node.left, *node.comparators)]
        links = [
            ast.Call(ast.Name(f"is_{_RELATIONS[type(op)]}", ast.Load()), [a, b], [])
            for op, a, b in zip(node.ops, sides, sides[1:], strict=False)
        ]
        return _joined(ast.BitAnd(), links)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        parts = [self.visit(part) for part in node.values]
        return _joined(ast.BitAnd() if isinstance(node.op, ast.And) else ast.BitOr(), parts)


def _joined(op: ast.operator, parts: Sequence[ast.expr]) -> ast.expr:
    whole, *others = parts
    for part in others:
        whole = ast.BinOp(whole, op, part)
    return whole
