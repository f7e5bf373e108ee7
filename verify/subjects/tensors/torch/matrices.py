"""Blocks, triangles and factors of the matrices in the last two axes of a node."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arrays.program import Node, Program
from backproof.verify.arrays.traced import Unread

MOST_ROWS = 64
"""Of a matrix whose factors are written out, a step for each row."""

Indices = NDArray[np.int64]


def numbers_of(a: Node) -> Indices:
    """The numbers of its entries."""
    return np.arange(a.size).reshape(a.shape)


def cut(p: Program, a: Node, rows: slice, columns: slice) -> Node:
    """A block."""
    return p.take([a], numbers_of(a)[..., rows, columns])


def pasted(p: Program, a: Node, blocks: Mapping[tuple[int, int], Node]) -> Node:
    """a, with blocks in the place of its own, by the row and column in which they begin."""
    numbers, operands, count = numbers_of(a), [a], a.size
    for (row, column), block in blocks.items():
        height, width = block.shape[-2:]
        numbers[..., row : row + height, column : column + width] = count + numbers_of(block)
        operands.append(block)
        count += block.size
    return p.take(operands, numbers)


def triangle(p: Program, a: Node, *, upper: bool, unit: bool = False) -> Node:
    """The upper or lower triangle, 0 beyond it; ``unit``: with ones on the diagonal."""
    rows, columns = a.shape[-2:]
    inside = (np.triu if upper else np.tril)(np.ones((rows, columns), bool))
    numbers = np.where(inside, numbers_of(a), -1)
    if not unit:
        return p.take([a], numbers)
    return p.take([a, p.number(1)], np.where(np.eye(rows, columns, dtype=bool), a.size, numbers))


def ordered(p: Program, a: Node, rows: Indices) -> Node:
    """With its rows in another order."""
    return p.take([a], np.take_along_axis(numbers_of(a), rows[..., None], -2))


def order_of(pivots: Any, rows: int) -> Indices:
    """Which row of a matrix comes where, from LAPACK's exchanges of row k with another, counted from 1."""
    exchanges = pivots.numpy().astype(np.int64) - 1
    order = np.broadcast_to(np.arange(rows), (*exchanges.shape[:-1], rows)).copy()
    for k in range(exchanges.shape[-1]):
        other = exchanges[..., k : k + 1]
        here = order[..., k : k + 1].copy()
        order[..., k : k + 1] = np.take_along_axis(order, other, -1)
        np.put_along_axis(order, other, here, -1)
    return order


def factors(p: Program, a: Node) -> Node:
    """L and U of a = L·U in one array, L with ones on its diagonal: Gaussian elimination without pivoting.

    Golub and Van Loan, Matrix Computations, algorithm 3.2.1.  Raises Unread for more than MOST_ROWS rows.
    """
    _refuse_large(a)
    for k in range(min(a.shape[-2] - 1, a.shape[-1])):
        here, after = slice(k, k + 1), slice(k + 1, None)
        left = p.divide(cut(p, a, after, here), cut(p, a, here, here))
        rest = p.subtract(cut(p, a, after, after), p.multiply(left, cut(p, a, here, after)))
        a = pasted(p, a, {(k + 1, k): left, (k + 1, k + 1): rest})
    return a


def root(p: Program, a: Node) -> Node:
    """L of a = L·Lᵀ, from the lower triangle of a alone.

    Golub and Van Loan, Matrix Computations, algorithm 4.2.2.  Raises Unread for more than MOST_ROWS rows.
    """
    _refuse_large(a)
    for k in range(a.shape[-1]):
        here, after = slice(k, k + 1), slice(k + 1, None)
        pivot = p.power(cut(p, a, here, here), Fraction(1, 2))
        left = p.divide(cut(p, a, after, here), pivot)
        rest = p.subtract(cut(p, a, after, after), p.multiply(left, p.transpose(left)))
        a = pasted(p, a, {(k, k): pivot, (k + 1, k): left, (k + 1, k + 1): rest})
    return triangle(p, a, upper=False)


def _refuse_large(a: Node) -> None:
    if a.shape[-2] > MOST_ROWS:
        raise Unread(f"the factors of a matrix of more than {MOST_ROWS} rows")
