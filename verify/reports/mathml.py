"""Formulas as MathML: Python's notation, as SymPy writes it and as rules are written, parsed and never evaluated.

Only elements of MathML Core (https://www.w3.org/TR/mathml-core), which every browser draws by itself.
A text that is no formula, or too long to read as one, stays code.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from html import escape

from verify.escape import on_a_line

LONGEST = 1500  # characters of a formula that is still drawn

_GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "theta": "θ", "lambda_": "λ",
    "mu": "μ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "φ", "omega": "ω", "oo": "∞",
}  # fmt: skip
_COMPARED: dict[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "≤", ast.Gt: ">", ast.GtE: "≥", ast.Eq: "=", ast.NotEq: "≠",
}  # fmt: skip
_RELATIONS = {"Ne": "≠", "Eq": "=", "Lt": "<", "Le": "≤", "Gt": ">", "Ge": "≥"}
_INDICATORS = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤", "eq": "=", "ne": "≠"}  # 1 where it holds, else 0
_LOGIC: dict[type[ast.operator], str] = {ast.BitAnd: "∧", ast.BitOr: "∨"}

# How tightly a formula holds together; what is looser than its place asks for gets parentheses.
_LOGICAL, _RELATION, _SUM, _SIGN, _PRODUCT, _POWER, _ATOM = range(7)
Drawn = tuple[str, int]


def formula(text: str, *, block: bool = False) -> str:
    """The formula as a ``<math>`` element, or as ``<code>`` where it is none."""
    drawn = _drawn(text)
    if drawn is None:
        return f"<code>{escape(on_a_line(text))}</code>"
    display = ' display="block"' if block else ""
    return f'<math displaystyle="true"{display}>{drawn}</math>'


def _drawn(text: str) -> str | None:
    if len(text) > LONGEST:
        return None
    try:
        return _draw(ast.parse(text.strip(), mode="eval").body)[0]
    except (SyntaxError, ValueError, RecursionError, MemoryError, NotImplementedError):
        return None  # what cannot be drawn stays text


def _draw(node: ast.expr) -> Drawn:
    match node:
        case ast.Constant(value=bool(value)):
            return _text("always" if value else "never"), _ATOM
        case ast.Constant(value=int() | float()):
            return f"<mn>{escape(ast.unparse(node))}</mn>", _ATOM
        case ast.Name(id=name):
            return _name(name), _ATOM
        case ast.UnaryOp(op=ast.USub()):
            return _row("<mo>−</mo>", _at_least(node.operand, _PRODUCT)), _SIGN
        case ast.UnaryOp(op=ast.Invert() | ast.Not()):
            return _row("<mo>¬</mo>", _at_least(node.operand, _POWER)), _SIGN
        case ast.BinOp():
            return _operation(node)
        case ast.Compare():
            parts = [_at_least(node.left, _SUM)]
            for op, right in zip(node.ops, node.comparators, strict=True):
                parts += [_operator(_relation(op)), _at_least(right, _SUM)]
            return _row(*parts), _RELATION
        case ast.Call(func=ast.Name(id=name), keywords=[]):
            return _call(name, node.args)
    raise NotImplementedError(type(node).__name__)


def _relation(op: ast.cmpop) -> str:
    if type(op) not in _COMPARED:
        raise NotImplementedError(type(op).__name__)
    return _COMPARED[type(op)]


def _operation(node: ast.BinOp) -> Drawn:
    left, right = node.left, node.right
    match node.op:
        case ast.Add():
            return _row(_at_least(left, _SUM), _operator("+"), _at_least(right, _PRODUCT)), _SUM
        case ast.Sub():
            return _row(_at_least(left, _SUM), _operator("−"), _at_least(right, _PRODUCT)), _SUM
        case ast.Mult():
            # a number stands right before what it multiplies, 2x; all else has a dot between
            tight = isinstance(left, ast.Constant) and not isinstance(right, (ast.Constant, ast.UnaryOp))
            dot = "<mo>&#x2062;</mo>" if tight and not _begins_with_number(right) else _operator("⋅")
            return _row(_at_least(left, _SIGN), dot, _at_least(right, _PRODUCT)), _PRODUCT
        case ast.Div():
            return f"<mfrac>{_row(_draw(left)[0])}{_row(_draw(right)[0])}</mfrac>", _PRODUCT
        case ast.Pow():
            return _power(left, right)
        case ast.BitAnd() | ast.BitOr():
            sign = _operator(_LOGIC[type(node.op)])
            return _row(_at_least(left, _RELATION), sign, _at_least(right, _RELATION)), _LOGICAL
    raise NotImplementedError(type(node.op).__name__)


def _begins_with_number(node: ast.expr) -> bool:
    while isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Div):
        node = node.left
    return isinstance(node, ast.Constant)


def _power(base: ast.expr, exponent: ast.expr) -> Drawn:
    match exponent:
        case ast.BinOp(op=ast.Div(), left=ast.Constant() | ast.UnaryOp() as p, right=ast.Constant() as q):
            raised = _row(_draw(p)[0], _operator("/"), _draw(q)[0])  # 5/2: a fraction would be too small to read
        case _:
            raised = _row(_draw(exponent)[0])
    return f"<msup>{_row(_at_least(base, _ATOM))}{raised}</msup>", _POWER


def _call(name: str, arguments: list[ast.expr]) -> Drawn:
    count = len(arguments)
    if name == "Piecewise" and all(isinstance(a, ast.Tuple) and len(a.elts) == 2 for a in arguments):
        return _cases([(a.elts[0], a.elts[1]) for a in arguments if isinstance(a, ast.Tuple)]), _SUM
    if name == "where" and count == 3:
        return _cases([(arguments[1], arguments[0]), (arguments[2], ast.Constant(True))]), _SUM
    if name in _SHAPES and count == _SHAPES[name][0]:
        return _SHAPES[name][1](arguments)
    sign = _RELATIONS.get(name) or _INDICATORS.get(name)
    if sign and count == 2:
        relation = _row(_at_least(arguments[0], _SUM), _operator(sign), _at_least(arguments[1], _SUM))
        return (relation, _RELATION) if name in _RELATIONS else (_row("<mo>[</mo>", relation, "<mo>]</mo>"), _ATOM)
    listed = "<mo>,</mo>".join(_draw(a)[0] for a in arguments)
    return _row(_name(name), "<mo>&#x2061;</mo>", "<mo>(</mo>", listed, "<mo>)</mo>"), _POWER


def _cases(rows: list[tuple[ast.expr, ast.expr]]) -> str:
    drawn = []
    for value, condition in rows:
        always = isinstance(condition, ast.Constant) and condition.value is True
        when = _text("otherwise") if always else _row(_text("if "), _draw(condition)[0])
        drawn.append(f"<mtr><mtd>{_draw(value)[0]}</mtd><mtd>{when}</mtd></mtr>")
    return f'<mtable class="cases">{"".join(drawn)}</mtable>'


def _root(arguments: list[ast.expr]) -> Drawn:
    return f"<msqrt>{_draw(arguments[0])[0]}</msqrt>", _ATOM


def _third_root(arguments: list[ast.expr]) -> Drawn:
    return f"<mroot>{_row(_draw(arguments[0])[0])}<mn>3</mn></mroot>", _ATOM


def _size(arguments: list[ast.expr]) -> Drawn:
    return _row("<mo>|</mo>", _draw(arguments[0])[0], "<mo>|</mo>"), _ATOM


def _exponential(arguments: list[ast.expr]) -> Drawn:
    return f"<msup><mi>e</mi>{_row(_draw(arguments[0])[0])}</msup>", _POWER


def _quotient(arguments: list[ast.expr]) -> Drawn:
    return _draw(ast.BinOp(arguments[0], ast.Div(), arguments[1]))


def _raised(arguments: list[ast.expr]) -> Drawn:
    return _power(*arguments)


_SHAPES: dict[str, tuple[int, Callable[[list[ast.expr]], Drawn]]] = {
    "sqrt": (1, _root),
    "cbrt": (1, _third_root),
    "Abs": (1, _size),
    "abs": (1, _size),
    "exp": (1, _exponential),
    "divide": (2, _quotient),
    "pow": (2, _raised),
}
"""Functions with a shape of their own, and how many arguments it takes."""


def _at_least(node: ast.expr, tightness: int) -> str:
    """The part, in parentheses where it is looser than that."""
    drawn, own = _draw(node)
    return drawn if own >= tightness else _row("<mo>(</mo>", drawn, "<mo>)</mo>")


def _row(*parts: str) -> str:
    return f"<mrow>{''.join(parts)}</mrow>"


def _operator(sign: str) -> str:
    return f"<mo>{escape(sign)}</mo>"


def _text(words: str) -> str:
    return f"<mtext>{words.replace(' ', '&#xa0;')}</mtext>"


def _name(name: str) -> str:
    return f"<mi>{escape(_GREEK.get(name, on_a_line(name)))}</mi>"
