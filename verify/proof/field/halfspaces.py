"""Systems of linear inequalities over the rationals: is the intersection of half-spaces empty."""

from __future__ import annotations

from fractions import Fraction

from backproof.verify.proof.cell import NOT_ZERO
from backproof.verify.proof.field import algebra
from backproof.verify.proof.field.algebra import Polynomial
from backproof.verify.proof.field.differential_field import Field
from backproof.verify.support.fuel import charge

MOST_SPECS = 2000


class Empty(Exception):
    """The given signs of a cell contradict each other: there is no such point."""


def refuse_contradictions(field: Field) -> None:
    """Raise Empty if the given linear inequalities have no common solution.

    With a symbol for 1 they require a direction that points into every half-space.
    """
    linear = [
        (p, s) for p, s in field.given
        if s != NOT_ZERO and p.total_degree() == 1
        and all(field.generators[i].kind == "symbol" for i in algebra.indices(p))
    ]
    if len(linear) < 2:
        return
    names = sorted({i for p, _ in linear for i in algebra.indices(p)})
    rows = [[c * s for c in _linear_coefficients(p, names)] for p, s in linear]
    for k, i in enumerate(names):
        lo, hi = field.cell.interval(field.generators[i].term.value)
        for end, s in ((lo, 1), (hi, -1)):
            if end is not None:
                rows.append([Fraction(s * (j == k)) for j in range(len(names))] + [-s * end])
    rows.append([Fraction(0)] * len(names) + [Fraction(1)])
    if not open_directions(rows):
        raise Empty


def _linear_coefficients(p: Polynomial, names: list[int]) -> list[Fraction]:
    """The coefficients of these generators, then the constant one."""
    zero = (0,) * algebra.STOCK
    unit = [tuple(int(j == i) for j in range(algebra.STOCK)) for i in names]
    found = p.to_dict()
    return [algebra.fraction(found[m]) if m in found else Fraction(0) for m in (*unit, zero)]


def open_directions(rows: list[list[Fraction]]) -> bool:
    """Whether some d has row·d > 0 for every row: Fourier and Motzkin's elimination, symbol by symbol."""
    while rows:
        if not rows[0]:
            return False  # requires 0 > 0
        head = [(row[0], row[1:]) for row in rows]
        up = [[a / c for a in rest] for c, rest in head if c > 0]  # d > -rest
        down = [[a / -c for a in rest] for c, rest in head if c < 0]  # d < rest
        flat = [rest for c, rest in head if c == 0]
        charge("half-spaces", len(rows) + len(up) * len(down) * len(rows[0]))
        rows = flat + [[a + b for a, b in zip(u, d, strict=True)] for u in up for d in down]
        if len(rows) > MOST_SPECS:
            return True  # not shown to be empty
    return True
