"""Backwards of some of the inputs, with data and labels, and of forwards that return a cache."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backproof import verify
from backproof.verify.results.findings import Verdict
from backproof.verify.support.errors import UsageError

FEW: dict[str, Any] = {"points": 150, "raises": False}
X = np.array([[1.0, 2.0], [0.5, -1.0], [2.0, 0.25]])
Y = np.array([1.0, 0.5, -0.25])


def decay(x, a, b):
    return a * np.exp(-b * x)


def loss(w, X, y):
    return ((X @ w - y) ** 2).sum()


def affine(x, w, b):
    return x @ w + b, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)


BOX = {"x": (0, 3), "b": (-2, 2)}
RIGHT: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "None for what is not differentiated": (
        decay,
        lambda x, a, b, g: (None, g * np.exp(-b * x), -g * a * x * np.exp(-b * x)),
        {"wrt": ("a", "b"), "bounds": BOX},
    ),
    "anything for it": (
        decay,
        lambda x, a, b, g: (7.0, g * np.exp(-b * x), -g * a * x * np.exp(-b * x)),
        {"wrt": ("a", "b"), "bounds": BOX},
    ),
    "nothing for it": (
        decay,
        lambda x, a, b, g: (g * np.exp(-b * x), -g * a * x * np.exp(-b * x)),
        {"wrt": ("a", "b"), "bounds": BOX},
    ),
    "a dictionary": (decay, lambda x, a, b, g: {"a": g * np.exp(-b * x)}, {"wrt": "a", "bounds": BOX}),
    "an integer": (lambda x, n: x**n, lambda x, n, g: g * n * x ** (n - 1), {"inputs": (1.5, 3)}),
    "an integer and None": (lambda x, n: x**n, lambda x, n, g: (g * n * x ** (n - 1), None), {"inputs": (1.5, 3)}),
    "an integer first": (lambda n, x: x**n, lambda x, n, g: g * n * x ** (n - 1), {"inputs": (3, 1.5)}),
    "a label": (
        lambda x, how: x**2 if how == "square" else x,
        lambda x, how, g: 2 * g * x if how == "square" else g,
        {"inputs": {"x": 1.0, "how": "square"}},
    ),
    "data": (
        loss,
        lambda w, X, y, g: 2 * g * X.T @ (X @ w - y),
        {"args": (X, Y), "shapes": {"w": 2}},
    ),
    "an array that is held": (
        lambda x, w: (x * w).sum(),
        lambda x, w, g: (None, g * x),
        {"shapes": {"x": 3, "w": 3}, "wrt": "w"},
    ),
    "a kink where an input is held": (
        lambda x, a: abs(x - a),
        lambda x, a, g: (g * np.sign(x - a), None),
        {"wrt": "x"},
    ),
    "a cache": (lambda x, w: (x * w, (x, w)), lambda dout, cache: (dout * cache[1], dout * cache[0]), {}),
    "a cache of arrays": (
        affine, affine_backward, {"shapes": {"x": (1, 2), "w": (2, 1), "b": 1}}
    ),
    "a cache, and a definition": (
        lambda x: (x * x, x), lambda dout, cache: 2 * dout * cache, {"definition": lambda x: x**2}
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right(name: str) -> None:
    forward, backward, options = RIGHT[name]
    (operation,) = verify.check(forward, backward, **options, **FEW).operations
    assert operation.right.verdict is Verdict.PROVED
    assert operation.ok, [f.message for f in operation.findings if f.verdict.fails]


WRONG: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "of one that is differentiated": (
        decay,
        lambda x, a, b, g: (None, g * np.exp(-b * x), g * a * x * np.exp(-b * x)),
        {"wrt": ("a", "b"), "bounds": BOX},
    ),
    "the others' place": (
        lambda x, a: a * x**2,
        lambda x, a, g: g * x**2,
        {"wrt": "x"},
    ),
    "an integer": (lambda x, n: x**n, lambda x, n, g: g * x ** (n - 1), {"inputs": (1.5, 3)}),
    "at a kink where an input is held": (
        lambda x, a: abs(x - a),
        lambda x, a, g: (g * (1.5 if x == a else np.sign(x - a)), None),
        {"wrt": "x"},
    ),
    "a cache": (lambda x, w: (x * w, (x, w)), lambda dout, cache: (dout * cache[0], dout * cache[1]), {}),
    "a large cache": (
        affine,
        lambda dout, cache: (*affine_backward(dout, cache)[:2], dout.mean(axis=0)),
        {"shapes": {"x": (8, 10), "w": (10, 5), "b": 5}},
    ),
    "a large array beside one that is held": (
        lambda x, w: (x * np.tanh(w)).sum(),
        lambda x, w, g: (None, g * x * (1 - np.tanh(w) ** 2 * 1.001)),
        {"shapes": {"x": 50, "w": 50}, "wrt": "w"},
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong(name: str) -> None:
    forward, backward, options = WRONG[name]
    (operation,) = verify.check(forward, backward, **options, **FEW).operations
    assert operation.right.verdict is Verdict.REFUTED


def test_a_large_array_beside_one_that_is_held() -> None:
    def backward(x, w, g):
        return None, g * x * (1 - np.tanh(w) ** 2)

    shapes = {"x": 50, "w": 50}
    report = verify.check(lambda x, w: (x * np.tanh(w)).sum(), backward, shapes=shapes, wrt="w", **FEW)
    assert report.operations[0].right.verdict is Verdict.PROBABLE
    assert report.ok


@pytest.mark.parametrize(
    ("forward", "backward", "options", "message"),
    [
        (lambda x, how, y: x * y, lambda x, y, g: (g * y, g * x), {"inputs": (1.0, "a", 2.0)}, "must come before"),
        (lambda p: p["a"], lambda g: g, {"inputs": ({"a": 1.0},)}, "pass jac="),
        (lambda *p: p[0], lambda g: g, {"names": ("x",), "args": (2.0,)}, "has no names for 1 arguments"),
        (lambda x: x, lambda x, g: g, {"wrt": "z"}, "wrt: 'z' is not an argument"),
    ],
)
def test_what_cannot_be_bound_is_told(forward: Any, backward: Any, options: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        verify.check(forward, backward, **options, **FEW)


def test_a_forward_without_the_cache_that_its_backward_takes() -> None:
    report = verify.check(lambda x: x * x, lambda dout, cache: 2 * dout * cache, **FEW)
    assert not report.ok
    assert any("it must return (value, cache)" in f.message for f in report.findings)
