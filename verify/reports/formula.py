"""The formulas of a report drawn for a browser: read as terms, in Python's notation as SymPy and rules are written.

A report may have been saved by another version, so it holds texts and no terms.  They are read to be shown and never
evaluated: functions and conditions of any name are accepted.  A text that is not a formula, or too long to parse,
stays code.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from html import escape
from operator import and_, or_
from typing import Any

from backproof.verify.support.escape import on_a_line
from backproof.verify.terms.notation.mathml import Mathml, element
from backproof.verify.terms.notation.names import ALIASES
from backproof.verify.terms.notation.plain import Unicode
from backproof.verify.terms.notation.structure import is_indicator
from backproof.verify.terms.term import (
    FALSE,
    PI,
    TRUE,
    Condition,
    Term,
    apply,
    compare,
    constant,
    symbol,
    term,
    where,
)

_MATHML, _TEXT = Mathml(ALIASES), Unicode(ALIASES)

LONGEST = 1500  # characters of a formula that is still drawn

_ARITHMETIC: dict[type[ast.AST], str] = {
    **{ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.Pow: "pow"},
}
_COMPARED: dict[type[ast.AST], str] = {
    **{ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne"},
}
_LOGIC: dict[type[ast.AST], Callable[[Any, Any], Condition]] = {
    **{ast.BitAnd: and_, ast.And: and_, ast.BitOr: or_, ast.Or: or_},
}
_NUMBERS = {"pi": PI, "oo": constant(float("inf")), "nan": constant(float("nan"))}

_RELATIONS = {"Ne": "ne", "Eq": "eq", "Lt": "lt", "Le": "le", "Gt": "gt", "Ge": "ge"}
_INDICATORS = tuple(_COMPARED.values())  # gt(x, 0): 1 where it holds, else 0
_SPELLED = {"Abs": "abs", "ceiling": "ceil", "loggamma": "lgamma", "divide": "div"}
_SEVERAL = {"Max": "maximum", "Min": "minimum"}
_SHAPES = {
    **dict.fromkeys(("neg", "abs", "sqrt", "cbrt", "exp", "floor", "ceil"), 1),
    **dict.fromkeys(("add", "sub", "mul", "div", "pow"), 2),
}
"""Functions that are drawn in a shape of their own, and how many arguments it takes."""
_NO_NAMES = {"const", "special", "symbol", "pi", "true", "false", "where", "D", "and", "or", "not", *_SHAPES}


def formula(text: str) -> str:
    """The formula as ``<math>`` elements, or as ``<code>`` where it is not one."""
    found = _read(text)
    if found is None:
        return f"<code>{escape(on_a_line(text))}</code>"
    return element(_MATHML(found), _TEXT(found), large=True)


def _read(text: str) -> Term | None:
    if len(text) > LONGEST:
        return None
    try:
        return _term(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, TypeError, OverflowError, RecursionError, MemoryError, NotImplementedError):
        return None  # what cannot be read stays text


def _term(node: ast.expr) -> Term:
    match node:
        case ast.Constant(value=bool(value)):
            return TRUE if value else FALSE
        case ast.Constant(value=int() | float() as value):
            return constant(Fraction(Decimal(repr(value))))
        case ast.Name(id=name):
            return _NUMBERS[name] if name in _NUMBERS else symbol(on_a_line(name))
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_term(inner)
        case ast.UnaryOp(op=ast.Invert() | ast.Not(), operand=inner):
            return ~_condition(inner)
        case ast.BinOp(op=op, left=left, right=right) if type(op) in _ARITHMETIC:
            return apply(_ARITHMETIC[type(op)], _term(left), _term(right))
        case ast.BinOp(op=op, left=left, right=right) if type(op) in _LOGIC:
            return _LOGIC[type(op)](_condition(left), _condition(right))
        case ast.BoolOp(op=op, values=values):
            return reduce(_LOGIC[type(op)], map(_condition, values))
        case ast.Compare(ops=ops, left=left, comparators=others) if all(type(op) in _COMPARED for op in ops):
            sides = [_term(side) for side in (left, *others)]
            return reduce(and_, [compare(_COMPARED[type(op)], *sides[i : i + 2]) for i, op in enumerate(ops)])
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return _call(name, arguments)
    raise NotImplementedError(type(node).__name__)


def _condition(node: ast.expr) -> Condition:
    found = _term(node)
    if not isinstance(found, Condition):
        raise NotImplementedError("a number for a condition")
    return found


def _call(name: str, arguments: list[ast.expr]) -> Term:
    if name == "Piecewise":
        return _cases(arguments)
    if name == "where":
        condition, value, other = arguments
        return _chosen(_term(condition), _term(value), _term(other))
    args = list(map(_term, arguments))
    if name in _RELATIONS:
        return compare(_RELATIONS[name], *args)
    if name in _INDICATORS:
        return where(compare(name, *args), 1, 0)
    if name in _SEVERAL:
        return reduce(lambda a, b: apply(_SEVERAL[name], a, b), args)
    op = _SPELLED.get(name, name)
    if op in _NO_NAMES and _SHAPES.get(op) != len(args):
        raise NotImplementedError(name)
    return apply(op, *args)


def _cases(rows: list[ast.expr]) -> Term:
    """SymPy's cases: the last one may always hold; if not, there is no value elsewhere."""
    result = constant(float("nan"))
    for row in reversed(rows):
        if not isinstance(row, ast.Tuple):
            raise NotImplementedError("a case without a condition")
        value, condition = row.elts
        result = _chosen(_term(condition), _term(value), result)
    return result


def _chosen(condition: Term, value: Term, other: Term) -> Term:
    """``value`` where the condition holds; a condition may have a name, such as `positive`."""
    if isinstance(condition, Condition) or (condition.op == "where" and is_indicator(condition)):
        return where(condition, value, other)
    return apply("where", condition, term(value), term(other))
