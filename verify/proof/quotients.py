"""The checker's own arithmetic: quotients of polynomials with Fractions for coefficients, as dictionaries.

And the signs that are shown of them: by the terms, by the real roots in one generator (Sturm's theorem).
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

Monomial = tuple[tuple[int, int], ...]  # (generator, exponent), sorted
Poly = dict[Monomial, Fraction]
Interval = tuple[Fraction | None, Fraction | None]
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


# ------------------------------------------------------------------------------------------------------- signs


def shown_sign(p: Poly, ranges: dict[int, Interval], facts: list[tuple[Poly, int]]) -> int:
    """The sign of p where generators are in these open intervals and what is given holds; raises Wrong if not shown."""
    for given, sign in facts:
        ratio = p.get(next(iter(given)), Fraction(0)) / next(iter(given.values()))
        if ratio and not add(p, given, -ratio):
            return sign if ratio > 0 else -sign
    sign, p = _without_common(p, ranges)
    found = {g for m in p for g, _ in m}
    if not found:
        return sign if p[()] > 0 else -sign
    if len(found) == 1 and found <= set(ranges):
        return sign * _sign_in_one(p, *ranges[found.pop()])
    for side in (0, 1):  # move one end of every interval to 0
        moved, positive = p, set()
        for i, ends in ranges.items():
            end = ends[side] if ends[side] is not None else ends[1 - side]
            if end is not None and i in found:
                positive.add(i)
                there = Q(end) + (gen(i) if end is ends[0] else -gen(i))
                parts = [Q({with_power(m, i, 0): c}) * there ** dict(m).get(i, 0) for m, c in moved.items()]
                moved = sum(parts, Q(0)).num
        weak = all(n % 2 == 0 or i in positive for m in moved for i, n in m)
        strict = any(all(i in positive for i, _ in m) for m in moved)
        if weak and strict and len({c > 0 for c in moved.values()}) == 1:
            return sign if next(iter(moved.values())) > 0 else -sign
    raise Wrong("a sign that nothing shows")


def _without_common(p: Poly, ranges: dict[int, Interval]) -> tuple[int, Poly]:
    """p without the generators of known sign that stand in every term, and the sign that they give it."""
    sign = 1
    for i, (lo, hi) in ranges.items():
        n = min(dict(m).get(i, 0) for m in p)
        known = 1 if lo is not None and lo >= 0 else -1 if hi is not None and hi <= 0 else 0
        if n and known:
            p, sign = {with_power(m, i, dict(m)[i] - n): c for m, c in p.items()}, sign * known**n
    return sign, p


def _sign_in_one(p: Poly, lo: Fraction | None, hi: Fraction | None) -> int:
    """The sign of a polynomial in one generator that has no root between lo and hi."""
    degrees = {sum(n for _, n in m): c for m, c in p.items()}
    f = [degrees.get(k, Fraction(0)) for k in range(max(degrees) + 1)]
    for end in (lo, hi):
        while end is not None and not _value(f, end):  # a root at an end is not between
            f = _divided(f, [-end, Fraction(1)])[0] if end is lo else [-c for c in _divided(f, [-end, Fraction(1)])[0]]
    chain = [f, [k * c for k, c in enumerate(f)][1:]]
    while len(chain[-1]) > 1 or (chain[-1] and chain[-1][0]):
        rest = [-c for c in _divided(chain[-2], chain[-1])[1]]
        if not rest:
            break
        chain.append(rest)
    if _changes(chain, lo, -1) != _changes(chain, hi, 1):
        raise Wrong("a sign that nothing shows: it changes")
    low = lo if lo is not None else (hi or 0) - Fraction(2)
    high = hi if hi is not None else low + 2
    return 1 if _value(f, (low + high) / 2) > 0 else -1


def _value(f: list[Fraction], x: Fraction) -> Fraction:
    result = Fraction(0)
    for c in reversed(f):
        result = result * x + c
    return result


def _divided(f: list[Fraction], by: list[Fraction]) -> tuple[list[Fraction], list[Fraction]]:
    """Quotient and remainder, constant terms first; no leading zeros."""
    rest, whole = list(f), [Fraction(0)] * max(0, len(f) - len(by) + 1)
    while len(rest) >= len(by):
        c, k = rest[-1] / by[-1], len(rest) - len(by)
        whole[k] = c
        rest = [a - c * by[j - k] if j >= k else a for j, a in enumerate(rest)][:-1]
    while rest and not rest[-1]:
        rest.pop()
    return whole, rest


def _changes(chain: list[list[Fraction]], at: Fraction | None, side: int) -> int:
    """How often the sign changes along the chain, at a point or far out on one side."""
    signs = [_value(f, at) if at is not None else f[-1] * side ** (len(f) - 1) for f in chain if f]
    signs = [s for s in signs if s]
    return sum((a > 0) != (b > 0) for a, b in pairwise(signs))
