"""The signs of the checker's polynomials: by terms, by facts, or by the roots in one generator (Sturm's theorem)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

from backproof.verify.proof.certificate.quotients import (
    MOST_BITS,
    MOST_POWER,
    Poly,
    Q,
    Steps,
    Wrong,
    add,
    bits,
    divided,
    gen,
    ratio,
    with_power,
)

Interval = tuple[Fraction | None, Fraction | None]
Ranges = Mapping[int, Interval]
Facts = Sequence[tuple[Poly, int]]


def shown_sign(p: Poly, ranges: Ranges, facts: Facts) -> int:
    """The sign of p where generators are in these open intervals and the facts hold; raises Wrong if not shown."""
    if not p:
        raise Wrong("a sign of 0")
    for given, sign in facts:
        if given and (c := ratio(p, given)):
            return sign if c > 0 else -sign
    sign, p = _without_common(p, ranges)
    found = {g for m in p for g, _ in m}
    if not found:
        return sign if p[()] > 0 else -sign
    if len(found) == 1 and found <= set(ranges):
        return sign * _sign_in_one(p, *ranges[found.pop()])
    if strict := _sign_of_terms(p, ranges, strict=True):
        return sign * strict
    for side in (0, 1):  # move one end of every interval to 0
        moved, half = p, dict[int, Interval]()
        for i, ends in ranges.items():
            end = ends[side] if ends[side] is not None else ends[1 - side]
            if end is not None and i in found:
                half[i] = (Fraction(0), None)
                there = Q(end) + (gen(i) if end is ends[0] else -gen(i))
                parts = [Q({with_power(m, i, 0): c}) * there ** dict(m).get(i, 0) for m, c in moved.items()]
                moved = sum(parts, Q(0)).num
        if strict := _sign_of_terms(moved, half, strict=True):
            return sign * strict
    raise Wrong("a sign that is not shown")


def nowhere_opposite(p: Poly, ranges: Ranges) -> int:
    """+1 (-1) if every term of p is nowhere negative (positive); 0 if that is not shown, or p is 0."""
    return _sign_of_terms(p, ranges, strict=False)


def _sign_of_terms(p: Poly, ranges: Ranges, *, strict: bool) -> int:
    """The common sign of the terms, an even power being nowhere negative; 0 if they have none.

    strict: one of them must vanish nowhere
    """
    signs, certain = set(), not strict
    for m, c in p.items():
        s, vanishes = 1 if c > 0 else -1, False
        for i, n in m:
            known = _known(ranges.get(i, (None, None)))
            if not known and n % 2:
                return 0
            vanishes |= not known
            s *= known**n if known else 1
        signs.add(s)
        certain |= not vanishes
    return signs.pop() if len(signs) == 1 and certain else 0


def _known(ends: Interval) -> int:
    """The sign of a generator that lies between these ends; 0 if they do not say."""
    lo, hi = ends
    return 1 if lo is not None and lo >= 0 else -1 if hi is not None and hi <= 0 else 0


def nowhere_zero(p: Poly, ranges: Ranges, facts: Facts, nonzero: Sequence[Poly]) -> None:
    """Raise Wrong unless p is shown to vanish nowhere: after division by what does not vanish, it has a sign."""
    if not p:
        raise Wrong("a division by 0")
    known = [q for q in (*nonzero, *(q for q, s in facts if s)) if any(q)]
    for q in known:
        while (rest := divided(p, q)) is not None:
            p = rest
    if not shown_sign(p, ranges, facts):
        raise Wrong("a division by 0")


def impossible(rows: Sequence[tuple[Poly, int, Fraction]], ranges: Ranges) -> None:
    """Raise Wrong unless the facts (p has this sign) contradict each other, by the multipliers (Farkas).

    A sum of positive multiples of what is above 0 is above 0.  Where the terms of this sum are all shown to be nowhere
    above 0, there is no such point.  A multiple of what is 0 may have either sign, but counts for nothing by itself.
    """
    total: Poly = {}
    for p, sign, by in rows:
        if sign and by <= 0:
            raise Wrong("a multiplier that is not above 0")
        total = add(total, p, by * (sign or 1))
    if not any(sign for _, sign, _ in rows):
        if total and _sign_of_terms(total, ranges, strict=True):
            return
        raise Wrong("equations that are not shown to contradict each other")
    if total and nowhere_opposite(total, ranges) != -1:
        raise Wrong("facts that are not shown to contradict each other")


def _without_common(p: Poly, ranges: Ranges) -> tuple[int, Poly]:
    """p without the generators of known sign that occur in every term, and the sign that they contribute."""
    sign = 1
    for i, ends in ranges.items():
        n, known = min(dict(m).get(i, 0) for m in p), _known(ends)
        if n and known:
            p, sign = {with_power(m, i, dict(m)[i] - n): c for m, c in p.items()}, sign * known**n
    return sign, p


def _sign_in_one(p: Poly, lo: Fraction | None, hi: Fraction | None) -> int:
    """The sign of a polynomial in one generator that has no root between lo and hi."""
    degrees = {sum(n for _, n in m): c for m, c in p.items()}
    if max(degrees) > MOST_POWER:
        raise Wrong(f"a power above {MOST_POWER}")
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
        raise Wrong("a sign that is not shown: it changes")
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
    Steps.spend(len(f) * len(by))
    if any(bits(c) > MOST_BITS for c in by):
        raise Wrong("the numbers are too long to check")
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
