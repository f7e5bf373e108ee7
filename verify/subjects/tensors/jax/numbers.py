"""What a primitive computes at the point: by NumPy's function of the same meaning where there is one, else by JAX.

JAX compiles every primitive for every shape, which takes 25 ms, and a rule has dozens of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from backproof.verify.subjects.tensors.jax.indexing import along, of_gather, of_scatter, places, sorted_order
from backproof.verify.subjects.tensors.jax.moves import MOVES
from backproof.verify.subjects.tensors.jax.step import as_array, is_real

Array = NDArray[Any]
Parameters = Mapping[str, Any]

_ANY: dict[str, Callable[..., Any]] = {
    **dict.fromkeys(("add", "add_any"), np.add),
    "sub": np.subtract,
    "mul": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
    "abs": np.abs,
    "sign": np.sign,
    "square": np.square,
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "not": np.invert,
    "is_finite": np.isfinite,
    "clamp": lambda low, x, high: np.minimum(np.maximum(x, low), high),
}
"""NumPy's functions that mean the same on integers and on floats."""

_OF_FLOATS: dict[str, Callable[..., Any]] = {
    "neg": np.negative,
    "div": np.divide,
    "pow": np.power,
    "sqrt": np.sqrt,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "cbrt": np.cbrt,
    "exp": np.exp,
    "exp2": np.exp2,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "logistic": lambda x: 1 / (1 + np.exp(-x)),
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "atan2": np.arctan2,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "floor": np.floor,
    "ceil": np.ceil,
    "erf": np.vectorize(math.erf, otypes=[float]),
    "erfc": np.vectorize(math.erfc, otypes=[float]),
}
"""Those that mean the same on floats only."""


def computed(primitive: Any, p: Parameters, data: Sequence[Any], kinds: Sequence[Any]) -> list[Any]:
    """The results of a primitive for these operands; ``kinds``: the types of numbers that they have."""
    with np.errstate(all="ignore"):
        found = _by_numpy(primitive.name, p, data)
    if found is None:
        found = primitive.bind(*data, **p)
        return [as_array(x) for x in (found if primitive.multiple_results else [found])]
    return [np.asarray(x, kind) for x, kind in zip(found if isinstance(found, list) else [found], kinds, strict=True)]


def _by_numpy(name: str, p: Parameters, data: Sequence[Any]) -> Any:
    """None where NumPy has no function for it, or not for these formats, such as bfloat16."""
    if not all(isinstance(x, np.ndarray) and x.dtype.kind in "biuf" for x in data):
        return None
    if name in _ANY:
        return _ANY[name](*data)
    if name in _OF_FLOATS and all(map(is_real, data)):
        return _OF_FLOATS[name](*data)
    function = MOVES.get(name) or _WITH_PARAMETERS.get(name)
    return function and function(p, *data)


def _reduction(function: Callable[..., Any]) -> Callable[[Parameters, Array], Any]:
    def reduced(p: Parameters, a: Array) -> Any:
        if not a.size:
            return None
        return function(a, axis=tuple(p["axes"])) if p["axes"] else a

    return reduced


def _cumulative(function: np.ufunc) -> Callable[[Parameters, Array], Array]:
    def cumulated(p: Parameters, a: Array) -> Array:
        if not p["reverse"]:
            return np.asarray(function.accumulate(a, p["axis"]))
        return np.flip(function.accumulate(np.flip(a, p["axis"]), p["axis"]), p["axis"])

    return cumulated


def _scattered(function: np.ufunc) -> Callable[[Parameters, Array, Array, Array], Array]:
    def scattered(p: Parameters, a: Array, indices: Array, updates: Array) -> Array:
        to = places(of_scatter(p, a.shape, updates.shape), a.shape, indices).reshape(-1)
        found = np.array(a).reshape(-1)
        function.at(found, to[to >= 0], updates.reshape(-1)[to >= 0])
        return found.reshape(a.shape)

    return scattered


def _gathered(p: Parameters, a: Array, indices: Array) -> Any:
    numbers = places(of_gather(p, indices.shape), a.shape, indices)
    return a.reshape(-1)[numbers] if not numbers.size or numbers.min() >= 0 else None


def _dot(p: Parameters, a: Array, b: Array) -> Array:
    (sum_a, sum_b), (batch_a, batch_b) = p["dimension_numbers"]
    letters_a, letters_b = [*range(a.ndim)], [*range(a.ndim, a.ndim + b.ndim)]
    for k, j in zip((*sum_a, *batch_a), (*sum_b, *batch_b), strict=True):
        letters_b[j] = letters_a[k]
    free_a = [letters_a[k] for k in range(a.ndim) if k not in (*sum_a, *batch_a)]
    free_b = [letters_b[k] for k in range(b.ndim) if k not in (*sum_b, *batch_b)]
    return np.asarray(np.einsum(a, letters_a, b, letters_b, [*batch_a, *free_a, *free_b]))


def _iota(p: Parameters) -> Array:
    return np.broadcast_to(along(p["dimension"], p["shape"]), p["shape"])


def _whole_power(p: Parameters, x: Array) -> Any:
    return x ** p["y"] if is_real(x) else None


def _converted(p: Parameters, a: Array) -> Any:
    kind = np.dtype(p["new_dtype"])
    if kind.kind in "iu" and is_real(a) and not (np.abs(a) < np.iinfo(np.int32).max).all():
        return None  # JAX has the nearest integer of the type, NumPy any
    return a.astype(kind) if kind.kind in "biuf" else None


def _sorted(p: Parameters, *arrays: Array) -> list[Array]:
    order = sorted_order(arrays[: p["num_keys"]], p["dimension"])
    return [a.reshape(-1)[order] for a in arrays]


def _platform(p: Parameters) -> int:
    here = jax.default_backend()
    return next(k for k, names in enumerate(p["platforms"]) if names is None or here in names)


_WITH_PARAMETERS: dict[str, Callable[..., Any]] = {
    "reduce_sum": _reduction(np.sum),
    "reduce_prod": _reduction(np.prod),
    "reduce_max": _reduction(np.max),
    "reduce_min": _reduction(np.min),
    "reduce_and": _reduction(np.bitwise_and.reduce),
    "reduce_or": _reduction(np.bitwise_or.reduce),
    "argmax": _reduction(lambda a, axis: np.argmax(a, *axis)),
    "argmin": _reduction(lambda a, axis: np.argmin(a, *axis)),
    "cumsum": _cumulative(np.add),
    "cumprod": _cumulative(np.multiply),
    "cummax": _cumulative(np.maximum),
    "cummin": _cumulative(np.minimum),
    "scatter-add": _scattered(np.add),
    "scatter-sub": _scattered(np.subtract),
    "scatter-mul": _scattered(np.multiply),
    "scatter-max": _scattered(np.maximum),
    "scatter-min": _scattered(np.minimum),
    "gather": _gathered,
    "dot_general": _dot,
    "iota": _iota,
    "integer_pow": _whole_power,
    "convert_element_type": _converted,
    "sort": _sorted,
    "platform_index": _platform,
}
"""What NumPy computes by the primitive's parameters; None where it does not do what JAX does."""
