"""Terms: the formula a rule computes, as a graph of hash-consed nodes with exact constants.

A term is written by running ordinary code on `symbol`s: operators and the functions of `TERMS` build it up, and
nothing is simplified meanwhile, so it stays the program that was written.  Equal terms are the same object.
A comparison gives a `Condition`; its truth value is decided by the explorer (`verify.tracing.branches`), which
picks the branch to follow.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from fractions import Fraction
from numbers import Number
from typing import Any, Protocol, cast
from weakref import WeakValueDictionary

from backproof.engine.arithmetic import Arithmetic, register
from backproof.verify.support.errors import NotTraced
from backproof.verify.terms.graph import topological as topological  # re-exported for code that walks terms
from backproof.verify.terms.ledger import Ledger, computed, for_user_code, leak, of_entries, recording
from backproof.verify.terms.notation.code import written
from backproof.verify.terms.ops import PRIMITIVES

_OF_NUMPY = frozenset(
    (*("dtype", "ndim", "shape", "size", "item", "astype", "T", "flat", "itemsize", "nbytes", "sum", "mean", "max"),
     *("min", "any", "all", "clip", "round", "tolist", "reshape", "ravel", "copy", "squeeze", "view", "base", "data"))
)  # fmt: skip
"""Attributes that NumPy's numbers have besides those of a float."""

_NUMBERS = frozenset({"const", "special", "pi", "true", "false"})


