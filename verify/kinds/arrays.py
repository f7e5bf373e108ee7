"""NumPy arrays: a rule runs on a whole batch of points at once, elementwise.

Arrays keep their own precision: a constant of a rule, such as ``m.sqrt(2)``, stays a plain float, which NumPy
lets the array's precision win over.  Overflow and poles give IEEE 754's infinities and NaN without a warning.
A single number beside a batch gets one gradient for each point of the batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from engine.arithmetic import FLOATS, Arithmetic, register


class ArrayArithmetic(Arithmetic):
    """Elementwise functions of arrays whose shapes are equal."""

    def leaf(self, x: Any) -> Any:
        """``x``, its integers as floats.

        Raises TypeError for elements that are no real numbers: bool, object, text, complex.
        """
        if np.issubdtype(x.dtype, np.integer):
            return x.astype(float)
        if not np.issubdtype(x.dtype, np.floating):
            raise TypeError(
                f"an array of {x.dtype} is not an array of numbers that have a slope: {x!r}; "
                "pass x.astype(float) if you mean the numbers"
            )
        return x

    def agree(self, *data: Any) -> None:
        """Shapes must be equal; a single number (0-d) fits any batch.

        Raises ValueError naming both shapes.
        """
        shapes = dict.fromkeys(shape for x in data if (shape := np.shape(x)) != ())
        if len(shapes) > 1:
            first, second, *_ = shapes
            raise ValueError(
                f"arrays of shape {first} and {second} do not fit each other: a batch is elementwise and "
                "nothing is broadcast but a single number; reshape one of them"
            )


def _quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    """IEEE 754's answer without a RuntimeWarning; plain numbers stay plain."""

    @wraps(function)
    def quiet(*x: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*x)

    return quiet


def _either(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` for arrays, the float engine's own for the plain numbers of a rule (``m.sqrt(2)``)."""
    plain = getattr(FLOATS, name)
    quiet = _quiet(function)

    def either(*x: Any) -> Any:
        return plain(*x) if all(type(v) in (int, float) for v in x) else quiet(*x)

    return either


def _pointwise(function: Callable[[float], float]) -> Callable[[Any], Any]:
    """A function of the standard library that NumPy lacks, element by element."""

    def pointwise(x: Any) -> Any:
        values = map(function, np.ravel(x).tolist())
        return np.fromiter(values, float, np.size(x)).reshape(np.shape(x)).astype(x.dtype)[()]

    return pointwise


def _indicator(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """1 where the comparison holds and 0 elsewhere, in the precision of the data."""
    return lambda a, b: compare(a, b).astype(np.result_type(a, b))


def _where(condition: Any, a: Any, b: Any) -> Any:
    return np.where(condition != 0, a, b).astype(np.result_type(condition, a, b))[()]


_UFUNCS = {
    **{name: getattr(np, name) for name in ("sqrt", "cbrt", "exp", "expm1", "log", "log1p")},
    **{name: getattr(np, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "hypot")},
    **{f"a{f}": getattr(np, f"arc{f}") for f in ("sin", "cos", "tan", "tan2", "sinh", "cosh", "tanh")},
    **{name: getattr(np, name) for name in ("divide", "maximum", "minimum")},
    "pow": np.power,
    "erf": _pointwise(math.erf),
    "erfc": _pointwise(math.erfc),
    **{
        name: _indicator(getattr(np, ufunc))
        for name, ufunc in (("ge", "greater_equal"), ("gt", "greater"), ("le", "less_equal"), ("lt", "less"))
    },
    "where": _where,
}

ARRAYS = ArrayArithmetic(
    "NumPy array",
    {
        "pi": math.pi,
        "ratio": lambda p, q: p / q,
        "one": np.ones_like,
        "finite": lambda x: np.clip(x, np.finfo(x.dtype).min, np.finfo(x.dtype).max),
        **{name: _either(name, function) for name, function in _UFUNCS.items()},
    },
)
for _formula in ("sigmoid", "softplus", "normal_cdf", "normal_pdf"):  # their own operators may overflow, too
    setattr(ARRAYS, _formula, _quiet(getattr(ARRAYS, _formula)))

register(np.ndarray, ARRAYS)
register(np.generic, ARRAYS)  # the elements of an array; np.float64 is a float, too, and would pass for one
