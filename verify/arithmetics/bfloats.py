"""bfloat16, which NumPy lacks: float32 arrays, rounded to eight bits after every operation.

A float32 has more than twice the bits of a bfloat16 and two to spare, so that rounding a sum, product, quotient or
root twice is rounding it once (Figueroa, "When is double rounding innocuous?", 1995).  Functions are computed in
float32 and then rounded, as processors and frameworks do; a plain number becomes a bfloat16 before it is used.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backproof.engine.arithmetic import FLOATS, Arithmetic, register
from backproof.verify.arithmetics.arrays import ARRAYS
from backproof.verify.arithmetics.ulps import BFLOAT16
from backproof.verify.terms.ops import ENGINE

Array = NDArray[np.float32]


def rounded(x: Any) -> Array:
    """The bfloat16s nearest to ``x``, ties to even, as float32s."""
    single: Array = np.asarray(x, dtype=np.float32)
    bits = single.view(np.uint32)
    up = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    kept = (up & np.uint32(0xFFFF0000)).view(np.float32)
    return np.where(np.isnan(single), single, kept)


class BFloats:
    """An array of bfloat16s."""

    __slots__ = ("values",)
    __array_ufunc__ = None

    def __init__(self, values: Any) -> None:
        self.values = rounded(values)

    def __repr__(self) -> str:
        return f"BFloats({self.values!r})"

    def __neg__(self) -> BFloats:
        return BFloats(-self.values)

    def __abs__(self) -> BFloats:
        return BFloats(abs(self.values))

    def __pow__(self, n: Any) -> BFloats:
        return _apply(operator.mul, self, self) if type(n) is int and n == 2 else _apply(np.power, self, n)

    def __rpow__(self, x: Any) -> BFloats:
        return _apply(np.power, x, self)


def _operator(name: str, swapped: bool) -> Callable[[BFloats, Any], BFloats]:
    function = getattr(operator, name)
    if swapped:
        return lambda a, b: _apply(function, b, a)
    return lambda a, b: _apply(function, a, b)


for _name in ("add", "sub", "mul", "truediv"):
    setattr(BFloats, f"__{_name}__", _operator(_name, swapped=False))
    setattr(BFloats, f"__r{_name}__", _operator(_name, swapped=True))


def _single(x: Any) -> Array:
    """The operand as float32s; a plain number as the bfloat16 that it becomes."""
    return x.values if isinstance(x, BFloats) else rounded(x)


def _apply(function: Callable[..., Any], *operands: Any) -> BFloats:
    with np.errstate(all="ignore"):
        return BFloats(function(*map(_single, operands)))


def _function(name: str) -> Callable[..., Any]:
    """The array's function; of plain numbers alone, as in m.sqrt(2), the float's."""
    function, plain = getattr(ARRAYS, name), getattr(FLOATS, name)

    def either(*x: Any) -> Any:
        return _apply(function, *x) if any(isinstance(v, BFloats) for v in x) else plain(*x)

    return either


BFLOATS = Arithmetic(
    "bfloat16 array",
    {
        "pi": math.pi,
        "ratio": lambda p, q: p / q,
        "one": lambda x: BFloats(np.ones_like(x.values)),
        "finite": lambda x: BFloats(np.clip(x.values, -BFLOAT16.largest, BFLOAT16.largest)),
        **{name: _function(name) for name in (*ENGINE, "divide", "ge", "gt", "le", "lt", "where")},
    },
)

register(BFloats, BFLOATS)
