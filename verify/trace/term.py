"""Terms: what a rule computes, as a graph of hash-consed nodes with exact constants.

A term is written by running ordinary code on `symbol`s: operators and the functions of `TERMS` build it up, and
nothing is simplified on the way, so it stays the program that was written.  Equal terms are the same object.
A comparison gives a `Condition`; asking it for its truth asks the explorer (`verify.trace.explore`) which
branch to follow.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from fractions import Fraction
from typing import Any, Protocol, cast
from weakref import WeakValueDictionary

from engine.arithmetic import Arithmetic, register

UNARY = (
    *("sqrt", "cbrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "asin", "acos", "atan"),
    *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "abs", "neg", "floor", "ceil"),
)
SPECIAL = ("erfinv", "gamma", "lgamma", "digamma", "trigamma", "expi", "spence")
PARAMETRIC = {
    **dict.fromkeys(("polygamma", "bessel_j", "bessel_y", "bessel_i", "bessel_ie", "bessel_k"), 2),
    **dict.fromkeys(("gammainc", "gammaincc"), 2),
    "betainc": 3,
}
"""Functions whose operand comes last, after an order or parameters: how many arguments each takes.

polygamma(n, x), n = 0, 1, ...: the n-th derivative of digamma; bessel_j, y, i, k(n, x): of order n; bessel_ie:
e**-|x|·bessel_i; gammainc(a, x), gammaincc(a, x): the regularized P and Q; betainc(a, b, x): the regularized I.
"""
BINARY = ("add", "sub", "mul", "div", "pow", "atan2", "hypot", "maximum", "minimum")
COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")


class Term:
    """One node: ``op`` applied to ``args``.

    op: "const" (``value`` an exact Fraction), "special" (``value`` "inf", "-inf" or "nan"), "symbol" (``value`` its
        name), "pi", one of `UNARY`, `SPECIAL`, `PARAMETRIC` or `BINARY`, or "where" (a Condition and two terms)
    """

    __slots__ = ("__weakref__", "args", "op", "value")
    __array_ufunc__ = None

    op: str
    args: tuple[Term, ...]
    value: Any

    def __repr__(self) -> str:
        from verify.trace.text import written

        return written(self)

    # Terms are hash-consed: equal terms are the same object, and the hash is the object's.  While code is traced,
    # though, `==` asks about the numbers that terms stand for, as `<` does: `if x == 0:` is a branch to follow.

    __hash__ = object.__hash__

    def __reduce__(self) -> Any:
        """Another process conses it anew."""
        return _cons, (type(self), self.op, self.args, self.value)

    def __eq__(self, other: object) -> Any:
        return self is other if _ORACLE.get() is None else _compared("eq", self, other)

    def __ne__(self, other: object) -> Any:
        return self is not other if _ORACLE.get() is None else _compared("ne", self, other)

    def __add__(self, other: Any) -> Term:
        return NotImplemented if _takes_over(other) else apply("add", self, other)

    def __radd__(self, other: Any) -> Term:
        return NotImplemented if _takes_over(other) else apply("add", other, self)

    def __sub__(self, other: Any) -> Term:
        return NotImplemented if _takes_over(other) else apply("sub", self, other)

    def __rsub__(self, other: Any) -> Term:
        return NotImplemented if _takes_over(other) else apply("sub", other, self)

    def __mul__(self, other: Any) -> Term:
        return NotImplemented if _takes_over(other) else apply("mul", self, other)

    def __rmul__(self, other: Any) -> Term:
        return NotImplemented if _takes_over(other) else apply("mul", other, self)

    def __truediv__(self, other: Any) -> Term:
        return NotImplemented if _takes_over(other) else apply("div", self, other)

    def __rtruediv__(self, other: Any) -> Term:
        return NotImplemented if _takes_over(other) else apply("div", other, self)

    def __pow__(self, other: Any) -> Term:
        return NotImplemented if _takes_over(other) else apply("pow", self, other)

    def __rpow__(self, other: Any) -> Term:
        return NotImplemented if _takes_over(other) else apply("pow", other, self)

    def __floordiv__(self, other: Any) -> Term:
        return NotImplemented if _takes_over(other) else apply("floor", self / other)

    def __rfloordiv__(self, other: Any) -> Term:
        return NotImplemented if _takes_over(other) else apply("floor", other / self)

    def __mod__(self, other: Any) -> Term:
        """Python's remainder, which has the sign of the divisor."""
        return NotImplemented if _takes_over(other) else self - other * (self // other)

    def __rmod__(self, other: Any) -> Term:
        return NotImplemented if _takes_over(other) else other - self * (other // self)

    def __divmod__(self, other: Any) -> tuple[Term, Term]:
        return self // other, self % other

    def __neg__(self) -> Term:
        return apply("neg", self)

    def __pos__(self) -> Term:
        return self

    def __abs__(self) -> Term:
        return apply("abs", self)

    def __lt__(self, other: Any) -> Condition:
        return compare("lt", self, other)

    def __le__(self, other: Any) -> Condition:
        return compare("le", self, other)

    def __gt__(self, other: Any) -> Condition:
        return compare("gt", self, other)

    def __ge__(self, other: Any) -> Condition:
        return compare("ge", self, other)

    def __bool__(self) -> bool:
        """A number is true where it is not 0."""
        return bool(compare("ne", self, 0))

    def __float__(self) -> float:
        if self.op == "const":
            return float(self.value)
        raise TypeError(
            f"a float was asked of the symbol {self!r}: the rule leaves the tracer here "
            "(math.f(x), float(x), a NumPy float array)"
        )


class Condition(Term):
    """A comparison of two terms (`COMPARISONS`), or "and", "or", "not" of conditions, or "true"/"false"."""

    __slots__ = ()

    def __bool__(self) -> bool:
        if self.op in ("true", "false"):
            return self.op == "true"
        oracle = _ORACLE.get()
        if oracle is None:
            raise TypeError(f"the truth of {self!r} depends on the symbols: run the code under explore()")
        return oracle.decide(self)

    def __and__(self, other: Condition) -> Condition:
        return _condition("and", (self, other))

    def __or__(self, other: Condition) -> Condition:
        return _condition("or", (self, other))

    def __invert__(self) -> Condition:
        return _condition("not", (self,))


class Oracle(Protocol):
    """Says which branch to follow."""

    def decide(self, condition: Condition) -> bool: ...


_ORACLE: ContextVar[Oracle | None] = ContextVar("oracle", default=None)
_CONSED: WeakValueDictionary[tuple[Any, ...], Term] = WeakValueDictionary()


@contextmanager
def asking(oracle: Oracle) -> Iterator[None]:
    """Within this block, conditions put their question to ``oracle``."""
    token = _ORACLE.set(oracle)
    try:
        yield
    finally:
        _ORACLE.reset(token)


class TooManyTerms(Exception):
    """More terms than `at_most` allows."""


_MOST = [0]  # terms that may be alive at once; 0 for any number


@contextmanager
def at_most(count: int) -> Iterator[None]:
    """Within this block, so many more terms may be made; then TooManyTerms is raised, before memory is short."""
    before, _MOST[0] = _MOST[0], len(_CONSED) + count
    try:
        yield
    finally:
        _MOST[0] = before


def _cons(kind: type[Term], op: str, args: tuple[Term, ...], value: Any = None) -> Term:
    key = (op, value, *map(id, args))
    found = _CONSED.get(key)
    if found is None:
        if _MOST[0] and len(_CONSED) > _MOST[0]:
            raise TooManyTerms("more terms than there is room for: the arrays are too large for symbols")
        found = object.__new__(kind)
        found.op, found.args, found.value = op, args, value
        _CONSED[key] = found
    return found


def symbol(name: str) -> Term:
    """The real variable ``name``."""
    return _cons(Term, "symbol", (), name)


def constant(number: int | float | Fraction) -> Term:
    """An exact constant; a float is the binary fraction it is, an infinity or NaN stays special."""
    if isinstance(number, float) and (number - number) != 0:
        return _cons(Term, "special", (), str(float(number)))
    return _cons(Term, "const", (), Fraction(number))


PI = _cons(Term, "pi", ())
TRUE = cast("Condition", _cons(Condition, "true", ()))
FALSE = cast("Condition", _cons(Condition, "false", ()))


def term(x: Any) -> Term:
    """``x`` itself if it is a term, else the constant it is; a condition counts 1 where it holds, else 0.

    Raises TypeError naming a value that is no real number.
    """
    if isinstance(x, Condition):
        return where(x, constant(1), constant(0))
    if isinstance(x, Term):
        return x
    if isinstance(x, (int, float, Fraction)):
        return constant(Fraction(*getattr(x, "fraction", ())) if hasattr(x, "fraction") else x)
    if hasattr(x, "item") and getattr(x, "ndim", None) == 0:  # a NumPy scalar or 0-d array
        return term(x.item())
    raise TypeError(f"{x!r} ({type(x).__name__}) is no number that can stand in a term")


def _takes_over(x: Any) -> bool:
    """Whether the operation is for ``x`` to do: an array, element by element, or a node whose data are terms."""
    return not isinstance(x, (Term, int, float)) and (getattr(x, "ndim", 0) > 0 or hasattr(x, "_prev"))


def apply(op: str, *args: Any) -> Term:
    """The term ``op(args)``; numbers become constants."""
    return _cons(Term, op, tuple(map(term, args)))


def compare(op: str, a: Any, b: Any) -> Condition:
    """The condition ``a op b``; decided at once between constants."""
    left, right = term(a), term(b)
    if left.op == right.op == "const":
        return TRUE if _DECIDED[op](left.value, right.value) else FALSE
    return _condition(op, (left, right))


def _condition(op: str, args: tuple[Term, ...]) -> Condition:
    return cast("Condition", _cons(Condition, op, args))


def _compared(op: str, a: Term, b: object) -> Any:
    """The condition ``a op b`` between numbers; whatever else ``b`` is, the two are not equal."""
    try:
        return compare(op, a, a if b is a else term(b))
    except TypeError:
        return NotImplemented


_DECIDED = {
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
}


def where(condition: Any, a: Any, b: Any) -> Term:
    """``a`` where the condition holds, ``b`` elsewhere; an indicator 1[c] stands for its condition c."""
    if isinstance(condition, Term) and not isinstance(condition, Condition):
        one, zero = constant(1), constant(0)
        if condition.op == "where" and condition.args[1] is one and condition.args[2] is zero:
            condition = condition.args[0]
        else:
            condition = compare("ne", condition, 0)
    if not isinstance(condition, Condition):
        condition = TRUE if condition else FALSE
    if condition.op in ("true", "false"):
        return term(a) if condition.op == "true" else term(b)
    return _cons(Term, "where", (condition, term(a), term(b)))


def topological(*roots: Term) -> list[Term]:
    """Every term below ``roots``, operands before their users, each once, in a repeatable order."""
    order: dict[Term, None] = {}
    stack: list[Term | None] = list(reversed(roots))
    while stack:
        node = stack.pop()
        if node is None:
            order[cast("Term", stack.pop())] = None
        elif node not in order:
            stack += (node, None, *reversed(node.args))
    return list(order)


def symbols_of(*roots: Term) -> list[str]:
    """The names of the symbols below ``roots``, in order of first appearance."""
    return [node.value for node in topological(*roots) if node.op == "symbol"]


def substitute(roots: tuple[Term, ...], replacement: dict[Term, Term]) -> tuple[Term, ...]:
    """``roots`` with every key of ``replacement`` (symbols, as a rule) replaced by its value."""
    new: dict[Term, Term] = dict(replacement)
    for node in topological(*roots):
        if node not in new:
            args = tuple(new[a] for a in node.args)
            same = all(a is b for a, b in zip(args, node.args, strict=True))
            new[node] = node if same else _cons(type(node), node.op, args, node.value)
    return tuple(new[root] for root in roots)


def _indicator(op: str) -> Any:
    return lambda a, b: term(compare(op, a, b))


TERMS = Arithmetic(
    "term",
    {
        "pi": PI,
        "ratio": lambda p, q: constant(Fraction(p, q)),
        "divide": lambda a, b: apply("div", a, b),
        "where": where,
        "one": lambda _: constant(1),
        **{name: _indicator(name) for name in ("ge", "gt", "le", "lt")},
        **{name: (lambda *x, _op=name: apply(_op, *x)) for name in (*UNARY, *SPECIAL, *PARAMETRIC, *BINARY)},
    },
)

register(Term, TERMS)
register(Condition, TERMS)
