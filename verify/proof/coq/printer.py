"""Terms and conditions as text of Coq: together with the definitions in Prelude.v, what a reader has to believe.

    `expression`   a term, with its branches
    `proposition`  a condition
    `values`       what has to hold for a term to have a value.  Coq's functions are total: 1 / 0, ln (-1) and
                   sqrt (-1) are numbers there, and a theorem about a formula says nothing of them

Nothing is simplified and nothing is guessed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from backproof.verify.terms.term import Condition, Term

LONGEST = 20_000
"""The most characters of one expression: terms share their parts, and text repeats them."""

HIGHEST_POWER = 64

FUNCTIONS = {
    **{op: op for op in ("exp", "expm1", "log1p", "sqrt", "cbrt", "sin", "cos", "tan", "atan", "atan2")},
    **{op: op for op in ("sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "hypot")},
    **{"log": "ln", "asin": "arcsin", "acos": "arccos", "abs": "Rabs", "maximum": "Rmax", "minimum": "Rmin"},
}
"""By each function its name in Coq's library or in Prelude.v."""

_BINARY = {"add": ("+", 1), "sub": ("-", 1), "mul": ("*", 2), "div": ("/", 2)}  # with its precedence
_ATOM = 9
_PLAIN = re.compile(r"[a-z][a-z0-9_]*")
_COQ = "as at cofix else end exists exists2 fix for forall fun if in let match mod return then using where with"
_OURS = "bell glue is_derive locally pos pow d l r t z"  # the last ones are the variables of our own statements
_TAKEN = frozenset((*FUNCTIONS.values(), *_COQ.split(), *_OURS.split()))


class Unprintable(Exception):
    """There are no words for this in Coq; the message says for what."""


def name(symbol: str) -> str:
    """The variable of a symbol, no two of the same name.  Raises Unprintable for letters beyond ASCII."""
    if not symbol.isascii() or not symbol.isidentifier():
        raise Unprintable(f"the name {symbol}")
    as_it_is = _PLAIN.fullmatch(symbol) and symbol not in _TAKEN and not symbol.startswith("v_")
    return symbol if as_it_is else f"v_{symbol}"


def expression(term: Term) -> str:
    """The term, an expression of type R.  Raises Unprintable."""
    return _written(term)[0]


def operand(term: Term) -> str:
    """The term as the argument of a function, in brackets where it needs them.  Raises Unprintable."""
    return _operand(term, _ATOM)


def proposition(condition: Term) -> str:
    """The condition, of type Prop.  Raises Unprintable."""
    args = condition.args
    match condition.op:
        case "true" | "false":
            return condition.op.capitalize()
        case "not":
            return f"~ ({proposition(args[0])})"
        case "and" | "or":
            sign = {"and": "/\\", "or": "\\/"}[condition.op]
            return f" {sign} ".join(f"({proposition(c)})" for c in args)
        case "lt" | "le" | "eq" | "ne":
            sign = {"lt": "<", "le": "<=", "eq": "=", "ne": "<>"}[condition.op]
            return f"{_operand(args[0], 1)} {sign} {_operand(args[1], 1)}"
        case "gt" | "ge":
            sign = {"gt": "<", "ge": "<="}[condition.op]
            return f"{_operand(args[1], 1)} {sign} {_operand(args[0], 1)}"
    raise Unprintable(condition.op)


def values(term: Term) -> list[str]:
    """Propositions that together say that the term has a value; those of a branch hold where it is taken.

    Raises Unprintable.
    """
    return list(dict.fromkeys(_values(term, (), set())))


def number(value: Fraction) -> str:
    """An exact number, in brackets where it is more than a numeral."""
    size = f"{abs(value.numerator)}" if value.denominator == 1 else f"{abs(value.numerator)} / {value.denominator}"
    if value < 0:
        return f"(- {size})" if value.denominator == 1 else f"(- ({size}))"
    return size if value.denominator == 1 else f"({size})"


# ----------------------------------------------------------------------------------------------------- expressions


def _written(term: Term) -> tuple[str, int]:
    """The text, and how tightly it binds."""
    text, precedence = _of(term)
    if len(text) > LONGEST:
        raise Unprintable(f"an expression of more than {LONGEST} characters")
    return text, precedence


def _operand(term: Term, least: int) -> str:
    """The text, in brackets where it binds less tightly than ``least``."""
    text, precedence = _written(term)
    return text if precedence >= least else f"({text})"


