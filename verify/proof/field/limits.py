"""Limits: an element of a cell's field at the boundary of the cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from typing import Any

from backproof.verify.proof.field import algebra, functions
from backproof.verify.proof.field import special_functions as special
from backproof.verify.proof.field.algebra import (
    CONSTANT_ONE,
    CONSTANT_ZERO,
    GENS,
    Element,
    NoValue,
    Polynomial,
    quotient,
)
from backproof.verify.proof.field.differential_field import Field, Generator
from backproof.verify.proof.field.interpret import BY_SPEC, by_row
from backproof.verify.proof.field.signs import known_sign, require_nonzero, sign

MOST_ROUNDS = 6


class Unclear(Exception):
    """A limit that no rule here determines."""


class _Logarithm(Unclear):
    """A logarithm whose argument tends to 0."""

    def __init__(self, g: Generator) -> None:
        super().__init__(f"the limit of {g.term!r}")
        self.g = g


class Infinite(Exception):
    """A limit that is not finite.

    leading: an element of the target whose sign is that of the infinity; None where the sign is not known
    """

    def __init__(self, leading: Element | None = None) -> None:
        super().__init__("an infinite limit")
        self.leading = leading


class Transfer:
    """Maps elements of one field to another, where some symbols are bound to elements of that field.

    Every generator maps to the same function of the image of its argument.
    """

    def __init__(self, source: Field, target: Field, images: dict[str, Element]) -> None:
        self.source = source
        self.target = target
        self.images = images
        self._known: dict[int, Element] = {}

    def polynomial(self, p: Polynomial) -> Element:
        """The image of ``p``; raises Unclear where a generator of it has no limit."""
        if p.is_one():
            return CONSTANT_ONE
        found = algebra.indices(p)
        result = CONSTANT_ZERO
        for exponents, c in zip(p.monoms(), p.coeffs(), strict=True):
            part = Element(algebra.RING.constant(c))
            for i in found:
                if exponents[i]:
                    part = part * self.generator(i) ** int(exponents[i])
            result = result + part
        return self.target.reduced(result)

    def generator(self, i: int) -> Element:
        found = self._known.get(i)
        if found is None:
            found = self._known[i] = self._generator(self.source.generators[i])
        return found

    def _generator(self, g: Generator) -> Element:
        if g.kind == "symbol":
            found = self.images.get(g.term.value)
            return self.target.symbol(g.term.value) if found is None else found
        if g.kind == "sqrt_pi":
            return self.target.sqrt_pi()
        argument = rooted(self.source, g.argument)
        top, bottom = self.polynomial(argument.num), self.polynomial(argument.den)
        if g.kind == "atan" and top and not bottom:
            return self._right_angle(argument, top)
        if bottom and not top and g.kind == "log":
            raise _Logarithm(g)
        if not bottom:
            raise Unclear(f"the limit of {g.term!r}")
        require_nonzero(self.target, bottom)
        try:
            return _FUNCTIONS[g.kind](self.target, g, top / bottom)
        except (special.Poles, NoValue) as problem:
            raise Unclear(f"the limit of {g.term!r}: {problem}") from None

    def _right_angle(self, argument: Element, top: Element) -> Element:
        """±π/2, the limit of atan where its argument is unbounded."""
        below = known_sign(self.source, Element(argument.den))
        if below is None:
            raise Unclear("the side from which an angle of π/2 is reached")
        half = Fraction(sign(self.target, top) * below, 2)
        return (self.target.sqrt_pi() ** 2).scaled(half)

    def limit(self, u: Element, variable: str | None) -> Element:
        """The limit of ``u``; 0/0 by l'Hôpital's rule in ``variable``, if one is given.

        Raises Infinite or Unclear.
        """
        for _ in range(MOST_ROUNDS):
            u = rooted(self.source, self.source.canonical(u))
            try:
                top, bottom = self.polynomial(u.num), self.polynomial(u.den)
            except _Logarithm as problem:
                return self._beside(problem.g, u)
            if not bottom and not top:
                u, top, bottom = self._in_roots(u)
            if bottom:
                require_nonzero(self.target, bottom)
                return top / bottom
            if top:
                require_nonzero(self.target, top)
                raise Infinite(self._over(top, u.den))
            if variable is None:
                break
            above = self.source.derivative(Element(u.num), variable)
            u = self.source.reduced(above / self.source.derivative(Element(u.den), variable))
        raise Unclear("a limit of the form 0/0")

    def _in_roots(self, u: Element) -> tuple[Element, Element, Element]:
        """A quotient 0/0 in lower terms, if it has any, and its two images: 1 + x/√x is (√x + x)/x, or (1 + √x)/√x."""
        for finer in (*self._with_roots_below(u), *(finer for _, finer in self._by_roots(u))):
            top, bottom = self.polynomial(finer.num), self.polynomial(finer.den)
            if top or bottom:
                return finer, top, bottom
        return u, CONSTANT_ZERO, CONSTANT_ZERO

    def _with_roots_below(self, u: Element) -> Iterator[Element]:
        """The same quotient with a root that tends to 0 below: √(x·y)/x is y/√(x·y)."""
        for i in algebra.indices(u.num):
            g = self.source.generators[i]
            for power in range(1, g.order if g.kind == "root" and not self.generator(i) else 1):
                factor = GENS[i] ** power
                yield quotient(self.source.reduced_polynomial(algebra.product(u.num, factor)), u.den * factor)

    def _by_roots(self, u: Element) -> Iterator[tuple[Generator, Element]]:
        """Each root that tends to 0, and the element with a symbol under it written as a power of it.

        R = (c·v + d)**(1/n) says that the symbol v is (R**n - d)/c.
        """
        for g in [g for g in self.source.generators.values() if g.kind == "root" and not self.generator(g.index)]:
            p = g.argument.num
            for i in algebra.indices(p):
                lead = p.derivative(i)
                if self.source.generators[i].kind != "symbol" or not lead.is_constant():
                    continue
                substitution = list(GENS)
                substitution[i] = GENS[i] - (p - GENS[g.index] ** g.order) / lead.leading_coefficient()
                below = u.den.compose(*substitution)
                if below:
                    yield g, quotient(u.num.compose(*substitution), below)

    def finite_part(self, u: Element) -> Element | None:
        """What is left of an infinite limit without its one infinite term: 1 of 1 + 1/√x, and -1 of -log x - 1.

        None where that is not known.
        """
        u = rooted(self.source, self.source.canonical(u))
        with suppress(Unclear, Infinite):
            try:
                self.polynomial(u.num)
            except _Logarithm as problem:
                return self.limit(quotient(_coefficients(u.num, problem.g.index)[0], u.den), None)
            for g, finer in self._by_roots(u):
                for power in range(1, g.order):  # a symbol under the root is its power of g.order, and beyond
                    times = finer * Element(GENS[g.index] ** power)
                    if self.polynomial(times.den):
                        return self.limit(_coefficient(times, g.index, power), None)
        return None

    def _over(self, top: Element, bottom: Polynomial) -> Element | None:
        """An element of the sign of top/bottom near the boundary, where the bottom tends to 0; None if not known."""
        s = known_sign(self.source, Element(bottom))
        if s:
            return top.scaled(s)
        content, found = self.source.factors(self.source.reduced_polynomial(bottom))
        result = top if content > 0 else -top
        for f in (f for f, multiplicity in found if multiplicity % 2):
            image = self.polynomial(f)
            s = 1 if image else known_sign(self.source, Element(f))
            if not s:
                return None
            result = (result * image if image else result).scaled(s)
        return result

    def _beside(self, g: Generator, u: Element) -> Element:
        """The limit of ``u`` with the logarithm L of a p that tends to 0: p·L**k and √p·L**k tend to 0 with it.

        Raises Infinite or Unclear.
        """
        bottom, (first, *others) = self.polynomial(u.den), _coefficients(u.num, g.index)
        try:
            rest = self.limit(Element(first), None)
        except Infinite:
            raise Unclear(f"the limit of {g.term!r} beside another infinite term") from None
        of_p = (r for r in self.source.generators.values() if r.kind == "root" and r.argument == g.argument)
        small = (g.argument.num, *(GENS[r.index] for r in of_p))
        left = [
            (power, self.polynomial(factor))
            for power, factor in enumerate(others, 1)
            if not any(self._vanishes(factor, p) for p in small)
        ]
        for _, value in left:
            if not value:
                raise Unclear(f"the limit of {g.term!r} times a term that tends to 0")
            require_nonzero(self.target, value)
        if left:  # the highest power of L dominates, all its factors being finite, and L tends to -∞
            power, value = left[-1]
            raise Infinite(self._over(value.scaled((-1) ** power), u.den))
        if not bottom:
            raise Unclear(f"the limit of {g.term!r} over a term that tends to 0")
        require_nonzero(self.target, bottom)
        return rest / bottom

    def _vanishes(self, factor: Polynomial, p: Polynomial) -> bool:
        """Whether the factor is p times an element with a limit."""
        whole, rest = divmod(factor, p)
        if rest:
            return False
        self.polynomial(whole)
        return True


def _coefficient(u: Element, i: int, power: int) -> Element:
    """The coefficient of a power in the Taylor series of a quotient by one generator, as if no other depended on it."""
    for k in range(1, power + 1):
        above = u.num.derivative(i) * u.den - u.num * u.den.derivative(i)
        u = quotient(above / k, u.den * u.den)
    return u


def _coefficients(p: Polynomial, i: int) -> list[Polynomial]:
    """The coefficients of a polynomial by the powers of one generator, from 0 on."""
    found: list[dict[tuple[int, ...], Any]] = [{} for _ in range(int(p.degrees()[i]) + 1)]
    for m, c in p.to_dict().items():
        found[m[i]][tuple(0 if k == i else n for k, n in enumerate(m))] = c
    return [algebra.RING.from_dict(part) for part in found]


def rooted(field: Field, u: Element) -> Element:
    """``u`` with a radicand that divides its denominator written as a power of its root: R/R**2 for R/p.

    Where p tends to 0 this cancels a factor that l'Hôpital's rule would keep.
    """
    for g in field.generators.values():
        if g.kind != "root" or g.argument.num.is_constant():
            continue
        rest, power = u.den, 0
        while not rest.is_constant():
            whole, remainder = divmod(rest, g.argument.num)
            if remainder:
                break
            rest, power = whole, power + g.order
        if power:
            u = quotient(u.num, rest * GENS[g.index] ** power)
    return u


def _root(field: Field, g: Generator, inner: Element) -> Element:
    return functions.power(field, inner, Fraction(1, g.order))


_FUNCTIONS: dict[str, Callable[[Field, Generator, Element], Element]] = {
    "exp": lambda field, g, u: functions.exp(field, u),
    "log": lambda field, g, u: functions.log(field, u),
    "root": _root,
    "sin": lambda field, g, u: functions.sine_cosine(field, u)[0],
    "cos": lambda field, g, u: functions.sine_cosine(field, u)[1],
    "erf": lambda field, g, u: functions.erf(field, u),
    "atan": lambda field, g, u: functions.atan(field, u),
    **special.AGAIN,
    **dict.fromkeys(BY_SPEC, lambda field, g, u: by_row(field, g.kind, u)),
}


# ------------------------------------------------------------------------------------------- convex hulls


def solve(field: Field, rows: list[list[Element]]) -> list[Element] | None:
    """The one solution of linear equations given as augmented rows; None if there is not just one."""
    unknowns = len(rows[0]) - 1
    for column in range(unknowns):
        pivot = next((r for r in range(column, len(rows)) if not field.is_zero(rows[r][column])), None)
        if pivot is None:
            return None
        rows[column], rows[pivot] = rows[pivot], rows[column]
        lead = rows[column][column]
        require_nonzero(field, lead)
        rows[column] = [a / lead for a in rows[column]]
        for r in range(len(rows)):
            if r != column and rows[r][column]:
                share = rows[r][column]
                rows[r] = [
                    field.reduced(a - share * b) for a, b in zip(rows[r], rows[column], strict=True)
                ]
    if any(not field.is_zero(row[-1]) for row in rows[unknowns:]):
        return None
    return [row[-1] for row in rows[:unknowns]]


def barycentric(
    field: Field, point: tuple[Element, ...], kinks: list[tuple[Element, ...]]
) -> list[Element] | None:
    """The weights of the kinks whose mean is ``point``; None if there is not just one choice of them."""
    rows = [[kink[k] for kink in kinks] + [point[k]] for k in range(len(point))]
    rows.append([CONSTANT_ONE] * (len(kinks) + 1))
    if len(kinks) > len(rows):
        return None
    return solve(field, rows)
