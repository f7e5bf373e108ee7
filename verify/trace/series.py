"""Terms on power series: a term's Taylor coefficients at a ball, python-flint's `arb_series` all the way.

At a thin ball they are the coefficients at a point; at a wide one each contains the coefficients at every point of
it, and with them Lagrange's remainder.  A term that branches within the ball has none; the branch that is not taken
may be anything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flint import arb, arb_series, ctx

from verify.kinds.balls import ratio
from verify.trace.term import Condition, Term, topological


class Undecided(Exception):
    """A branch is not settled on the whole piece, or an op has no Taylor series there."""


class Series:
    """One term of one variable as a power series."""

    def __init__(self, term: Term) -> None:
        self.term = term
        self.order = topological(term)

    def at(self, place: arb, length: int) -> list[arb]:
        """The first ``length`` coefficients at the ball ``place``, at the precision of the moment.

        Raises Undecided where there are none.
        """
        before, ctx.cap = ctx.cap, length
        try:
            found = self._evaluated(place, length)
            return [found[k] for k in range(length)]
        finally:
            ctx.cap = before

    def _evaluated(self, place: arb, length: int) -> arb_series:
        values: dict[Term, Any] = {}
        for t in self.order:
            if t.op == "symbol":
                values[t] = arb_series([place, 1], prec=length)
            elif t.op == "const":
                values[t] = arb_series([ratio(t.value.numerator, t.value.denominator)], prec=length)
            elif t.op == "pi":
                values[t] = arb_series([arb.pi()], prec=length)
            else:
                values[t] = _of(t, [values[a] for a in t.args])
        result: arb_series | Undecided = values[self.term]
        if isinstance(result, Undecided):
            raise result
        return result


def _of(t: Term, args: Sequence[Any]) -> Any:
    """The term's series, or the truth of a condition; the reason, where there is none of all that it needs."""
    if t.op == "where" and isinstance(args[0], bool):
        return args[1] if args[0] else args[2]
    for argument in args:
        if isinstance(argument, Undecided):
            return argument
    try:
        return _condition(t.op, args) if isinstance(t, Condition) else _applied(t, args)
    except Undecided as reason:
        return reason


def _applied(t: Term, args: Sequence[Any]) -> Any:
    if t.op == "pow" and t.args[1].op == "const" and t.args[1].value.denominator == 1:
        return _whole_power(args[0], int(t.args[1].value))
    if t.op == "where":
        raise Undecided("a branch is not settled on the piece")
    function = _SERIES.get(t.op)
    if function is None:
        raise Undecided(f"{t.op} has no Taylor series here")
    try:
        return function(*args)
    except (ArithmeticError, ValueError) as problem:  # a denominator or a logarithm that may be 0
        raise Undecided(str(problem)) from None


def _condition(op: str, args: Sequence[Any]) -> bool | None:
    """True, False, or None where the piece is on both sides."""
    if op in ("and", "or", "not"):
        if op == "not":
            return None if args[0] is None else not args[0]
        settles = op == "or"
        if settles in args:
            return settles
        return None if None in args else not settles
    if op in ("true", "false"):
        return op == "true"
    a, b = (x[0] for x in args)
    yes = {"lt": a < b, "le": a <= b, "gt": a > b, "ge": a >= b, "eq": a == b, "ne": a != b}[op]
    no = {"lt": a >= b, "le": a > b, "gt": a <= b, "ge": a < b, "eq": a != b, "ne": a == b}[op]
    return True if yes else False if no else None


def _positive(u: arb_series) -> bool:
    """The sign of the series on the whole piece."""
    if u[0] > 0:
        return True
    if u[0] < 0:
        return False
    raise Undecided("the sign changes on the piece")


def _odd(function: Callable[[arb_series], arb_series]) -> Callable[[arb_series], arb_series]:
    """An odd function, given for positive arguments."""
    return lambda u: function(u) if _positive(u) else -function(-u)


def _whole_power(u: arb_series, n: int) -> arb_series:
    if n < 0:
        return 1 / _whole_power(u, -n)
    result, square = arb_series([1]), u
    while n:
        if n & 1:
            result = result * square
        square, n = square * square, n >> 1
    return result


def _atan2(y: arb_series, x: arb_series) -> arb_series:
    if x[0] > 0:
        return (y / x).atan()
    quarter = arb.pi() / 2
    return (quarter if _positive(y) else -quarter) - (x / y).atan()


def _tanh(u: arb_series) -> arb_series:
    return 1 - 2 / ((2 * u).exp() + 1)


def _asinh(u: arb_series) -> arb_series:
    """log(u + √(1 + u²)), and its odd reflection for u < 0, where that cancels."""
    if u[0] < 0:
        return -_asinh(-u)
    return (u + (1 + u * u).sqrt()).log()


_SERIES: dict[str, Callable[..., arb_series]] = {
    "add": lambda u, v: u + v,
    "sub": lambda u, v: u - v,
    "mul": lambda u, v: u * v,
    "div": lambda u, v: u / v,
    "neg": lambda u: -u,
    "abs": lambda u: u if _positive(u) else -u,
    "maximum": lambda u, v: u if u is v or _positive(u - v) else v,
    "minimum": lambda u, v: v if u is v or _positive(u - v) else u,
    "pow": lambda u, v: (v * u.log()).exp(),
    "sqrt": lambda u: u.sqrt(),
    "cbrt": _odd(lambda u: (u.log() / 3).exp()),
    "hypot": lambda u, v: (u * u + v * v).sqrt(),
    "exp": lambda u: u.exp(),
    "expm1": lambda u: u.exp() - 1,
    "log": lambda u: u.log(),
    "log1p": lambda u: (1 + u).log(),
    "sin": lambda u: u.sin(),
    "cos": lambda u: u.cos(),
    "tan": lambda u: u.tan(),
    "asin": lambda u: u.asin(),
    "acos": lambda u: u.acos(),
    "atan": lambda u: u.atan(),
    "atan2": _atan2,
    "sinh": lambda u: (u.exp() - (-u).exp()) / 2,
    "cosh": lambda u: (u.exp() + (-u).exp()) / 2,
    "tanh": _tanh,
    "asinh": _asinh,
    "acosh": lambda u: (u + (u * u - 1).sqrt()).log(),
    "atanh": lambda u: ((1 + u).log() - (1 - u).log()) / 2,
    "erf": lambda u: u.erf(),
    "erfc": lambda u: u.erfc(),
}
