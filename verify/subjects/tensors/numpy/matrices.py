"""Functions of matrices: by inverses and determinants; triangular factors entry by entry."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.verify.subjects.tensors.numpy.arrays import as_traced, constant, node_of, the_tape, value_of, wrapped
from backproof.verify.subjects.tensors.numpy.registry import reads

LARGEST_FACTORED = 16
"""Rows of a matrix that is factored entry by entry."""


@reads("linalg.inv")
def _inv(a: Any) -> Any:
    return wrapped(a.tape, np.linalg.inv(a.value), a.tape.program.inverse(a.node))


@reads("linalg.solve")
def _solve(a: Any, b: Any) -> Any:
    tape = the_tape(a, b)
    value = np.linalg.solve(value_of(a), value_of(b))
    right = node_of(tape, b)
    right = tape.program.reshape(right, (*right.shape, 1)) if len(right.shape) == 1 else right
    found = tape.program.dot(tape.program.inverse(node_of(tape, a)), right)
    return wrapped(tape, value, tape.program.reshape(found, np.shape(value)))


@reads("linalg.det")
def _det(a: Any) -> Any:
    return wrapped(a.tape, np.linalg.det(a.value), a.tape.program.determinant(a.node))


@reads("linalg.slogdet")
def _slogdet(a: Any) -> Any:
    """log|det|; the sign is a choice of the point."""
    value = np.linalg.slogdet(a.value)
    det = np.linalg.det(a)
    sign = np.sign(det)
    return type(value)(sign, wrapped(a.tape, value[1], np.log(det * sign).node))


@reads("linalg.cholesky")
def _cholesky(a: Any, *, upper: bool = False) -> Any:
    """The triangular factor, column by column (Golub and Van Loan, Matrix Computations, section 4.2)."""
    value = np.linalg.cholesky(a.value, upper=upper)
    count = a.shape[-1]
    if count > LARGEST_FACTORED:
        raise a.tape.refuse(f"no reading of numpy.linalg.cholesky of more than {LARGEST_FACTORED} rows")
    a = np.swapaxes(a, -1, -2) if upper else a
    lower = constant(a.tape, np.zeros(a.shape))
    for j in range(count):
        known = np.sum(np.square(lower[..., j, :j]), -1)
        lower[..., j, j] = np.sqrt(a[..., j, j] - known)
        rest = np.sum(lower[..., j + 1 :, :j] * lower[..., j : j + 1, :j], -1)
        lower[..., j + 1 :, j] = (a[..., j + 1 :, j] - rest) / lower[..., j : j + 1, j]
    found = np.swapaxes(lower, -1, -2) if upper else lower
    return wrapped(a.tape, value, found.node)


@reads("linalg.matrix_power")
def _matrix_power(a: Any, n: int) -> Any:
    base = np.linalg.inv(a) if n < 0 else a
    found: Any = np.broadcast_to(np.eye(a.shape[-1]), a.shape)
    for _ in range(abs(n)):
        found = np.matmul(found, base)
    return found if n else constant(a.tape, found)


@reads("linalg.norm")
def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The norms that are sums, maxima and roots of such.  Raises Unread for those of singular values."""
    x = as_traced(the_tape(x), x)
    axes = tuple(range(x.ndim)) if axis is None else tuple(int(k) % x.ndim for k in np.atleast_1d(axis))
    if ord is None or (ord == "fro" and len(axes) == 2):
        found = np.sqrt(np.sum(np.square(x), axis=axes, keepdims=keepdims))
    elif len(axes) == 2:
        found = _of_matrices(x, ord, axes, keepdims)
    else:
        found = _of_vectors(x, ord, axes, keepdims)
    return wrapped(x.tape, np.linalg.norm(x.value, ord, axis, keepdims), found.node)


def _of_vectors(x: Any, ord: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    if not isinstance(ord, (int, float)):
        raise x.tape.refuse(f"no reading of numpy.linalg.norm with ord={ord!r}")
    size = np.abs(x)
    if np.isinf(ord):
        return (np.max if ord > 0 else np.min)(size, axis=axis, keepdims=keepdims)
    if ord == 0:
        return constant(x.tape, np.sum(np.not_equal(x, 0), axis=axis, keepdims=keepdims).astype(float))
    powers = np.square(x) if ord == 2 else np.power(size, ord)
    return np.power(np.sum(powers, axis=axis, keepdims=keepdims), 1 / ord)


def _of_matrices(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    if ord not in (1, -1, np.inf, -np.inf):
        raise x.tape.refuse(f"no reading of numpy.linalg.norm with ord={ord!r}")
    summed, chosen = axes if ord in (1, -1) else axes[::-1]
    sums = np.sum(np.abs(x), axis=summed, keepdims=True)
    found = (np.max if ord > 0 else np.min)(sums, axis=chosen, keepdims=True)
    return found if keepdims else np.squeeze(found, axes)
