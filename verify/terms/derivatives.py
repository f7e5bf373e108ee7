"""The derivative of a term, by the chain rule over its graph: the reference for a definition given as a term.

It is independent: it shares no formula with the prover, which derives in its field.  Every formula is written
so that interval evaluation stays tight far out (tanh' through e**(-2|x|), atanh' with both factors apart).  Where a
`where`, an `abs` or a maximum switches, it is the derivative on one side; such places are checked as kinks.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from backproof.verify.terms.definitions import reading
from backproof.verify.terms.ops import PRIMITIVES
from backproof.verify.terms.simplify import ONE, ZERO, minus, plus, times
from backproof.verify.terms.special_functions import HELPERS
from backproof.verify.terms.term import (
    TERMS,
    Condition,
    Term,
    constant,
    symbol,
    term,
    topological,
    where,
)


def derivative(root: Term, name: str, *, plain: bool = False) -> Term:
    """d root / d name; ``plain``: in the usual form, where another one gives tighter intervals.

    Raises TypeError naming a function that has no derivative here.
    """
    local_partials: dict[Term, Term] = {}
    for node in topological(root):
        if isinstance(node, Condition):
            continue
        if node.op == "where":
            condition, *branches = node.args
            a, b = (local_partials[branch] for branch in branches)
            local_partials[node] = a if a is b else where(condition, a, b)
        elif node.op == "symbol":
            local_partials[node] = ONE if node is symbol(name) else ZERO
        elif node.op == "special" and node.value == "nan":
            local_partials[node] = node  # a part without a value has no derivative, not even 0
        else:
            local_partials[node] = _chained(node, [local_partials[a] for a in node.args], plain)
    return local_partials[root]


def _chained(node: Term, inner: list[Term], plain: bool) -> Term:
    """The chain rule; operands that do not depend on the variable are left out, not multiplied by 0."""
    if all(d is ZERO for d in inner):
        return ZERO
    match node.op:
        case "add":
            return plus(*inner)
        case "sub":
            return minus(*inner)
        case "neg":
            return minus(ZERO, inner[0])
        case "mul":
            a, b = node.args
            return plus(times(inner[0], b), times(a, inner[1]))
        case "div":
            a, b = node.args
            top = minus(inner[0], times(node, inner[1]))
            return top / b
        case "pow":
            return _power(node, *node.args, *inner)
    total = ZERO
    partials = _PLAIN[node.op] if plain and node.op in _PLAIN else _partials(node.op)
    for partial, d in zip(partials(*node.args), inner, strict=True):
        if partial is None and d is not ZERO:
            raise TypeError(f"the derivative of {node!r} in its order or parameter is not supported")
        if d is not ZERO:
            total = plus(total, times(partial, d))
    return total


def partials(node: Term) -> tuple[Term, ...]:
    """The partial derivatives of a function or a power by each of its operands, in the usual form.

    Raises TypeError naming a function that has none here.
    """
    if node.op == "pow":
        base, exponent = node.args
        return _power(node, base, exponent, ONE, ZERO), (
            ZERO if exponent.op == "const" else _power(node, base, exponent, ZERO, ONE)
        )
    local_partials = (_PLAIN.get(node.op) or _partials(node.op))(*node.args)
    return tuple(_known(node, partial, operand) for partial, operand in zip(local_partials, node.args, strict=True))


def _known(node: Term, partial: Any, operand: Term) -> Term:
    """The partial derivative; 0 by a constant order, whose derivative is not supported."""
    if partial is not None:
        return term(partial)
    if operand.op != "const":
        raise TypeError(f"the derivative of {node!r} in its order or parameter is not supported")
    return ZERO


def _power(node: Term, base: Term, exponent: Term, base_partial: Term, exponent_partial: Term) -> Term:
    """n·u**(n - 1)·u' + log(u)·u**n·n'."""
    through_base = ZERO
    if base_partial is not ZERO:
        less = constant(exponent.value - 1) if exponent.op == "const" else exponent - 1
        lowered = ONE if less is ZERO else base if less is ONE else base**less
        through_base = times(times(exponent, lowered), base_partial)
    through_exponent = ZERO if exponent_partial is ZERO else times(TERMS.log(base) * node, exponent_partial)
    return plus(through_base, through_exponent)


@cache
def _partials(op: str) -> Callable[..., Any]:
    """The partial derivatives of a function, from its row in the table; None for one that is not known here.

    Raises TypeError naming a function that has none.
    """
    row = PRIMITIVES.get(op)
    if row is None or not row.partials:
        raise TypeError(f"{op} has no partial derivatives in verify/terms/ops.py")
    found = reading(row.partials, row.operands, HELPERS)
    return found if len(row.operands) > 1 else lambda x: (found(x),)


_PLAIN: dict[str, Callable[..., tuple[Any, ...]]] = {"tanh": lambda u: (1 - TERMS.tanh(u) ** 2,)}
"""The usual form, where another one gives tighter intervals."""
