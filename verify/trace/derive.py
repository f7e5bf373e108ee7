"""The derivative of a term, by the chain rule over its graph: what a definition that is given as a term must match.

A reference of its own: it shares no formula with the prover, which derives in its field.  Every formula is written
so that balls follow it far out (tanh' through e**(-2|x|), atanh' with both factors apart).  Where a `where`, an
`abs` or a maximum switches, it is the derivative on one side; such places are corners, and are judged as that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from verify.trace.special import PARTIALS as SPECIAL_PARTIALS
from verify.trace.term import (
    PI,
    TERMS,
    Condition,
    Term,
    apply,
    compare,
    constant,
    substitute,
    symbol,
    term,
    topological,
    where,
)

ZERO, ONE = constant(0), constant(1)


def derivative(root: Term, name: str, *, plain: bool = False) -> Term:
    """d root / d name; ``plain``: as people write it, where that is not what balls follow best.

    Raises TypeError naming a function that has no derivative here.
    """
    slopes: dict[Term, Term] = {}
    for node in topological(root):
        if isinstance(node, Condition):
            continue
        if node.op == "where":
            condition, *branches = node.args
            a, b = (slopes[branch] for branch in branches)
            slopes[node] = a if a is b else where(condition, a, b)
        elif node.op == "symbol":
            slopes[node] = ONE if node is symbol(name) else ZERO
        elif node.op == "special" and node.value == "nan":
            slopes[node] = node  # what has no value has no slope, and no slope of 0 either
        else:
            slopes[node] = _chained(node, [slopes[a] for a in node.args], plain)
    return slopes[root]


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
    if node.op not in _PARTIALS:
        raise TypeError(f"{node.op} has no derivative in verify/trace/derive.py")
    total = ZERO
    partials = _PLAIN[node.op] if plain and node.op in _PLAIN else _PARTIALS[node.op]
    for slope, d in zip(partials(*node.args), inner, strict=True):
        if slope is None and d is not ZERO:
            raise TypeError(f"the derivative of {node!r} in its order or parameter is no function known here")
        if d is not ZERO:
            total = plus(total, times(slope, d))
    return total


def partials(node: Term) -> tuple[Term, ...]:
    """The partial derivatives of a function or a power by each of its operands, as people write them.

    Raises TypeError naming a function that has none here.
    """
    if node.op == "pow":
        base, exponent = node.args
        return _power(node, base, exponent, ONE, ZERO), (
            ZERO if exponent.op == "const" else _power(node, base, exponent, ZERO, ONE)
        )
    if node.op not in _PARTIALS:
        raise TypeError(f"{node.op} has no derivative in verify/trace/derive.py")
    slopes = (_PLAIN.get(node.op) or _PARTIALS[node.op])(*node.args)
    return tuple(_known(node, slope, operand) for slope, operand in zip(slopes, node.args, strict=True))


def _known(node: Term, slope: Any, operand: Term) -> Term:
    """The partial derivative; 0 by a constant order, whose derivative is no function known here."""
    if slope is not None:
        return term(slope)
    if operand.op != "const":
        raise TypeError(f"the derivative of {node!r} in its order or parameter is no function known here")
    return ZERO


def without_ones(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """The terms with 1*a and a*1 as a: what is left of a gradient whose upstream is 1, as a person would write it."""
    new: dict[Term, Term] = {}
    for node in topological(*terms):
        args = tuple(new[a] for a in node.args)
        if node.op == "mul":
            new[node] = args[1] if args[0] is ONE else args[0] if args[1] is ONE else args[0] * args[1]
        else:
            new[node] = substitute((node,), dict(zip(node.args, args, strict=True)))[0] if args else node
    return tuple(new[t] for t in terms)


def plus(a: Term, b: Term) -> Term:
    return b if a is ZERO else a if b is ZERO else a + b


def minus(a: Term, b: Term) -> Term:
    return a if b is ZERO else -b if a is ZERO else a - b


def times(a: Term, b: Term) -> Term:
    if a is ZERO or b is ZERO:
        return ZERO
    return b if a is ONE else a if b is ONE else a * b


def _power(node: Term, base: Term, exponent: Term, base_slope: Term, exponent_slope: Term) -> Term:
    """n·u**(n - 1)·u' + log(u)·u**n·n'."""
    through_base = ZERO
    if base_slope is not ZERO:
        less = constant(exponent.value - 1) if exponent.op == "const" else exponent - 1
        lowered = ONE if less is ZERO else base if less is ONE else base**less
        through_base = times(times(exponent, lowered), base_slope)
    through_exponent = ZERO if exponent_slope is ZERO else times(TERMS.log(base) * node, exponent_slope)
    return plus(through_base, through_exponent)


def _sech_squared(u: Term) -> Term:
    """1/cosh(u)**2 = 4e/(1 + e)**2 with e = e**(-2|u|), which overflows nowhere."""
    e = apply("exp", -2 * abs(u))
    return 4 * e / (1 + e) ** 2


def _bell(u: Term) -> Term:
    """The derivative of erf: 2/√π·e**(-u²)."""
    return 2 / apply("sqrt", PI) * apply("exp", -(u * u))


def _sign(u: Term) -> Term:
    return where(compare("gt", u, 0), 1, where(compare("lt", u, 0), -1, 0))


def _indicators(op: str) -> Callable[[Term, Term], tuple[Term, Term]]:
    def pair(a: Term, b: Term) -> tuple[Term, Term]:
        first = compare(op, a, b)
        return where(first, 1, 0), where(first, 0, 1)

    return pair


_PARTIALS: dict[str, Callable[..., tuple[Any, ...]]] = {
    "sqrt": lambda u: (1 / (2 * TERMS.sqrt(u)),),
    "cbrt": lambda u: (1 / (3 * TERMS.cbrt(u) ** 2),),
    "exp": lambda u: (TERMS.exp(u),),
    "expm1": lambda u: (TERMS.exp(u),),
    "log": lambda u: (1 / u,),
    "log1p": lambda u: (1 / (1 + u),),
    "sin": lambda u: (TERMS.cos(u),),
    "cos": lambda u: (-TERMS.sin(u),),
    "tan": lambda u: (1 / TERMS.cos(u) ** 2,),
    "asin": lambda u: (1 / TERMS.sqrt((1 - u) * (1 + u)),),
    "acos": lambda u: (-1 / TERMS.sqrt((1 - u) * (1 + u)),),
    "atan": lambda u: (1 / (1 + u * u),),
    "sinh": lambda u: (TERMS.cosh(u),),
    "cosh": lambda u: (TERMS.sinh(u),),
    "tanh": lambda u: (_sech_squared(u),),
    "asinh": lambda u: (1 / TERMS.sqrt(1 + u * u),),
    "acosh": lambda u: (1 / TERMS.sqrt((u - 1) * (u + 1)),),
    "atanh": lambda u: (1 / ((1 - u) * (1 + u)),),
    "erf": lambda u: (_bell(u),),
    "erfc": lambda u: (-_bell(u),),
    "abs": lambda u: (_sign(u),),
    "floor": lambda u: (ZERO,),
    "ceil": lambda u: (ZERO,),
    **SPECIAL_PARTIALS,
    "atan2": lambda u, v: (v / (u * u + v * v), -u / (u * u + v * v)),
    "hypot": lambda u, v: (u / TERMS.hypot(u, v), v / TERMS.hypot(u, v)),
    "maximum": _indicators("ge"),
    "minimum": _indicators("le"),
}
"""The partial derivatives of each function."""

_PLAIN: dict[str, Callable[..., tuple[Any, ...]]] = {"tanh": lambda u: (1 - TERMS.tanh(u) ** 2,)}
