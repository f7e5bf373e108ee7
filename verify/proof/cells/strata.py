"""Boundaries as sets: where a term vanishes, solved for symbols, and which cells touch there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from backproof.verify.proof.cell import Cell, Split
from backproof.verify.proof.field import algebra
from backproof.verify.proof.field.algebra import GENS, Element, Polynomial
from backproof.verify.proof.field.differential_field import Field, Restart
from backproof.verify.proof.field.interpret import Interpreter, Undefined
from backproof.verify.terms.term import Term, apply, constant, substitute, symbol, symbols_of

Binding = tuple[tuple[str, Term], ...]


@dataclass(frozen=True)
class Stratum:
    """A piece of a boundary: the symbols bound on it, and a cell of the symbols that stay free."""

    where: Binding
    cell: Cell

    def bound(self, more: Binding) -> Stratum:
        """The smaller piece where also ``more`` holds."""
        replacement = {symbol(name): value for name, value in more}
        old = tuple((name, substitute((value,), replacement)[0]) for name, value in self.where)
        more = tuple((name, _simplified(value)) for name, value in more)
        old = tuple((name, _simplified(value)) for name, value in old)
        names = [name for name, _ in more]
        box = tuple(side for side in self.cell.box if side[0] not in names)
        signs = tuple((substitute((term,), replacement)[0], s) for term, s in self.cell.signs)
        return Stratum(tuple(sorted((*old, *more))), Cell(box, signs))


def _simplified(value: Term) -> Term:
    """A rational number as one constant, anything else unchanged."""
    if not value.args or symbols_of(value):
        return value
    try:
        c = Interpreter(Field(Cell(())), trusting=True).element(value).constant()
    except (Split, Undefined, Restart):
        return value
    return value if c is None else constant(c)


def faces(cell: Cell) -> Iterator[tuple[Term, int]]:
    """The terms that have a sign on the cell, and the sign: its box, then the given signs."""
    for name, lo, hi in cell.box:
        if lo is not None:
            yield apply("sub", symbol(name), constant(lo)), 1
        if hi is not None:
            yield apply("sub", symbol(name), constant(hi)), -1
    yield from cell.signs


def ends(cell: Cell) -> Iterator[Binding]:
    """The bounds of the cell's box, as bindings of one symbol."""
    for name, lo, hi in cell.box:
        for end in (lo, hi):
            if end is not None:
                yield ((name, constant(end)),)


def zeros(field: Field, u: Element) -> list[Binding] | None:
    """Where ``u`` is 0, as bindings of symbols; None where that cannot be solved."""
    result: list[Binding] = []
    for f, _ in field.factors(field.reduced_polynomial(u.num))[1]:
        found = _zeros_of_factor(field, f)
        if found is None:
            return None
        result += found
    return result


def _zeros_of_factor(field: Field, f: Polynomial) -> list[Binding] | None:
    linear = _solutions(field, f, 1)
    if linear is not None:
        return linear
    found = algebra.indices(f)
    if len(found) == 1:
        return _zeros_in_one(field, f, found[0])
    if _is_sum_of_squares(field, f):
        origin = ((field.generators[i].term.value, constant(0)) for i in found)
        return [tuple(sorted(origin))]
    return _solutions(field, f, 2)


def _solutions(field: Field, f: Polynomial, degree: int) -> list[Binding] | None:
    """f = a·v + b, or a·v² + b·v + c, with a rational a and no v in the rest: solved for v."""
    for i in algebra.indices(f):
        g = field.generators[i]
        if g.kind != "symbol" or f.degrees()[i] != degree:
            continue
        if any(depends(field, j, g.term.value) for j in algebra.indices(f) if j != i):
            continue
        lead = f.derivative(i) if degree == 1 else f.derivative(i).derivative(i) / 2
        if not lead.is_constant():
            continue
        monic = f / lead.leading_coefficient()
        if degree == 1:
            return [((g.term.value, field.term(Element(GENS[i] - monic))),)]
        half = (monic.derivative(i) - 2 * GENS[i]) / 2  # monic = (v + half)² - (half² - rest)
        square = (GENS[i] + half) ** 2 - monic
        root = apply("sqrt", field.term(Element(square)))
        signed = (apply("neg", root), root)
        if not half:
            return [((g.term.value, r),) for r in signed]
        return [((g.term.value, apply("sub", r, field.term(Element(half)))),) for r in signed]
    return None


def depends(field: Field, i: int, name: str) -> bool:
    """Whether a generator is a function of a symbol."""
    g = field.generators[i]
    if g.kind == "symbol":
        return bool(g.term.value == name)
    return any(depends(field, j, name) for j in g.argument.indices())


def _zeros_in_one(field: Field, f: Polynomial, i: int) -> list[Binding] | None:
    """The zeros of a polynomial in one generator, up to degree 2."""
    g = field.generators[i]
    coefficients = algebra.univariate(f, i)
    if len(coefficients) == 2:
        return _inverse(field, g.kind, g.argument, g.order, -coefficients[0] / coefficients[1])
    if len(coefficients) == 3 and g.kind == "symbol":
        c, b, a = coefficients
        return [] if b * b < 4 * a * c else _solutions(field, f, 2)
    return None


def _inverse(field: Field, kind: str, argument: Element, order: int, value: Fraction) -> list[Binding] | None:
    """Where a function of ``argument`` takes a rational value."""
    if kind == "exp":
        if value <= 0:
            return []
        if value == 1:
            return zeros(field, argument)
        return _equal(field, argument, apply("log", constant(value)))
    if kind == "root":
        return [] if value < 0 else zeros(field, argument - algebra.number(value**order))
    if value == 0 and kind in ("gamma", "bessel_k"):
        return []  # these have no zeros
    if value == 0 and kind in ("erf", "atan", "erfinv"):
        return zeros(field, argument)
    if value == 0 and kind == "log":
        both = [zeros(field, argument - algebra.number(c)) for c in (1, -1)]
        return None if None in both else [b for part in both if part for b in part]
    return None


def _equal(field: Field, u: Element, value: Term) -> list[Binding] | None:
    """Where ``u``, which must be c·x + d, is ``value``."""
    linear = field.linear(u)
    if linear is None:
        return None
    name, c, d = linear
    shifted = apply("sub", value, constant(d)) if d else value
    solution = apply("div", shifted, constant(c)) if c != 1 else shifted
    return [((name, solution),)]


def _is_sum_of_squares(field: Field, f: Polynomial) -> bool:
    """Whether f is a sum of positive multiples of even powers of single symbols."""
    return all(field.generators[i].kind == "symbol" for i in algebra.indices(f)) and all(
        c > 0 and sum(map(bool, m)) == 1 and all(n % 2 == 0 for n in m)
        for m, c in zip(f.monoms(), f.coeffs(), strict=True)
    )
