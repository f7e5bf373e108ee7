"""NumPy among symbols: arrays of terms, and a `numpy` that makes them where real code would make arrays of floats."""

from __future__ import annotations

import types
from typing import Any

import numpy as np

from verify.subjects.private import FUNCTIONS, Function, Namespace, holds_terms
from verify.trace.lift import Lifter
from verify.trace.term import PI, Condition, Term, apply, compare, constant, where

_COMPARISONS = frozenset({"less", "less_equal", "greater", "greater_equal", "equal", "not_equal"})
_WHOLE = "iu"  # NumPy's kinds of whole numbers
_OF_BOOLS = frozenset({"isnan", "isinf", "isfinite", *_COMPARISONS})


def _beside_terms(name: str) -> Any:
    """The operator of arrays, which takes a single term for an array of one."""
    of_arrays = getattr(np.ndarray, name)
    return lambda self, other: of_arrays(self, terms(other) if isinstance(other, Term) else other)


class BesideTerms(np.ndarray):
    """An array, of numbers or truths too, that may stand beside a single term: ``g * (x > 0)``."""

    __add__, __radd__, __iadd__ = map(_beside_terms, ("__add__", "__radd__", "__iadd__"))
    __sub__, __rsub__, __isub__ = map(_beside_terms, ("__sub__", "__rsub__", "__isub__"))
    __mul__, __rmul__, __imul__ = map(_beside_terms, ("__mul__", "__rmul__", "__imul__"))
    __truediv__, __rtruediv__ = map(_beside_terms, ("__truediv__", "__rtruediv__"))
    __pow__, __rpow__ = map(_beside_terms, ("__pow__", "__rpow__"))
    __lt__, __le__, __gt__, __ge__ = map(_beside_terms, ("__lt__", "__le__", "__gt__", "__ge__"))
    __eq__, __ne__ = map(_beside_terms, ("__eq__", "__ne__"))
    __hash__ = None  # as of every array


class TermArray(BesideTerms):
    """An array of terms.  NumPy's functions work on it element by element; a comparison follows a branch."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
        options.pop("dtype", None)
        if method == "__call__" and ufunc.__name__ in FUNCTIONS and not options:
            result = elementwise(FUNCTIONS[ufunc.__name__], *inputs, truth=ufunc.__name__ in _OF_BOOLS)
        else:
            result = _wrapped(getattr(ufunc, method)(*map(_plain, inputs), **options))
        if out is None:
            return result
        out[0][...] = result
        return out[0]

    def astype(self, dtype: Any, *_: Any, **__: Any) -> Any:
        """Terms have no precision to convert; as bools they are asked for their truth, as ints for a number.

        Raises TypeError where a symbol is asked for one.
        """
        kind = np.dtype(dtype).kind
        if kind == "b":
            return np.asarray(self).astype(bool)
        return _whole(self, dtype) if kind in _WHOLE else self.copy()


def terms(x: Any) -> TermArray:
    """``x``, a number or nested lists of such, as an array of terms."""
    return np.asarray(x, dtype=object).view(TermArray)


def elementwise(function: Function, *x: Any, truth: bool = False) -> Any:
    """The function of each element, broadcast as NumPy does; ``truth``: as bools, by the branch that is followed."""
    with np.errstate(all="ignore"):  # what a symbol's way past an infinity does to the flags is nobody's concern
        found = np.frompyfunc(function, len(x), 1)(*(_plain(np.asarray(v, dtype=object)) for v in x))
    if truth or isinstance(found, Condition):
        truths = np.asarray(found, dtype=object).astype(bool)
        return truths.view(BesideTerms) if truths.ndim else truths[()]
    return terms(found)


def _plain(x: Any) -> Any:
    return x.view(np.ndarray) if isinstance(x, TermArray) else x


def _wrapped(x: Any) -> Any:
    return terms(x) if isinstance(x, Term) or _is_of_objects(x) else x


def _is_of_objects(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind == "O"


def _whole(x: Any, dtype: Any) -> Any:
    """Numbers cut to whole ones.  Raises TypeError for a symbol, of which nobody knows what is left."""
    return np.array([int(float(v)) for v in np.ravel(_plain(x))], dtype=dtype).reshape(np.shape(x))


# ------------------------------------------------------------------------------------------------- the namespace


def _array(x: Any, dtype: Any = None, **options: Any) -> Any:
    """An array of terms where there are terms, whatever precision is asked for; a copy, as np.array makes."""
    real = np.array(x, **options)
    if dtype is not None and np.dtype(dtype).kind in _WHOLE and real.dtype.kind in "Of":
        real = _whole(real, dtype)
    if _is_of_objects(real):
        return terms(real)
    if real.dtype.kind in "fiu" and (dtype is None or np.dtype(dtype).kind in "fiu"):
        return terms(np.vectorize(_exact, otypes=[object])(real))
    return real if dtype is None else real.astype(dtype)


def _as_array(x: Any, dtype: Any = None, **options: Any) -> Any:
    return x if isinstance(x, TermArray) else _array(x, dtype, **options)


def _exact(x: Any) -> Any:
    return constant(float(x)) if np.isfinite(x) else x


def _filled(make: Function) -> Function:
    """np.zeros and its like, with room for terms."""

    def filled(*x: Any, dtype: Any = None, **options: Any) -> Any:
        if dtype is not None and np.dtype(dtype).kind not in "fiu":
            return make(*x, dtype=dtype, **options)
        return terms(make(*x, **options).astype(int).astype(object))

    return filled


def _full(shape: Any, value: Any, **_: Any) -> Any:
    return terms(np.full(shape, value, dtype=object))


def _full_like(x: Any, value: Any, **_: Any) -> Any:
    return _full(np.shape(x), value)


def _where(condition: Any, *branches: Any) -> Any:
    if not branches:
        return np.where(condition)
    if isinstance(condition, (Term, bool)) and all(isinstance(v, (Term, int, float)) for v in branches):
        return where(condition, *branches)
    if isinstance(condition, Term) or _is_of_objects(condition):
        return elementwise(where, condition, *branches)
    return terms(np.where(condition, *(np.asarray(v, dtype=object) for v in branches)))


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The length √Σx²; another norm is left to NumPy."""
    x = terms(x) if holds_terms(x) else x
    if ord not in (None, 2, "fro") or (ord == 2 and axis is None and np.ndim(x) > 1) or not _is_of_objects(x):
        return np.linalg.norm(x, ord, axis, keepdims)
    return elementwise(FUNCTIONS["sqrt"], (x * x).sum(axis=axis, keepdims=keepdims))


