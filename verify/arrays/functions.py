"""Functions of the table of primitives on the nodes of an array program: their definitions by others, their slopes.

Nothing of a function is written here: what it is made of, and its derivative, come from its row in
`verify.terms.ops`, the same that the prover and the reference take them from.  Functions that switch (abs, maximum,
floor) are not met here: on the path of a point they are a choice, which the one who traces it makes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import Any

from backproof.verify.arrays.program import PI, Node, Program
from backproof.verify.terms.definitions import build, expanded
from backproof.verify.terms.derivatives import derivative
from backproof.verify.terms.ops import ARITY, PRIMITIVES, inside
from backproof.verify.terms.term import Term, apply, constant, symbol, topological

BASIC = frozenset({"add", "sub", "mul", "div", "neg", "pow", "sqrt", "exp", "log"})
"""What the others are written in, as far as they can be."""

_SWITCHING = inside("kink", "steps", "cut", "tip") | {"where", "cbrt"}


class NoNodes(TypeError):
    """A function that cannot be written as nodes; the message names it."""


def applied(program: Program, name: str, *operands: Node) -> Node:
    """The function of this name, of the tables of `verify.terms.ops`, entry by entry.

    Raises NoNodes for one that they do not hold, or that switches.
    """
    if name not in ARITY or ARITY[name] != len(operands):
        raise NoNodes(f"{name} of {len(operands)} operands is not in the table of primitives")
    names = tuple(f"x{k}" for k in range(len(operands)))
    return of_term(program, _formula(name), dict(zip(names, operands, strict=True)))


def slope(program: Program, node: Node) -> Node:
    """The derivative of a function by its operand, as a node."""
    if node.parameter == "exp":
        return node
    return of_term(program, _slope(node.parameter), {"x0": node.operands[0]})


@cache
def _formula(name: str) -> Term:
    (term,) = expanded([build(name)(*(symbol(f"x{k}") for k in range(ARITY[name])))], _stays)
    return term


@cache
def _slope(parameter: Any) -> Term:
    (term,) = expanded([derivative(formula(parameter), "x0", plain=True)], _stays)
    return term


@cache
def formula(parameter: Any) -> Term:
    """What a node of kind function applies, to the symbol x0."""
    name, *orders = (parameter,) if isinstance(parameter, str) else parameter
    return apply(name, *map(constant, orders), symbol("x0"))


def _stays(name: str) -> bool:
    """Whether a primitive is not written in others: it is basic, or switches in its definition (sinc, gamma's kin)."""
    return name in BASIC or name in _SWITCHING or "where(" in PRIMITIVES[name].definition


def of_term(program: Program, root: Term, operands: Mapping[str, Node]) -> Node:
    """A term in symbols for which nodes are given, entry by entry.  Raises NoNodes."""
    found: dict[Term, Node] = {}
    for term in topological(root):
        found[term] = _node(program, term, [found[a] for a in term.args], operands)
    return found[root]


def _node(p: Program, term: Term, args: list[Node], operands: Mapping[str, Node]) -> Node:
    match term.op:
        case "symbol":
            return operands[term.value]
        case "const":
            return p.number(Fraction(term.value))
        case "pi":
            return p.number(PI)
        case "add":
            return p.add(*args)
        case "sub":
            return p.subtract(*args)
        case "neg":
            return p.negative(args[0])
        case "mul":
            return p.multiply(*args)
        case "div":
            return p.divide(*args)
        case "sqrt":
            return p.power(args[0], Fraction(1, 2))
        case "pow":
            return power(p, *args)
    *orders, operand = args
    if term.op in _SWITCHING or term.op not in PRIMITIVES or not all(map(_is_order, orders)):
        raise NoNodes(f"{term.op} has no node")
    return p.function(term.op, operand, [Fraction(n.parameter) for n in orders])


def _is_order(node: Node) -> bool:
    return node.is_uniform and node.parameter != PI and math.isfinite(node.parameter)


def power(p: Program, base: Node, exponent: Node) -> Node:
    """base**exponent: a rational power where the exponent is one number, else e**(exponent·log base)."""
    if exponent.is_uniform and exponent.parameter != PI and math.isfinite(exponent.parameter):
        number = Fraction(exponent.parameter)
        short = number.limit_denominator(1000)
        if float(short) == float(number):
            return p.broadcast(p.power(base, short), _joined(base, exponent))
    return p.function("exp", p.multiply(exponent, p.function("log", base)))


def _joined(a: Node, b: Node) -> tuple[int, ...]:
    return a.shape if len(a.shape) >= len(b.shape) else b.shape
