"""SymPy expressions as terms: from the mirror to the prover and to ball arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import reduce
from typing import Any

import sympy

from backproof.verify.terms.ops import ARITY, PARAMETRIC, PRIMITIVES
from backproof.verify.terms.term import FALSE, PI, TRUE, Condition, Term, apply, compare, constant, symbol, term, where

_FUNCTIONS: dict[Any, str] = {
    **{getattr(sympy, row.sympy): name for name, row in PRIMITIVES.items() if row.sympy},
    sympy.loggamma: "lgamma",  # of a positive number: elsewhere SymPy's is complex
    sympy.Ci: "ci",  # of a positive number, too
}

_RELATIONS: dict[Any, str] = {
    sympy.StrictLessThan: "lt",
    sympy.LessThan: "le",
    sympy.StrictGreaterThan: "gt",
    sympy.GreaterThan: "ge",
    sympy.Equality: "eq",
    sympy.Unequality: "ne",
}


def from_sympy(expression: Any) -> Term:
    """The term of a SymPy expression in real symbols.

    Raises TypeError naming the part that has no term.
    """
    if isinstance(expression, Term):
        return expression  # a spec may be written in terms
    match expression:
        case sympy.Rational():
            return constant(Fraction(int(expression.p), int(expression.q)))
        case sympy.Float():
            exact = sympy.Rational(expression)  # its exact binary fraction
            return constant(Fraction(int(exact.p), int(exact.q)))
        case sympy.Symbol():
            return symbol(expression.name)
        case sympy.Pow():
            return _power(expression)
        case sympy.Add():
            return _sum(expression)
        case sympy.Mul():
            return _product(expression)
        case sympy.Piecewise():
            return _piecewise(expression)
    if expression is sympy.pi:
        return PI
    if expression is sympy.E:
        return apply("exp", 1)
    special = _SPECIAL.get(expression.func)
    if special is not None:
        return special(*map(from_sympy, expression.args))
    name = _FUNCTIONS.get(expression.func)
    if name is None:
        raise TypeError(f"{expression} has no term: {expression.func.__name__} is not supported by verify.terms")
    args = [from_sympy(a) for a in expression.args]
    if name in PARAMETRIC:
        return apply(name, *args)
    if len(args) > ARITY[name] == 1:
        raise TypeError(f"{expression} has no term: {name} takes one argument here")
    return reduce(lambda a, b: apply(name, a, b), args) if len(args) > 1 else apply(name, *args)


def condition_from_sympy(expression: Any) -> Condition:
    """The condition of a SymPy relation, or of an And, Or, Not of relations."""
    if isinstance(expression, Condition):
        return expression
    if expression in (True, sympy.true):
        return TRUE
    if expression in (False, sympy.false):
        return FALSE
    match expression:
        case sympy.And():
            return reduce(lambda a, b: a & b, map(condition_from_sympy, _ordered(expression)))
        case sympy.Or():
            return reduce(lambda a, b: a | b, map(condition_from_sympy, _ordered(expression)))
        case sympy.Not():
            return ~condition_from_sympy(expression.args[0])
    relation = _RELATIONS.get(expression.func)
    if relation is None:
        raise TypeError(f"{expression} is not a condition that verify.terms supports")
    return compare(relation, *map(from_sympy, expression.args))


def _ordered(expression: Any) -> list[Any]:
    """The parts of an And or Or in a repeatable order."""
    return sorted(expression.args, key=sympy.default_sort_key)


def _power(expression: Any) -> Term:
    base, exponent = expression.args
    if base is sympy.E:
        return apply("exp", from_sympy(exponent))
    if exponent == sympy.Rational(1, 2):
        return apply("sqrt", from_sympy(base))
    if _divides(expression):
        return apply("div", 1, from_sympy(base**-exponent))
    return apply("pow", from_sympy(base), from_sympy(exponent))


def _divides(factor: Any) -> bool:
    """A negative rational power; e**-x is kept, since its intervals are tighter than those of 1/e**x."""
    return bool(factor.is_Pow and factor.exp.is_Rational and factor.exp < 0 and factor.base is not sympy.E)


def _sum(expression: Any) -> Term:
    first, *others = expression.as_ordered_terms()
    total = from_sympy(first)
    for part in others:
        if part.could_extract_minus_sign():
            total = apply("sub", total, from_sympy(-part))
        else:
            total = apply("add", total, from_sympy(part))
    return total


def _product(expression: Any) -> Term:
    """Numerator over denominator, each in SymPy's own order, with the sign in front."""
    if expression.could_extract_minus_sign() and expression.args[0].is_Rational:
        return apply("neg", from_sympy(-expression))
    factors = expression.as_ordered_factors()
    above = [f for f in factors if not _divides(f)]
    below = [1 / f for f in factors if _divides(f)]
    if above and above[0].is_Rational and above[0].q != 1:
        below.insert(0, sympy.Integer(above[0].q))
        above[0] = sympy.Integer(above[0].p)
        above = above[1:] if above[0] == 1 and len(above) > 1 else above
    top = reduce(_times, map(from_sympy, above)) if above else constant(1)
    return apply("div", top, reduce(_times, map(from_sympy, below))) if below else top


def _times(a: Term, b: Term) -> Term:
    return apply("mul", a, b)


def _piecewise(expression: Any) -> Term:
    *pieces, (last, condition) = expression.args
    result = from_sympy(last)
    if condition != sympy.true:
        result = where(condition_from_sympy(condition), result, constant(float("nan")))
    for value, when in reversed(pieces):
        result = where(condition_from_sympy(when), from_sympy(value), result)
    return result


def _heaviside(x: Term, at_zero: Term | None = None) -> Term:
    middle = at_zero if at_zero is not None else constant(Fraction(1, 2))
    return where(compare("gt", x, 0), 1, where(compare("lt", x, 0), 0, middle))


_SPECIAL: dict[Any, Callable[..., Term]] = {
    sympy.sign: lambda x: where(compare("gt", x, 0), 1, where(compare("lt", x, 0), -1, 0)),
    sympy.Heaviside: _heaviside,
    sympy.DiracDelta: lambda *_: term(0),  # derivatives are only taken off the kink
}
