"""A differential field: quotients of polynomials in generators whose derivatives lie in the field again.

A generator is a symbol, √π, or a function of earlier generators:

    kind   generator        derivative          relation
    exp    E = e**a         E·a'                -
    log    L = log|p|       p'/p                -
    root   R = p**(1/n)     R·p'/(n·p)          R**n = p
    sin    s = sin a        c·a'                -
    cos    c = cos a        -s·a'               c² = 1 - s²
    erf    F = erf a        2/√π·e**(-a²)·a'    -
    atan   A = atan a       a'/(1 + a²)         -

Every relation is a true identity on the cell, so a difference that reduces to 0 is 0: that generators may
depend on each other in ways that are not written down makes the test incomplete, never unsound.
The scheme is Risch's elementary extension (Bronstein, "Symbolic Integration I", chapter 3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from backproof.verify.proof.cell import Cell
from backproof.verify.proof.field import algebra
from backproof.verify.proof.field.algebra import (
    CONSTANT_ONE,
    CONSTANT_ZERO,
    GENS,
    STOCK,
    Element,
    Known,
    Polynomial,
    TooHard,
    generator,
    number,
    quotient,
)
from backproof.verify.terms.term import PI, Term, apply, constant, symbol


class Restart(Exception):
    """A generator must have a finer grain (exp(x/2) for exp(x), √√x for √x): begin again, with this hint."""

    def __init__(self, name: str, grain: Fraction) -> None:
        super().__init__(f"{name} at grain {grain}")
        self.name = name
        self.grain = grain


@dataclass(frozen=True)
class Generator:
    """One generator: its kind, the element it is a function of, and its term.

    order: n of a root p**(1/n), else 1
    parameters: of a special function those before its operand
    partner: of a sine the cosine and the other way round, else -1
    """

    index: int
    kind: str
    argument: Element
    term: Term
    order: int = 1
    partner: int = -1
    parameters: tuple[Fraction, ...] = ()


class Field:
    """The generators in use on one cell, and the facts known there.

    hints: grains found necessary by an earlier attempt, by the generator's name
    """

    def __init__(self, cell: Cell, hints: Mapping[str, Fraction] | None = None) -> None:
        self.cell = cell
        self.hints: dict[str, Fraction] = dict(hints or {})
        self.generators: dict[int, Generator] = {}
        self.grains: dict[str, Fraction] = {}
        self.signs: Known[int] = Known()
        self.given: list[tuple[Polynomial, int]] = []
        self.regular: list[Element] = []  # arguments that are nowhere 0, -1, -2, ...: no poles of the gamma function
        self._factored: Known[tuple[Fraction, list[tuple[Polynomial, int]]]] = Known()
        self._of_kind: dict[str, list[Generator]] = {}
        self._related: list[int] = []
        self._partials: dict[tuple[int, str], Element] = {}

    # -------------------------------------------------------------------------------------- generators

    def deal(
        self,
        kind: str,
        argument: Element,
        term: Callable[[], Term],
        order: int = 1,
        parameters: tuple[Fraction, ...] = (),
    ) -> Generator:
        """This function of the argument, created on first use; raises TooHard when no generators are left."""
        for g in self._of_kind.get(kind, ()):
            if g.order == order and g.parameters == parameters and g.argument == argument:
                return g
        index = self._next()
        return self._dealt(Generator(index, kind, argument, term(), order, parameters=parameters))

    def deal_pair(self, argument: Element) -> tuple[Generator, Generator]:
        """The sine and the cosine of one angle."""
        for g in self._of_kind.get("sin", ()):
            if g.argument == argument:
                return g, self.generators[g.partner]
        index = self._next()
        cosine = index - 1
        if cosine < 0:
            raise TooHard("too many different functions in one identity")
        angle = self.term(argument)
        return (
            self._dealt(Generator(index, "sin", argument, apply("sin", angle), 1, cosine)),
            self._dealt(Generator(cosine, "cos", argument, apply("cos", angle), 1, index)),
        )

    def _next(self) -> int:
        index = STOCK - 1 - len(self.generators)
        if index < 0:
            raise TooHard(f"more than {STOCK} different functions in one identity")
        return index

    def _dealt(self, g: Generator) -> Generator:
        self.generators[g.index] = g
        self._of_kind.setdefault(g.kind, []).append(g)
        if g.kind in ("root", "cos"):
            self._related.append(g.index)
        return g

    def symbol(self, name: str) -> Element:
        """The symbol as an element."""
        for g in self._of_kind.get("symbol", ()):
            if g.term.value == name:
                return generator(g.index)
        return generator(self._dealt(Generator(self._next(), "symbol", CONSTANT_ZERO, symbol(name))).index)

    def sqrt_pi(self) -> Element:
        """√π, a constant that is transcendental: a free generator (π is its square)."""
        return generator(self.deal("sqrt_pi", CONSTANT_ZERO, lambda: apply("sqrt", PI)).index)

    # -------------------------------------------------------------------------------------- derivation

    def derivative(self, u: Element, name: str) -> Element:
        """d u/d name."""
        top = self._poly_derivative(u.num, name)
        if u.den.is_one():
            return top
        bottom = self._poly_derivative(u.den, name)
        if not bottom:
            return top / Element(u.den)
        return (top * Element(u.den) - Element(u.num) * bottom) / Element(u.den * u.den)

    def _poly_derivative(self, p: Polynomial, name: str) -> Element:
        result = CONSTANT_ZERO
        for i in algebra.indices(p):
            partial = self.partial(i, name)
            if partial:
                result = result + Element(p.derivative(i)) * partial
        return result

    def partial(self, i: int, name: str) -> Element:
        """The derivative of one generator."""
        found = self._partials.get((i, name))
        if found is None:
            found = self._partials[i, name] = self._partial(self.generators[i], name)
        return found

    def _partial(self, g: Generator, name: str) -> Element:
        if g.kind == "symbol":
            return CONSTANT_ONE if g.term.value == name else CONSTANT_ZERO
        inner = self.derivative(g.argument, name)
        return DERIVATIVES[g.kind](self, g, inner) if inner else CONSTANT_ZERO

    # --------------------------------------------------------------------------------------- relations

    def relation(self, g: Generator) -> tuple[int, Polynomial] | None:
        """(n, p) for g**n = p, or None."""
        if g.kind == "root":
            return g.order, g.argument.num
        if g.kind == "cos":
            return 2, 1 - GENS[g.partner] ** 2
        return None

    def reduced_polynomial(self, p: Polynomial) -> Polynomial:
        """``p`` with every power of a generator that a relation lowers, lowered; latest generators first."""
        for index in reversed(self._related):
            order, base = self.relation(self.generators[index]) or (1, algebra.ZERO)
            if p and p.degrees()[index] >= order:
                p = algebra.remainder(p, GENS[index] ** order - base)
        return p

    def reduced(self, u: Element) -> Element:
        """``u`` with its numerator and denominator reduced; raises ZeroDivisionError for a hidden 0 below."""
        num, den = self.reduced_polynomial(u.num), self.reduced_polynomial(u.den)
        return quotient(num, den) if num is not u.num or den is not u.den else u

    def is_zero(self, u: Element) -> bool:
        """Whether ``u`` reduces to 0: then it is 0 wherever its denominator is not."""
        num = self.reduced_polynomial(u.num)
        return not num or any(not lower(self, num) for lower in LOWERED)

    def linear(self, u: Element) -> tuple[str, Fraction, Fraction] | None:
        """(x, c, d) for c·x + d with one symbol x and rational numbers; None for anything else."""
        found = u.indices()
        if len(found) != 1 or not u.den.is_one() or self.generators[found[0]].kind != "symbol":
            return None
        coefficients = algebra.univariate(u.num, found[0])
        if len(coefficients) != 2:
            return None
        return self.generators[found[0]].term.value, coefficients[1], coefficients[0]

    def canonical(self, u: Element) -> Element:
        """``u`` reduced, with no square root (nor cosine) left in the denominator.

        Two arguments that are equal by the relations come out as the same pair.
        """
        u = self.reduced(u)
        if u.den.is_constant():
            return u
        for index in reversed(self.generators):
            g = self.generators[index]
            relation = self.relation(g)
            if relation is not None and u.den.degrees()[index] > 0:
                partner = _conjugate(u.den, index, relation)
                if partner is None:
                    continue
                den = self.reduced_polynomial(algebra.product(u.den, partner))
                if den:  # it is 0 where the partner is, which generators may hide
                    u = quotient(self.reduced_polynomial(algebra.product(u.num, partner)), den)
        return u

    def factors(self, p: Polynomial) -> tuple[Fraction, list[tuple[Polynomial, int]]]:
        """`algebra.factors`, remembered."""
        found = self._factored.get(p)
        if found is None:
            found = self._factored[p] = algebra.factors(p)
        return found

    def fine_factors(self, p: Polynomial) -> tuple[Fraction, list[tuple[Polynomial, int]]]:
        """The factors of ``p`` where √x and x both occur in one: x + 2·√x + 1 is (√x + 1)²."""
        content, found = self.factors(p)
        result = []
        for f, multiplicity in found:
            finer = self._in_roots(f)
            if finer is None:
                result.append((f, multiplicity))
                continue
            c, parts = self.factors(finer)
            content = content * c**multiplicity
            result += [(self.reduced_polynomial(part), m * multiplicity) for part, m in parts]
        return content, result

    def _in_roots(self, f: Polynomial) -> Polynomial | None:
        """``f`` with the symbol under one of its roots written as a power of that root."""
        degrees = f.degrees()
        for g in self.generators.values():
            if g.kind == "root" and degrees[g.index] > 0:
                inside = algebra.indices(g.argument.num)
                if len(inside) == 1 and g.argument.num == GENS[inside[0]] and degrees[inside[0]] > 0:
                    substitution = list(GENS)
                    substitution[inside[0]] = GENS[g.index] ** g.order
                    return f.compose(*substitution)
        return None

    # ------------------------------------------------------------------------------------------- terms

    def term(self, u: Element) -> Term:
        """``u`` as a term, for reports, for the refuter, and to name a boundary."""
        num = self._poly_term(u.num)
        return num if u.den.is_one() else apply("div", num, self._poly_term(u.den))

    def _poly_term(self, p: Polynomial) -> Term:
        result: Term | None = None
        for exponents, c in zip(p.monoms(), p.coeffs(), strict=True):
            coefficient = algebra.fraction(c)
            part = self._monomial_term(exponents, abs(coefficient))
            if result is None:
                result = part if coefficient > 0 else apply("neg", part)
            else:
                result = apply("add" if coefficient > 0 else "sub", result, part)
        return constant(0) if result is None else result

    def _monomial_term(self, exponents: tuple[int, ...], coefficient: Fraction) -> Term:
        parts: list[Term] = []
        for index in algebra.occurring(exponents):
            base, n = self.generators[index].term, int(exponents[index])
            parts.append(base if n == 1 else apply("pow", base, constant(n)))
        if coefficient != 1 or not parts:
            parts.insert(0, constant(coefficient))
        result = parts[0]
        for part in parts[1:]:
            result = apply("mul", result, part)
        return result


def _conjugate(den: Polynomial, index: int, relation: tuple[int, Polynomial]) -> Polynomial | None:
    """The factor that removes the generator from ``den``; None where no simple factor does it."""
    order = relation[0]
    degrees = {int(m[index]) for m in den.monoms()}
    if len(degrees) == 1:
        return GENS[index] ** (order - degrees.pop())
    if order != 2:
        return None
    signed = {m: -c if m[index] % 2 else c for m, c in den.to_dict().items()}
    return algebra.RING.from_dict(signed)


LOWERED: list[Callable[[Field, Polynomial], Polynomial]] = []
"""Further relations, which divide by something and so are for the test for zero only: see `special`."""

# The derivative of a generator, given that of its argument.  erf's needs the exponential: see `functions`, `special`.
DERIVATIVES: dict[str, Callable[[Field, Generator, Element], Element]] = {
    "exp": lambda _, g, inner: generator(g.index) * inner,
    "log": lambda _, g, inner: inner / g.argument,
    "root": lambda _, g, inner: generator(g.index) * inner / g.argument.scaled(g.order),
    "sin": lambda _, g, inner: generator(g.partner) * inner,
    "cos": lambda _, g, inner: -generator(g.partner) * inner,
    "atan": lambda _, g, inner: inner / (number(1) + g.argument * g.argument),
}
