"""The modules that traced code sees: a `math`, a `numpy` and a `scipy.special` that accept terms.

Functions of plain numbers are exact, too: ``math.sqrt(2 / math.pi)`` in a rule is the number √(2/π), not a nearby
float.  NumPy's functions make arrays of terms where real code would make arrays of floats.
"""

from __future__ import annotations

import importlib
import math
import types
from functools import cache
from typing import Any

import numpy as np

from backproof.verify.terms.term import PI, Term, apply, compare, constant, where
from backproof.verify.tracing import linear_algebra, pieces
from backproof.verify.tracing.arrays import (
    WHOLE_KINDS,
    BesideTerms,
    TermArray,
    elementwise,
    is_of_objects,
    terms,
    whole,
)
from backproof.verify.tracing.functions import FUNCTIONS, SEVERAL, WHOLE, Function, holds_terms, is_close, known


@cache
def function_among_symbols(name: str, real: Function) -> Function:
    """The function while tracing: a term for a term, the exact value for plain numbers, otherwise unchanged."""
    if name in SEVERAL:
        return lambda *x: _several(name, real, x)
    of_terms = FUNCTIONS[name]

    def function(*x: Any, **options: Any) -> Any:
        if options:
            return real(*x, **options)
        if name in WHOLE and all(isinstance(v, Term) and v.op == "const" for v in x):
            return real(*map(float, x))
        if any(isinstance(v, Term) for v in x) and all(isinstance(v, (int, float, Term)) for v in x):
            return of_terms(*x)
        if any(holds_terms(v) for v in x):
            return elementwise(of_terms, *x)
        value = real(*x)  # an error is one of the subject
        if name in WHOLE or not all(type(v) in (int, float) for v in x) or not math.isfinite(value):
            return value
        return of_terms(*x)

    for method in ("accumulate", "at", "outer", "reduce", "reduceat"):  # the methods of a ufunc work on arrays of terms
        if hasattr(real, method):
            setattr(function, method, getattr(real, method))
    return function


def _several(name: str, real: Function, x: tuple[Any, ...]) -> tuple[Any, ...]:
    """A function with several results, each traced."""
    if any(isinstance(v, Term) for v in x):
        return tuple(of_terms(*x) for of_terms in SEVERAL[name])
    if any(holds_terms(v) for v in x):
        return tuple(elementwise(of_terms, *x) for of_terms in SEVERAL[name])
    values: tuple[Any, ...] = real(*x)
    plain = all(type(v) in (int, float) for v in x)
    exact = [of_terms(*x) for of_terms in SEVERAL[name]] if plain else values
    return tuple(e if plain and math.isfinite(v) else v for e, v in zip(exact, values, strict=True))


class Namespace:
    """A module while tracing: functions of terms where there are any, otherwise its own.

    module: the real one; more: names that differ there, or need another implementation
    """

    def __init__(self, module: types.ModuleType, **more: Any) -> None:
        self._module = module
        vars(self).update(more)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._module, name)
        if callable(found) and (key := known(found, name)):
            return function_among_symbols(key, found)
        return found

    def __repr__(self) -> str:
        return f"<{self._module.__name__}, for symbols>"


MATHEMATICS = Namespace(
    math,
    pi=PI,
    tau=apply("mul", 2, PI),
    e=apply("exp", constant(1)),
    isclose=is_close,
)
"""`math`."""


# ------------------------------------------------------------------------------------------------------- `numpy`


def _array(x: Any, dtype: Any = None, **options: Any) -> Any:
    """An array of terms if there are terms, whatever the dtype; a copy, as np.array makes."""
    real = np.array(x, **options)
    if dtype is not None and np.dtype(dtype).kind == "b":
        return terms(real).astype(bool).view(BesideTerms)
    if dtype is not None and np.dtype(dtype).kind in WHOLE_KINDS and real.dtype.kind in "Of":
        real = whole(real, dtype)
    if is_of_objects(real):
        return terms(real)
    if real.dtype.kind in "biu" and (dtype is None or np.dtype(dtype).kind in "biu"):
        return real.view(BesideTerms)  # integers truncate what is stored in them, and are indices
    if real.dtype.kind in "fiu" and (dtype is None or np.dtype(dtype).kind in "f"):
        return terms(np.vectorize(_exact, otypes=[object])(real))
    return real if dtype is None else real.astype(dtype)


def _as_array(x: Any, dtype: Any = None, **options: Any) -> Any:
    same = dtype is None or np.dtype(dtype) == np.dtype(float)  # no copy: what is written to one is in the other
    return x if isinstance(x, TermArray) and same and not options.get("copy") else _array(x, dtype, **options)


def _exact(x: Any) -> Any:
    return constant(float(x)) if np.isfinite(x) else x


