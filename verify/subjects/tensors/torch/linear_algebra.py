"""Inverses, determinants, solutions and factors of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.verify.arrays.program import Node
from backproof.verify.arrays.traced import Unread
from backproof.verify.subjects.tensors.torch.call import Call, Readings
from backproof.verify.subjects.tensors.torch.matrices import cut, factors, order_of, ordered, root, triangle
from backproof.verify.subjects.tensors.torch.storages import floats_of

Outputs = list[Node | None]


def _inverse(call: Call, a: Any, *, check_errors: bool = False) -> Outputs:
    return [call.program.inverse(call.node(a)), None]


def _determinant(call: Call, a: Any) -> Outputs:
    return [call.program.determinant(call.node(a)), _lu_of_determinant(call, a), None]


def _lu_of_determinant(call: Call, a: Any) -> Node:
    """PyTorch takes the factors of aᵀ where that saves a copy, since LAPACK wants columns."""
    return _lu(call, a.mT if a.is_contiguous() else a, call.outputs[-1])


def _log_determinant(call: Call, a: Any) -> Outputs:
    """The sign, which the point decides, and log |det a|."""
    p, sign = call.program, call.program.constant(floats_of(call.outputs[0]))
    found = p.determinant(call.node(a))
    call.record.decided("the sign of a determinant", found)
    return [sign, p.function("log", p.multiply(sign, found)), _lu_of_determinant(call, a), None]


# ------------------------------------------------------------------------------------------------------- solutions


def _solved(call: Call, a: Node, b: Any, left: bool = True) -> Node:
    """X of a·X = b, or of X·a = b; b may be one vector for each matrix."""
    p, right = call.program, call.node(b)
    inverse = p.inverse(a)
    if left and right.shape == a.shape[:-1]:
        return p.reshape(p.dot(inverse, p.reshape(right, (*right.shape, 1))), right.shape)
    return p.dot(inverse, right) if left else p.dot(right, inverse)


def _solution(call: Call, a: Any, b: Any, *, left: bool = True, check_errors: bool = False) -> Outputs:
    return [_solved(call, call.node(a), b, left), _lu(call, a, call.outputs[2]), None, None]


def _solution_by_factors(call: Call, lu: Any, pivots: Any, b: Any, *, left: bool = True, adjoint: bool = False) -> Node:
    """Of the matrix that has these factors, or of its transpose."""
    p, found = call.program, call.node(lu)
    a = call.record.factored.get(found.index)
    if a is None:
        product = p.dot(triangle(p, found, upper=False, unit=True), triangle(p, found, upper=True))
        a = ordered(p, product, np.argsort(order_of(pivots, lu.shape[-1]), axis=-1))
    return _solved(call, p.transpose(a) if adjoint else a, b, left)


def _triangular(
    call: Call, a: Any, b: Any, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Node:
    return _solved(call, triangle(call.program, call.node(a), upper=upper, unit=unitriangular), b, left)


def _triangular_of_old(
    call: Call, b: Any, a: Any, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> Outputs:
    p, node = call.program, call.node(a)
    matrix = triangle(p, node, upper=upper, unit=unitriangular)
    return [_solved(call, p.transpose(matrix) if transpose else matrix, b), node]


def _symmetric(call: Call, factor: Any, upper: bool) -> Node:
    """L·Lᵀ, or Uᵀ·U."""
    p = call.program
    found = triangle(p, call.node(factor), upper=upper)
    return p.dot(p.transpose(found), found) if upper else p.dot(found, p.transpose(found))


# --------------------------------------------------------------------------------------------------------- factors


def _lu(call: Call, a: Any, pivots: Any) -> Node:
    """L and U in one array, of the rows as the point orders them."""
    found = factors(call.program, ordered(call.program, call.node(a), order_of(pivots, a.shape[-2])))
    call.record.decisions += 1
    if a.shape[-1] == a.shape[-2]:
        call.record.factored[found.index] = call.node(a)
    return found


def _lu_factor(call: Call, a: Any, *, pivot: bool = True, check_errors: bool = False) -> Outputs:
    return [_lu(call, a, call.outputs[1]), None, None]


def _unpacked(call: Call, lu: Any, pivots: Any, unpack_data: bool = True, unpack_pivots: bool = True) -> Outputs:
    """The permutation, L with ones on its diagonal, and U."""
    p, found, rank = call.program, call.node(lu), min(lu.shape[-2:])
    order = p.constant(floats_of(call.outputs[0])) if unpack_pivots else None
    if not unpack_data:
        return [order, None, None]
    return [order, *_triangles(call, found, rank)]


def _triangles(call: Call, found: Node, rank: int) -> Outputs:
    p = call.program
    lower = triangle(p, cut(p, found, slice(None), slice(rank)), upper=False, unit=True)
    return [lower, triangle(p, cut(p, found, slice(rank), slice(None)), upper=True)]


def _permuted_factors(call: Call, a: Any, *, pivot: bool = True) -> Outputs:
    """The same, and L of the rows as the permutation orders them."""
    p, node, rank = call.program, call.node(a), min(a.shape[-2:])
    permutation = call.outputs[0].detach()
    rows = permutation.argmax(-2).numpy() if pivot else np.arange(a.shape[-2])
    found = factors(p, ordered(p, node, np.broadcast_to(rows, (*a.shape[:-2], a.shape[-2]))))
    call.record.decisions += 1
    return [p.constant(floats_of(permutation)), *_triangles(call, found, rank)]


def _cholesky(call: Call, a: Any, *, upper: bool = False, check_errors: bool = False) -> Outputs:
    p, node = call.program, call.node(a)
    found = root(p, p.transpose(node) if upper else node)
    return [p.transpose(found) if upper else found, None]


def _qr(call: Call, a: Any, mode: str = "reduced") -> Outputs:
    """R is the root of aᵀ·a, with the signs of the point, and Q is a·R**-1; of a wide matrix, its first columns' Q."""
    p, node, rank = call.program, call.node(a), min(a.shape[-2:])
    if mode != "reduced" and a.shape[-2] > rank:
        raise Unread(f"mode={mode!r} for a matrix with more rows than columns")
    tall = cut(p, node, slice(None), slice(rank))
    signs = np.sign(np.diagonal(floats_of(call.outputs[1]), axis1=-2, axis2=-1))
    gram = p.transpose(root(p, p.dot(p.transpose(tall), tall)))
    square = p.multiply(p.constant(signs[..., None]), gram)
    q = p.dot(tall, p.inverse(square))
    call.record.decisions += 1
    return [q, square if a.shape[-1] == rank else p.dot(p.transpose(q), node)]


READINGS: Readings = {
    "_linalg_det": _determinant,
    "_linalg_slogdet": _log_determinant,
    "_linalg_solve_ex": _solution,
    "cholesky_inverse": lambda call, factor, upper=False: call.program.inverse(_symmetric(call, factor, upper)),
    "cholesky_solve": lambda call, b, factor, upper=False: _solved(call, _symmetric(call, factor, upper), b),
    "linalg_cholesky_ex": _cholesky,
    "linalg_inv_ex": _inverse,
    "linalg_lu": _permuted_factors,
    "linalg_lu_factor_ex": _lu_factor,
    "linalg_lu_solve": _solution_by_factors,
    "linalg_qr": _qr,
    "linalg_solve_triangular": _triangular,
    "lu_unpack": _unpacked,
    "triangular_solve": _triangular_of_old,
}
