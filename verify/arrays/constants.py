"""The exact number that a float constant of a program means: 0.1 is 1/10, and 0.7978845608028654 is √(2/π).

A float is a binary fraction, and modulo a prime a rule with 0.3333333333333333 for 1/3 is wrong at once.  What the
prover recognises in a formula (`verify.proof.recognise_constants`) is recognised here too, and more, since nobody
chose these constants for their looks: quotients and roots of them within two units in the last place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from flint import arb, ctx

from backproof.verify.arithmetics.balls import ratio
from backproof.verify.proof.recognise_constants import PUBLISHED, closed_form, likeness
from backproof.verify.terms.notation.plain import UNICODE
from backproof.verify.terms.term import PI, Term, apply, constant

DIGITS = 12
"""Significant digits of a deliberate decimal; one with more is a rounded number."""

MOST = 100_000
"""The largest numerator and denominator that are recognised."""

NEAR = 2
"""How many units in the last place a float may be off: what a program computed from constants has a few roundings."""

_SHORT = 1 << 20  # the largest denominator of a binary fraction that is meant as it is
_BITS = 120


class Exact(NamedTuple):
    """A number as a term without symbols, and its text for a report: "" where the float itself is meant."""

    term: Term
    text: str


@lru_cache(maxsize=1 << 14)
def exact(value: float) -> Exact:
    """What a finite float means: the first of these that fits, or the binary fraction that it is.

    | meant                                                               | how near                        |
    |---------------------------------------------------------------------|---------------------------------|
    | an integer below 2**53, a binary fraction with a small denominator, |                                 |
    | a power of 2                                                        | equal                           |
    | a decimal of at most `DIGITS` digits                                | the float nearest to it         |
    | a decimal published to more digits than a float has                 | the float nearest to it         |
    | π, e, roots, logarithms and multiples of them, which have names     | within `NEAR` units             |
    | p/q, p/q·π, p/q/π, and roots of these, p and q at most `MOST`       | within `NEAR` units             |

    Raises ValueError for inf and nan, which are no numbers.
    """
    if not math.isfinite(value):
        raise ValueError(f"{value} is no number")
    binary = Fraction(value)
    if (binary.denominator <= _SHORT and abs(value) < 2.0**53) or abs(math.frexp(value)[0]) == 0.5:
        return Exact(constant(binary), "")
    decimal = Fraction(repr(value))
    if _digits(value) <= DIGITS:
        return Exact(constant(decimal), "" if decimal == binary else f"the decimal {value!r}")
    readings: tuple[Callable[[], Term | None], ...] = (
        lambda: closed_form(binary),
        lambda: _named(value, binary),
        lambda: next(_simple(value), None),
    )
    form = next((form for reading in readings if (form := reading()) is not None), None)
    return Exact(constant(binary), "") if form is None else Exact(form, _text(form))


_FAR = 2.0**53  # a quotient from which on it is none of small numbers


def _digits(value: float) -> int:
    """The significant digits of the shortest decimal that is read as this float."""
    return len(repr(abs(value)).split("e")[0].replace(".", "").strip("0"))


def _named(value: float, binary: Fraction) -> Term | None:
    like = likeness(binary)
    return like.form if like is not None and like.distance * abs(value) <= NEAR * math.ulp(value) else None


def _simple(value: float) -> Iterator[Term]:
    """p/q, times π and 1/π, and the square roots of these, that are as near as it needs, in this order."""
    size = abs(value)
    with ctx.workprec(_BITS):
        pi = arb.pi()
        for root in (False, True):
            for factor, op in ((arb(1), ""), (pi, "mul"), (1 / pi, "div")):
                quotient = (size * size if root else size) / float(factor)
                fraction = Fraction(quotient).limit_denominator(MOST) if quotient < _FAR else Fraction(0)
                if not 0 < fraction.numerator <= MOST:
                    continue
                ball = ratio(fraction.numerator, fraction.denominator) * factor
                if abs((ball.sqrt() if root else ball) - arb(size)) <= NEAR * math.ulp(size):
                    form = _times_pi(fraction, op)
                    form = apply("sqrt", form) if root else form
                    yield form if value > 0 else constant(-fraction) if form.op == "const" else apply("neg", form)


def _times_pi(fraction: Fraction, op: str) -> Term:
    """p/q, pπ/q or p/(qπ), as one writes them."""
    above, below = constant(fraction.numerator), constant(fraction.denominator)
    if op == "mul":
        above = PI if fraction.numerator == 1 else apply("mul", above, PI)
    if op == "div":
        below = PI if fraction.denominator == 1 else apply("mul", below, PI)
    return constant(fraction) if not op else above if below is constant(1) else apply("div", above, below)


def _text(form: Term) -> str:
    for name, decimal in PUBLISHED.items():
        if form.op == "const" and abs(form.value) == decimal:
            return name
    return UNICODE(form)
