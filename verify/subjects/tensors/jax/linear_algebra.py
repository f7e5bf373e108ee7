"""Triangular systems and the factors of matrices.

The factors are written with inverses of leading blocks, entries of the operand, and not one step after the other: the
j-th row and column of L·U, and of L·Lᵀ, are those of the Schur complement A[j:, j:] - A[j:, :j]·A[:j, :j]**-1·A[:j, j:]
(Golub and Van Loan, Matrix Computations, section 3.2).  So no entry is a fraction of fractions of fractions.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from backproof.verify.arrays.program import Node, Program
from backproof.verify.arrays.traced import Unread
from backproof.verify.subjects.tensors.jax.moves import arranged
from backproof.verify.subjects.tensors.jax.step import Step

MOST_ROWS = 32
"""Of a matrix whose factors are written down."""


def triangular_solve(step: Step) -> Node:
    """A**-1·B, or B·A**-1, where of A one triangle is meant."""
    p, (a, b), given = step.program, step.nodes, step.parameters
    rows = np.arange(a.size).reshape(a.shape)
    meant = (np.tril if given["lower"] else np.triu)(np.ones(a.shape[-2:], bool), 0)
    numbers = np.where(meant, rows, -1)
    if given["unit_diagonal"]:
        numbers = np.where(np.eye(a.shape[-1], dtype=bool), a.size, numbers)
    inverse = p.inverse(arranged(p, [a, p.number(1)], numbers))
    inverse = p.transpose(inverse) if given["transpose_a"] else inverse
    return p.dot(inverse, b) if given["left_side"] else p.dot(b, inverse)


def cholesky(step: Step) -> Node:
    """L of L·Lᵀ, of the lower triangle."""
    return _root(step, _lower_mirrored(step.program, step.nodes[0]))


def _root(step: Step, a: Node) -> Node:
    p = step.program
    columns = []
    for j in range(_size(step, a)):
        column = _column_left(p, a, j)
        columns.append(p.multiply(column, p.power(_part(p, column, slice(0, 1), slice(None)), Fraction(-1, 2))))
    return _assembled(p, a, [], columns)


def qr(step: Step) -> list[Node]:
    """Q and R of a matrix of full rank: R is the root of Aᵀ·A, with the signs that its rows have here; Q is A·R**-1."""
    p, a = step.program, step.nodes[0]
    rows, columns = a.shape[-2:]
    if step.parameters.get("pivoting") or rows < columns or (step.parameters["full_matrices"] and rows != columns):
        raise Unread("a factor Q of more columns than the matrix has, or with pivots")
    upper = p.transpose(_root(step, p.dot(p.transpose(a), a)))
    signs = np.sign(np.diagonal(step.results[1], axis1=-2, axis2=-1))[..., None]
    upper = p.multiply(upper, p.constant(np.broadcast_to(signs, upper.shape)))
    return [p.dot(a, p.inverse(upper)), upper]


def lu(step: Step) -> Node:
    """L below the diagonal and U above, of the rows in the order that the pivots chose here."""
    p, a = step.program, step.nodes[0]
    order = np.asarray(step.results[2])
    rows = np.arange(a.size).reshape(a.shape)
    a = arranged(p, [a], np.take_along_axis(rows, order[..., None], -2))
    step.path.decided("a pivot")
    across, down = [], []
    for j in range(_size(step, a)):
        column = _column_left(p, a, j)
        pivot = _part(p, column, slice(0, 1), slice(None))
        down.append(p.divide(_part(p, column, slice(1, None), slice(None)), pivot))
        across.append(_row_left(p, a, j))
    return _assembled(p, a, across, down)


def _size(step: Step, a: Node) -> int:
    size = min(a.shape[-2:])
    if size > MOST_ROWS:
        raise Unread(f"{step.name} of {size} rows: at most {MOST_ROWS} are written down")
    return size


def _part(p: Program, a: Node, rows: slice, columns: slice) -> Node:
    return arranged(p, [a], np.arange(a.size).reshape(a.shape)[..., rows, columns])


def _column_left(p: Program, a: Node, j: int) -> Node:
    """The first column of the Schur complement of the leading block of j rows."""
    column = _part(p, a, slice(j, None), slice(j, j + 1))
    if not j:
        return column
    first = p.dot(p.inverse(_part(p, a, slice(j), slice(j))), _part(p, a, slice(j), slice(j, j + 1)))
    return p.subtract(column, p.dot(_part(p, a, slice(j, None), slice(j)), first))


def _row_left(p: Program, a: Node, j: int) -> Node:
    """Its first row."""
    return p.transpose(_column_left(p, p.transpose(a), j))


def _lower_mirrored(p: Program, a: Node) -> Node:
    numbers = np.arange(a.size).reshape(a.shape)
    lower = np.tril(np.ones(a.shape[-2:], bool))
    return arranged(p, [a], np.where(lower, numbers, np.swapaxes(numbers, -1, -2)))


def _assembled(p: Program, a: Node, across: list[Node], down: list[Node]) -> Node:
    """A matrix of rows that end at its right edge, and columns that end at its lower; 0 elsewhere."""
    numbers = np.full(a.shape, -1)
    height, start = a.shape[-2], 0
    for parts, placed in ((down, False), (across, True)):
        for j, part in enumerate(parts):
            into = (..., j, slice(j, None)) if placed else (..., slice(height - part.shape[-2], None), j)
            numbers[into] = start + np.arange(part.size).reshape(numbers[into].shape)
            start += part.size
    return arranged(p, [*down, *across], numbers)
