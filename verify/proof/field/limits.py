"""Limits: an element of a cell's field at the boundary of the cell."""

from __future__ import annotations

from collections.abc import Callable
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
    """A limit that is not finite."""


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
            if bottom:
                require_nonzero(self.target, bottom)
                return top / bottom
            if top:
                require_nonzero(self.target, top)
                raise Infinite
            if variable is None:
                break
            above = self.source.derivative(Element(u.num), variable)
            u = self.source.reduced(above / self.source.derivative(Element(u.den), variable))
        raise Unclear("a limit of the form 0/0")


    def _beside(self, g: Generator, u: Element) -> Element:
        """The limit of ``u`` with the logarithm L of a p that tends to 0: p·L**k and √p·L**k tend to 0 with it.

        Raises Infinite or Unclear.
        """
        bottom, (first, *others) = self.polynomial(u.den), _coefficients(u.num, g.index)
        if not bottom:
            raise Unclear(f"the limit of {g.term!r} over a term that tends to 0")
        require_nonzero(self.target, bottom)
        result = self.polynomial(first) / bottom
        of_p = (r for r in self.source.generators.values() if r.kind == "root" and r.argument == g.argument)
        small = (g.argument.num, *(GENS[r.index] for r in of_p))
        left = [self.polynomial(factor) for factor in others if not any(self._vanishes(factor, p) for p in small)]
        for value in left:
            if not value:
                raise Unclear(f"the limit of {g.term!r} times a term that tends to 0")
            require_nonzero(self.target, value)
        if left:
            raise Infinite  # the highest power of L dominates, all its factors being finite
        return result

    def _vanishes(self, factor: Polynomial, p: Polynomial) -> bool:
        """Whether the factor is p times an element with a limit."""
        whole, rest = divmod(factor, p)
        if rest:
            return False
        self.polynomial(whole)
        return True


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
