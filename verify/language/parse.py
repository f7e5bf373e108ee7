"""Text to term: the syntax is Python's, read by its parser; what may stand in it is the short list below.

Every node of the syntax tree is one that is known here, or it is refused with its place: nothing is evaluated.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from fractions import Fraction
from functools import reduce

from verify.errors import UsageError
from verify.language.functions import CONSTANTS, functions
from verify.trace.term import COMPARISONS, Condition, Term, apply, compare, constant, symbol, term

LONGEST = 10_000  # characters
DEEPEST = 100  # brackets and operators within each other
FEW = 12  # names that a message may list
FARTHEST = 400  # decimal exponents of a literal: doubles end near 1e308

_ARITHMETIC: dict[type[ast.operator], str] = {
    **{ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.Pow: "pow"},
}
_RELATIONS: dict[type[ast.cmpop], str] = dict(
    zip((ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq), COMPARISONS, strict=True)
)
_WAYS_OUT: dict[type[ast.AST], str] = {
    **{ast.BitXor: "a power is written **", ast.BitAnd: "write `and`", ast.BitOr: "write `or`"},
    **{ast.Invert: "write `not`", ast.FloorDiv: "write floor(a/b)", ast.Mod: "write a - b*floor(a/b)"},
    **{ast.IfExp: "write where(condition, a, b)", ast.Attribute: "functions stand alone: exp(x), not np.exp(x)"},
}


class ExpressionError(UsageError):
    """An expression that cannot be read: what is wrong, and where (both counted from 1)."""

    def __init__(self, reason: str, line: int = 1, column: int = 1) -> None:
        super().__init__(f"line {line}, column {column}: {reason}")
        self.reason, self.line, self.column = reason, line, column


def expression(text: str, names: Sequence[str]) -> Term:
    """The number that ``text`` describes in the symbols ``names``; a condition counts 1 where it holds, else 0.

    Raises ExpressionError.
    """
    return term(_parsed(text, names))


def condition(text: str, names: Sequence[str]) -> Condition:
    """The condition that ``text`` describes.

    Raises ExpressionError.
    """
    found = _parsed(text, names)
    if not isinstance(found, Condition):
        raise ExpressionError("a condition is needed, such as x > 0; this is a number")
    return found


def unfit(name: str) -> str:
    """Why ``name`` can be no input, "" if it can."""
    if not name.isidentifier() or not name.isascii():
        return f"{name!r} is no name: letters, digits and _"
    if name in CONSTANTS or name in ("out", "g") or name.startswith("acc_"):  # a function is told by its parentheses
        return f"{name!r} means something else already"
    return "" if _is_name(name) else f"{name!r} is a word of the language"


def _is_name(text: str) -> bool:
    try:
        return isinstance(ast.parse(text, mode="eval").body, ast.Name)
    except SyntaxError:
        return False


def nearest(name: str, known: Sequence[str], cutoff: float = 0.6) -> str:
    """The way out of an unknown name: ": did you mean ...?" (letters swapped first), or what there is, if few."""
    swapped = [other for other in known if sorted(other) == sorted(name.lower())]
    close = swapped or get_close_matches(name, known, n=1, cutoff=cutoff)
    if close:
        return f": did you mean {close[0]!r}?"
    return f"; there are {', '.join(known)}" if len(known) <= FEW else "; docs/rules-files.md lists all there are"


def _parsed(text: str, names: Sequence[str]) -> Term:
    return _Reader(text, names).read()


class _Reader:
    """One text."""

    def __init__(self, text: str, names: Sequence[str]) -> None:
        self.text = text
        self.names = names
        self.start = len(text) - len(text.lstrip())
        # a line break is a space here: the expression may take several lines without brackets
        self.flat = text[self.start :].translate({10: " ", 13: " ", 9: " "}).rstrip()

    def read(self) -> Term:
        if not self.flat:
            raise ExpressionError("there is no expression")
        if len(self.flat) > LONGEST:
            raise ExpressionError(f"{len(self.flat)} characters are more than {LONGEST}")
        if "#" in self.flat:
            raise self.at(self.flat.index("#"), "an expression has no comments; put it beside the rule")
        try:
            tree = ast.parse(self.flat, mode="eval").body
        except SyntaxError as error:
            place = (error.offset or 1) - 1
            raise self.at(place, f"this does not parse: {error.msg}") from None
        except (ValueError, RecursionError, MemoryError) as error:
            raise ExpressionError(f"this does not parse: {str(error) or 'it is nested too deeply'}") from None
        return self.term(tree, 0)

    def at(self, offset: int, reason: str) -> ExpressionError:
        """The error at a character of the flat text."""
        before = self.text[: self.start + max(0, offset)]
        return ExpressionError(reason, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)

    def error(self, node: ast.expr, reason: str) -> ExpressionError:
        return self.at(len(self.flat.encode()[: node.col_offset].decode()), reason)

    def term(self, node: ast.expr, depth: int) -> Term:
        """The term of a node; raises ExpressionError for one that has no place here."""
        if depth > DEEPEST:
            raise self.error(node, f"this is nested more than {DEEPEST} deep")
        match node:
            case ast.Constant():
                return self.number(node)
            case ast.Name():
                return self.name(node)
            case ast.Call():
                return self.call(node, depth)
            case ast.BinOp(op=op) if type(op) in _ARITHMETIC:
                return self.operation(node, depth)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
                operand = self.term(node.operand, depth + 1)
                return apply("neg", operand) if isinstance(node.op, ast.USub) else term(operand)
            case ast.UnaryOp(op=ast.Not()):
                return ~self.condition(node.operand, depth + 1)
            case ast.BoolOp():
                parts = [self.condition(v, depth + 1) for v in node.values]
                return reduce((lambda a, b: a & b) if isinstance(node.op, ast.And) else (lambda a, b: a | b), parts)
            case ast.Compare():
                return self.comparison(node, depth)
        raise self.refused(node)

    def refused(self, node: ast.expr) -> ExpressionError:
        way_out = next((_WAYS_OUT[type(n)] for n in (node, getattr(node, "op", node)) if type(n) in _WAYS_OUT), "")
        shown = ast.get_source_segment(self.flat, node) or type(node).__name__
        shown = shown if len(shown) <= 30 else shown[:27] + "..."
        return self.error(node, f"{shown!r} has no meaning here" + (f": {way_out}" if way_out else ""))

    def operation(self, node: ast.BinOp, depth: int) -> Term:
        """A chain of operators of one strength is as long as it likes: only nesting counts as depth."""
        chain: list[ast.BinOp] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp) and type(left.op) in _ARITHMETIC:
            chain.append(left)
            left = left.left
        total = self.term(left, depth + 1)
        for link in reversed(chain):
            total = apply(_ARITHMETIC[type(link.op)], total, self.term(link.right, depth + 1))
        return total

    def comparison(self, node: ast.Compare, depth: int) -> Condition:
        sides = [self.term(side, depth + 1) for side in (node.left, *node.comparators)]
        links: list[Condition] = []
        for op, a, b in zip(node.ops, sides, sides[1:], strict=False):
            if type(op) not in _RELATIONS:
                raise self.refused(node)
            links.append(compare(_RELATIONS[type(op)], a, b))
        return reduce(lambda a, b: a & b, links)

    def condition(self, node: ast.expr, depth: int) -> Condition:
        found = self.term(node, depth)
        if not isinstance(found, Condition):
            raise self.error(node, "a condition is needed here, such as x > 0; this is a number")
        return found

    def number(self, node: ast.Constant) -> Term:
        """A literal is the decimal number that is written, not the double nearest to it."""
        if type(node.value) not in (int, float):
            raise self.refused(node)
        if isinstance(node.value, int):
            return constant(node.value)
        written = ast.get_source_segment(self.flat, node) or ""
        try:
            exact = Decimal(written.replace("_", ""))
        except InvalidOperation:
            raise self.refused(node) from None
        if exact and abs(exact.adjusted()) > FARTHEST:
            raise self.error(node, f"{written} is beyond the range of a double: write inf, or 0")
        return constant(Fraction(exact))

    def name(self, node: ast.Name) -> Term:
        if node.id in self.names:
            return symbol(node.id)
        if node.id in CONSTANTS:
            return CONSTANTS[node.id]
        if node.id in functions():
            raise self.error(node, f"{node.id} is a function: {node.id}({', '.join(self.names[:1]) or '...'})")
        known = [*self.names, *CONSTANTS]
        close = nearest(node.id, [*known, *functions()])
        raise self.error(node, f"unknown name {node.id!r}" + (close if "mean" in close else nearest(node.id, known)))

    def call(self, node: ast.Call, depth: int) -> Term:
        if not isinstance(node.func, ast.Name):
            raise self.refused(node.func)
        name = node.func.id
        function = functions().get(name)
        if function is None:
            raise self.error(node, f"unknown function {name!r}" + nearest(name, list(functions())))
        if node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
            raise self.error(node, f"{name} takes its arguments by place, one by one")
        if len(node.args) != function.arity:
            count = f"{function.arity} argument{'' if function.arity == 1 else 's'}"
            raise self.error(node, f"{name} takes {count}, not {len(node.args)}")
        if name == "where":
            choice = self.condition(node.args[0], depth + 1)
            return function.build(choice, *(self.term(a, depth + 1) for a in node.args[1:]))
        return function.build(*(term(self.term(a, depth + 1)) for a in node.args))