def _is_close(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8) -> Any:
    """np.isclose: the tolerance is of the second."""
    if not (holds_terms(a) or holds_terms(b)):
        return np.isclose(a, b, rtol, atol)

    def close(x: Any, y: Any) -> Term:
        return compare("le", apply("abs", apply("sub", x, y)), atol + rtol * apply("abs", y))

    return elementwise(close, a, b, truth=True) if np.ndim(a) or np.ndim(b) else close(a, b)


def _are_close(a: Any, b: Any, rtol: Any = 1e-5, atol: Any = 1e-8) -> bool:
    return bool(np.all(_is_close(a, b, rtol, atol)))


NUMPY = Namespace(
    np,
    isclose=_is_close,
    allclose=_are_close,
    isscalar=lambda x: isinstance(x, Term) or np.isscalar(x),
    arange=lambda *x, **options: np.arange(*x, **options).view(BesideTerms),
    linalg=Namespace(np.linalg, norm=_norm),
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
    empty=_filled(np.zeros),
    empty_like=_filled(np.zeros_like),
    **{name: _filled(getattr(np, name)) for name in ("zeros", "zeros_like", "ones", "ones_like", "eye")},
)
"""`numpy`."""


def doubled(kind: type) -> type:
    """The class rebuilt so that it keeps double precision where it asks NumPy for less."""
    return Lifter(_doubled, literal=lambda x: "float64" if isinstance(x, str) and x in _SHORT else x).twin(kind)  # type: ignore[no-any-return]


_SHORT = ("float32", "float16", "single", "half", "f4", "f2")


class _InDouble(Namespace):
    """`numpy` whose short floats are doubles."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, "float64" if name in _SHORT else name)


def _doubled(x: Any) -> Any:
    if x is np:
        return _IN_DOUBLE
    return np.float64 if x in (np.float32, np.float16) else x


_IN_DOUBLE = _InDouble(np)


def _special() -> types.ModuleType:
    try:
        import scipy.special as special  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except ImportError:
        return types.ModuleType("scipy.special")
    return special  # type: ignore[no-any-return, unused-ignore]


class _Special(Namespace):
    """`scipy.special`, which is loaded when a subject asks it for a function."""

    def __init__(self) -> None: ...

    def __getattr__(self, name: str) -> Any:
        if name == "_module":
            self._module = _special()
            return self._module
        return super().__getattr__(name)


SPECIAL = _Special()
