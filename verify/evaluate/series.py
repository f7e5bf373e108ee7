"""Terms on power series: a term's Taylor coefficients on an interval, with python-flint's `arb_series` throughout.

On a thin interval they are the coefficients at a point; on a wide one each encloses the coefficients at every point of
it, and with them Lagrange's remainder.  A term that branches within the interval has none; the branch not taken
may be anything.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

from flint import arb, arb_series, ctx

from backproof.engine.arithmetic import Arithmetic
from backproof.verify.arithmetics.balls import DECIDED, ratio
from backproof.verify.evaluate.evaluate import evaluator, operations
from backproof.verify.terms.definitions import expanded
from backproof.verify.terms.ops import COMPARISONS
from backproof.verify.terms.term import Term, symbols_of

Function = Callable[..., Any]


class Undecided(Exception):
    """A branch is undecided on the interval, or an op has no Taylor series there.

    As the value of a part of a term it is harmless where that part is not used.
    """


class Series:
    """One term of one variable as a power series."""

    def __init__(self, term: Term) -> None:
        self.term = term
        self._inputs = symbols_of(term)
        self._evaluated = evaluator(expanded((term,), operations(SERIES).knows), SERIES)

    def at(self, place: arb, length: int) -> list[arb]:
        """The first ``length`` coefficients on the interval ``place``, at the current precision.

        Raises Undecided where there are none.
        """
        before, ctx.cap = ctx.cap, length
        try:
            (found,) = self._evaluated(dict.fromkeys(self._inputs, arb_series([place, 1])))
            if isinstance(found, Undecided):
                raise found
            return [found[k] for k in range(length)]
        finally:
            ctx.cap = before


# ---------------------------------------------------------------------------------------------------- the arithmetic


class _SeriesArithmetic(Arithmetic):
    def __getattr__(self, function: str) -> Function:
        if function.startswith("__"):
            return super().__getattr__(function)  # type: ignore[no-any-return]
        return _settled(partial(_none, function))


def _none(function: str, *_: Any) -> Any:
    raise Undecided(f"{function} has no Taylor series here")


def _settled(function: Function) -> Function:
    """The function; returns the reason where it or an operand has no value."""

    def settled(*args: Any) -> Any:
        for argument in args:
            if isinstance(argument, Undecided):
                return argument
        try:
            return function(*args)
        except Undecided as reason:
            return reason
        except (ArithmeticError, ValueError) as problem:  # a denominator or a logarithm that may be 0
            return Undecided(str(problem))

    return settled


def _where(condition: bool | Undecided | None, a: Any, b: Any) -> Any:
    return (a if condition else b) if isinstance(condition, bool) else _unsettled(condition, a, b)


@_settled
def _unsettled(*_: Any) -> Any:
    raise Undecided("a branch is undecided on the interval")


def _compared(op: str) -> Function:
    """True, False, or None where the interval is on both sides."""
    return lambda a, b: DECIDED[op](a[0], b[0])


def _positive(u: arb_series) -> bool:
    """Whether the series is positive on the whole interval; raises Undecided where the sign changes."""
    if u[0] > 0:
        return True
    if u[0] < 0:
        return False
    raise Undecided("the sign changes on the interval")


def _to_power(exponent: Fraction) -> Function | None:
    return _settled(partial(_whole_power, n=int(exponent))) if exponent.denominator == 1 else None


def _whole_power(u: arb_series, n: int) -> arb_series:
    if n < 0:
        return 1 / _whole_power(u, -n)
    result, square = arb_series([1]), u
    while n:
        if n & 1:
            result = result * square
        square, n = square * square, n >> 1
    return result


def _cbrt(u: arb_series) -> arb_series:
    return (u.log() / 3).exp() if _positive(u) else -((-u).log() / 3).exp()


def _atan2(y: arb_series, x: arb_series) -> arb_series:
    if x[0] > 0:
        return (y / x).atan()
    quarter = arb.pi() / 2
    return (quarter if _positive(y) else -quarter) - (x / y).atan()


def _asinh(u: arb_series) -> arb_series:
    """log(u + √(1 + u²)), and its odd reflection for u < 0, where that cancels."""
    if u[0] < 0:
        return -_asinh(-u)
    return (u + (1 + u * u).sqrt()).log()


_FUNCTIONS: dict[str, Function] = {
    **{name: getattr(operator, name) for name in ("add", "sub", "mul", "neg")},
    **{name: _compared(name) for name in COMPARISONS},
    **{name: DECIDED[name] for name in ("and", "or", "not")},
    **{name: getattr(arb_series, name) for name in ("sqrt", "exp", "log", "sin", "cos", "tan", "asin", "acos", "atan")},
    **{name: getattr(arb_series, name) for name in ("erf", "erfc")},
    "div": operator.truediv,
    "abs": lambda u: u if _positive(u) else -u,
    "maximum": lambda u, v: u if u is v or _positive(u - v) else v,
    "minimum": lambda u, v: v if u is v or _positive(u - v) else u,
    "pow": lambda u, v: (v * u.log()).exp(),
    "cbrt": _cbrt,
    "atan2": _atan2,
    "asinh": _asinh,
}

SERIES = _SeriesArithmetic(
    "power series",
    {
        **{name: _settled(function) for name, function in _FUNCTIONS.items()},
        "where": _where,
        "true": DECIDED["true"],
        "false": DECIDED["false"],
        "const": lambda value: arb_series([ratio(value.numerator, value.denominator)]),
        "pi": lambda: arb_series([arb.pi()]),
        "special": lambda value: Undecided("special has no Taylor series here"),
        "to_power": _to_power,
    },
)
"""Operations not listed are expanded by their definition in the table of primitives, or have no series."""
