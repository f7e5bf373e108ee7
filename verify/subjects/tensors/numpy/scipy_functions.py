"""Functions of SciPy that are no ufuncs, on traced arrays."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from backproof.verify.subjects.tensors.numpy.arrays import as_traced, the_tape, value_of
from backproof.verify.subjects.tensors.numpy.elementwise import of_table
from backproof.verify.subjects.tensors.numpy.moves import EVERY, moved


def _logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False) -> Any:
    tape = the_tape(a, b)
    if return_sign:
        raise tape.refuse("no reading of scipy.special.logsumexp with return_sign")
    largest = np.max(a, axis=axis, keepdims=True)
    parts = np.exp(a - largest) if b is None else b * np.exp(a - largest)
    found = np.log(np.sum(parts, axis=axis, keepdims=True)) + largest
    if keepdims:
        return found
    return np.squeeze(found, axis) if axis is not None else np.reshape(found, ())[()]


def _softmax(x: Any, axis: Any = None) -> Any:
    parts = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return parts / np.sum(parts, axis=axis, keepdims=True)


def _log_softmax(x: Any, axis: Any = None) -> Any:
    centred = x - np.max(x, axis=axis, keepdims=True)
    return centred - np.log(np.sum(np.exp(centred), axis=axis, keepdims=True))


def _polygamma(n: Any, x: Any) -> Any:
    return of_table(the_tape(x), "polygamma", (n, x))


def _inv(a: Any, **how: Any) -> Any:
    return np.linalg.inv(a)


def _det(a: Any, **how: Any) -> Any:
    return np.linalg.det(a)


def _solve(a: Any, b: Any, lower: bool = False, transposed: bool = False, assume_a: Any = None, **how: Any) -> Any:
    if assume_a not in (None, "gen", "general"):
        raise the_tape(a, b).refuse(f"no reading of scipy.linalg.solve with assume_a={assume_a!r}")
    return np.linalg.solve(np.swapaxes(a, -1, -2) if transposed else a, b)


def _cholesky(a: Any, lower: bool = False, **how: Any) -> Any:
    """Of the triangle that it reads, which NumPy's takes the lower of."""
    part = np.tril(a) if lower else np.transpose(np.triu(a))
    whole = part + np.transpose(np.tril(part, -1))
    factor = np.linalg.cholesky(whole)
    return factor if lower else np.transpose(factor)


def _cho_factor(a: Any, lower: bool = False, **how: Any) -> Any:
    return _cholesky(a, lower), lower


def _solve_triangular(
    a: Any, b: Any, trans: Any = 0, lower: bool = False, unit_diagonal: bool = False, **how: Any
) -> Any:
    """Of the other triangle nothing is read."""
    part = np.tril(a) if lower else np.triu(a)
    if unit_diagonal:
        part = np.where(np.eye(np.shape(value_of(a))[-1], dtype=bool), 1.0, part)
    part = as_traced(the_tape(a, b), part)
    return np.linalg.solve(part if trans in (0, "N") else np.swapaxes(part, -1, -2), b)


def _cho_solve(factor: Any, b: Any, **how: Any) -> Any:
    c, lower = factor
    first = _solve_triangular(c, b, 0 if lower else 1, lower)
    return _solve_triangular(c, first, 1 if lower else 0, lower)


def _moving(name: str) -> Callable[..., Any]:
    """A function that places entries in a matrix."""

    def placed(*blocks: Any, **options: Any) -> Any:
        function = getattr(importlib.import_module("scipy.linalg"), name)
        return moved(function, (EVERY, *options), blocks, options)

    return placed


OF_SCIPY: dict[str, Callable[..., Any]] = {
    "scipy.special.logsumexp": _logsumexp,
    "scipy.special.softmax": _softmax,
    "scipy.special.log_softmax": _log_softmax,
    "scipy.special.polygamma": _polygamma,
    "scipy.linalg.inv": _inv,
    "scipy.linalg.det": _det,
    "scipy.linalg.solve": _solve,
    "scipy.linalg.cholesky": _cholesky,
    "scipy.linalg.cho_factor": _cho_factor,
    "scipy.linalg.cho_solve": _cho_solve,
    "scipy.linalg.solve_triangular": _solve_triangular,
    "scipy.linalg.norm": lambda a, ord=None, axis=None, keepdims=False, **how: np.linalg.norm(a, ord, axis, keepdims),
    **{f"scipy.linalg.{name}": _moving(name) for name in ("block_diag", "toeplitz", "circulant", "hankel")},
}
"""By package and name: what stands for them where an argument is traced."""
