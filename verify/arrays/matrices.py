"""Products, inverses and determinants of matrices modulo a prime, for all indices of the axes before at a time."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arrays.residues import PIECE, PrimeField, Residues

MOST_SUMMED = 1 << 16
"""Terms of a product at a time: more, and a sum of products of limbs may not be exact."""


def dot(field: PrimeField, a: Residues, b: Residues) -> Residues:
    """a[..., i, k]·b[..., k, j], the axes before being the same in both.

    Entries are taken apart into limbs of 15 and 16 bits, whose products float64 adds up exactly: each is less than
    2**33.2, a sum of `MOST_SUMMED` of them less than 2**53.  Three products do for four (A. Karatsuba, Yu. Ofman,
    Soviet Physics Doklady 7 (1963)).
    """
    *outside, rows, summed = a.shape
    columns = b.shape[-1]
    small = a.size + b.size + rows * columns * math.prod(outside) <= 4 * PIECE
    by_columns = not outside and not small and abs(a.strides[0]) < abs(a.strides[1])  # so a lies in memory
    together = max(16, 2 * PIECE // rows) if by_columns else MOST_SUMMED
    found = np.zeros((*outside, rows, columns), np.int64)
    if summed > together:
        for k in range(0, summed, together):
            found += dot(field, a[..., k : k + together], b[..., k : k + together, :])
        return field.reduce(found)
    if small:
        return _joined(field, _limbs(a), _limbs(b))
    if outside:
        one = rows * summed + summed * columns + rows * columns  # of the first axis, if that is the only one
        step = max(1, 2 * PIECE // one) if len(outside) == 1 else 1
        for start in range(0, len(a), step):
            places = start if step == 1 else slice(start, start + step)
            found[places] = dot(field, a[places], b[places])
        return found
    right = _limbs(b)
    step = max(16, 2 * PIECE // (summed + columns))
    for start in range(0, rows, step):
        found[start : start + step] = _joined(field, _limbs(a[start : start + step]), right)
    return found


_Limbs = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def _limbs(a: Residues) -> _Limbs:
    """The high and the low limb of each entry, and their sum."""
    high, low = (a >> 16).astype(np.float64), (a & 0xFFFF).astype(np.float64)
    return high, low, high + low


def _joined(field: PrimeField, a: _Limbs, b: _Limbs) -> Residues:
    """high·2**32 + middle·2**16 + low, by Horner's rule, reduced before an int64 overflows."""
    high, low, middle = (x @ y for x, y in zip(a, b, strict=True))
    middle -= high
    middle -= low
    found = high.astype(np.int64)
    for limb in (middle, low):
        found <<= 16
        found += limb.astype(np.int64)
        found = field.reduce(found)
    return found


def inverse(field: PrimeField, a: Residues) -> tuple[Residues, NDArray[np.bool_]]:
    """Of the matrices in the last two axes, by Gauss-Jordan elimination, and which of them have none.

    Raises ValueError for matrices that are not square.
    """
    batch, size = _batch_and_size(a)
    unit = np.broadcast_to(np.eye(size, dtype=np.int64), a.shape)
    rows = np.concatenate([a, unit], -1).reshape(batch, size, 2 * size)
    singular = np.zeros(len(rows), np.bool_)
    for k in range(size):
        singular |= _pivot_row_up(rows, k)[1]
        rows[:, k] = field.multiply(rows[:, k], _spread(_inverses(field, rows[:, k, k]), rows[:, k]))
        factors = rows[:, :, k].copy()
        factors[:, k] = 0
        _subtract_multiples(field, rows, factors, rows[:, k].copy())
    return rows[:, :, size:].reshape(a.shape), singular.reshape(a.shape[:-2])


def determinant(field: PrimeField, a: Residues) -> Residues:
    """Of the matrices in the last two axes, by Gauss's elimination.  Raises ValueError where they are not square."""
    batch, size = _batch_and_size(a)
    rows = np.array(a).reshape(batch, size, size)
    found = np.ones(len(rows), np.int64)
    for k in range(size):
        exchanged, singular = _pivot_row_up(rows, k)
        pivots = np.where(exchanged, field.negative(rows[:, k, k]), rows[:, k, k])
        found = np.where(singular, 0, field.multiply(found, pivots))
        inverses = _inverses(field, rows[:, k, k])
        factors = field.multiply(rows[:, k + 1 :, k], _spread(inverses, rows[:, k + 1 :, k]))
        _subtract_multiples(field, rows[:, k + 1 :, k:], factors, rows[:, k, k:])
    return found.reshape(a.shape[:-2])


def _batch_and_size(a: Residues) -> tuple[int, int]:
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ValueError(f"no square matrices: {a.shape}")
    return math.prod(a.shape[:-2]), a.shape[-1]


def _pivot_row_up(rows: Residues, k: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Exchanges row k with the first one from there on that is not 0 in column k: where that was needed, or in vain."""
    column = rows[:, k:, k]
    first = (column != 0).argmax(1)
    exchanged = first > 0
    if exchanged.any():
        batch = np.flatnonzero(exchanged)
        others = k + first[batch]
        rows[batch, k], rows[batch, others] = rows[batch, others], rows[batch, k]
    return exchanged, rows[:, k, k] == 0


def _inverses(field: PrimeField, pivots: Residues) -> Residues:
    """Of the pivots; 1 for a pivot 0, whose matrix is singular."""
    return field.inverse(np.where(pivots == 0, 1, pivots))


def _spread(numbers: Residues, like: Residues) -> Residues:
    """One number for each matrix, for all entries of an array of two axes."""
    return np.broadcast_to(numbers[:, None], like.shape)


def _subtract_multiples(field: PrimeField, rows: Residues, factors: Residues, row: Residues) -> None:
    """From row i of each matrix the multiple factors[i] of one row, in place."""
    multiples = factors[:, :, None] * row[:, None, :]
    np.subtract(rows, multiples, out=multiples)
    rows[...] = field.reduce(multiples)
