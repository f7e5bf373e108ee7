"""Formulas that a user types: read by a whitelist over the syntax tree, never evaluated.

What is allowed is counted out below: numbers, names, + - * / **, calls of known functions, and where a caller wants
them comparisons.  Everything else is an error that points at the character.  Signs that the printers write are read
too: ^ and ² for powers, · for a product, 1[x > 0] for an indicator.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from fractions import Fraction
from typing import Any

LONGEST = 1000
DEEPEST = 60

_SIGNS = {
    **{"·": "*", "×": "*", "^": "**", "²": "**2", "³": "**3", "−": "-", "–": "-", "≥": ">=", "≤": "<=", "≠": "!="},
    **{"π": "pi", "Φ": "normal_cdf", "φ": "normal_pdf", "σ": "sigmoid", "α": "alpha", "λ": "scale", "√": "sqrt"},
}

_OPERATORS: dict[type, tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Add: ("+", operator.add),
    ast.Sub: ("-", operator.sub),
    ast.Mult: ("*", operator.mul),
    ast.Div: ("/", operator.truediv),
    ast.Pow: ("**", operator.pow),
}

_COMPARISONS: dict[type, str] = {
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.NotEq: "ne",
    ast.Eq: "eq",
}


_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?")


class FormulaError(ValueError):
    """A formula that cannot be read: what is wrong, and where."""

    def __init__(self, message: str, formula: str, column: int) -> None:
        super().__init__(message)
        self.formula = formula
        self.column = max(0, min(column, len(formula)))

    def __str__(self) -> str:
        return f"{self.args[0]}\n  {self.formula}\n  {' ' * self.column}^"


@dataclass(frozen=True)
class Language:
    """What names, functions and numbers become.

    names: known names; functions: name -> (how many arguments, what makes the result of them)
    number: what a literal becomes; compare, choose: for comparisons and `a if c else b`, None where there are none
    named: told of every part that was read, with its text
    """

    names: Mapping[str, Any]
    functions: Mapping[str, tuple[int, Callable[..., Any]]]
    number: Callable[[Fraction], Any]
    compare: Callable[[str, Any, Any], Any] | None = None
    choose: Callable[[Any, Any, Any], Any] | None = None
    named: Callable[[Any, str], None] = field(default=lambda *_: None)


def in_letters(name: str) -> str:
    """A name as a formula has it: α is alpha."""
    return "".join(_SIGNS.get(character, character) for character in name)


def names_in(formula: str) -> list[str]:
    """The names of a formula that are not called, in order of first appearance.

    Raises FormulaError where it is no formula.
    """
    tree, _, _ = _tree(formula)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    found = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in called]
    found.sort(key=lambda n: (n.lineno, n.col_offset))
    return list(dict.fromkeys(n.id for n in found))


class _Anything:
    """Stands for every value while only the form of a formula is looked at."""

    def __add__(self, other: Any) -> _Anything:
        return self

    __sub__ = __mul__ = __truediv__ = __pow__ = __add__

    def __neg__(self) -> _Anything:
        return self


def checked(formula: str, functions: Mapping[str, tuple[int, Any]]) -> list[str]:
    """The names of a formula, in order, after looking at its form: nothing is computed.

    Raises FormulaError for anything outside of the whitelist.
    """
    names = [name for name in names_in(formula) if name not in functions]
    anything = _Anything()
    known = {name: (count, lambda *_: anything) for name, (count, _) in functions.items()}
    read(formula, Language(dict.fromkeys(names, anything), known, lambda _: anything))
    return names


def read(formula: str, language: Language) -> Any:
    """What the formula stands for in a language.

    Raises FormulaError for anything outside of the whitelist, and for what has no value, pointing at it.
    """
    tree, columns, source = _tree(formula)
    return _Reader(formula, columns, source, language).value(tree.body)


def _tree(formula: str) -> tuple[ast.Expression, list[int], str]:
    """The syntax tree, the column in the formula for each column that Python saw, and what it saw."""
    if not formula.strip():
        raise FormulaError("the formula is empty", formula, 0)
    if len(formula) > LONGEST:
        raise FormulaError(f"{len(formula)} characters are too many: at most {LONGEST}", formula[:60] + "...", 60)
    text, columns = "", []
    for column, character in enumerate(formula):
        if character in "\n\r\t\f":
            character = " "
        sign = _SIGNS.get(character, character)
        if not sign.isascii() and not sign.isalpha():
            raise FormulaError(f"the character {character!r} has no meaning here", formula, column)
        text += sign
        columns += [column] * len(sign.encode())
    lead = len(text) - len(text.lstrip())
    columns = [*columns[lead:], len(formula)]
    try:
        return ast.parse(text.strip(), mode="eval"), columns, text.strip()
    except SyntaxError as error:
        column = columns[min((error.offset or len(columns)) - 1, len(columns) - 1)]  # 0: at the end
        message = error.msg
        if "decimal literal" in message:
            message = "a product is written with a star, as in 2*x"
        raise FormulaError(f"this is no formula: {message}", formula, column) from None
    except (RecursionError, MemoryError, ValueError):
        raise FormulaError("this is no formula: it is nested too deeply", formula, 0) from None


class _Reader:
    def __init__(self, formula: str, columns: list[int], source: str, language: Language) -> None:
        self.formula = formula
        self.columns = columns
        self.source = source
        self.language = language
        self.depth = 0

    def value(self, node: ast.expr) -> Any:
        """What one node stands for."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.error("nested too deeply", node)
        found = self._value(node)
        self.depth -= 1
        self.language.named(found, self.text(node))
        return found

    def _value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                return self.number(node)
            case ast.Name(id=name):
                return self.name(node, name)
            case ast.BinOp():
                return self.binary(node)
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return self.made(node, operator.neg, self.value(inner))
            case ast.UnaryOp(op=ast.UAdd(), operand=inner):
                return self.value(inner)
            case ast.Call():
                return self.call(node)
            case ast.Compare(ops=[relation], comparators=[right], left=left) if self.language.compare is not None:
                op = _COMPARISONS.get(type(relation))
                if op is not None:
                    return self.language.compare(op, self.value(left), self.value(right))
            case ast.IfExp() if self.language.choose is not None:
                condition, yes, no = map(self.value, (node.test, node.body, node.orelse))
                return self.language.choose(condition, yes, no)
            case ast.Subscript(value=ast.Constant(value=1), slice=ast.Compare() as condition):
                return self.value(condition)
        raise self.error(f"{_described(node)} may not stand in a formula", _pointed(node))

    def number(self, node: ast.Constant) -> Any:
        text = (ast.get_source_segment(self.source, node) or "").replace("_", "")
        if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
            raise self.error("this number cannot be read: write it as 2, 0.5 or 1e-3", node)
        return self.language.number(Fraction(text))

    def name(self, node: ast.expr, name: str) -> Any:
        if name not in self.language.names:
            if name in self.language.functions:
                raise self.error(f"{name} is a function: write {name}(...)", node)
            raise self.error(f"{name} is not known here{_nearest(name, self.language.names)}", node)
        return self.language.names[name]

    def binary(self, node: ast.BinOp) -> Any:
        if type(node.op) not in _OPERATORS:
            raise self.error(f"{_described(node)} may not stand in a formula", node)
        return self.made(node, _OPERATORS[type(node.op)][1], self.value(node.left), self.value(node.right))

    def call(self, node: ast.Call) -> Any:
        if not isinstance(node.func, ast.Name):
            raise self.error("only functions with a plain name are called, as in tanh(x)", _pointed(node.func))
        name = node.func.id
        if name not in self.language.functions:
            raise self.error(f"{name} is no known function{_nearest(name, self.language.functions)}", node.func)
        count, function = self.language.functions[name]
        if node.keywords:
            raise self.error(f"{name} takes no named arguments", node.keywords[0].value)
        if len(node.args) != count:
            raise self.error(f"{name} takes {count} argument{'s' * (count > 1)}, not {len(node.args)}", node)
        return self.made(node, function, *map(self.value, node.args))

    def made(self, node: ast.expr, function: Callable[..., Any], *args: Any) -> Any:
        """The result of a function; what stops it is told at its place."""
        try:
            return function(*args)
        except (ArithmeticError, ValueError, TypeError) as problem:
            raise self.error(f"no value here: {problem}", node) from None

    def column(self, node: ast.AST) -> int:
        """Where a node starts in the formula; for an operation, where its operator may be expected."""
        return self.columns[min(getattr(node, "col_offset", 0), len(self.columns) - 1)]

    def text(self, node: ast.expr) -> str:
        """The node's part of the formula."""
        end = self.columns[min(node.end_col_offset or 0, len(self.columns) - 1)]
        return self.formula[self.column(node) : end].strip()

    def error(self, message: str, node: ast.AST) -> FormulaError:
        return FormulaError(message, self.formula, self.column(node))


