"""Functions of NumPy and SciPy that choose among pieces, and sums of exponentials, on terms.

What they compare is recorded as `where` terms or as branches; what they look up (a place in a table) as branches.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from backproof.verify.terms.term import Term, apply, compare, constant, where
from backproof.verify.tracing.arrays import BesideTerms, TermArray, elementwise, plain, terms
from backproof.verify.tracing.functions import FUNCTIONS, holds_terms

MOST_KNOTS = 64  # of a table that is read


def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """np.select: the first choice whose condition holds."""
    given = (*condlist, *choicelist, default)
    if len(condlist) != len(choicelist) or not any(isinstance(x, Term) for x in given):
        return np.select(condlist, choicelist, default)
    found = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        found = elementwise(where, condition, choice, found)
    return found


def piecewise(x: Any, condlist: Any, funclist: Sequence[Any], *args: Any, **options: Any) -> Any:
    """np.piecewise: the last piece whose condition holds; one piece more is for where none does, else it is 0."""
    if not holds_terms(x):
        return np.piecewise(x, condlist, funclist, *args, **options)
    conditions = condlist if isinstance(condlist, (list, tuple)) else [condlist]
    if np.ndim(x) and conditions and not np.ndim(conditions[0]):
        conditions = [condlist]  # one condition, written as a list of truths
    if len(funclist) not in (len(conditions), len(conditions) + 1):
        raise ValueError(f"with {len(conditions)} condition(s), either that many functions or one more are expected")
    rest = [funclist[-1]] if len(funclist) > len(conditions) else [0]
    pieces = zip([True, *conditions], [*rest, *funclist[: len(conditions)]], strict=True)
    if isinstance(x, Term):
        found: Any = constant(0)
        for condition, piece in pieces:
            value = piece(x, *args, **options) if callable(piece) and not isinstance(piece, Term) else piece
            found = where(condition, value, found)
        return found
    whole = terms(np.zeros(np.shape(x), dtype=int))
    for condition, piece in pieces:
        among = np.broadcast_to(np.asarray(plain(condition)).astype(bool), np.shape(x))
        if callable(piece) and not isinstance(piece, Term):
            if among.any():
                whole[among] = piece(x[among], *args, **options)
        else:
            whole[among] = piece
    return whole


def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """np.interp: a table read between its knots, and constant beyond them."""
    if not any(map(holds_terms, (x, xp, fp, left, right))):
        return np.interp(x, xp, fp, left, right, period)
    if holds_terms(xp) and any(getattr(v, "op", "const") != "const" for v in np.ravel(plain(xp))):
        raise TypeError("numpy.interp with knots that are symbols")
    knots = [float(v) for v in np.ravel(plain(xp))]
    values = list(np.ravel(plain(np.asarray(fp, dtype=object))))
    rises = all(a < b for a, b in pairwise(knots))
    if period is not None or not rises or not 1 <= len(knots) == len(values) or len(knots) > MOST_KNOTS:
        raise TypeError(f"numpy.interp of a symbol in a table of {len(knots)} knots")

    def read(v: Any) -> Term:
        found: Any = values[-1] if right is None else where(compare("gt", v, knots[-1]), right, values[-1])
        for (a, fa), (b, fb) in reversed(list(pairwise(zip(knots, values, strict=True)))):
            slope = apply("sub", fb, fa) / (constant(b) - constant(a))
            found = where(compare("lt", v, b), apply("add", fa, slope * apply("sub", v, a)), found)
        return where(compare("lt", v, knots[0]), values[0] if left is None else left, found)

    return elementwise(read, x) if np.ndim(x) else read(x)


def searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    """np.searchsorted: the place of a symbol in a table, each comparison a branch."""
    if sorter is not None or not (holds_terms(a) or holds_terms(v)):
        return np.searchsorted(a, v, side, sorter)  # type: ignore[call-overload]
    table = list(np.ravel(plain(a)))
    place: Callable[..., int] = bisect.bisect_right if side == "right" else bisect.bisect_left
    if not np.ndim(v):
        return place(table, v)
    found = [place(table, x) for x in np.ravel(plain(v))]
    return np.array(found, dtype=int).reshape(np.shape(v)).view(BesideTerms)


def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    """np.bincount: the weights summed by their place."""
    if not holds_terms(weights):
        return np.bincount(x, weights, minlength)
    counts = np.bincount(np.asarray(x), minlength=minlength)
    found = terms(np.zeros(len(counts), dtype=int))
    for place, weight in zip(np.asarray(x).tolist(), np.ravel(plain(weights)), strict=True):
        found[place] = found[place] + weight
    return found


# ------------------------------------------------------------------------------------------------ sums of exponentials


def logsumexp(a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False) -> Any:
    """scipy.special.logsumexp: the logarithm of Σ b·exp(a)."""
    if not (holds_terms(a) or holds_terms(b)):
        import scipy.special  # type: ignore[import-untyped, import-not-found, unused-ignore]

        return scipy.special.logsumexp(a, axis, b, keepdims, return_sign)
    if return_sign:
        raise TypeError("scipy.special.logsumexp of symbols with return_sign")
    weighted = _exp(a) if b is None else _exp(a) * terms(b)
    return _log(weighted.sum(axis=axis, keepdims=keepdims))


def softmax(x: Any, axis: Any = None) -> Any:
    """scipy.special.softmax."""
    if not holds_terms(x):
        import scipy.special

        return scipy.special.softmax(x, axis)
    powers = _exp(x)
    return powers / powers.sum(axis=axis, keepdims=True)


def log_softmax(x: Any, axis: Any = None) -> Any:
    """scipy.special.log_softmax."""
    if not holds_terms(x):
        import scipy.special

        return scipy.special.log_softmax(x, axis)
    return terms(x) - logsumexp(x, axis, keepdims=True)


def _exp(x: Any) -> TermArray:
    return terms(elementwise(FUNCTIONS["exp"], terms(x)))


def _log(x: Any) -> Any:
    return elementwise(FUNCTIONS["log"], x) if np.ndim(x) else apply("log", x)


OF_NUMPY: dict[str, Callable[..., Any]] = {f.__name__: f for f in (select, piecewise, interp, searchsorted, bincount)}
OF_SCIPY: dict[str, Callable[..., Any]] = {f.__name__: f for f in (logsumexp, softmax, log_softmax)}
