"""Bound what a proof left over: |rule - derivative| <= eps on a box, by Taylor models in balls.

On a piece [m - r, m + r] a function is its Taylor polynomial at m, its coefficients thin balls, plus the
coefficient of order N over the whole piece times r**N: where the two formulas mean the same function the
coefficients cancel to nothing, and what is left shrinks like r**N.  Pieces that are too wide are halved.
The shape of it is Sollya's `supnorm`: Chevillard, Harrison, Joldes, Lauter, "Efficient and accurate
computation of upper bounds of approximation errors", Theoretical Computer Science 412 (2011) 1523-1543.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import arb, arb_series, ctx

from verify.kinds.balls import ratio
from verify.proof.obligation import UPSTREAM, Obligation, accumulated
from verify.proof.result import CellResult
from verify.trace.term import Condition, Term, constant, substitute, symbol, symbols_of, topological

ORDER, BITS = 24, 160
MOST_PIECES = 4000
REACH = Fraction(16)
NEARLY = Fraction(1, 2**30)  # of a cell's width, kept clear of its ends


class Undecided(Exception):
    """A branch is not settled on the whole piece, or an op has no Taylor series there."""


@dataclass(frozen=True)
class Enclosure:
    """|term| <= bound for ``low`` <= variable <= ``high``, shown on so many pieces."""

    variable: str
    low: Fraction
    high: Fraction
    bound: arb
    pieces: int


def enclosed(
    obligation: Obligation, result: CellResult, operand: int, eps: Fraction, reach: Fraction = REACH
) -> Enclosure | None:
    """A bound of |rule - derivative| on the cell, as far as ``reach`` where the cell is unbounded.

    None if the operation has more than one input, or if ``eps`` cannot be shown.
    """
    if len(obligation.inputs) != 1:
        return None
    (name,) = obligation.inputs
    left = result.gradients[operand].residual
    if left is None:
        expected = symbol(accumulated(name)) + symbol(UPSTREAM) * result.derivatives[operand]
        left = obligation.gradients[operand] - expected
    seeds = {symbol(UPSTREAM): constant(1), symbol(accumulated(name)): constant(0)}
    (difference,) = substitute((left,), seeds)
    lo, hi = result.cell.interval(name)
    low = max(-reach, lo) if lo is not None else -reach
    high = min(reach, hi) if hi is not None else reach
    if low >= high:
        return None
    clear = (high - low) * NEARLY
    return enclose(difference, name, low + clear * (lo is not None), high - clear * (hi is not None), eps)


def enclose(term: Term, variable: str, low: Fraction, high: Fraction, eps: Fraction) -> Enclosure | None:
    """A bound, at most ``eps``, of |term| on [low, high]; None if `MOST_PIECES` do not show one."""
    if not set(symbols_of(term)) <= {variable}:
        return None
    model = _Model(term)
    waiting, pieces, bound = [(low, high)], 0, arb(0)
    before = ctx.cap
    try:
        with ctx.workprec(BITS):
            bar = ratio(eps.numerator, eps.denominator)
            while waiting:
                a, b = waiting.pop()
                pieces += 1
                found = model.bound(a, b, bar)
                if found is not None and found <= bar:
                    bound = bound.max(found)
                elif model.exceeded or pieces + len(waiting) > MOST_PIECES:
                    return None
                else:
                    middle = (a + b) / 2
                    waiting += [(middle, b), (a, middle)]
            return Enclosure(variable, low, high, bound.upper(), pieces)
    finally:
        ctx.cap = before


class _Model:
    """One term as a Taylor model in its variable."""

    def __init__(self, term: Term) -> None:
        self.term = term
        self.order = topological(term)
        self.exceeded = False

    def bound(self, a: Fraction, b: Fraction, bar: arb) -> arb | None:
        """An upper bound of |term| on [a, b]; None where it is unbounded or not settled there.

        At a middle where the term certainly exceeds ``bar`` the model is `exceeded`, and no bound will be.
        """
        middle, radius = (a + b) / 2, (b - a) / 2
        m, r = ratio(middle.numerator, middle.denominator), ratio(radius.numerator, radius.denominator)
        try:
            thin = self._series(m, ORDER)
            wide = self._series(m + arb(0, 1) * r, ORDER + 1)
        except Undecided:
            return None
        self.exceeded = bool(abs(thin[0]) > bar)
        total, power = arb(0), arb(1)
        for k in range(ORDER):
            total += abs(thin[k]) * power
            power *= r
        total += abs(wide[ORDER]) * power
        return total.upper() if total.is_finite() else None

    def _series(self, at: arb, length: int) -> arb_series:
        """The first coefficients at the ball ``at``."""
        ctx.cap = length
        values: dict[Term, Any] = {}
        for t in self.order:
            args = [values[a] for a in t.args]
            if t.op == "symbol":
                values[t] = arb_series([at, 1], prec=length)
            elif t.op == "const":
                values[t] = arb_series([ratio(t.value.numerator, t.value.denominator)], prec=length)
            elif t.op == "pi":
                values[t] = arb_series([arb.pi()], prec=length)
            elif isinstance(t, Condition):
                values[t] = _condition(t.op, args)
            else:
                values[t] = _applied(t, args)
        result: arb_series = values[self.term]
        return result


def _applied(t: Term, args: Sequence[Any]) -> Any:
    if t.op == "pow" and t.args[1].op == "const" and t.args[1].value.denominator == 1:
        return _whole_power(args[0], int(t.args[1].value))
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


def _where(condition: bool | None, a: arb_series, b: arb_series) -> arb_series:
    if condition is None:
        raise Undecided("a branch is not settled on the piece")
    return a if condition else b


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
    "where": _where,
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
