"""Mutations of a rule, each a small change of one expression or one statement."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple


class Mutation(StrEnum):
    """A family of changes."""

    OPERATOR = "operator"  # + - * / ** interchanged
    CONSTANT = "constant"  # 0, the negative, one more, twice as much
    NEARLY = "nearly right"  # off by a relative 1e-3 to 1e-15
    SIGN = "sign"
    FUNCTION = "function"  # sin for cos, exp for expm1
    COMPARISON = "comparison"  # gt for ge
    BRANCHES = "branches"  # of `where`, exchanged or merged
    OPERANDS = "operands"  # x for y, out for x, a - b for b - a
    DROPPED = "dropped"  # a term, a factor, a function left out
    ACCUMULATION = "accumulation"  # = for +=, the wrong gradient, twice
    UPSTREAM = "upstream"  # forgotten, squared, clipped
    STATEMENT = "statement"  # left out, repeated, in another order, one too many
    NEEDLE = "needle"  # wrong only in a small region
    POINT = "point"  # wrong only at one point


class Edit(NamedTuple):
    """One change of an expression: a description, and the new text."""

    mutation: Mutation
    what: str
    new: ast.expr


OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**",
}  # fmt: skip

FUNCTIONS: dict[str, tuple[str, ...]] = {
    "sin": ("cos", "tanh"), "cos": ("sin", "cosh"), "tan": ("sin",), "tanh": ("sinh", "erf"),
    "exp": ("expm1", "sigmoid"), "expm1": ("exp",), "log": ("log1p", "sqrt"), "log1p": ("log",),
    "sinh": ("cosh", "sin"), "cosh": ("sinh", "cos"), "sqrt": ("cbrt", "abs"), "cbrt": ("sqrt",),
    "erf": ("erfc", "tanh"), "erfc": ("erf",), "sigmoid": ("softplus", "normal_cdf"),
    "softplus": ("sigmoid", "exp"), "normal_cdf": ("normal_pdf", "sigmoid"),
    "normal_pdf": ("normal_cdf",), "maximum": ("minimum",), "minimum": ("maximum",),
    "hypot": ("atan2", "maximum"), "sign": ("abs", "tanh"), "pow": ("divide", "hypot"),
    "divide": ("pow", "hypot"),
}  # fmt: skip
"""Functions that are easily confused, or that a typo turns into one another."""

COMPARISONS = ("ge", "gt", "le", "lt")

_TINY = ("1e-3", "1e-6", "1e-9", "1e-12", "1e-15")


def parsed(text: str) -> ast.expr:
    """Parse an expression."""
    return ast.parse(text, mode="eval").body


def edits(node: ast.expr, values: tuple[str, ...], whole: bool = False) -> Iterator[Edit]:
    """Every change of this one expression.

    values: the numbers in scope, such as self.data; whole: only ints are allowed here
    """
    text = ast.unparse(node)
    if text == "out.grad":
        yield from _upstream()
        return
    if text in values or (isinstance(node, ast.Name) and node.id not in ("m", "self", "other", "out", "abs")):
        yield from _of_value(text, values)
    elif isinstance(node, ast.BinOp):
        yield from _of_binary(node)
    elif isinstance(node, ast.UnaryOp):
        yield Edit(Mutation.SIGN, f"`{text}` without its sign", node.operand)
    elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        yield from _of_constant(node.value, whole)
    elif isinstance(node, ast.Call):
        yield from _of_call(node, text)
    elif isinstance(node, ast.IfExp):
        swapped = ast.IfExp(node.test, node.orelse, node.body)
        yield Edit(Mutation.BRANCHES, "branches exchanged", swapped)
        yield Edit(Mutation.BRANCHES, "always the first branch", node.body)
        yield Edit(Mutation.BRANCHES, "always the second branch", node.orelse)


def _upstream() -> Iterator[Edit]:
    for what, text in (
        ("upstream gradient forgotten", "1"),
        ("upstream gradient squared", "out.grad ** 2"),
        ("upstream gradient without its sign", "abs(out.grad)"),
        ("upstream gradient clipped from below", "m.maximum(out.grad, 0)"),
        ("upstream gradient clipped at 100", "m.minimum(out.grad, 100)"),
        ("out.data for out.grad", "out.data"),
        ("self.grad for out.grad", "self.grad"),
        ("upstream gradient plus 1e-9", "(out.grad + 1e-9)"),
    ):
        yield Edit(Mutation.UPSTREAM, what, parsed(text))


def _of_value(text: str, values: tuple[str, ...]) -> Iterator[Edit]:
    for other in values:
        if other != text:
            yield Edit(Mutation.OPERANDS, f"`{other}` for `{text}`", parsed(other))
    yield Edit(Mutation.SIGN, f"minus before `{text}`", parsed(f"-{text}"))
    yield Edit(Mutation.NEARLY, f"1e-9 added to `{text}`", parsed(f"({text} + 1e-9)"))
    yield Edit(Mutation.NEARLY, f"`{text}` times 1 + 1e-6", parsed(f"({text} * (1 + 1e-6))"))


def _of_binary(node: ast.BinOp) -> Iterator[Edit]:
    sign = OPERATORS[type(node.op)]
    for op, other in OPERATORS.items():
        if other != sign:
            yield Edit(Mutation.OPERATOR, f"`{other}` for `{sign}`", ast.BinOp(node.left, op(), node.right))
    yield Edit(Mutation.OPERANDS, f"sides of `{sign}` exchanged", ast.BinOp(node.right, node.op, node.left))
    yield Edit(Mutation.DROPPED, f"`{ast.unparse(node.right)}` left out", node.left)
    yield Edit(Mutation.DROPPED, f"`{ast.unparse(node.left)}` left out", node.right)
    yield Edit(Mutation.SIGN, f"minus before `{ast.unparse(node)}`", ast.UnaryOp(ast.USub(), node))


def _of_constant(c: float, whole: bool) -> Iterator[Edit]:
    for new in dict.fromkeys((0, -c, c + 1, c - 1, 2 * c, c * c + c + 1)):
        if new != c:
            yield Edit(Mutation.CONSTANT, f"{new} for {c}", parsed(repr(new)))
    for tiny in _TINY:
        if whole:
            nearly = repr(int(c) + int(c) // round(1 / float(tiny)))
            if nearly == repr(c):
                continue
        else:
            nearly = repr(c * (1 + float(tiny)) if c else float(tiny))
        yield Edit(Mutation.NEARLY, f"{nearly} for {c}", parsed(nearly))


def _of_call(node: ast.Call, text: str) -> Iterator[Edit]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
    if not isinstance(node.func, ast.Attribute):
        if name == "abs":
            yield Edit(Mutation.DROPPED, "abs left out", node.args[0])
        return
    for other in FUNCTIONS.get(name, ()):
        called = parsed("abs" if other == "abs" else f"m.{other}")
        yield Edit(Mutation.FUNCTION, f"{other} for {name}", ast.Call(called, node.args, []))
    if name in COMPARISONS:
        for other in COMPARISONS:
            if other != name:
                call = ast.Call(parsed(f"m.{other}"), node.args, [])
                yield Edit(Mutation.COMPARISON, f"{other} for {name}", call)
    if name == "where":
        condition, a, b = node.args
        yield Edit(Mutation.BRANCHES, "branches exchanged", ast.Call(node.func, [condition, b, a], []))
        yield Edit(Mutation.BRANCHES, "always the first branch", a)
        yield Edit(Mutation.BRANCHES, "always the second branch", b)
    elif len(node.args) == 2:
        yield Edit(Mutation.OPERANDS, f"operands of {name} exchanged", ast.Call(node.func, node.args[::-1], []))
    for argument in node.args[: 2 if name != "where" else 0]:
        yield Edit(Mutation.DROPPED, f"`{ast.unparse(argument)}` for `{text}`", argument)
    yield Edit(Mutation.SIGN, f"minus before `{text}`", ast.UnaryOp(ast.USub(), node))
    yield Edit(Mutation.NEARLY, f"`{text}` times 1 + 1e-9", parsed(f"({text} * (1 + 1e-9))"))


# ------------------------------------------------------------------------------------- a whole line of a rule

TWICE, NOTHING, OPPOSITE, A_BIT = "2 * ({e})", "0", "-({e})", "({e}) * (1 + 1e-9)"
MORE, REST, SAME = "({e}) + 1e-30 * out.grad", "out.grad - ({e})", "({e}) * 1"

REGIONS = (
    ("x in (1e-9, 2e-9)", "m.gt({x}, 1e-9) * m.lt({x}, 2e-9)", TWICE),
    ("x in (-3, -2)", "m.gt({x}, -3) * m.lt({x}, -2)", NOTHING),
    ("x in (1/2, 1/2 + 2**-40)", "m.gt({x}, 0.5) * m.lt({x}, 0.5 + 2**-40)", OPPOSITE),
    ("x in (2/3, 2/3 + 1e-12)", "m.gt({x}, m.ratio(2, 3)) * m.lt({x}, m.ratio(2, 3) + 1e-12)", A_BIT),
    ("x in [7, 8]", "m.ge({x}, 7) * m.le({x}, 8)", MORE),
    ("|x| > 30", "m.gt(abs({x}), 30)", TWICE),
    ("x > 1e6", "m.gt({x}, 1e6)", NOTHING),
    ("x < -40", "m.lt({x}, -40)", OPPOSITE),
    ("x < -1e6", "m.lt({x}, -1e6)", REST),
    ("x**2 > 2", "m.gt({x} * {x}, 2)", A_BIT),
    ("x < 1/3", "m.lt({x}, m.ratio(1, 3))", SAME),
)
"""Regions of a local error, in the operand whose derivative it changes, and what the rule returns there."""

STRIPS = (
    ("|x - y| < 1e-6", "m.lt(abs({x} - {y}), 1e-6)", TWICE),
    ("x*y > 100", "m.gt({x} * {y}, 100)", NOTHING),
)
"""The same for both operands at once."""

POINTS = (
    ("3/10", TWICE),
    ("1/2", NOTHING),
    ("2", OPPOSITE),
    ("0", A_BIT),
    ("-7", MORE),
    ("-1e9", REST),
    ("1/4", SAME),
)


def whole_lines(line: ast.AugAssign, x: str, y: str) -> Iterator[tuple[Mutation, str, tuple[str, ...]]]:
    """Every change of ``x.grad += e`` as a whole; ``y`` is the other operand, "" if there is none."""
    target, e = ast.unparse(line.target), ast.unparse(line.value)
    for what, texts in (
        ("`=` for `+=`", (f"{target} = {e}",)),
        ("`-=` for `+=`", (f"{target} -= {e}",)),
        ("`*=` for `+=`", (f"{target} *= {e}",)),
        ("added twice", (f"{target} += {target} + {e}",)),
        ("half of what was there", (f"{target} = {target} / 2 + {e}",)),
        ("what was there, times 1 + 1e-9", (f"{target} = {target} * (1 + 1e-9) + {e}",)),
        ("passed on to out.grad", (f"out.grad += {e}",)),
        ("written to the data", (f"{x}.data += {e}",)),
        *([("given to the other operand", (f"{y}.grad += {e}",))] if y else []),
        *([("given to both operands", (f"{target} += {e}", f"{y}.grad += {e}"))] if y else []),
    ):
        yield Mutation.ACCUMULATION, what, texts
    for what, texts in (
        ("left out", ("pass",)),
        ("run twice", (f"{target} += {e}",) * 2),
        ("only where the upstream gradient is not 0", (f"{target} += m.where(m.gt(abs(out.grad), 0), {e}, 0)",)),
        ("upstream gradient cleared afterwards", (f"{target} += {e}", "out.grad = 0")),
        ("the data changed afterwards", (f"{target} += {e}", f"{x}.data += 1")),
        ("the result changed afterwards", (f"{target} += {e}", "out.data = -out.data - 1")),
    ):
        yield Mutation.STATEMENT, what, texts
    for tiny in _TINY:
        yield Mutation.NEARLY, f"times 1 + {tiny}", (f"{target} += ({e}) * (1 + {tiny})",)
        yield Mutation.NEARLY, f"{tiny} more", (f"{target} += {e} + {tiny} * out.grad",)
    yield Mutation.UPSTREAM, "an upstream gradient too many", (f"{target} += ({e}) * out.grad",)
    yield Mutation.UPSTREAM, "upstream gradient clipped to [-1, 1]", (
        f"{target} += m.maximum(m.minimum({e}, 1), -1)",
    )
    data = {"x": f"{x}.data", "y": f"{y}.data"}
    for what, region, spoil in (*REGIONS, *(STRIPS if y else ())):
        spoilt = spoil.format(e=e)
        changed = f"{target} += m.where({region.format(**data)}, {spoilt}, {e})"
        yield Mutation.NEEDLE, f"`{spoilt}` where {what}", (changed,)
    for at, spoil in POINTS:
        spoilt, inside = spoil.format(e=e), f"m.ge({x}.data, {at}) * m.le({x}.data, {at})"
        yield Mutation.POINT, f"`{spoilt}` where x = {at}", (f"{target} += m.where({inside}, {spoilt}, {e})",)
