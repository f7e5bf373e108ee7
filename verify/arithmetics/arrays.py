"""NumPy arrays: a rule runs on a whole batch of points at once, elementwise.

Arrays keep their own precision: a constant of a rule, such as ``m.sqrt(2)``, stays a plain float, which does not
promote the array's dtype.  Overflow and poles give IEEE 754's infinities and NaN without a warning.
A scalar operand beside a batch gets one gradient for each point of the batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import wraps
from typing import Any

import numpy as np

from backproof.engine.arithmetic import FLOATS, Arithmetic, register
from backproof.verify.terms.ops import ENGINE, PRIMITIVES


class ArrayArithmetic(Arithmetic):
    """Elementwise functions of arrays whose shapes are equal."""

    def leaf(self, x: Any) -> Any:
        """``x``, its integers as floats.

        Raises TypeError for elements that are not real numbers: bool, object, text, complex.
        """
        if np.issubdtype(x.dtype, np.integer):
            return x.astype(float)
        if not np.issubdtype(x.dtype, np.floating):
            raise TypeError(
                f"arrays of {x.dtype} have no derivative, only arrays of real numbers: {x!r}; "
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
    """IEEE 754's result without a RuntimeWarning; plain numbers stay plain."""

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


def _called(name: str) -> str:
    """NumPy's name of the function; "" for one that it lacks."""
    return next((n for n in (name, *PRIMITIVES[name].names) if hasattr(np, n)), "")


_UFUNCS = {
    **{name: getattr(np, called) for name in ENGINE if (called := _called(name))},
    "divide": np.divide,
    "erf": _pointwise(math.erf),
    "erfc": _pointwise(math.erfc),
    **{
        name: _indicator(getattr(np, ufunc))
        for name, ufunc in (("ge", "greater_equal"), ("gt", "greater"), ("le", "less_equal"), ("lt", "less"))
    },
    "where": _where,
}

def _to_power(exponent: Fraction) -> Callable[[Any], Any]:
    """NumPy squares faster than it raises to a power."""
    number = int(exponent) if exponent.denominator == 1 else float(exponent)
    return lambda x: x**number if hasattr(x, "dtype") else FLOATS.pow(x, number)


ARRAYS = ArrayArithmetic(
    "NumPy array",
    {
        "pi": math.pi,
        "ratio": lambda p, q: p / q,
        "one": np.ones_like,
        "to_power": _to_power,
        "finite": lambda x: np.clip(x, np.finfo(x.dtype).min, np.finfo(x.dtype).max),
        **{name: _either(name, function) for name, function in _UFUNCS.items()},
    },
)
for _formula in ("sigmoid", "softplus", "normal_cdf", "normal_pdf"):  # their operators may overflow, too
    setattr(ARRAYS, _formula, _quiet(getattr(ARRAYS, _formula)))

register(np.ndarray, ARRAYS)
register(np.generic, ARRAYS)  # the elements of an array; np.float64 is a float, too, and would be taken for one
