"""The generators of a field in ball arithmetic: at a point, or over a box."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flint import arb

from backproof.verify.proof.field import algebra
from backproof.verify.proof.field.algebra import Element, Polynomial
from backproof.verify.proof.field.differential_field import Field, Generator

FUNCTIONS: dict[str, Callable[[Generator, Any], Any]] = {  # and those of `special`
    "sqrt_pi": lambda g, a: arb.pi().sqrt(),
    "exp": lambda g, a: a.exp(),
    "log": lambda g, a: abs(a).log(),
    "root": lambda g, a: a.root(g.order),
    "sin": lambda g, a: a.sin(),
    "cos": lambda g, a: a.cos(),
    "erf": lambda g, a: a.erf(),
    "atan": lambda g, a: a.atan(),
}


class Values:
    """The generators of a field where its symbols are these intervals, evaluated on use."""

    def __init__(self, field: Field, point: Mapping[str, Any]) -> None:
        self.field = field
        self.point = point
        self._known: dict[int, Any] = {}

    def generator(self, i: int) -> Any:
        found = self._known.get(i)
        if found is None:
            g = self.field.generators[i]
            symbol = g.kind == "symbol"
            found = self.point[g.term.value] if symbol else FUNCTIONS[g.kind](g, self.element(g.argument))
            self._known[i] = found
        return found

    def polynomial(self, p: Polynomial) -> Any:
        found = algebra.indices(p)
        total = arb(0)
        for exponents, c in zip(p.monoms(), p.coeffs(), strict=True):
            part = arb(c)
            for i in found:
                if exponents[i]:
                    part = part * self.generator(i) ** int(exponents[i])
            total = total + part
        return total

    def element(self, u: Element) -> Any:
        above = self.polynomial(u.num)
        return above if u.den.is_one() else above / self.polynomial(u.den)
