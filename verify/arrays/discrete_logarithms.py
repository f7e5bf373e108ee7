"""Discrete logarithms modulo a prime of 31 bits, for whole arrays: what log|a| is in the exponents of a chain."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arrays.residues import PIECE, PrimeField, Residues

MOST = 1 << 14
"""Entries in an array whose logarithms are looked for: less than a second of work."""


def discrete_logarithm(field: PrimeField, squares: Residues) -> Residues:
    """The exponents e with w**e = a, for squares a, by small and giant steps.

    D. Shanks, "Class number, a theory of factorization, and genera", Proc. Symp. Pure Math. 20 (1971); H. Cohen, "A
    Course in Computational Algebraic Number Theory" (1993), section 5.4.1.  With e = i + s·j the small powers w**i,
    i < s, are tabulated, and the a·w**-sj are looked up there; whether the low bits of a number occur in the table is
    asked first.  The table grows with the number of entries.

    Raises ZeroDivisionError for 0, ValueError for what is no square, or for more than `MOST` entries.
    """
    flat = squares.reshape(-1)
    if not flat.all():
        raise ZeroDivisionError("the logarithm of 0")
    if len(flat) > MOST:
        raise ValueError(f"{len(flat)} logarithms at a time, more than {MOST}")
    size = 1 << min(20, 15 + len(flat).bit_length() // 2)
    in_order, order, likely, giant = _tables(field, size)
    found = np.full(len(flat), -1, np.int64)
    together = max(1, 2 * PIECE // max(1, len(flat)))
    for start in range(0, len(giant), together):
        moved = field.reduce(giant[start : start + together, None] * flat)
        step, entry = np.nonzero(likely[moved & (len(likely) - 1)])
        values = moved[step, entry]
        places = np.searchsorted(in_order, values) % len(order)
        hit = in_order[places] == values
        found[entry[hit]] = (order[places[hit]] + (start + step[hit]) * size) % field.order
    if (found < 0).any():
        raise ValueError("the logarithm of a residue that is no square")
    return found.reshape(squares.shape)


_Tables = tuple[Residues, NDArray[np.intp], NDArray[np.bool_], Residues]
_KNOWN: WeakKeyDictionary[PrimeField, dict[int, _Tables]] = WeakKeyDictionary()


def _tables(field: PrimeField, size: int) -> _Tables:
    """The small powers in order, and which exponents those are; low bits that occur in them; the w**-sj."""
    known = _KNOWN.setdefault(field, {})
    if size not in known:
        small = field.powers_of_generator(np.arange(min(size, field.order)))
        order = np.argsort(small)
        likely = np.zeros(16 * size, np.bool_)
        likely[small & (len(likely) - 1)] = True
        giant = field.powers_of_generator(-np.arange(-(-field.order // size)) * size % field.order)
        known[size] = small[order], order, likely, giant
    return known[size]