class Term:
    """One node: ``op`` applied to ``args``.

    op: "const" (``value`` an exact Fraction), "special" (``value`` "inf", "-inf" or "nan"), "symbol" (``value`` its
        name), "pi", a primitive of `verify.terms.ops`, or "where" (a Condition and two terms)
    """

    __slots__ = ("__weakref__", "args", "op", "value")
    __array_ufunc__ = None

    op: str
    args: tuple[Term, ...]
    value: Any

    def __repr__(self) -> str:
        if self.op not in _NUMBERS:
            leak("the text of a symbol was asked")
        elif self.op == "const" and for_user_code():
            return repr(float(self.value))
        return written(self)

    def __format__(self, spec: str) -> str:
        if self.op == "const":
            return format(float(self.value), spec) if spec or for_user_code() else repr(self)
        leak("the text of a symbol was asked")
        return repr(self)

    def __getattr__(self, name: str) -> Any:
        """What a float has, besides operators."""
        match name:
            case "real":
                return self
            case "imag":
                return constant(0)
            case "conjugate":
                return lambda: self
            case "is_integer":
                return lambda: compare("eq", apply("floor", self), self)
        other = hasattr(int, name) or (of_entries() and name in _OF_NUMPY)
        if not name.startswith("__") and (hasattr(float, name) or other) and for_user_code():
            leak(f"the attribute {name} of a symbol was asked")
        raise AttributeError(f"'float' object has no attribute {name!r}", name=name, obj=self)

    # Terms are hash-consed: equal terms are the same object, and the hash is the object's.  While code is traced,
    # though, `==` compares the numbers that terms stand for, as `<` does: `if x == 0:` is a branch to follow.

    # A dictionary or set of user code looks a symbol up by its hash, while it is traced (`hashes_are_asked`).

    __hash__ = object.__hash__

    def __reduce__(self) -> Any:
        """Hash-consed again in another process."""
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
        return NotImplemented if _takes_over(other) else (self // other, self % other)

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
        leak("a symbol was converted to a float")
        raise TypeError(
            f"the symbol {self!r} was converted to a float: the rule leaves the tracer here "
            "(float(x), a function of C, a NumPy array of floats)"
        )


class Condition(Term):
    """A comparison of two terms (`COMPARISONS`), or "and", "or", "not" of conditions, or "true"/"false"."""

    __slots__ = ()

    def __bool__(self) -> bool:
        if self.op in ("true", "false"):
            return self.op == "true"
        oracle = _ORACLE.get()
        if oracle is None:
            raise TypeError(f"the truth value of {self!r} depends on the symbols: run the code under explore()")
        return oracle.decide(self)

    def __and__(self, other: Any) -> Condition:
        return NotImplemented if (x := _truth(other)) is None else _condition("and", (self, x))

    def __or__(self, other: Any) -> Condition:
        return NotImplemented if (x := _truth(other)) is None else _condition("or", (self, x))

    def __rand__(self, other: Any) -> Condition:
        return NotImplemented if (x := _truth(other)) is None else _condition("and", (x, self))

    def __ror__(self, other: Any) -> Condition:
        return NotImplemented if (x := _truth(other)) is None else _condition("or", (x, self))

    def __xor__(self, other: Any) -> Condition:
        return NotImplemented if (x := _truth(other)) is None else (self & ~x) | (~self & x)

    __rxor__ = __xor__

    def __invert__(self) -> Condition:
        return _condition("not", (self,))

    def astype(self, dtype: Any, **_: Any) -> Term:
        """As NumPy's bool has it: 1 or 0 as a number.  Raises TypeError for a type of another kind."""
        kind = getattr(dtype, "__name__", str(dtype))
        if not kind.startswith(("float", "int", "bool")):
            raise TypeError(f"a condition as {kind}")
        return self if kind.startswith("bool") else where(self, 1, 0)


def _truth(x: Any) -> Condition | None:
    """A condition, or True or False (also of NumPy, or as 1 or 0), as a condition; None for anything else."""
    if isinstance(x, Condition):
        return x
    x = x.item() if hasattr(x, "item") and getattr(x, "ndim", None) == 0 else x
    if isinstance(x, (bool, int)) and x in (0, 1):
        return TRUE if x else FALSE
    return None


class Oracle(Protocol):
    """Decides which branch to follow."""

    def decide(self, condition: Condition) -> bool: ...


def _asked_hash(self: Term) -> int:
    if for_user_code():
        if self.op == "const":
            return hash(float(self.value))  # as of the float that it stands for
        if self.op not in _NUMBERS:
            leak("the hash of a symbol was asked")
    return object.__hash__(self)


_TRACED = [0]  # how many traces keep a ledger


@contextmanager
def keeping(ledger: Ledger) -> Iterator[None]:
    """Within this block, what code learns of symbols is entered in the ledger, their hashes too.

    The hash of a term is a function in C otherwise: the prover asks for millions.
    """
    _TRACED[0] += 1
    Term.__hash__ = _asked_hash  # type: ignore[method-assign, assignment]
    try:
        with recording(ledger):
            yield
    finally:
        _TRACED[0] -= 1
        if not _TRACED[0]:
            Term.__hash__ = object.__hash__  # type: ignore[method-assign, assignment]


_ORACLE: ContextVar[Oracle | None] = ContextVar("oracle", default=None)
_CONSED: WeakValueDictionary[tuple[Any, ...], Term] = WeakValueDictionary()


@contextmanager
def asking(oracle: Oracle) -> Iterator[None]:
    """Within this block, ``oracle`` decides conditions."""
    token = _ORACLE.set(oracle)
    try:
        yield
    finally:
        _ORACLE.reset(token)


class TooManyTerms(NotTraced):
    """More terms than `at_most` allows."""


_MOST = [0]  # terms that may be alive at once; 0 for any number


@contextmanager
def at_most(count: int) -> Iterator[None]:
    """Within this block, at most so many more terms may be made; beyond it TooManyTerms is raised, not MemoryError."""
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
            raise TooManyTerms("too many terms: the arrays are too large for symbols")
        found = object.__new__(kind)
        found.op, found.args, found.value = op, args, value
        _CONSED[key] = found
    return found


def symbol(name: str) -> Term:
    """The real variable ``name``."""
    return _cons(Term, "symbol", (), name)


def constant(number: int | float | Fraction) -> Term:
    """An exact constant; a float becomes its exact binary fraction, an infinity or NaN stays special."""
    if isinstance(number, float) and (number - number) != 0:
        return _cons(Term, "special", (), str(float(number)))
    return _cons(Term, "const", (), Fraction(number))


PI = _cons(Term, "pi", ())
TRUE = cast("Condition", _cons(Condition, "true", ()))
FALSE = cast("Condition", _cons(Condition, "false", ()))


def term(x: Any) -> Term:
    """``x`` itself if it is a term, else a constant; a condition is 1 where it holds, else 0.

    Raises TypeError naming a value that is not a real number.
    """
    if isinstance(x, Condition):
        return where(x, constant(1), constant(0))
    if isinstance(x, Term):
        return x
    if isinstance(x, (int, float, Fraction)):
        return constant(Fraction(*getattr(x, "fraction", ())) if hasattr(x, "fraction") else x)
    if hasattr(x, "item") and getattr(x, "ndim", None) == 0:  # a NumPy scalar or 0-d array
        return term(x.item())
    raise TypeError(f"{x!r} ({type(x).__name__}) is not a number that a term can hold")


def _takes_over(x: Any) -> bool:
    """Whether ``x`` handles the operation: an array, element by element, or a node whose data are terms."""
    return not isinstance(x, (Term, int, float)) and (getattr(x, "ndim", 0) > 0 or hasattr(x, "_prev"))


def apply(op: str, *args: Any) -> Term:
    """The term ``op(args)``; numbers become constants."""
    made = _cons(Term, op, tuple(map(term, args)))
    if _TRACED[0]:
        computed(made)
    return made


def compare(op: str, a: Any, b: Any) -> Condition:
    """The condition ``a op b``; decided at once between constants."""
    left, right = term(a), term(b)
    if left.op == right.op == "const":
        return TRUE if _DECIDED[op](left.value, right.value) else FALSE
    return _condition(op, (left, right))


def _condition(op: str, args: tuple[Term, ...]) -> Condition:
    return cast("Condition", _cons(Condition, op, args))


def _compared(op: str, a: Term, b: object) -> Any:
    """The condition ``a op b`` between numbers; if ``b`` is anything else, the two are not equal.

    A Decimal equals the float of its value and a complex number that of its real part, if it has no imaginary part.
    Another kind of number equals a float by rules of its own, and no symbol.
    """
    try:
        if isinstance(b, Decimal) and b.is_finite():
            b = Fraction(b)
        elif isinstance(b, complex) and b == b.real:
            b = b.real
        return compare(op, a, a if b is a else term(b))
    except TypeError:
        if isinstance(b, Number) and not isinstance(b, complex):
            leak(f"a symbol was compared with a {type(b).__name__}")
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


def symbols_of(*roots: Term) -> list[str]:
    """The names of the symbols below ``roots``, in order of first appearance."""
    return [node.value for node in topological(*roots) if node.op == "symbol"]


def substitute(roots: tuple[Term, ...], replacement: dict[Term, Term]) -> tuple[Term, ...]:
    """``roots`` with every key of ``replacement`` (symbols, as a rule) replaced by its value."""
    new: dict[Term, Term] = dict(replacement)
    for node in topological(*roots):
        if node not in new:
            new[node] = rebuilt(node, tuple(new[a] for a in node.args))
    return tuple(new[root] for root in roots)


def rebuilt(node: Term, args: tuple[Term, ...]) -> Term:
    """The node with other operands."""
    same = all(a is b for a, b in zip(args, node.args, strict=True))
    return node if same else _cons(type(node), node.op, args, node.value)


def _indicator(op: str) -> Any:
    return lambda a, b: term(compare(op, a, b))


def _ratio(p: Any, q: Any) -> Term:
    """The fraction p/q of two integers."""
    if not (isinstance(p, int) and isinstance(q, int)):
        raise TypeError(f"ratio takes two integers, and got {p!r} and {q!r}")
    return constant(Fraction(p, q))


TERMS = Arithmetic(
    "term",
    {
        "pi": PI,
        "ratio": _ratio,
        "divide": lambda a, b: apply("div", a, b),
        "where": where,
        "one": lambda _: constant(1),
        **{name: _indicator(name) for name in ("ge", "gt", "le", "lt")},
        **{name: (lambda *x, _op=name: apply(_op, *x)) for name in PRIMITIVES},
    },
)

register(Term, TERMS)
register(Condition, TERMS)
