"""Text to formula: the syntax is Python's, read by its parser; the nodes allowed are the short list below.

Every node of the syntax tree is known here, or it is rejected with its position: nothing is evaluated.  A `Language`
defines the names, functions and numbers: terms for rules files and definitions, as `expression`
and `condition` read them; a learner's formula, with Greek letters, is another one.
"""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import cached_property, reduce
from typing import Any

from backproof.verify.support.errors import UsageError
from backproof.verify.support.spelling import suggestion
from backproof.verify.terms.functions import CONSTANTS, Function, functions
from backproof.verify.terms.ops import COMPARISONS, LEFT_OUT, SEVERAL
from backproof.verify.terms.term import Condition, Term, compare, constant, symbol, term, where

LONGEST = 10_000  # characters
DEEPEST = 100  # nested brackets and operators
FARTHEST = 400  # decimal exponents of a literal: doubles end near 1e308
EXACT = 2**53  # up to which a double represents every integer
WIDEST = 60  # characters of a line that an error points into

_ARITHMETIC: dict[type[ast.operator], str] = {
    **{ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "truediv", ast.Pow: "pow"},
}
_RELATIONS: dict[type[ast.cmpop], str] = dict(
    zip((ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq), COMPARISONS, strict=True)
)
_REASONS: dict[type[ast.AST], str] = {
    **{ast.BitXor: "a power is written **", ast.BitAnd: "write `and`", ast.BitOr: "write `or`"},
    **{ast.Invert: "write `not`", ast.FloorDiv: "write floor(a/b)", ast.Mod: "write a - b*floor(a/b)"},
    **dict.fromkeys((ast.MatMult, ast.LShift, ast.RShift), "this operator is not known here"),
    **dict.fromkeys((ast.In, ast.NotIn, ast.Is, ast.IsNot), "this is not a comparison of numbers"),
    ast.IfExp: "a choice: write where(condition, a, b)",
    ast.Attribute: "an attribute (a dot); functions stand alone: exp(x), not np.exp(x)",
    **{ast.Call: "only functions with a plain name are called, as in tanh(x)", ast.Subscript: "an index"},
    **{ast.Lambda: "a lambda", ast.NamedExpr: "an assignment", ast.JoinedStr: "a text", ast.Starred: "a star"},
    **{ast.List: "a list", ast.Tuple: "a tuple", ast.Dict: "a dictionary", ast.Set: "a set"},
    **dict.fromkeys((ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp), "a comprehension"),
}
"""Why a part of Python is rejected, or what to write for it."""


class ExpressionError(UsageError):
    """An expression that cannot be read: what is wrong, and where (line and column, both counted from 1)."""

    def __init__(self, reason: str, text: str = "", at: int = 0) -> None:
        before = text[: max(0, at)]
        self.line, start = before.count("\n") + 1, before.rfind("\n") + 1
        self.reason, self.column = reason, len(before) - start + 1
        self._text = text[start:].partition("\n")[0]
        super().__init__(f"line {self.line}, column {self.column}: {reason}")

    @property
    def pointed(self) -> str:
        """The reason, and below it the line with a caret under the place."""
        first = max(0, self.column - 1 - WIDEST // 2)
        shown = "".join(c if c.isprintable() else " " for c in self._text[first : first + WIDEST])
        return f"{self.reason}\n  {shown}\n  {' ' * (self.column - 1 - first)}^"


@dataclass(frozen=True)
class Language:
    """The meaning of the parts of an expression, and which parts there are.

    names: the value of each name; functions: the number of arguments of each, and its result
    number: converts a number; power: builds a power
    letters: characters that are read as something else, such as · as a star
    conditions: comparisons, and, or, not; choices: `a if c else b`, and 1[c] for 1 where c holds and 0 elsewhere
    failures: exceptions that functions raise where they have no value; reported with the position
    named: called with every part that was read, and its text
    manual: where all functions are listed
    """

    names: Mapping[str, Any]
    functions: Mapping[str, Function]
    number: Callable[[Fraction], Any] = constant
    power: Callable[[Any, Any], Any] = operator.pow
    letters: Mapping[str, str] = field(default_factory=dict)
    conditions: bool = True
    choices: bool = False
    longest: int = LONGEST
    failures: tuple[type[Exception], ...] = ()
    named: Callable[[Any, str], None] = field(default=lambda *_: None)
    manual: str = ""


def expression(text: str, names: Sequence[str]) -> Term:
    """The number that ``text`` describes in the symbols ``names``; a condition is 1 where it holds, else 0.

    Raises ExpressionError.
    """
    return term(read(text, _language(names)))


def condition(text: str, names: Sequence[str]) -> Condition:
    """The condition that ``text`` describes.

    Raises ExpressionError.
    """
    found = read(text, _language(names))
    if not isinstance(found, Condition):
        raise ExpressionError("a condition is needed, such as x > 0; this is a number", text)
    return found


def _language(names: Sequence[str]) -> Language:
    """The language of rules files and definitions."""
    known: dict[str, Any] = {name: symbol(name) for name in names}
    return Language({**known, **CONSTANTS}, functions(), manual="docs/rules-files.md lists all functions")


def read(text: str, language: Language) -> Any:
    """The value of ``text`` in a language.

    Raises ExpressionError.
    """
    return _Reader(text, language).value()


def names_in(text: str, language: Language) -> list[str]:
    """The names in ``text`` that the language does not know, in order of first appearance; called names are left out.

    Raises ExpressionError where it is no expression.
    """
    tree = _Reader(text, language).tree
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called]
    found.sort(key=lambda node: node.col_offset)
    return [name for name in dict.fromkeys(node.id for node in found) if name not in language.names]


