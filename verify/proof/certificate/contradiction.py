"""Why a region is empty: multipliers with which its linear facts add up to what is not above 0 (Farkas)."""

from __future__ import annotations

from fractions import Fraction

from backproof.verify.proof.certificate.claims import RELATIONS, Reading, Uncertifiable
from backproof.verify.proof.field import algebra

MOST_ROWS = 2000

Row = tuple[list[Fraction], dict[int, Fraction]]


def multipliers(reading: Reading) -> list[list[object]]:
    """[place, multiplier] as `region.Region.is_empty` has them; raises Uncertifiable where there are none."""
    part = reading.part
    if len(reading.facts) < len(part.facts) or not part.facts:  # the last one that was read contradicts the others
        return [[len(reading.facts) - 1, "1"]]
    names = [g.index for g in reading.field.generators.values() if g.kind == "symbol"]
    rows: list[Row] = []
    for place, (u, (_, _, relation)) in enumerate(zip(reading.facts, part.facts, strict=True)):
        if u is None or relation not in RELATIONS or not u.den.is_one() or u.num.total_degree() != 1:
            continue
        if set(u.indices()) <= set(names):
            rows.append(_row([c * RELATIONS[relation] for c in _coefficients(u.num, names)], place))
    place = len(part.facts)
    for k, i in enumerate(names):
        for end, s in zip(part.interval(reading.field.generators[i].term.value), (1, -1), strict=True):
            if end is not None:
                rows.append(_row([*(Fraction(s * (j == k)) for j in range(len(names))), -s * end], place))
                place += 1
    found = _eliminated(rows, len(names))
    if found is None:
        return [[len(reading.facts) - 1, "1"]]
    return [[place, str(by)] for place, by in sorted(found.items())]


def _row(coefficients: list[Fraction], place: int) -> Row:
    return coefficients, {place: Fraction(1)}


def _coefficients(p: algebra.Polynomial, names: list[int]) -> list[Fraction]:
    found = {m: algebra.fraction(c) for m, c in p.to_dict().items()}
    unit = [tuple(int(j == i) for j in range(algebra.STOCK)) for i in names]
    return [found.get(m, Fraction(0)) for m in (*unit, (0,) * algebra.STOCK)]


def _eliminated(rows: list[Row], count: int) -> dict[int, Fraction] | None:
    """The multipliers of a sum that is a constant not above 0: Fourier and Motzkin's elimination."""
    for k in range(count):
        up = [row for row in rows if row[0][k] > 0]
        down = [row for row in rows if row[0][k] < 0]
        rows = [row for row in rows if row[0][k] == 0]
        rows += [_sum(u, -d[0][k], d, u[0][k]) for u in up for d in down]
        if len(rows) > MOST_ROWS:
            raise Uncertifiable("too many facts to show that a part is empty")
    return next((by for coefficients, by in rows if coefficients[-1] <= 0), None)


def _sum(a: Row, times: Fraction, b: Row, by: Fraction) -> Row:
    coefficients = [times * x + by * y for x, y in zip(a[0], b[0], strict=True)]
    places = {*a[1], *b[1]}
    return coefficients, {p: times * a[1].get(p, Fraction(0)) + by * b[1].get(p, Fraction(0)) for p in places}
