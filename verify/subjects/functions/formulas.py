"""Specs defined by terms: what a user's definition becomes, with the places where it switches as kinks.

The partial derivatives are those of the terms (`derivatives`).  Wherever the definition compares two numbers, or
takes an absolute value, a maximum or a minimum, its derivatives may differ on the two sides: every such place is a
kink, declared or not, and is checked; one that turns out smooth has a single derivative, which is required.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from backproof.verify.mirror.table import Kink, Spec
from backproof.verify.terms.derivatives import derivative
from backproof.verify.terms.ops import COMPARISONS
from backproof.verify.terms.term import TRUE, Condition, Term, apply, constant, symbols_of, topological

_SWITCHES = {*COMPARISONS, "maximum", "minimum"}


@dataclass(frozen=True)
class FormulaKink(Kink):
    """A kink at the zeros of terms."""

    @property
    def places(self) -> tuple[Fraction, ...]:
        """Where a linear term in one variable is 0; other kinks have no known place."""
        found = (root(e) for e in self.at if len(set(symbols_of(e))) == 1)
        return tuple(place for place in found if place is not None)


@dataclass(frozen=True)
class FormulaRow(Spec):
    """A spec in terms: ``form`` is a term, ``domain`` a condition, ``operands`` the names of its inputs.

    held: inputs that do not move: the derivative by them is taken as 0
    """

    held: frozenset[str] = frozenset()

    limits_declared = False

    @cached_property
    def partials(self) -> tuple[Any, ...]:
        """The partial derivatives, in readable form."""
        return tuple(self._by(name, plain=True) for name in self.inputs)

    @cached_property
    def stable_derivatives(self) -> tuple[Any, ...]:
        """The partial derivatives, in the form for interval arithmetic."""
        return tuple(self._by(name) for name in self.inputs)

    def _by(self, name: str, *, plain: bool = False) -> Term:
        return constant(0) if name in self.held else derivative(self.form, name, plain=plain)


def formula_spec(
    name: str,
    definition: Term,
    inputs: Sequence[str],
    domain: Condition = TRUE,
    kinks: Sequence[Kink] = (),
    held: frozenset[str] = frozenset(),
) -> FormulaRow:
    """The spec of a definition; ``kinks`` are added to those where it visibly switches."""
    declared = {kink.at for kink in kinks}
    found = (FormulaKink((e,), ()) for e in switches(definition))
    everywhere: Any = domain if domain is not TRUE else True
    return FormulaRow(
        name,
        definition,
        everywhere,
        (*kinks, *(kink for kink in found if kink.at not in declared)),
        operands=tuple(inputs),
        held=held,
    )


def switches(definition: Term) -> Iterator[Term]:
    """Where it may have a kink: every a - b of two numbers that are compared, and every |a|; each once.

    Not one that is 0 by its form: there is no kink in |x - x|, and no place beside it where a rule could be looked at.
    """
    seen: set[Term] = set()
    for node in topological(definition):
        if node.op in _SWITCHES:
            a, b = node.args
            switch = a if b.op == "const" and b.value == 0 else apply("sub", a, b)
        elif node.op == "abs":
            switch = node.args[0]
        else:
            continue
        if switch not in seen and symbols_of(switch) and not _is_nought(switch):
            seen.add(switch)
            yield switch


def _is_nought(e: Term) -> bool:
    """Whether a term is 0 everywhere by its form."""
    if e.op in ("abs", "neg", "mul"):
        return any(map(_is_nought, e.args))
    if e.op == "sub" and e.args[0] is e.args[1]:
        return True
    line = _line(e) if len(symbols_of(e)) == 1 else None  # which takes every variable for the same
    return line is not None and not any(line)


def root(e: Term) -> Fraction | None:
    """Where a linear term in one variable is 0; None for any other."""
    line = _line(e)
    return -line[1] / line[0] if line is not None and line[0] else None


def _line(e: Term) -> tuple[Fraction, Fraction] | None:
    """(a, b) for the term a·v + b; None if it is not linear."""
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
