"""Arrays of terms, which NumPy's functions accept like arrays of floats."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.verify.terms.term import Condition, Term
from backproof.verify.tracing.functions import FUNCTIONS, SEVERAL, Function

WHOLE_KINDS = "iu"  # of numbers, as NumPy names them
_LOGICAL = frozenset(("logical_and", "logical_or", "logical_not", "logical_xor"))
_OF_BOOLS = frozenset(
    (*("isnan", "isinf", "isfinite"), *("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"))
)


def _beside_terms(name: str) -> Any:
    """The operator on arrays, which treats a single term as an array of one."""
    of_arrays = getattr(np.ndarray, name)
    return lambda self, other: of_arrays(self, terms(other) if isinstance(other, Term) else other)


class BesideTerms(np.ndarray):
    """An array, also of numbers or booleans, that can be combined with a single term: ``g * (x > 0)``."""

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
        if method == "__call__" and ufunc.__name__ in SEVERAL and not options:
            return tuple(elementwise(function, *inputs) for function in SEVERAL[ufunc.__name__])
        if method == "__call__" and ufunc.__name__ in FUNCTIONS and not options:
            result = elementwise(FUNCTIONS[ufunc.__name__], *inputs, truth=ufunc.__name__ in _OF_BOOLS)
        elif ufunc.__name__ in _LOGICAL:  # of truths, which are branches; NumPy keeps an entry of objects as it is
            result = getattr(ufunc, method)(*map(_truths, inputs), **options)
        else:
            result = _wrapped(getattr(ufunc, method)(*map(plain, inputs), **options))
        if out is None:
            return result
        out[0][...] = result
        return out[0]

    def astype(self, dtype: Any, *_: Any, copy: bool = True, **__: Any) -> Any:  # type: ignore[override]  # as called
        """Terms have no precision to convert; to bool they follow a branch, to int they need a number.

        Raises TypeError for a symbol converted to int.
        """
        kind = np.dtype(dtype).kind
        if kind == "b":
            return np.asarray(self).astype(bool)
        if kind in WHOLE_KINDS:
            return whole(self, dtype)
        return self if not copy and np.dtype(dtype) == np.dtype(float) else self.copy()


def terms(x: Any) -> TermArray:
    """``x``, a number or nested lists of numbers, as an array of terms."""
    return np.asarray(x, dtype=object).view(TermArray)


def elementwise(function: Function, *x: Any, truth: bool = False) -> Any:
    """The function elementwise, broadcast as in NumPy; ``truth``: as bools, by the branch that is followed."""
    with np.errstate(all="ignore"):  # floating-point flags set by symbols at an infinity do not matter
        found = np.frompyfunc(function, len(x), 1)(*(plain(np.asarray(v, dtype=object)) for v in x))
    if truth or isinstance(found, Condition):
        truths = np.asarray(found, dtype=object).astype(bool)
        return truths.view(BesideTerms) if truths.ndim else truths[()]
    return terms(found)


def _truths(x: Any) -> Any:
    return np.asarray(x).astype(bool) if isinstance(x, TermArray) else bool(x) if isinstance(x, Term) else x


def plain(x: Any) -> Any:
    return x.view(np.ndarray) if isinstance(x, TermArray) else x


def _wrapped(x: Any) -> Any:
    return terms(x) if isinstance(x, Term) or is_of_objects(x) else x


def is_of_objects(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind == "O"


def whole(x: Any, dtype: Any) -> Any:
    """Numbers truncated to integers.  Raises TypeError for a symbol, whose integer part is unknown."""
    return np.array([int(float(v)) for v in np.ravel(plain(x))], dtype=dtype).reshape(np.shape(x))
