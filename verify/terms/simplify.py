"""Remove trivial sums and products: a running sum, a factor of 1 and the rules of calculus leave them behind.

`simplify` changes no number: 0 + x, x - 0, 1·x and x/1 are x, (-1)·x is -x, the negative of a number is a number.  With
``fold`` it also makes the steps that need no explanation: numbers are added and multiplied, 0·x is 0, double signs go,
signs and numbers move to the front.  A step that needs thought is separate
(`derivations.steps.worked_forms`).
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from backproof.verify.terms.term import Condition, Term, apply, constant, rebuilt, topological

ZERO, ONE, MINUS_ONE = constant(0), constant(1), constant(-1)


def simplify(root: Term, *, fold: bool = False) -> Term:
    """The term without its trivial sums and products."""
    return rewrite((root,), _folded if fold else _simplified)[0]


def rewrite(roots: tuple[Term, ...], rule: Callable[[Term], Term | None]) -> tuple[Term, ...]:
    """``roots`` with the rule applied wherever it matches, from the inside out."""
    new: dict[Term, Term] = {}
    for node in topological(*roots):
        same = rebuilt(node, tuple(new[a] for a in node.args))
        found = rule(same)
        new[node] = same if found is None else found
    return tuple(new[root] for root in roots)


def plus(a: Term, b: Term) -> Term:
    return b if a is ZERO else a if b is ZERO else a + b


def minus(a: Term, b: Term) -> Term:
    return a if b is ZERO else -b if a is ZERO else a - b


def times(a: Term, b: Term) -> Term:
    return ZERO if a is ZERO or b is ZERO else b if a is ONE else a if b is ONE else a * b


def _simplified(node: Term) -> Term | None:
    match node.op, node.args:
        case "add", (a, b):
            return plus(a, b)
        case "sub", (a, b) if b is ZERO:
            return a
        case "neg", (a,) if a.op == "const":
            return constant(-a.value)
        case "div", (a, b) if b is ONE:
            return a
        case "mul", (a, b) if a is ONE or b is ONE:
            return b if a is ONE else a
        case "mul", (a, b) if a is MINUS_ONE or b is MINUS_ONE:
            return apply("neg", b if a is MINUS_ONE else a)
    return None


def _folded(node: Term) -> Term | None:
    """One node whose operands are folded."""
    match node.op, node.args:
        case "add", (a, b):
            return _sum(a, b)
        case "sub", (a, b):
            return _difference(a, b)
        case "neg", (a,):
            return _negated(a)
        case "mul", (a, b):
            return _product(a, b)
        case "div", (a, b):
            return a if b is ONE else ZERO if a is ZERO else _quotient(a, b)
        case "pow", (a, b) if b is ONE:
            return a
        case "ne", (a, b) if b is ZERO:
            return _condition_of(a)
        case "where", (_, a, b) if a is b:
            return a
    return None


def _sum(a: Term, b: Term) -> Term:
    if a is ZERO or b is ZERO:
        return plus(a, b)
    if b.op == "neg":
        return a - b.args[0]
    number = _of_numbers(Fraction.__add__, a, b)
    return a + b if number is None else number


def _difference(a: Term, b: Term) -> Term:
    number = _of_numbers(Fraction.__sub__, a, b)
    if number is not None:
        return number
    if a is ZERO and b is not ZERO:
        return _negated(b)
    return a if b is ZERO else a + b.args[0] if b.op == "neg" else a - b


def _negated(a: Term) -> Term:
    return a.args[0] if a.op == "neg" else constant(-a.value) if a.op == "const" else -a


def _product(a: Term, b: Term) -> Term:
    if a is ZERO or b is ZERO or a is ONE or b is ONE:
        return times(a, b)
    number = _of_numbers(Fraction.__mul__, a, b)
    if number is not None:
        return number
    if a is MINUS_ONE or b is MINUS_ONE:
        return _negated(b if a is MINUS_ONE else a)
    if a.op == "neg" or b.op == "neg":
        inside = _product(*(t.args[0] if t.op == "neg" else t for t in (a, b)))
        return inside if a.op == b.op else _negated(inside)
    return b * a if b.op == "const" and a.op != "const" else a * b


def _quotient(a: Term, b: Term) -> Term:
    (above, minus_above), (below, minus_below) = _unsigned(a), _unsigned(b)
    return -(above / below) if minus_above != minus_below else above / below


def _unsigned(t: Term) -> tuple[Term, bool]:
    """The term without its sign, and whether it had one."""
    if t.op == "neg":
        return t.args[0], True
    if t.op == "const" and t.value < 0:
        return constant(-t.value), True
    return t, False


def _of_numbers(by: Callable[[Fraction, Fraction], Fraction], a: Term, b: Term) -> Term | None:
    """Two numbers combined; None unless both are numbers."""
    return constant(by(a.value, b.value)) if a.op == b.op == "const" else None


def _condition_of(t: Term) -> Condition | None:
    """The condition behind an indicator, or behind a product of them; None for anything else."""
    if t.op == "where" and t.args[1] is ONE and t.args[2] is ZERO:
        return t.args[0]  # type: ignore[return-value]  # the first part of a where is a condition
    if t.op == "mul":
        first, second = map(_condition_of, t.args)
        return None if first is None or second is None else first & second
    return None
