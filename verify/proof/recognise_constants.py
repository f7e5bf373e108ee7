"""Recognise the constants that literals approximate: 0.7978845608028654 as √(2/π), 0.044715 as 44715/10**6.

A float literal is a binary fraction, and a rule that holds one is right only up to its rounding.  Where a literal
is the nearest float, or next to it, of a closed form, the rule can be proved with the closed form in its
place; the proof then rests on the assumptions listed here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from flint import arb, ctx

from backproof.verify.arithmetics.balls import ratio
from backproof.verify.evaluate.balls import compile_balls
from backproof.verify.terms.notation.code import written
from backproof.verify.terms.term import PI, Term, apply, constant, substitute, topological

BITS = 200
DECIMALS = 10  # significant digits of a deliberate decimal; more are a copied constant
SMALL = 1000  # the largest denominator of a fraction that is recognised
NEAR = 1e-6  # relative distance at which a number is reported as an inaccurate constant


@dataclass(frozen=True)
class Recognition:
    """Terms with their literals replaced, and the assumptions, as text: ``0.3333333333333333 = 1/3``."""

    terms: tuple[Term, ...]
    assumptions: tuple[str, ...]


class Likeness(NamedTuple):
    """A closed form close to a number, and its relative distance."""

    form: Term
    distance: float


def recognised(terms: Iterable[Term]) -> Recognition:
    """The terms with every recognised float literal replaced by its closed form."""
    roots = tuple(terms)
    lifted: dict[Term, Term] = {}
    for t in topological(*roots):
        if t.op == "const" and (form := closed_form(t.value)) is not None:
            lifted[t] = form
    if not lifted:
        return Recognition(roots, ())
    assumptions = tuple(_assumption(float(literal.value), form) for literal, form in lifted.items())
    return Recognition(substitute(roots, lifted), assumptions)


PUBLISHED = {
    "SELU's scale, arXiv:1706.02515": Fraction("1.0507009873554804934193349852946"),
    "SELU's alpha, arXiv:1706.02515": Fraction("1.6732632423543772848170429916717"),
}
"""Decimals that papers give to more digits than a float holds, and that are meant as decimals."""


def _assumption(literal: float, form: Term) -> str:
    for name, decimal in PUBLISHED.items():
        if form.op == "const" and abs(form.value) == decimal:
            return f"{literal!r} = {name}"
    if form.op == "const" and form.value == Fraction(repr(literal)):
        return f"{literal!r} is meant as a decimal"
    return f"{literal!r} = {written(form)}"


def closed_form(value: Fraction) -> Term | None:
    """The meaning of a float literal: a short decimal, a constant within one ULP, or the nearest small fraction.

    None for a number that is not a float literal, or is meant as it is (a small binary fraction).
    """
    if not _is_literal(value):
        return None
    literal = float(value)
    decimal = Fraction(repr(literal))
    if _digits(decimal) <= DECIMALS:
        return constant(decimal)
    for published in PUBLISHED.values():
        if float(published) == abs(literal):
            return constant(published if literal > 0 else -published)
    with ctx.workprec(BITS):
        for form, ball in _near(literal):
            if abs(ball - arb(literal)) <= math.ulp(literal):
                return form
    small = value.limit_denominator(SMALL)
    return constant(small) if float(small) == literal else None  # 0.9999999999999999 is not 1


def likeness(value: Fraction) -> Likeness | None:
    """The constant within a millionth of a number: 0.7978845608 is √(2/π) up to 3.6e-11."""
    try:
        literal = float(value)
    except OverflowError:
        return None
    with ctx.workprec(BITS):
        exact = ratio(value.numerator, value.denominator)
        found = [Likeness(form, abs(float((ball - exact) / ball))) for form, ball in _near(literal)]
    return min(found, key=lambda likeness: likeness.distance, default=None)


def _is_literal(value: Fraction) -> bool:
    """A float that is not a small binary fraction such as 0.5 or 3.25."""
    try:
        return Fraction(float(value)) == value and value.denominator > 2**20
    except OverflowError:
        return False


def _digits(decimal: Fraction) -> int:
    """The significant digits of a decimal fraction."""
    scaled = decimal
    while scaled.denominator != 1:
        scaled *= 10
    return len(str(abs(scaled.numerator)).rstrip("0"))


def _near(literal: float) -> Iterator[tuple[Term, arb]]:
    """The entries of the table within a millionth of the number, simplest first."""
    size = abs(literal)
    for form, ball, approximate in _table():
        if abs(size - approximate) <= NEAR * approximate:
            yield (form, ball) if literal > 0 else (apply("neg", form), -ball)


@cache
def _table() -> tuple[tuple[Term, arb, float], ...]:
    """Positive closed forms with their intervals: each constant, then its multiples by small fractions."""
    constants = _constants()
    program = compile_balls(constants, ())
    rows: dict[float, tuple[Term, arb, float]] = {}
    with ctx.workprec(BITS):
        balls = program()
        for factor in _factors():
            for form, ball in zip(constants, balls, strict=True):
                value = ball * ratio(factor.numerator, factor.denominator)
                rows.setdefault(float(value), (_scaled(form, factor), value, float(value)))
    return tuple(rows.values())


def _constants() -> tuple[Term, ...]:
    """π, e, logarithms and roots, and their reciprocals, as they are written."""
    two, three, five, one = map(constant, (2, 3, 5, 1))
    roots = [apply("sqrt", n) for n in (two, three, five, PI, two * PI, PI / 2, 2 / PI)]
    logs = [apply("log", n) for n in (two, three, constant(10), PI, two * PI)]
    plain = [PI, apply("exp", one), apply("exp", constant(Fraction(1, 2))), PI * PI]
    bases = [*plain, *roots, *logs]
    return (*bases, *(1 / base for base in bases))


def _factors() -> tuple[Fraction, ...]:
    whole = [Fraction(n) for n in (1, 2, 3, 4, 6, 8, 10, 180)]
    broken = [Fraction(2, 3), Fraction(3, 2), Fraction(3, 4), Fraction(4, 3)]
    return (*whole, *(1 / n for n in whole[1:]), *broken)


def _scaled(form: Term, factor: Fraction) -> Term:
    """p/q of the form, in its usual notation: 2/√π, not 2·(1/√π)."""
    if factor == 1:
        return form
    above = form
    if form.op == "div" and form.args[0] is constant(1):
        above = apply("div", constant(factor.numerator), form.args[1])
    elif factor.numerator != 1:
        above = apply("mul", constant(factor.numerator), form)
    return above if factor.denominator == 1 else apply("div", above, constant(factor.denominator))
