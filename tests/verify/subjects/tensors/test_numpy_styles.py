"""Ways in which rules of NumPy are written: loops, masks, buffers, closures, objects, helpers; by replay on floats."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy import exp as power_of_e

from backproof.verify.arrays import floats
from backproof.verify.arrays.traced import Point
from backproof.verify.subjects.tensors.numpy_code import numpy_code
from tests.verify.subjects.tensors.numpy_replay import of_function, replayed

X = np.random.default_rng(7).normal(size=(4, 5))


WEIGHTS = np.arange(1.0, 6)


@np.vectorize
def positive_part(v: Any) -> Any:
    return v if v > 0 else 0.0


def weighed(x: Any, weights: Any = WEIGHTS) -> Any:
    return x * weights


@dataclass
class Layer:
    scale: float = 2.0
    seen: list[Any] = field(default_factory=list)

    def forward(self, x: Any) -> Any:
        self.seen.append(x)
        return weighed(positive_part(x)) * self.scale

    def backward(self, g: Any) -> Any:
        return weighed(g * (self.seen[-1] > 0)) * self.scale


class Called:
    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, x: Any) -> Any:
        return self.function(x)


@functools.lru_cache
def table(count: int) -> Any:
    return np.linspace(0, 1, count)


def imported_inside(x: Any) -> Any:
    import numpy as other
    from numpy import zeros

    out = zeros(x.shape)
    out[:] = power_of_e(x) + other.linalg.norm(x)
    return out


def by_masks(x: Any) -> Any:
    out = np.empty_like(x)
    positive = x > 0
    out[positive] = x[positive] + np.log1p(np.exp(-x[positive]))
    out[~positive] = np.log1p(np.exp(x[~positive]))
    return out


def by_steps(x: Any) -> Any:
    states = []

    def step(h: Any, row: Any) -> Any:
        nonlocal states
        states = [*states, np.tanh(h + row)]
        return states[-1]

    functools.reduce(step, x, np.zeros(x.shape[1]))
    return np.array(states)


def by_windows(x: Any) -> Any:
    out = np.zeros((2, 2))
    for i in range(2):
        for j in range(2):
            out[i, j] = np.max(x[2 * i : 2 * i + 2, 2 * j : 2 * j + 2])
    return out


def until_it_settles(x: Any) -> Any:
    y = np.abs(x) + 1
    while True:
        z = y - (y * y - np.abs(x) - 1) / (2 * y)
        if np.max(np.abs(z - y)) < 1e-12:
            return z
        y = z


def iterated(x: Any) -> Any:
    v = np.ones(5) / np.sqrt(5)
    for _ in range(3):
        v = x.T @ (x @ v)
        v /= np.linalg.norm(v)
    return v


def in_place(x: Any) -> Any:
    y = x * 1
    y @= np.eye(5)
    y **= 2
    y //= 0.5
    y %= 3
    y[[0, 1]] = y[[1, 0]]
    return y + x


def reshaped_in_place(x: Any) -> Any:
    y = x.copy()
    y.shape = (5, 4)
    y.T[0] = 1
    return y


def one_hot(x: Any) -> Any:
    hot = np.zeros(x.shape)
    hot[np.arange(4), x.argmax(1)] = 1
    return x * hot


def refused_by_numpy(x: Any) -> Any:
    y = x.copy()
    try:
        y += x[None]
    except ValueError:
        y += 1
    return y


def told_apart(x: Any) -> Any:
    number = x[0, 0]
    kinds = [isinstance(x, np.ndarray), isinstance(number, float), np.isscalar(number), np.iterable(x)]
    return x * 2 if all(kinds) and not np.isscalar(x) and not np.iterable(number) else x


def watched(x: Any) -> Any:
    assert np.isfinite(x).all()
    with np.errstate(divide="ignore"):
        found = np.log(np.abs(x))
    text = f"{x} {x[0, 0]:.3f} {x!r}"
    return found if text else x


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "an object that is called": Called(lambda x: np.exp(x)),
    "a partial function": functools.partial(lambda x, a: x * a, a=np.arange(5.0)),
    "a cached table": lambda x: x * table(5),
    "a ufunc": np.tanh,
    "imports inside": imported_inside,
    "masks": by_masks,
    "steps": by_steps,
    "windows": by_windows,
    "a loop that ends by itself": until_it_settles,
    "an iteration": iterated,
    "operators in place": in_place,
    "a shape that is set": reshaped_in_place,
    "one hot": one_hot,
    "kinds": told_apart,
    "a write that does not fit": refused_by_numpy,
    "assertions and texts": watched,
    "a generator": lambda x: np.stack([row * i for i, row in enumerate(x)]),
    "lists of numbers": lambda x: np.array([[np.dot(a, b) for b in x] for a in x]),
    "functions of Python": lambda x: functools.reduce(np.maximum, list(x)) + sum(x) + max(x[0]) - min(x[1]),
    "a dictionary": lambda x: sum(np.sum(v**2) for v in {"a": x, "b": x.sum(0)}.values()),
    "a mask drawn with a seed": lambda x: x * (np.random.default_rng(1).random(x.shape) > 0.5),
    "a trace of three axes": lambda x: np.trace(np.stack([x, 2 * x])) + np.linalg.trace(np.stack([x[:, :2]] * 2))[0],
    "the same array": lambda x: (lambda y: (y.__setitem__(0, 1.0), np.array(y, copy=None))[1])(np.asarray(x * 1)),
}


@pytest.mark.parametrize("how", FUNCTIONS)
def test_a_function_is_written(how: str) -> None:
    replayed(numpy_code(FUNCTIONS[how], lambda g: (None,), {"x": X}))


def test_methods_of_an_object_share_it() -> None:
    layer = Layer()
    code = numpy_code(layer.forward, layer.backward, {"x": X})
    code.trace(Point(code.inputs))
    assert all(type(x) is np.ndarray for x in layer.seen)
    replayed(code)


@pytest.mark.parametrize("make", [lambda x: np.empty(4), lambda x: np.empty_like(x), lambda x: np.empty_like(table(4))])
def test_what_nobody_sets_has_no_value(make: Callable[..., Any]) -> None:
    def half(x: Any) -> Any:
        out = make(x)
        out[:2] = x[:2]
        return out

    code = of_function(half, X[0, :4])
    (found,) = floats.values((traced := code.trace(Point(code.inputs))).program, traced.outputs, {})
    assert np.array_equal(found[:2], X[0, :2])
    assert np.isnan(found[2:]).all()