def _pointed(node: ast.expr) -> ast.AST:
    """What to point at: the dot of an attribute, not what stands before it."""
    if isinstance(node, ast.Attribute) and node.value.end_col_offset is not None:
        return ast.Name(node.attr, lineno=1, col_offset=node.value.end_col_offset)
    return node


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    close = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f": did you mean {close[0]}?" if close else ""


def _described(node: ast.AST) -> str:
    """A part of Python that is no part of formulas, in words."""
    match node:
        case ast.Constant(value=str()):
            return "a text"
        case ast.Constant(value=value):
            return f"{value!r}"
        case ast.BinOp():
            return "this operator"
        case ast.Compare():
            return "this comparison"
    return {
        ast.Attribute: "an attribute (a dot)",
        ast.Subscript: "an index",
        ast.Lambda: "a lambda",
        ast.IfExp: "a choice",
        ast.ListComp: "a comprehension",
        ast.GeneratorExp: "a comprehension",
        ast.List: "a list",
        ast.Tuple: "a tuple",
        ast.Dict: "a dictionary",
        ast.Set: "a set",
        ast.BoolOp: "and / or",
        ast.NamedExpr: "an assignment",
        ast.JoinedStr: "a text",
        ast.UnaryOp: "this sign",
        ast.Starred: "a star",
    }.get(type(node), f"{type(node).__name__}")
