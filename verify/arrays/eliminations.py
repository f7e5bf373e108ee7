"""Inverses and determinants of matrices modulo a prime: Gauss's elimination on a whole batch of them at a time."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arrays.residues import PrimeField, Residues


def inverse(field: PrimeField, a: Residues) -> tuple[Residues, NDArray[np.bool_]]:
    """Of the matrices in the last two axes (Gauss-Jordan), and which of them are singular: their inverses mean nothing.

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
    """Of the matrices in the last two axes.  Raises ValueError for matrices that are not square."""
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
