"""Rows whose mathematics are terms: what a user's definition becomes, with the places where it switches as corners.

The slopes are the terms' own derivative (verify/trace/derive.py).  Wherever the definition compares two numbers, or
takes an absolute value, a maximum or a minimum, its slopes may differ on the two sides: every such place is a
corner, declared or not, and is judged there; one that turns out smooth has one slope, which is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from verify.mirror import Corner, Row
from verify.trace.derive import derivative
from verify.trace.term import COMPARISONS, TRUE, Condition, Term, apply, symbols_of, topological

_SWITCHES = {*COMPARISONS, "maximum", "minimum"}


@dataclass(frozen=True)
class FormulaCorner(Corner):
    """A corner at the zeros of terms."""

    @property
    def places(self) -> tuple[Fraction, ...]:
        """Where a linear term in one variable is 0; other corners are nowhere in particular."""
        found = (root(e) for e in self.at if len(set(symbols_of(e))) == 1)
        return tuple(place for place in found if place is not None)


@dataclass(frozen=True)
class FormulaRow(Row):
    """A row in terms: ``form`` is one, ``domain`` a condition, ``operands`` the names of its inputs."""

    @cached_property
    def slopes(self) -> tuple[Any, ...]:
        """The partial derivatives, as people write them."""
        return tuple(derivative(self.form, name, plain=True) for name in self.inputs)

    @cached_property
    def stable_slopes(self) -> tuple[Any, ...]:
        """The partial derivatives, as balls follow them."""
        return tuple(derivative(self.form, name) for name in self.inputs)


def formula_row(
    name: str,
    definition: Term,
    inputs: Sequence[str],
    domain: Condition = TRUE,
    corners: Sequence[Corner] = (),
) -> FormulaRow:
    """The row of a definition; ``corners`` beside those where it visibly switches."""
    declared = {corner.at for corner in corners}
    found = (FormulaCorner((e,), ()) for e in switches(definition))
    everywhere: Any = domain if domain is not TRUE else True
    return FormulaRow(
        name,
        definition,
        everywhere,
        (*corners, *(corner for corner in found if corner.at not in declared)),
        operands=tuple(inputs),
    )


def switches(definition: Term) -> Iterator[Term]:
    """Where it may bend: every a - b of two numbers that are compared, and every |a|; each once."""
    seen: set[Term] = set()
    for node in topological(definition):
        if node.op in _SWITCHES:
            a, b = node.args
            switch = a if b.op == "const" and b.value == 0 else apply("sub", a, b)
        elif node.op == "abs":
            switch = node.args[0]
        else:
            continue
        if switch not in seen and symbols_of(switch):
            seen.add(switch)
            yield switch


def root(e: Term) -> Fraction | None:
    """Where a linear term in one variable is 0; None for any other."""
    line = _line(e)
    return -line[1] / line[0] if line is not None and line[0] else None


def _line(e: Term) -> tuple[Fraction, Fraction] | None:
    """(a, b) for the term a·v + b; None where it is no such thing."""
    if e.op == "const":
        return Fraction(0), e.value
    if e.op == "symbol":
        return Fraction(1), Fraction(0)
    if e.op not in ("add", "sub", "mul", "div", "neg"):
        return None
    parts = [_line(a) for a in e.args]
    if None in parts:
        return None
    (a, b), *others = (part for part in parts if part is not None)
    if e.op == "neg":
        return -a, -b
    ((c, d),) = others
    match e.op:
        case "add":
            return a + c, b + d
        case "sub":
            return a - c, b - d
        case "mul" if a == 0 or c == 0:
            return a * d + b * c, b * d
        case "div" if c == 0 and d != 0:
            return a / d, b / d
    return None