def _of(term: Term) -> tuple[str, int]:
    args = term.args
    if isinstance(term, Condition):
        raise Unprintable("a condition among numbers")
    match term.op:
        case "const":
            return number(term.value), _ATOM
        case "pi":
            return "PI", _ATOM
        case "symbol":
            return name(term.value), _ATOM
        case "special":
            raise Unprintable(f"{term.value}, which is not a real number")
        case "neg":
            return f"(- {_operand(args[0], 3)})", _ATOM
        case "where":
            return f"({_choice(args[0], expression(args[1]), expression(args[2]))})", _ATOM
        case "pow":
            return _power(*args)
        case op if op in _BINARY:
            sign, own = _BINARY[op]
            return f"{_operand(args[0], own)} {sign} {_operand(args[1], own + 1)}", own
    if term.op not in FUNCTIONS:
        raise Unprintable(f"the function {term.op}")
    return f"{FUNCTIONS[term.op]} {' '.join(_operand(a, _ATOM) for a in args)}", 8


def _power(base: Term, exponent: Term) -> tuple[str, int]:
    """A whole exponent is Coq's power, any other one exp (b * ln a), Coq's Rpower."""
    if exponent.op == "const" and exponent.value.denominator == 1:
        n = int(exponent.value)
        if abs(n) > HIGHEST_POWER:
            raise Unprintable(f"a power of {n}")
        power = f"{_operand(base, _ATOM)} ^ {abs(n)}"
        return (power, 3) if n >= 0 else (f"1 / {power}", 2)
    return f"Rpower {_operand(base, _ATOM)} {_operand(exponent, _ATOM)}", 8


def _choice(condition: Term, yes: str, no: str) -> str:
    """yes where the condition holds, no elsewhere."""
    match condition.op:
        case "true":
            return yes
        case "false":
            return no
        case "not":
            return _choice(condition.args[0], no, yes)
        case "and" | "or":
            first, *others = condition.args
            rest = yes if condition.op == "and" else no
            for other in reversed(others):
                rest = f"({_choice(other, rest, no)})" if condition.op == "and" else f"({_choice(other, yes, rest)})"
            return _choice(first, rest, no) if condition.op == "and" else _choice(first, yes, rest)
    a, b = (_operand(x, _ATOM) for x in condition.args)
    match condition.op:
        case "lt":
            return f"if Rlt_dec {a} {b} then {yes} else {no}"
        case "gt":
            return f"if Rlt_dec {b} {a} then {yes} else {no}"
        case "le":
            return f"if Rle_dec {a} {b} then {yes} else {no}"
        case "ge":
            return f"if Rle_dec {b} {a} then {yes} else {no}"
        case "eq":
            return f"if Req_EM_T {a} {b} then {yes} else {no}"
        case "ne":
            return f"if Req_EM_T {a} {b} then {no} else {yes}"
    raise Unprintable(condition.op)


# ---------------------------------------------------------------------------------------------------------- values


def _values(term: Term, given: tuple[str, ...], seen: set[tuple[Term, tuple[str, ...]]]) -> Iterator[str]:
    """``given``: what holds on the branch that the term stands on."""
    if (term, given) in seen:
        return
    seen.add((term, given))
    if term.op == "where":
        condition, yes, no = term.args
        yield from _values(condition, given, seen)
        holds = proposition(condition)
        yield from _values(yes, (*given, holds), seen)
        yield from _values(no, (*given, f"~ ({holds})"), seen)
        return
    for part in term.args:
        yield from _values(part, given, seen)
    for needed in _needed(term):
        yield " -> ".join([*(f"({fact})" for fact in given), needed])


def _needed(term: Term) -> list[str]:
    """What has to hold of the operands for the function to have a value."""

    def of(place: int, least: int = 1) -> str:
        return _operand(term.args[place], least)

    match term.op:
        case "div":
            return [f"{of(1)} <> 0"] if term.args[1].op not in ("const", "pi") or not _nonzero(term.args[1]) else []
        case "log":
            return [f"0 < {of(0)}"]
        case "log1p":
            return [f"0 < 1 + {of(0, 2)}"]
        case "sqrt":
            return [f"0 <= {of(0)}"]
        case "tan":
            return [f"cos {of(0, _ATOM)} <> 0"]
        case "asin" | "acos" | "atanh":
            return [f"- 1 < {of(0)}", f"{of(0)} < 1"]
        case "acosh":
            return [f"1 <= {of(0)}"]
        case "atan2":
            y, x = of(0, _ATOM), of(1, _ATOM)
            return [f"0 < sqrt ({y} * {y} + {x} * {x}) + {x}"]
        case "pow":
            exponent = term.args[1]
            if exponent.op != "const" or exponent.value.denominator != 1:
                return [f"0 < {of(0)}"]
            return [f"{of(0)} <> 0"] if exponent.value < 0 else []
    return []


def _nonzero(term: Term) -> bool:
    return bool(term.op == "pi" or term.value != 0)
