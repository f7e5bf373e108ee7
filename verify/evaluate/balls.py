"""Terms in ball arithmetic (`flint.arb`): every result encloses the true value, at the current precision.

A condition is True, False or None (undecided); where it is undecided a `where` is the union of both branches.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

import flint
from flint import arb

from backproof.verify.arithmetics.balls import DECIDED, BallArithmetic, ratio, square
from backproof.verify.arithmetics.special_balls import ON_BALLS
from backproof.verify.evaluate.compiled import Compiled, compiled
from backproof.verify.support.fuel import charge
from backproof.verify.terms.term import Condition, Term, topological


def _constant(value: Fraction) -> arb:
    """Exact for a binary fraction."""
    if value.denominator & (value.denominator - 1) == 0:
        return arb((value.numerator, 1 - value.denominator.bit_length()))
    return ratio(value.numerator, value.denominator)


def _where(condition: bool | None, a: arb, b: arb) -> arb:
    return a if condition else b if condition is False else a.union(b)


def _to_power(exponent: Fraction) -> Callable[[arb], arb] | None:
    if exponent.denominator != 1:
        return None
    whole = int(exponent)
    return square if whole == 2 else lambda x: x**whole


ENCLOSURES = BallArithmetic(
    "ball",
    {
        **ON_BALLS,
        **DECIDED,
        "div": operator.truediv,
        "pow": operator.pow,
        "where": _where,
        "const": _constant,
        "special": arb,
        "to_power": _to_power,
        "of_itself": {"lt": False, "gt": False, "ne": False, "le": True, "ge": True, "eq": True},
    },
)
"""Operations on intervals only: no plain numbers among them, and conditions are not indicators."""


class BallProgram:
    """Terms compiled to a function of intervals.

    Calling it runs at the current precision; ``at(prec)`` is the bare function for callers that hold
    one precision over many points: run it within ``flint.ctx.workprec(prec)``.  A condition gives True, False or None.
    """

    def __init__(self, terms: Iterable[Term], inputs: Sequence[str]) -> None:
        self.terms = tuple(terms)
        self.inputs = tuple(inputs)
        self._made = compiled(self.terms, self.inputs, ENCLOSURES, hoisted=True)
        self._size = len(topological(*self.terms))
        self._programs: dict[int, Compiled] = {}

    def __call__(self, *x: arb) -> tuple[arb, ...]:
        return self.at(flint.ctx.prec)(*x)

    def at(self, prec: int) -> Compiled:
        """The function with its constants at ``prec`` bits."""
        program = self._programs.get(prec)
        if program is None:
            with flint.ctx.workprec(prec):
                program = self._programs[prec] = _charged(self._made(), 20 + self._size * (prec + 64) // 1280)
        return program


def _charged(program: Compiled, units: int) -> Compiled:
    """The same function, each of whose calls is charged."""

    def charging(*x: Any) -> tuple[Any, ...]:
        charge("balls", units)
        return program(*x)

    return charging


def compile_balls(terms: Iterable[Term], inputs: Sequence[str]) -> BallProgram:
    """``terms`` as a function of intervals for ``inputs``, in that order.

    Raises KeyError for a term with a symbol that is not an input.
    """
    return BallProgram(terms, inputs)


@lru_cache(maxsize=128)
def _program(term: Term, inputs: tuple[str, ...]) -> BallProgram:
    return BallProgram((term,), inputs)


def evaluate(term: Term, at: Mapping[str, arb], prec: int = 128) -> arb:
    """The interval of one term at ``at``, computed with ``prec`` bits."""
    program = _program(term, tuple(at))
    with flint.ctx.workprec(prec):
        return program(*at.values())[0]


def holds(condition: Condition, at: Mapping[str, arb], prec: int = 128) -> bool | None:
    """Whether the condition holds at ``at``: None where the intervals cannot decide."""
    result: Any = evaluate(condition, at, prec)
    return result if result is None else bool(result)
