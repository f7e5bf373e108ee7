"""`numpy.linalg` on arrays of terms: small matrices, by cofactors; matrices of plain numbers are exact at modest sizes.

The real functions work in floats, in an order of their own: that is rounding.  Code that inverts a matrix is meant for
matrices that are not singular: that is assumed of its inputs where no domain is stated, and reported with it.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial, reduce
from itertools import permutations
from operator import add, mul
from typing import Any, NamedTuple

import numpy as np

from backproof.verify.terms.ledger import assume
from backproof.verify.terms.term import Term, apply, compare, constant
from backproof.verify.tracing.arrays import TermArray, is_of_objects, terms
from backproof.verify.tracing.functions import holds_terms

LARGEST = 4  # rows of a matrix of symbols: a determinant has n! products
LARGEST_EXACT = 24  # rows of a matrix of numbers

Matrix = list[list[Any]]


class SlogdetResult(NamedTuple):
    """What slogdet returns."""

    sign: Any
    logabsdet: Any


def det(a: Any) -> Any:
    """The determinant."""
    rows = _rows(a, "det")
    return np.linalg.det(a) if rows is None else _det(rows)


def slogdet(a: Any) -> Any:
    """The sign of the determinant, and the logarithm of its size."""
    rows = _rows(a, "slogdet")
    if rows is None:
        return np.linalg.slogdet(a)
    found = _det(rows)
    return SlogdetResult(apply("sign", found), apply("log", apply("abs", found)))


def inv(a: Any) -> Any:
    """The inverse."""
    rows = _rows(a, "inv")
    found = None if rows is None else _inverse(rows)
    return np.linalg.inv(a) if found is None else found


def solve(a: Any, b: Any) -> Any:
    """The solution of a·x = b, for a vector or several as columns."""
    rows = _rows(a, "solve", beside=b)
    found = None if rows is None else _inverse(rows)
    return np.linalg.solve(a, b) if found is None else found @ terms(b)


def cholesky(a: Any, **options: Any) -> Any:
    """The lower triangle L with a = L·Lᵀ; as in NumPy the upper triangle of ``a`` is not read."""
    rows = None if options else _rows(a, "cholesky")
    if rows is None:
        return np.linalg.cholesky(a, **options)
    found: Matrix = [[constant(0)] * len(rows) for _ in rows]
    for i, row in enumerate(found):
        for j in range(i + 1):
            rest = rows[i][j] - sum((row[k] * found[j][k] for k in range(j)), constant(0))
            row[j] = apply("sqrt", rest) if i == j else rest / found[j][j]
    return terms(found)


FUNCTIONS: dict[str, Callable[..., Any]] = {f.__name__: f for f in (det, slogdet, inv, solve, cholesky)}


def _rows(a: Any, name: str, beside: Any = None) -> Matrix | None:
    """The entries of a square matrix; None for one of numbers that is left to NumPy.

    Raises TypeError for symbols that are too many.
    """
    numbers = np.asarray(a)
    if numbers.ndim < 2:
        return None  # NumPy says what it misses
    square = numbers.ndim == 2 and numbers.shape[0] == numbers.shape[1] > 0
    if holds_terms(a):
        exact = is_of_objects(numbers) and all(x.op == "const" for x in numbers.flat if isinstance(x, Term))
        if not square or len(numbers) > (LARGEST_EXACT if exact else LARGEST):
            raise TypeError(f"numpy.linalg.{name} of an array of symbols of shape {numbers.shape}")
        return [[x if isinstance(x, Term) else constant(x) for x in row] for row in numbers.tolist()]
    if not square or len(numbers) > LARGEST_EXACT or numbers.dtype.kind not in "fiu" or not np.isfinite(numbers).all():
        if beside is not None and holds_terms(beside):
            raise TypeError(f"numpy.linalg.{name} of symbols with a matrix of shape {numbers.shape}")
        return None
    getattr(np.linalg, name)(*(numbers,) if beside is None else (numbers, np.zeros(len(numbers))))  # its error
    return [[constant(x) for x in row] for row in numbers.astype(float).tolist()]


def _numbers(rows: Matrix) -> list[list[Fraction]] | None:
    """The numbers of a matrix of constants."""
    if all(x.op == "const" for row in rows for x in row):
        return [[Fraction(x.value) for x in row] for row in rows]
    return None


def _det(rows: Matrix) -> Any:
    known = _numbers(rows)
    if known is not None:
        return constant(_eliminated(known)[0])
    places = range(len(rows))
    products = [(_sign(order), [rows[i][k] for i, k in enumerate(order)]) for order in permutations(places)]
    return reduce(add, (reduce(mul, factors) if sign > 0 else -reduce(mul, factors) for sign, factors in products))


def _inverse(rows: Matrix) -> TermArray | None:
    """The inverse, by cofactors or in fractions; None for a matrix of numbers that has none."""
    known, size = _numbers(rows), len(rows)
    if known is not None:
        value, inverse = _eliminated(known)
        return terms([[constant(x) for x in row] for row in inverse]) if value else None
    whole = _det(rows)
    assume(compare("ne", whole, 0))
    found: Matrix = [[constant(0)] * size for _ in rows]
    for i in range(size):
        for j in range(size):
            minor = [[x for k, x in enumerate(row) if k != j] for n, row in enumerate(rows) if n != i]
            cofactor = _det(minor) if minor else constant(1)
            found[j][i] = (cofactor if (i + j) % 2 == 0 else -cofactor) / whole
    return terms(found)


def _eliminated(rows: list[list[Fraction]]) -> tuple[Fraction, list[list[Fraction]]]:
    """Determinant and inverse by Gauss's elimination, exactly; (0, []) for a singular matrix."""
    size = len(rows)
    work = [[*row, *(Fraction(i == k) for k in range(size))] for i, row in enumerate(rows)]
    value = Fraction(1)
    for k in range(size):
        pivot = next((i for i in range(k, size) if work[i][k]), None)
        if pivot is None:
            return Fraction(0), []
        if pivot != k:
            work[k], work[pivot], value = work[pivot], work[k], -value
        first = work[k][k]
        value *= first
        work[k] = [x / first for x in work[k]]
        for i in range(size):
            if i != k and (factor := work[i][k]):
                work[i] = [x - factor * y for x, y in zip(work[i], work[k], strict=True)]
    return value, [row[size:] for row in work]


def _sign(order: tuple[int, ...]) -> int:
    """1 for an even permutation, -1 for an odd one."""
    return -1 if sum(a > b for i, a in enumerate(order) for b in order[i + 1 :]) % 2 else 1


OF_SCIPY: dict[str, Callable[..., Any]] = {}
"""Those of `scipy.linalg`, called without options."""


def _of_scipy(name: str, *x: Any, **options: Any) -> Any:
    if options:
        import scipy.linalg  # type: ignore[import-untyped, import-not-found, unused-ignore]

        if any(map(holds_terms, x)):
            raise TypeError(f"scipy.linalg.{name} of symbols with options")
        return getattr(scipy.linalg, name)(*x, **options)
    return FUNCTIONS[name](*x)


OF_SCIPY |= {name: partial(_of_scipy, name) for name in ("det", "inv", "solve")}
