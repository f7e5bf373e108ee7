"""A term as a person would write it: in the order it was written, with no more brackets than it needs."""

from __future__ import annotations

from fractions import Fraction

from verify.trace.term import Term

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


def written(term: Term) -> str:
    """The term as text, for example ``1 - out**2``."""
    return _written(term)[0]


def _written(term: Term) -> tuple[str, int]:
    """The text, and how tightly its outermost operator binds."""
    match term.op:
        case "const":
            return _number(term.value)
        case "symbol" | "special":
            return str(term.value), 9
        case "pi" | "true" | "false":
            return term.op, 9
        case "neg":
            return "-" + _within(term.args[0], 5), 4
        case "not":
            return "not " + _within(term.args[0], 3), 2
        case "pow":
            return f"{_within(term.args[0], 8)}**{_within(term.args[1], 7)}", 7
        case op if op in _INFIX:
            sign, strength, right = _INFIX[op]
            return f"{_within(term.args[0], strength)}{sign}{_within(term.args[1], right)}", strength
        case op:
            return f"{op}({', '.join(map(written, term.args))})", 9


def _within(term: Term, strength: int) -> str:
    text, own = _written(term)
    return text if own >= strength else f"({text})"


def _number(value: Fraction) -> tuple[str, int]:
    """An integer, a fraction with a small denominator, or the float that the literal was."""
    if value.denominator == 1 and abs(value) < 10**17:
        return str(value), 9 if value >= 0 else 4
    if value.denominator < 10_000:
        return f"{value.numerator}/{value.denominator}", 5 if value >= 0 else 4
    try:
        if Fraction(float(value)) == value:
            return repr(float(value)), 9 if value >= 0 else 4
    except OverflowError:
        pass
    return f"{value.numerator}/{value.denominator}", 5 if value >= 0 else 4
