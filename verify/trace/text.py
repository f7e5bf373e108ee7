"""A term as a person would write it: in the order it was written, with no more brackets than it needs."""

from __future__ import annotations

from fractions import Fraction

from verify.exact import as_decimal
from verify.trace.term import Term, apply, constant, substitute, topological

LONGEST = 400
"""Steps of a formula that is written out: where parts are shared, as in a loop unrolled, the text doubles each time."""

_MANY = 10**6  # a denominator that is easier read as a decimal
_BITS = 4096  # of a whole number that is written out; Python itself writes no more than 4300 digits

_INFIX = {
    "add": (" + ", 4, 4),  # the operator, its binding strength, and that of a right operand that needs brackets
    "sub": (" - ", 4, 5),
    "mul": ("*", 5, 5),
    "div": ("/", 5, 6),
    **{op: (f" {sign} ", 3, 4) for op, sign in zip(
        ("lt", "le", "gt", "ge", "eq", "ne"), ("<", "<=", ">", ">=", "==", "!="), strict=True
    )},
    "and": (" and ", 2, 2),
    "or": (" or ", 1, 1),
}

Text = tuple[str, int]  # and how tightly its outermost operator binds


def written(term: Term, longest: int = LONGEST) -> str:
    """The term as text, for example ``1 - out**2``; how many steps it has, where they are more than ``longest``."""
    order = topological(term)
    sizes: dict[Term, int] = {}
    for t in order:
        sizes[t] = min(longest + 1, 1 + sum(sizes[a] for a in t.args))
    if sizes[term] > longest:
        return f"(a formula of {len(order)} steps)"
    texts: dict[Term, Text] = {}
    for t in order:
        texts[t] = _written(t, [texts[a] for a in t.args])
    return texts[term][0]


_ZERO, _ONE, _MINUS_ONE = map(constant, (0, 1, -1))


def plainly(root: Term) -> Term:
    """The formula without what a running sum and a factor of 1 leave behind: 0 + x, 1*x."""
    plain: dict[Term, Term] = {}
    for node in topological(root):
        args = [plain[a] for a in node.args]
        changed = any(a is not b for a, b in zip(args, node.args, strict=True))
        whole = substitute((node,), dict(zip(node.args, args, strict=True)))[0] if changed else node
        plain[node] = _shorter(whole)
    return plain[root]


def _shorter(node: Term) -> Term:
    match node.op, node.args:
        case ("add", (a, b)):
            return b if a is _ZERO else a if b is _ZERO else node
        case ("mul", (a, b)) if _ONE in (a, b):
            return b if a is _ONE else a
        case ("mul", (a, b)) if _MINUS_ONE in (a, b):
            return apply("neg", b if a is _MINUS_ONE else a)
    return node


def _written(term: Term, args: list[Text]) -> Text:
    match term.op:
        case "const":
            return _number(term.value)
        case "symbol" | "special":
            return str(term.value), 9
        case "pi" | "true" | "false":
            return term.op, 9
        case "neg":
            return "-" + _within(args[0], 5), 4
        case "not":
            return "not " + _within(args[0], 3), 2
        case "pow":
            return f"{_within(args[0], 8)}**{_within(args[1], 7)}", 7
        case op if op in _INFIX:
            sign, strength, right = _INFIX[op]
            return f"{_within(args[0], strength)}{sign}{_within(args[1], right)}", strength
        case op:
            return f"{op}({', '.join(text for text, _ in args)})", 9


def _within(part: Text, strength: int) -> str:
    text, own = part
    return text if own >= strength else f"({text})"


def _number(value: Fraction) -> Text:
    """An integer, a fraction with a small denominator, or the float that the literal was."""
    if value.denominator == 1 and abs(value) < 10**17:
        return str(value), 9 if value >= 0 else 4
    if 1 < value.denominator < 10_000 and abs(value.numerator).bit_length() <= _BITS:
        return f"{value.numerator}/{value.denominator}", 5 if value >= 0 else 4
    try:
        if Fraction(float(value)) == value:
            return repr(float(value)), 9 if value >= 0 else 4
    except OverflowError:
        pass
    bits = max(abs(value.numerator).bit_length(), value.denominator.bit_length())
    if bits > _BITS:
        return f"(a number of {bits} bits)", 9
    if value.denominator == 1:
        return str(value), 9 if value >= 0 else 4
    if value.denominator >= _MANY and (text := as_decimal(value)):
        return text, 9 if value >= 0 else 4
    return f"{value.numerator}/{value.denominator}", 5 if value >= 0 else 4
