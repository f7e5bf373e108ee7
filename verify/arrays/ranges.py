"""Other values of an array's kind: probabilities stay probabilities, indices stay in their range, masks stay masks.

A rule may hold for such values only, and nothing but the given ones says so.  Their kind is the first that fits:

| given                                            | drawn anew                                                    |
|--------------------------------------------------|---------------------------------------------------------------|
| booleans; floats that are 0 and 1, both          | in another order along the last axis, or true by halves       |
| integers along one axis and in order, 3 at least | of the same values, in order, with the same first and last    |
| other integers                                   | of the same values, some repeated, or in another order        |
| symmetric matrices                               | symmetric; positive definite if the given ones are            |
| triangular matrices                              | the same triangle; a positive diagonal stays positive         |
| rows ≥ 0 that add up to 1                        | the same                                                      |
| floats between 0 and 1                           | the same                                                      |
| floats ≥ 0, not all of them 0                    | positive                                                      |
| other floats                                     | normal                                                        |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arrays.program import Shape

Array = NDArray[Any]

_SUM = 1e-5  # how far from 1 a row of probabilities in float32 may add up
_FARTHEST = 12.0  # 1/(1 + e**-12) is less than 1 in float32, too


def as_array(value: Any) -> Array | None:
    """A value with a shape and real, integer or boolean entries as an array of NumPy, else None.

    It may be of another library, on the processor: a tensor of PyTorch, an array of JAX.
    """
    if not all(hasattr(value, name) for name in ("shape", "dtype", "__array__")) or isinstance(value, np.generic):
        return None
    try:
        array = np.asarray(value)
    except (TypeError, RuntimeError):  # on an accelerator, or in need of a gradient
        return None
    return array if array.dtype.kind in "biuf" else None


def as_given(value: Any, array: Array) -> Any:
    """The array as one of the library and the type of a value for which `as_array` is not None."""
    array = array.astype(as_array(value).dtype, copy=False)  # type: ignore[union-attr]  # it is an array
    if isinstance(value, np.ndarray):
        return array
    if hasattr(value, "new_tensor"):
        return value.new_tensor(array.tolist())
    return value.__array_namespace__().asarray(array) if hasattr(value, "__array_namespace__") else array


def redrawn(given: Array, shape: Shape, rng: np.random.Generator, scale: float = 1.0, index: int = 0) -> Array:
    """Values of the kind of the given ones in a shape, which may be another.

    scale: of the normal numbers that floats come from; index: where a kind is drawn in two ways, which of them
    """
    if given.dtype.kind == "b" or _is_mask(given):
        return _mask(given, shape, rng, index)
    if given.dtype.kind in "iu":
        return _integers(given, shape, rng, index)
    normal = np.asarray(scale * rng.standard_normal(shape))
    for is_kind, drawn in _MATRICES:
        if normal.ndim > 1 and normal.shape[-1] == normal.shape[-2] and is_kind(given):
            return drawn(given, normal)
    for is_float_kind, drawn_from in _FLOATS:
        if is_float_kind(given):
            return drawn_from(normal)
    return normal


def within(given: Array, values: Array) -> Array:
    """Values of the range of the given ones: what is outside of it becomes 1/2, and rows get equal shares of 1."""
    if _adds_up(given):
        return np.full(values.shape, 1 / values.shape[-1])
    if _is_between(given):
        return np.where((values > 0) & (values < 1), values, 0.5)
    return np.where(values > 0, values, 0.5) if _is_positive(given) else values


# ----------------------------------------------------------------------------------------------- masks and integers


def _is_mask(a: Array) -> bool:
    return bool(a.ndim and ((a == 0) | (a == 1)).all() and a.any() and not a.all() and a.dtype.kind == "f")


def _mask(given: Array, shape: Shape, rng: np.random.Generator, index: int) -> Array:
    """Where each given row has a true entry, so has each drawn one: a row of nothing may have no value."""
    if shape == given.shape and given.ndim and index % 2 == 0:
        return rng.permuted(given, axis=-1)
    drawn = np.asarray(rng.random(shape) < 0.5)
    if given.ndim and shape[-1] and given.any(axis=-1).all():
        chosen = rng.integers(shape[-1], size=shape[:-1])
        np.put_along_axis(drawn, np.asarray(chosen)[..., None], True, axis=-1)
    return drawn.astype(given.dtype)


def _integers(given: Array, shape: Shape, rng: np.random.Generator, index: int) -> Array:
    flat = given.reshape(-1)
    if not flat.size:
        return np.zeros(shape, given.dtype)
    if given.ndim == 1 and flat.size > 2 and (flat[1:] >= flat[:-1]).all():
        drawn = np.sort(rng.choice(flat, shape))
        drawn[:1], drawn[-1:] = flat[0], flat[-1]
        return drawn
    if shape == given.shape and index % 2 == 1:
        return rng.permutation(flat).reshape(shape)
    drawn = rng.choice(flat, shape)
    if drawn.size > 1:
        first, second = rng.choice(drawn.size, 2, replace=False)
        drawn.reshape(-1)[first] = drawn.reshape(-1)[second]
    return drawn


# ---------------------------------------------------------------------------------------------------------- floats


def _is_symmetric(a: Array) -> bool:
    return _has_many(a) and np.allclose(a, np.swapaxes(a, -1, -2), rtol=1e-6, atol=0)


def _is_triangular(a: Array) -> bool:
    return _has_many(a) and (np.array_equal(a, np.tril(a)) or np.array_equal(a, np.triu(a)))


def _has_many(a: Array) -> bool:
    """Whether these are square matrices that are neither constant nor diagonal, which says nothing of their kind."""
    square = a.ndim > 1 and a.shape[-1] == a.shape[-2] > 1
    return square and bool((a != a.flat[0]).any() and (a * (1 - np.eye(a.shape[-1])) != 0).any())


def _symmetric(given: Array, normal: Array) -> Array:
    if (np.linalg.eigvalsh(given) > 0).all():
        size = normal.shape[-1]
        return np.asarray(normal @ np.swapaxes(normal, -1, -2) / size + np.abs(normal).mean() * np.eye(size))
    return normal + np.swapaxes(normal, -1, -2)


def _triangular(given: Array, normal: Array) -> Array:
    drawn = np.tril(normal) if np.array_equal(given, np.tril(given)) else np.triu(normal)
    if (np.diagonal(given, axis1=-2, axis2=-1) > 0).all():
        drawn = np.where(np.eye(normal.shape[-1]) == 1, np.abs(drawn) + np.abs(normal).mean(), drawn)
    return drawn


def _adds_up(a: Array) -> bool:
    return bool(a.ndim and a.shape[-1] > 1 and a.size and (a >= 0).all() and (abs(a.sum(-1) - 1) < _SUM).all())


def _is_between(a: Array) -> bool:
    return bool(a.size and ((a > 0) & (a < 1)).all())


def _is_positive(a: Array) -> bool:
    return bool((a >= 0).all() and a.any())


def _shares(normal: Array) -> Array:
    powers = np.exp(normal - normal.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def _between(normal: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(normal, -_FARTHEST, _FARTHEST))))


_MATRICES: tuple[tuple[Callable[[Array], bool], Callable[[Array, Array], Array]], ...] = (
    (_is_symmetric, _symmetric),
    (_is_triangular, _triangular),
)

_FLOATS: tuple[tuple[Callable[[Array], bool], Callable[[Array], Array]], ...] = (
    (_adds_up, _shares),
    (_is_between, _between),
    (_is_positive, np.abs),
)
