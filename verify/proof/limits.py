"""Limits: an element of a cell's field, followed to the boundary of the cell."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from verify.proof import algebra, functions, special
from verify.proof.algebra import CONSTANT_ONE, CONSTANT_ZERO, GENS, Element, NoValue, Polynomial, quotient
from verify.proof.field import Field, Generator
from verify.proof.signs import known_sign, require_nonzero, sign

MOST_ROUNDS = 6


class Unclear(Exception):
    """A limit that no rule here tells."""


class Infinite(Exception):
    """A limit that is not finite."""


class Transfer:
    """Reads elements of one field in another, where some symbols are bound to elements of that field.

    Every generator goes to the same function of what its argument goes to.
    """

    def __init__(self, source: Field, target: Field, images: dict[str, Element]) -> None:
        self.source = source
        self.target = target
        self.images = images
        self._known: dict[int, Element] = {}

    def polynomial(self, p: Polynomial) -> Element:
        """What ``p`` goes to; raises Unclear where a generator of it has no limit."""
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
        if not bottom or (g.kind == "log" and not top):
            raise Unclear(f"the limit of {g.term!r}")
        require_nonzero(self.target, bottom)
        try:
            return _FUNCTIONS[g.kind](self.target, g, top / bottom)
        except (special.Poles, NoValue) as problem:
            raise Unclear(f"the limit of {g.term!r}: {problem}") from None

    def _right_angle(self, argument: Element, top: Element) -> Element:
        """±π/2, the limit of atan where its argument grows without bound."""
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
            top, bottom = self.polynomial(u.num), self.polynomial(u.den)
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


def rooted(field: Field, u: Element) -> Element:
    """``u`` with a radicand that divides its denominator written as a power of its root: R/R**2 for R/p.

    Where p goes to 0 this cancels what l'Hôpital's rule would only carry along.
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
    field: Field, point: tuple[Element, ...], corners: list[tuple[Element, ...]]
) -> list[Element] | None:
    """The weights of the corners whose mean is ``point``; None if there is not just one choice of them."""
    rows = [[corner[k] for corner in corners] + [point[k]] for k in range(len(point))]
    rows.append([CONSTANT_ONE] * (len(corners) + 1))
    if len(corners) > len(rows):
        return None
    return solve(field, rows)