def _filled(make: Function) -> Function:
    """np.zeros and the like, with a dtype that can hold terms."""

    def filled(*x: Any, dtype: Any = None, **options: Any) -> Any:
        if dtype is not None and np.dtype(dtype).kind != "f":
            return make(*x, dtype=dtype, **options).view(BesideTerms)
        made = make(*x, **options)
        return made.view(BesideTerms) if made.dtype.kind in "biu" else terms(made.astype(int).astype(object))

    return filled


def _unset(make: Function) -> Function:
    """np.empty and np.empty_like: what nobody sets has no value."""

    def made(*x: Any, dtype: Any = None, **options: Any) -> Any:
        if dtype is not None and np.dtype(dtype).kind != "f":
            return make(*x, dtype=dtype, **options).view(BesideTerms)
        shape = np.shape(make(*x, **options))
        return terms(np.full(shape, constant(math.nan), dtype=object))

    return made


def _full(shape: Any, value: Any, dtype: Any = None, **_: Any) -> Any:
    if np.dtype(dtype if dtype is not None else np.asarray(value).dtype).kind in "biu":
        return np.full(shape, value, dtype).view(BesideTerms)
    return terms(np.full(shape, value, dtype=object))


def _full_like(x: Any, value: Any, dtype: Any = None, **_: Any) -> Any:
    of = np.asarray(x).dtype
    return _full(np.shape(x), value, float if dtype is None and of.kind == "O" else of if dtype is None else dtype)


def _where(condition: Any, *branches: Any) -> Any:
    if not branches:
        return np.where(condition)
    if isinstance(condition, (Term, bool)) and all(isinstance(v, (Term, int, float)) for v in branches):
        return where(condition, *branches)
    if isinstance(condition, Term) or is_of_objects(condition):
        return elementwise(where, condition, *branches)
    if all(np.asarray(v).dtype.kind in "biu" for v in branches):
        return np.where(condition, *branches).view(BesideTerms)
    return terms(np.where(condition, *(np.asarray(v, dtype=object) for v in branches)))


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The Euclidean norm √Σx²; other norms are left to NumPy."""
    x = terms(x) if holds_terms(x) else x
    if ord not in (None, 2, "fro") or (ord == 2 and axis is None and np.ndim(x) > 1) or not is_of_objects(x):
        return np.linalg.norm(x, ord, axis, keepdims)
    return elementwise(FUNCTIONS["sqrt"], (x * x).sum(axis=axis, keepdims=keepdims))


def _is_close(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8) -> Any:
    """np.isclose: the tolerance is relative to the second."""
    if not (holds_terms(a) or holds_terms(b)):
        return np.isclose(a, b, rtol, atol)

    def close(x: Any, y: Any) -> Term:
        return compare("le", apply("abs", apply("sub", x, y)), atol + rtol * apply("abs", y))

    return elementwise(close, a, b, truth=True) if np.ndim(a) or np.ndim(b) else close(a, b)


def _are_close(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8) -> bool:
    return bool(np.all(_is_close(a, b, rtol, atol)))


LINALG = Namespace(np.linalg, norm=_norm, **linear_algebra.FUNCTIONS)
"""`numpy.linalg`."""

NUMPY = Namespace(
    np,
    isclose=_is_close,
    allclose=_are_close,
    isscalar=lambda x: isinstance(x, Term) or np.isscalar(x),
    arange=lambda *x, **options: np.arange(*x, **options).view(BesideTerms),
    linalg=LINALG,
    **pieces.OF_NUMPY,
    pi=PI,
    e=apply("exp", constant(1)),
    where=_where,
    array=_array,
    asarray=_as_array,
    asanyarray=_as_array,
    ascontiguousarray=_as_array,
    copy=_array,
    full=_full,
    full_like=_full_like,
    empty=_unset(np.empty),
    empty_like=_unset(np.empty_like),
    **{name: _filled(getattr(np, name)) for name in ("zeros", "zeros_like", "ones", "ones_like", "eye")},
)
"""`numpy`."""


class _OfScipy(Namespace):
    """A module of SciPy, imported when a subject uses one of its functions."""

    def __init__(self, name: str, more: dict[str, Function]) -> None:
        vars(self).update(more, _name=name)

    def __getattr__(self, name: str) -> Any:
        if name == "_module":
            try:
                self._module = importlib.import_module(self._name)
            except ImportError:
                self._module = types.ModuleType(self._name)
            return self._module
        return super().__getattr__(name)


SPECIAL = _OfScipy("scipy.special", pieces.OF_SCIPY)
OF_SCIPY_LINALG = _OfScipy("scipy.linalg", linear_algebra.OF_SCIPY)
