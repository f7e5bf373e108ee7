"""Steps of a framework's trace on real numbers: no NaN, nothing infinite except literal constants.

Terms are compared by `is`: while code is traced, `==` between them is a branch to follow.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from backproof.verify.subjects.frameworks.base import Untraceable
from backproof.verify.terms.definitions import build
from backproof.verify.terms.ops import ARITY
from backproof.verify.terms.term import FALSE, TRUE, Condition, Term, apply, compare, constant, term, where

INFINITE, NEGATIVE = constant(float("inf")), constant(float("-inf"))

_REFLECTED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne"}
_ALWAYS = {
    INFINITE: ("lt", "le", "ne"),  # a real number is below infinity and never equal to it
    NEGATIVE: ("gt", "ge", "ne"),
}


def compared(op: str, a: Any, b: Any) -> Condition:
    """``a op b`` for real numbers: decided for a term and itself, and for an infinity or NaN."""
    left, right = term(a), term(b)
    if left.op == "special" and right.op != "special":
        left, right, op = right, left, _REFLECTED[op]
    if right.op == "special":
        if left.op == "special":
            return compare(op, *(constant({"inf": 1, "-inf": -1}.get(t.value, 0)) for t in (left, right)))
        return TRUE if op in _ALWAYS.get(right, ("ne",)) else FALSE
    if left is right:
        return TRUE if op in ("le", "ge", "eq") else FALSE
    return compare(op, left, right)


def truth(x: Term) -> Condition:
    """A condition itself; for a number, whether it is not 0."""
    if isinstance(x, Condition):
        return x
    if x.op == "where" and x.args[1] is constant(1) and x.args[2] is constant(0):
        return x.args[0]  # type: ignore[return-value]
    return compared("ne", x, 0)


def both(a: Condition, b: Condition) -> Condition:
    """a and b."""
    if a is FALSE or b is FALSE:
        return FALSE
    return b if a is TRUE else a if b is TRUE else a & b


def either(a: Condition, b: Condition) -> Condition:
    """a or b."""
    if a is TRUE or b is TRUE:
        return TRUE
    return b if a is FALSE else a if b is FALSE else a | b


def neither(a: Condition) -> Condition:
    """not a."""
    return FALSE if a is TRUE else TRUE if a is FALSE else ~a


def chosen(condition: Condition, a: Term, b: Term) -> Term:
    """``a`` where the condition holds, ``b`` elsewhere; of numbers or of conditions."""
    if isinstance(a, Condition) and isinstance(b, Condition):
        return either(both(condition, a), both(neither(condition), b))
    return term(a) if a is b else where(condition, a, b)


def larger(a: Term, b: Term) -> Term:
    """max(a, b)."""
    if a is NEGATIVE or b is NEGATIVE:
        return b if a is NEGATIVE else a
    return INFINITE if a is INFINITE or b is INFINITE else apply("maximum", a, b)


def smaller(a: Term, b: Term) -> Term:
    """min(a, b)."""
    if a is INFINITE or b is INFINITE:
        return b if a is INFINITE else a
    return NEGATIVE if a is NEGATIVE or b is NEGATIVE else apply("minimum", a, b)


def bounded(x: Term, low: Term, high: Term) -> Term:
    """x, no less than ``low`` and no more than ``high``."""
    return smaller(larger(x, low), high)


def named(name: str) -> Callable[..., Term]:
    """A function of the table of primitives.  Raises Untraceable for arguments that it does not take."""

    def function(*x: Any) -> Term:
        if len(x) != ARITY[name]:
            raise Untraceable(f"{name} of {len(x)} arguments")
        return build(name)(*x)  # type: ignore[no-any-return]

    return function


truncated = named("trunc")


def rounded(x: Term) -> Term:
    """The nearest whole number; of two the even one: floor(x + 1/2), less 1 where that is odd and was a tie."""
    above = x + constant(Fraction(1, 2))
    whole = apply("floor", above)
    odd = whole - 2 * apply("floor", whole / 2)
    return whole - where(compare("eq", whole, above), odd, 0)


def whole_power(x: Term, n: int) -> Term:
    """x**n, with x**2 written as a product."""
    return x if n == 1 else x * x if n == 2 else apply("pow", x, n)
