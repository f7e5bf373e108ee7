"""Terms without branches in a few functions: exp, log, sqrt, sin, cos, atan and erf, as Prelude.v defines the others.

What is written here is a guess that Coq has to confirm: a mistake costs a proof and makes none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backproof.verify.evaluate.stepwise import At, Smooth
from backproof.verify.terms.ops import COMPARISONS
from backproof.verify.terms.term import PI, Condition, Term, apply, compare, constant, topological


def without_branches(term: Term, at: At) -> Term:
    """The term on the cell of a point.  Raises OnKink where the point is on the border of the cell."""
    return in_core(Smooth(at)(term), at)


def decisions(term: Term, at: At) -> list[Condition]:
    """The comparisons that decide the branches of a term at a point, as they hold there, inner ones first.

    Their sides are without branches.  Raises OnKink.
    """
    smooth = Smooth(at)
    smooth(term)
    known: set[Term] = set()
    while new := smooth.bends - known:  # what is compared may have branches itself
        known |= new
        for side in {side for met in new for side in met.args}:
            smooth(side)
    found: dict[Condition, None] = {}
    for node in topological(term):
        met = _comparison(node)
        if met is None or met not in smooth.bends:
            continue
        a, b = (in_core(smooth(side), at) for side in met.args)
        if a.op == b.op == "const":
            continue
        relation = next((op for op in ("lt", "gt") if at.decide(compare(op, a, b))), "eq")
        found[compare("lt", b, a) if relation == "gt" else compare(relation, a, b)] = None
    return list(found)


def _comparison(node: Term) -> Condition | None:
    """The one that decides the node, as `Smooth` makes it; a condition of a `where` is a node of its own."""
    match node.op:
        case "maximum" | "minimum":
            return compare("ge" if node.op == "maximum" else "le", *node.args)
        case "abs":
            return compare("ge", node.args[0], 0)
        case op if op in COMPARISONS:
            assert isinstance(node, Condition)
            return node
    return None


def in_core(term: Term, at: At) -> Term:
    """The term without branches, its functions written in the few.  The point gives the sign below a cube root."""
    new: dict[Term, Term] = {}
    for node in topological(term):
        args = tuple(new[a] for a in node.args)
        if node.op in CORE:
            new[node] = CORE[node.op](*args)
        elif node.op == "cbrt":
            new[node] = _third(args[0], bool(at.of(node.args[0]) > 0))
        elif node.op == "pow" and not _whole(args[1]):
            new[node] = _exp(args[1] * apply("log", args[0]))
        else:
            new[node] = apply(node.op, *args) if args else node
    return new[term]


def _whole(exponent: Term) -> bool:
    return exponent.op == "const" and exponent.value.denominator == 1


def root(base: Term, order: int) -> Term:
    """The root of a positive number, as `in_core` writes it."""
    if order == 2:
        return apply("sqrt", base)
    return _exp(apply("div", apply("log", base), constant(order)))


def _third(u: Term, positive: bool) -> Term:
    return root(u, 3) if positive else -root(-u, 3)


def _exp(u: Term) -> Term:
    return apply("exp", u)


def _log(u: Term) -> Term:
    return apply("log", u)


def _root(u: Any) -> Term:
    return apply("sqrt", u)


def _sinh(x: Term) -> Term:
    return (_exp(x) - _exp(-x)) / 2


def _cosh(x: Term) -> Term:
    return (_exp(x) + _exp(-x)) / 2


def _arcsin(x: Term) -> Term:
    return apply("atan", x / _root(1 - x * x))


CORE: dict[str, Callable[..., Term]] = {
    "expm1": lambda x: _exp(x) - 1,
    "log1p": lambda x: _log(1 + x),
    "hypot": lambda x, y: _root(x * x + y * y),
    "tan": lambda x: apply("sin", x) / apply("cos", x),
    "sinh": _sinh,
    "cosh": _cosh,
    "tanh": lambda x: _sinh(x) / _cosh(x),
    "asin": _arcsin,
    "acos": lambda x: PI / 2 - _arcsin(x),
    "atan2": lambda y, x: 2 * apply("atan", y / (_root(y * y + x * x) + x)),
    "asinh": lambda x: _log(x + _root(x * x + 1)),
    "acosh": lambda x: _log(x + _root(x * x - 1)),
    "atanh": lambda x: _log((1 + x) / (1 - x)) / 2,
    "erfc": lambda x: 1 - apply("erf", x),
}
"""By the function what Prelude.v, or Coq's library, writes for it."""