def unfit(name: str) -> str:
    """Why ``name`` cannot be an input, "" if it can."""
    if not name.isidentifier() or not name.isascii():
        return f"{name!r} is not a name: letters, digits and _"
    if name in CONSTANTS or name in ("out", "g") or name.startswith("acc_"):  # functions have parentheses
        return f"{name!r} is a reserved name"
    return "" if _is_name(name) else f"{name!r} is a keyword of the language"


def _is_name(text: str) -> bool:
    try:
        return isinstance(ast.parse(text, mode="eval").body, ast.Name)
    except SyntaxError:
        return False


def nearest(name: str, known: Sequence[str], cutoff: float = 0.6, manual: str = "") -> str:
    """A suggestion for an unknown name of a formula."""
    return suggestion(name, known, cutoff=cutoff, otherwise=manual)


class _Reader:
    """One text."""

    def __init__(self, text: str, language: Language) -> None:
        self.text = text
        self.language = language
        start, whole = len(text) - len(text.lstrip()), text.strip()
        if not whole:
            raise ExpressionError("there is no expression: the text is empty")
        if len(whole) > language.longest:
            raise ExpressionError(f"{len(whole)} characters are more than {language.longest}", text, start)
        # a line break is a space here: the expression may take several lines without brackets
        signs = {**language.letters, **dict.fromkeys("\n\r\t\f", " ")}
        parts = [signs.get(character, character) for character in whole]
        self.source = "".join(parts)
        self.places = [start + i for i, part in enumerate(parts) for _ in part]  # of its characters in the text

    @cached_property
    def encoded(self) -> bytes:
        return self.source.encode(errors="surrogatepass")

    @cached_property
    def tree(self) -> ast.expr:
        """The syntax tree; raises ExpressionError."""
        if "#" in self.source:
            raise self.at(self.source.index("#"), "an expression has no comments")
        try:
            with warnings.catch_warnings(action="ignore"):  # of a text in it, such as '\\d'
                return ast.parse(self.source, mode="eval").body
        except SyntaxError as error:
            hint = ": a product is written with a star, as in 2*x" if "decimal literal" in error.msg else ""
            place = (error.offset or len(self.source) + 1) - 1
            raise self.at(place, f"this does not parse: {error.msg}{hint}") from None
        except (ValueError, RecursionError, MemoryError) as error:
            raise self.at(0, f"this does not parse: {str(error) or 'it is nested too deeply'}") from None

    def value(self) -> Any:
        """The value of the whole text."""
        return self.part(self.tree, 0)

    # ------------------------------------------------------------------------------------------------- places

    def at(self, offset: int, reason: str) -> ExpressionError:
        """The error at a character of the source."""
        places = [*self.places, len(self.text.rstrip())]
        return ExpressionError(reason, self.text, places[min(max(0, offset), len(self.places))])

    def error(self, node: ast.expr | ast.keyword, reason: str) -> ExpressionError:
        return self.at(self.character(node.col_offset), reason)

    def character(self, offset: int) -> int:
        """The index of the character of the source that begins at a byte."""
        return offset if self.source.isascii() else len(self.encoded[:offset].decode(errors="surrogatepass"))

    def written(self, node: ast.expr) -> str:
        """The text of a part in the source."""
        return self.encoded[node.col_offset : node.end_col_offset].decode(errors="surrogatepass")

    def in_text(self, node: ast.expr) -> str:
        """The original text of a part."""
        first, last = self.character(node.col_offset), self.character(node.end_col_offset or 0) - 1
        return self.text[self.places[first] : self.places[last] + 1]

    def refused(self, node: ast.expr, of: ast.AST | None = None) -> ExpressionError:
        """The error for a part that is not allowed, ``of``: the operator at fault; why, or what to write."""
        reason = _REASONS.get(type(of or node), "a text" if isinstance(getattr(node, "value", 0), (str, bytes)) else "")
        shown = self.written(node)
        shown = shown if len(shown) <= 30 else shown[:27] + "..."
        wrong = f"{shown!r} has no meaning here" + (f": {reason}" if reason else "")
        if isinstance(node, ast.Attribute):  # at the dot
            return self.at(self.character(node.value.end_col_offset or 0), wrong)
        return self.error(node, wrong)

    # ------------------------------------------------------------------------------------------------- values

    def part(self, node: ast.expr, depth: int) -> Any:
        """The value of a node; raises ExpressionError for one that is not allowed."""
        if depth > DEEPEST:
            raise self.error(node, f"this is nested too deeply: more than {DEEPEST} deep")
        found = self._part(node, depth)
        self.language.named(found, self.in_text(node))
        return found

    def _part(self, node: ast.expr, depth: int) -> Any:
        language = self.language
        match node:
            case ast.Constant():
                return language.number(self.number(node))
            case ast.Name():
                return self.name(node)
            case ast.Call():
                return self.call(node, depth)
            case ast.BinOp():
                return self.operation(node, depth)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
                return self.signed(node, depth)
            case ast.UnaryOp(op=ast.Not()) if language.conditions:
                return ~self.condition(node.operand, depth + 1)
            case ast.BoolOp() if language.conditions:
                parts = [self.condition(v, depth + 1) for v in node.values]
                return reduce(operator.and_ if isinstance(node.op, ast.And) else operator.or_, parts)
            case ast.Compare() if language.conditions:
                return self.comparison(node, depth)
            case ast.IfExp() if language.choices:
                choice = self.condition(node.test, depth + 1)
                return where(choice, self.part(node.body, depth + 1), self.part(node.orelse, depth + 1))
            case ast.Subscript(value=ast.Constant(value=1)) if language.choices:
                return self.condition(node.slice, depth + 1)
        raise self.refused(node, getattr(node, "op", None))

    def operation(self, node: ast.BinOp, depth: int) -> Any:
        """A chain of operators of one precedence may be of any length: only nesting counts as depth."""
        chain: list[ast.BinOp] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp) and self.fraction(left) is None:
            if type(left.op) not in _ARITHMETIC:
                raise self.refused(left, left.op)
            chain.append(left)
            left = left.left
        fraction = self.fraction(left)
        total = self.part(left, depth + 1) if fraction is None else self.language.number(fraction)
        for link in reversed(chain):
            name = _ARITHMETIC[type(link.op)]
            function = self.language.power if name == "pow" else getattr(operator, name)
            total = self.made(link, function, total, self.part(link.right, depth + 1))
            if link is not node:
                self.language.named(total, self.in_text(link))
        return total

    def fraction(self, node: ast.expr) -> Fraction | None:
        """2/3 as a number like 0.5, the quotient of integers that a double holds; None for anything else."""
        if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Div):
            return None
        above, below = node.left, node.right
        sign = -1 if _is_negative(above) else 1
        above = above.operand if isinstance(above, ast.UnaryOp) and sign < 0 else above
        if not isinstance(above, ast.Constant) or not isinstance(below, ast.Constant):
            return None
        a, b = above.value, below.value
        return Fraction(sign * a, b) if type(a) is type(b) is int and a < EXACT and 0 < b < EXACT else None

    def signed(self, node: ast.UnaryOp, depth: int) -> Any:
        """A minus right before a number belongs to it: -3 is a number, as -(3) and -x are not."""
        if _is_negative(node):
            assert isinstance(node.operand, ast.Constant)
            return self.language.number(-self.number(node.operand))
        found = self.part(node.operand, depth + 1)
        if isinstance(node.op, ast.UAdd):
            return found
        if isinstance(found, Term) and found.op == "special":
            return constant(-float(found.value))
        return self.made(node, operator.neg, found)

    def comparison(self, node: ast.Compare, depth: int) -> Condition:
        sides = [self.part(side, depth + 1) for side in (node.left, *node.comparators)]
        links: list[Condition] = []
        for op, a, b in zip(node.ops, sides, sides[1:], strict=False):
            if type(op) not in _RELATIONS:
                raise self.refused(node, op)
            links.append(compare(_RELATIONS[type(op)], a, b))
        return reduce(operator.and_, links)

    def condition(self, node: ast.expr, depth: int) -> Condition:
        found = self.part(node, depth)
        if not isinstance(found, Condition):
            raise self.error(node, "a condition is needed here, such as x > 0; this is a number")
        return found

    def number(self, node: ast.Constant) -> Fraction:
        """A literal is the decimal number as written, not the double nearest to it."""
        if type(node.value) not in (int, float):
            raise self.refused(node)
        if isinstance(node.value, int):
            return Fraction(node.value)
        written = self.written(node)
        try:
            exact = Decimal(written.replace("_", ""))
        except InvalidOperation:
            raise self.refused(node) from None
        if exact and abs(exact.adjusted()) > FARTHEST:
            raise self.error(node, f"{written} cannot be read: it is beyond the range of a double, write inf, or 0")
        return Fraction(exact)

    def name(self, node: ast.Name) -> Any:
        name, language = node.id, self.language
        self.plain(node)
        if name in language.names:
            return language.names[name]
        known = list(language.names)
        if name in language.functions:
            raise self.error(node, f"{name} is a function: {name}({', '.join(known[:1]) or '...'})")
        functions = language.functions if len(name) > 2 else ()  # nobody means a Bessel function by y
        close = nearest(name, [*known, *functions], manual=language.manual)
        close = close if "mean" in close else nearest(name, known, manual=language.manual)
        raise self.error(node, f"unknown name {name!r}{close}")

    def plain(self, node: ast.Name) -> None:
        """Raises ExpressionError for a name in letters that Python normalises, such as a fullwidth ｘ for x."""
        written = self.written(node)
        if written != node.id:
            strange = next(i for i, letter in enumerate(written) if not letter.isascii())
            reason = f"the character {written[strange]!r} has no meaning here: it is not the letter it looks like"
            raise self.at(self.character(node.col_offset) + strange, reason)

    def call(self, node: ast.Call, depth: int) -> Any:
        if not isinstance(node.func, ast.Name):
            raise self.refused(node.func)
        name, language = node.func.id, self.language
        self.plain(node.func)
        function = language.functions.get(name)
        if function is None:
            raise self.error(node, _unknown(name, language))
        if node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
            raise self.error(node, f"{name} takes its arguments by place, one by one: no named arguments, no stars")
        if len(node.args) != function.arity:
            count = f"{function.arity} argument{'' if function.arity == 1 else 's'}"
            raise self.error(node, f"{name} takes {count}, not {len(node.args)}")
        if name == "where":
            choice = self.condition(node.args[0], depth + 1)
            return function.build(choice, *(self.part(a, depth + 1) for a in node.args[1:]))
        operands = [self.part(a, depth + 1) for a in node.args]
        return self.made(node, function.build, *(term(a) if isinstance(a, Condition) else a for a in operands))

    def made(self, node: ast.expr, function: Callable[..., Any], *args: Any) -> Any:
        """The result of a function; an exception is reported with the position."""
        try:
            return function(*args)
        except self.language.failures as problem:
            raise self.error(node, f"no value here: {problem}") from None


def _is_negative(node: ast.expr) -> bool:
    """Whether it is a number with a minus right before it."""
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant() as number):
            return number.col_offset == node.col_offset + 1
    return False


def _unknown(name: str, language: Language) -> str:
    """The message for an unknown function, with a suggestion."""
    if name in SEVERAL:
        return f"{name} has several results, each by its own name: {', '.join(SEVERAL[name])}"
    if name in LEFT_OUT:
        return f"{name} is left out: {LEFT_OUT[name]}"
    return f"unknown function {name!r}" + nearest(name, list(language.functions), manual=language.manual)
