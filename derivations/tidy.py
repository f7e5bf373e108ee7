"""Plain clean-up of a line, and the functions behind the names σ, Φ, φ, softplus and sign.

Terms 0, factors 1 and double signs go, whole numbers are added up, a sign stands in front: nothing cleverer.  What
takes a thought is a step of its own (`derivations.roads`).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from verify.trace.term import PI, Condition, Term, apply, compare, constant, substitute, topological, where

_ZERO, _ONE, _MINUS = constant(0), constant(1), constant(-1)


def tidy(term: Term, deep: bool = True) -> Term:
    """The term without terms 0, factors 1 and double signs, its whole numbers added up: nothing cleverer.

    ``deep=False`` leaves the arithmetic of constants alone and only drops factors of 1.
    """
    new: dict[Term, Term] = {}
    for node in topological(term):
        args = tuple(new[a] for a in node.args)
        if any(a is not b for a, b in zip(args, node.args, strict=True)):
            rebuilt = substitute((node,), dict(zip(node.args, args, strict=True)))[0]
        else:
            rebuilt = node
        new[node] = _tidied(rebuilt, deep)
    return new[term]


def _tidied(t: Term, deep: bool) -> Term:
    """One node whose operands are tidy."""
    if t.op == "mul":
        a, b = t.args
        if a is _ONE:
            return b
        if b is _ONE:
            return a
        if deep:
            return _product(a, b)
    if t.op == "div" and t.args[1] is _ONE:
        return t.args[0]
    if not deep:
        return t
    match t.op:
        case "add":
            return _sum(*t.args)
        case "sub":
            a, b = t.args
            return _folded("sub", a, b) or (a if b is _ZERO else _tidied(-b, deep) if a is _ZERO else _minus(a, b))
        case "neg":
            (a,) = t.args
            return a.args[0] if a.op == "neg" else constant(-a.value) if _whole(a) else t
        case "div":
            if t.args[0] is _ZERO:
                return _ZERO
            return _quotient(*t.args)
        case "pow":
            return t.args[0] if t.args[1] is _ONE else t
        case "ne" if t.args[1] is _ZERO:
            condition = _condition_of(t.args[0])
            return t if condition is None else condition
        case "where":
            return t.args[1] if t.args[1] is t.args[2] else t
    return t


def _condition_of(t: Term) -> Condition | None:
    """The condition behind an indicator, or behind a product of them; None for anything else."""
    if t.op == "where" and t.args[1:] == (_ONE, _ZERO):
        return t.args[0]  # type: ignore[return-value]  # the first part of a where is a condition
    if t.op == "mul":
        both = [_condition_of(a) for a in t.args]
        if both[0] is not None and both[1] is not None:
            return both[0] & both[1]
    return None


def _whole(t: Term) -> bool:
    return t.op == "const"


def _folded(op: str, a: Term, b: Term) -> Term | None:
    """Two numbers put together; None where one is no number."""
    if not (_whole(a) and _whole(b)):
        return None
    by = {"add": Fraction.__add__, "sub": Fraction.__sub__, "mul": Fraction.__mul__}
    return constant(by[op](a.value, b.value))


def _sum(a: Term, b: Term) -> Term:
    if a is _ZERO:
        return b
    if b is _ZERO:
        return a
    if b.op == "neg":
        return a - b.args[0]
    return _folded("add", a, b) or a + b


def _minus(a: Term, b: Term) -> Term:
    return a + b.args[0] if b.op == "neg" else a - b


def _quotient(a: Term, b: Term) -> Term:
    """A sign moves to the front."""
    (above, minus), (below, other) = _unsigned(a), _unsigned(b)
    return -(above / below) if minus != other else above / below


def _unsigned(t: Term) -> tuple[Term, bool]:
    """The term without its sign, and whether it had one."""
    if t.op == "neg":
        return t.args[0], True
    if t.op == "const" and t.value < 0:
        return constant(-t.value), True
    return t, False


def _product(a: Term, b: Term) -> Term:
    """A sign moves to the front, a number before what is none."""
    if a is _ZERO or b is _ZERO:
        return _ZERO
    folded = _folded("mul", a, b)
    if folded is not None:
        return folded
    if a is _MINUS:
        return _tidied(-b, True)
    if b is _MINUS:
        return _tidied(-a, True)
    if a.op == "neg" or b.op == "neg":
        inside = _product(*(t.args[0] if t.op == "neg" else t for t in (a, b)))
        return inside if a.op == b.op else _tidied(-inside, True)
    return b * a if _whole(b) and not _whole(a) else a * b


# --------------------------------------------------------------------------------------- names for functions


def named(function: str, argument: Term) -> Term:
    """The definition behind one of the names that mathematics gives to these functions."""
    root = apply("sqrt", 2)
    match function:
        case "sigmoid":
            return 1 / (1 + apply("exp", -argument))
        case "softplus":
            return apply("log", 1 + apply("exp", argument))
        case "normal_cdf":
            return (1 + apply("erf", argument / root)) / 2
        case "normal_pdf":
            return apply("exp", -(argument**2) / 2) / apply("sqrt", 2 * PI)
        case "sign":
            return where(compare("gt", argument, 0), 1, where(compare("lt", argument, 0), -1, 0))
    raise KeyError(function)


NAMED = ("sigmoid", "softplus", "normal_cdf", "normal_pdf", "sign")


def spelled_out(term: Term, known: Mapping[Term, Term] | None = None) -> Term:
    """The term with every named function, and every symbol of ``known``, replaced by what it stands for."""
    new: dict[Term, Term] = dict(known or {})
    for node in topological(term):
        if node in new:
            continue
        rebuilt = substitute((node,), {a: new[a] for a in node.args})[0] if node.args else node
        new[node] = named(node.op, *rebuilt.args) if node.op in NAMED else rebuilt
    return new[term]
