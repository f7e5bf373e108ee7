"""The checker's own arithmetic: quotients of polynomials with Fractions for coefficients, as dictionaries."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

Monomial = tuple[tuple[int, int], ...]  # (generator, exponent), sorted
Poly = dict[Monomial, Fraction]
ONE: Poly = {(): Fraction(1)}
MOST_TERMS = 20_000


class Wrong(Exception):
    """The certificate does not hold."""


def add(p: Poly, q: Poly, c: Fraction | int = 1) -> Poly:
    """p + c·q."""
    result = dict(p)
    for m, a in q.items():
        result[m] = result.get(m, Fraction(0)) + c * a
    return {m: a for m, a in result.items() if a}


def mul(p: Poly, q: Poly) -> Poly:
    """p·q."""
    result: Poly = {}
    for m, a in p.items():
        for n, b in q.items():
            exponents = dict(m)
            for g, k in n:
                exponents[g] = exponents.get(g, 0) + k
            key = tuple(sorted(exponents.items()))
            result[key] = result.get(key, Fraction(0)) + a * b
    if len(result) > MOST_TERMS:
        raise Wrong("the identity is too large to check")
    return {m: a for m, a in result.items() if a}


class Q:
    """A quotient of polynomials, not always in lowest terms."""

    def __init__(self, num: Poly | Fraction | int, den: Poly = ONE) -> None:
        self.num: Poly = num if isinstance(num, dict) else {(): Fraction(num)} if num else {}
        self.den = den

    def __add__(self, other: Q) -> Q:
        if self.den == other.den:
            return Q(add(self.num, other.num), self.den)
        return Q(add(mul(self.num, other.den), mul(other.num, self.den)), mul(self.den, other.den))

    def __neg__(self) -> Q:
        return Q({m: -c for m, c in self.num.items()}, self.den)

    def __sub__(self, other: Q) -> Q:
        return self + -other

    def __mul__(self, other: Q) -> Q:
        return Q(mul(self.num, other.num), mul(self.den, other.den))

    def __truediv__(self, other: Q) -> Q:
        if not other.num:
            raise Wrong("a division by 0")
        return Q(mul(self.num, other.den), mul(self.den, other.num))

    def __pow__(self, n: int) -> Q:
        result = Q(1)
        for _ in range(abs(n)):
            result = result * self
        return result if n >= 0 else Q(1) / result


def poly(data: Any) -> Poly:
    """A polynomial from its terms: [coefficient, [[generator, exponent], ...]]."""
    return {tuple((int(g), int(k)) for g, k in m): Fraction(c) for c, m in data}


def quotient(data: Any) -> Q:
    """A quotient from its two polynomials."""
    return Q(poly(data[0]), poly(data[1]))


def gen(i: int, n: int = 1) -> Q:
    """A power of generator i."""
    return Q({((i, n),): Fraction(1)})


def with_power(m: Monomial, i: int, k: int) -> Monomial:
    """The monomial, its exponent of generator i replaced."""
    return tuple(sorted((h, n) for h, n in {**dict(m), i: k}.items() if n))
