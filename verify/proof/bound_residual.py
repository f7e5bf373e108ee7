"""Bound the residual of a proof: |rule - derivative| <= eps on a box, by Taylor models in ball arithmetic.

On a piece [m - r, m + r] a function is its Taylor polynomial at m, with thin intervals for coefficients, plus the
coefficient of order N over the whole piece times r**N: where the two formulas mean the same function the
coefficients cancel, and the remainder shrinks like r**N.  Pieces that are too wide are halved.
The scheme is that of Sollya's `supnorm`: Chevillard, Harrison, Joldes, Lauter, "Efficient and accurate
computation of upper bounds of approximation errors", Theoretical Computer Science 412 (2011) 1523-1543.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from flint import arb, ctx

from backproof.verify.arithmetics.balls import ratio
from backproof.verify.evaluate.series import Series, Undecided
from backproof.verify.proof.obligation import UPSTREAM, Obligation, accumulated
from backproof.verify.proof.result import CellResult
from backproof.verify.support.fuel import charge
from backproof.verify.terms.term import Term, constant, substitute, symbol, symbols_of, topological

ORDER, BITS = 24, 160
MOST_PIECES = 4000
REACH = Fraction(16)
NEARLY = Fraction(1, 2**30)  # of a cell's width, kept clear of its ends


@dataclass(frozen=True)
class Enclosure:
    """|term| <= bound for ``low`` <= variable <= ``high``, shown on so many pieces."""

    variable: str
    low: Fraction
    high: Fraction
    bound: arb
    pieces: int


def enclosed(
    obligation: Obligation, result: CellResult, operand: int | None, eps: Fraction, reach: Fraction = REACH
) -> Enclosure | None:
    """A bound of |rule - derivative| on the cell, as far as ``reach`` where the cell is unbounded.

    operand: None for a bound of |forward - definition|

    None if the operation has more than one input, or if ``eps`` cannot be shown.
    """
    if len(obligation.inputs) != 1:
        return None
    (name,) = obligation.inputs
    left = (result.forward if operand is None else result.gradients[operand]).residual
    if left is None and operand is None:
        left = obligation.forward - obligation.definition
    elif left is None:
        assert operand is not None
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


class _Model:
    """One term as a Taylor model in its variable."""

    def __init__(self, term: Term) -> None:
        self.series = Series(term)
        self._size = len(topological(term))
        self.exceeded = False

    def bound(self, a: Fraction, b: Fraction, bar: arb) -> arb | None:
        """An upper bound of |term| on [a, b]; None where it is unbounded or undecided there.

        At a midpoint where the term certainly exceeds ``bar`` the model is `exceeded`, and no bound exists.
        """
        charge("series", 100 + 30 * self._size)
        middle, radius = (a + b) / 2, (b - a) / 2
        m, r = ratio(middle.numerator, middle.denominator), ratio(radius.numerator, radius.denominator)
        try:
            thin = self.series.at(m, ORDER)
            wide = self.series.at(m + arb(0, 1) * r, ORDER + 1)
        except Undecided:
            return None
        self.exceeded = bool(abs(thin[0]) > bar)
        total, power = arb(0), arb(1)
        for k in range(ORDER):
            total += abs(thin[k]) * power
            power *= r
        total += abs(wide[ORDER]) * power
        return total.upper() if total.is_finite() else None
