"""The checker's own arithmetic: quotients of polynomials with Fractions for coefficients, as dictionaries.

Every product is counted: a certificate that would take longer than `MOST_STEPS` of them is refused, on a fast machine
as on a slow one.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

Monomial = tuple[tuple[int, int], ...]  # (generator, exponent), sorted
Poly = dict[Monomial, Fraction]
ONE: Poly = {(): Fraction(1)}
MOST_TERMS = 20_000  # of a polynomial
MOST_BITS = 20_000  # of a coefficient
MOST_STEPS = 500_000  # products of two terms, in one certificate: the engine's certificates take 3,000 at most
MOST_POWER = 512


class Wrong(Exception):
    """The certificate does not hold."""


class Steps:
    """The products of two terms since the last certificate began."""

    taken = 0

    @classmethod
    def spend(cls, steps: int) -> None:
        """Count; raises Wrong beyond `MOST_STEPS`."""
        cls.taken += steps
        if cls.taken > MOST_STEPS:
            raise Wrong(f"it takes more than {MOST_STEPS} steps to check")


def add(p: Poly, q: Poly, c: Fraction | int = 1) -> Poly:
    """p + c·q."""
    Steps.spend(len(q))
    result = dict(p)
    for m, a in q.items():
        result[m] = result.get(m, Fraction(0)) + c * a
    return {m: a for m, a in result.items() if a}


def mul(p: Poly, q: Poly) -> Poly:
    """p·q."""
    longest = max((bits(c) for f in (p, q) for c in f.values()), default=0)
    Steps.spend(len(p) * len(q) * (1 + longest // 256))
    result: Poly = {}
    for m, a in p.items():
        for n, b in q.items():
            exponents = dict(m)
            for g, k in n:
                exponents[g] = exponents.get(g, 0) + k
            key = tuple(sorted(exponents.items()))
            result[key] = result.get(key, Fraction(0)) + a * b
    if len(result) > MOST_TERMS or any(bits(a) > MOST_BITS for a in result.values()):
        raise Wrong("the identity is too large to check")
    return {m: a for m, a in result.items() if a}


def bits(a: Fraction) -> int:
    """The length of the longer part of a number."""
    return max(a.numerator.bit_length(), a.denominator.bit_length())


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
        if abs(n) > MOST_POWER:
            raise Wrong(f"a power above {MOST_POWER}")
        result = Q(1)
        for _ in range(abs(n)):
            result = result * self
        return result if n >= 0 else Q(1) / result

    @property
    def whole(self) -> bool:
        """Whether it is a polynomial."""
        return self.den == ONE

    def generators(self) -> list[int]:
        """The generators that occur in it."""
        return sorted({i for p in (self.num, self.den) for m in p for i, _ in m})

    def partial(self, i: int) -> Q:
        """The derivative by generator i."""
        num, den = (_derived(p, i) for p in (self.num, self.den))
        above = Q(num, self.den)
        return above - Q(mul(self.num, den), mul(self.den, self.den)) if den else above


def poly(data: Any) -> Poly:
    """A polynomial from its terms: [coefficient, [[generator, exponent], ...]]."""
    return {tuple((g, k) for g, k in m): Fraction(c) for c, m in data}


def quotient(data: Any) -> Q:
    """A quotient from its two polynomials."""
    return Q(poly(data[0]), poly(data[1]))


def gen(i: int, n: int = 1) -> Q:
    """A power of generator i."""
    return Q({((i, n),): Fraction(1)})


def with_power(m: Monomial, i: int, k: int) -> Monomial:
    """The monomial, its exponent of generator i replaced."""
    return tuple(sorted((h, n) for h, n in {**dict(m), i: k}.items() if n))


def _derived(p: Poly, i: int) -> Poly:
    return {with_power(m, i, n - 1): c * n for m, c in p.items() for h, n in m if h == i}


def lowered(p: Poly, i: int, order: int, base: Poly) -> Poly:
    """p, with generator i to the power ``order`` replaced."""
    result: Poly = {}
    for m, c in p.items():
        times, left = divmod(dict(m).get(i, 0), order)
        result = add(result, mul({with_power(m, i, left): c}, (Q(base) ** times).num))
    return result


def ratio(p: Poly, q: Poly) -> Fraction:
    """The number c with p = c·q; 0 if there is none."""
    first = next(iter(q))
    c = p.get(first, Fraction(0)) / q[first]
    return c if c and not add(p, q, -c) else Fraction(0)


def divided(p: Poly, q: Poly) -> Poly | None:
    """p/q where that is a polynomial; else None.  (The leading terms by total order of the exponents.)"""
    size = 1 + max((g for f in (p, q) for m in f for g, _ in m), default=0)

    def order(m: Monomial) -> tuple[int, ...]:
        exponents = dict(m)
        return tuple(exponents.get(g, 0) for g in range(size))

    lead, result, rest = max(q, key=order), dict[Monomial, Fraction](), p
    while rest:
        Steps.spend(size * (len(rest) + len(q)))
        top = max(rest, key=order)
        above = {g: dict(top).get(g, 0) - dict(lead).get(g, 0) for g, _ in (*top, *lead)}
        if min(above.values(), default=0) < 0:
            return None
        m, c = tuple(sorted((g, k) for g, k in above.items() if k)), rest[top] / q[lead]
        result[m] = c
        rest = add(rest, mul({m: c}, q), -1)
    return result
