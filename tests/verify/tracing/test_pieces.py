"""Data in closures, linear algebra, tables and pieces: traced, each with a wrong rule that is refuted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backproof import verify
from backproof.verify.results.findings import Verdict
from backproof.verify.terms.term import Term, symbol
from backproof.verify.tracing import linear_algebra, pieces
from backproof.verify.tracing.arrays import terms

Rule = Callable[..., Any]
T = np.array([0.5, 1.0, 2.0])
X = np.array([[1.0, 2.0], [0.5, -1.0], [2.0, 0.25]])
Y = np.array([1.0, 0.5, -0.25])
A = np.array([[2.0, 1.0], [0.5, 3.0]])
PLACES = np.array([0, 2, 2])
MASK = np.array([True, False, True])
KNOTS, VALUES = np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 4.0])


def _masked(x: Any) -> Any:
    found = np.zeros(3, dtype=x.dtype)
    above = x > 0
    found[above] = x[above] ** 2
    return found


def _masked_backward(x: Any, g: Any) -> Any:
    found = np.full(3, np.nan)
    found[x > 0] = 2 * x[x > 0]
    found[~(x > 0)] = 0
    return g * found


def _scattered(x: Any, g: Any) -> Any:
    found = np.zeros_like(x)
    np.add.at(found, PLACES, g)
    return found


def _kept(x: Any, g: Any) -> Any:
    found = np.zeros(x.shape, dtype=x.dtype)
    found[MASK] = g * 2 * x[MASK]
    return found


def _solved(a: Any, b: Any, g: Any) -> Any:
    left = np.linalg.solve(a.T, g)
    return -np.outer(left, np.linalg.solve(a, b)), left


def _solved_wrong(a: Any, b: Any, g: Any) -> Any:
    left = np.linalg.solve(a.T, g)
    return -np.outer(left, np.linalg.solve(a, b)).T, left


def _step(x: Any) -> Any:
    match x:
        case float():
            return x * x
        case _:
            return x * x


SQUARE = {"x": (2, 2)}
CASES: dict[str, tuple[Rule, Rule, Rule, dict[str, Any]]] = {
    "an array beside symbols": (
        lambda a, b: a * np.exp(-b * T),
        lambda a, b, g: ((g * np.exp(-b * T)).sum(), (-g * a * T * np.exp(-b * T)).sum()),
        lambda a, b, g: ((g * np.exp(-b * T)).sum(), (-g * T * np.exp(-b * T)).sum()),
        {"shapes": {}},
    ),
    "an array first": (
        lambda w: ((X @ w - Y) ** 2).sum(),
        lambda w, g: g * X.T @ (2 * (X @ w - Y)),
        lambda w, g: g * X.T @ (2 * (X @ w + Y)),
        {"shapes": {"w": 2}},
    ),
    "whole indices": (lambda x: x[PLACES] * 1.0, _scattered, lambda x, g: g[PLACES], {"shapes": {"x": 3}}),
    "a mask": (lambda x: x[MASK] ** 2, _kept, lambda x, g: 2 * _kept(x, g), {"shapes": {"x": 3}}),
    "a mask of symbols": (
        _masked,
        _masked_backward,
        lambda x, g: g * 2 * x,
        {"shapes": {"x": 3}},
    ),
    "solve, of numbers": (
        lambda b: np.linalg.solve(A, b),
        lambda b, g: np.linalg.solve(A.T, g),
        lambda b, g: np.linalg.solve(A, g),
        {"shapes": {"b": 2}},
    ),
    "solve": (lambda a, b: np.linalg.solve(a, b), _solved, _solved_wrong, {"shapes": {"a": (2, 2), "b": 2}}),
    "inv": (
        lambda x: np.linalg.inv(x),
        lambda x, out, g: -out.T @ g @ out.T,
        lambda x, out, g: -out @ g @ out,
        {"shapes": SQUARE},
    ),
    "det": (
        lambda x: np.linalg.det(x),
        lambda x, g: g * np.linalg.det(x) * np.linalg.inv(x).T,
        lambda x, g: g * np.linalg.det(x) * np.linalg.inv(x),
        {"shapes": SQUARE},
    ),
    "slogdet": (
        lambda x: np.linalg.slogdet(x)[1],
        lambda x, g: g * np.linalg.inv(x).T,
        lambda x, g: g * np.linalg.inv(x),
        {"shapes": SQUARE},
    ),
    "cholesky": (
        lambda d: np.linalg.cholesky(d * np.array([[2.0, 0.5], [0.5, 1.0]]))[1, 0],
        lambda d, out, g: g * out / (2 * d),
        lambda d, out, g: g * out / d,
        {"domain": "d > 0"},
    ),
    "bincount": (
        lambda w: np.bincount(PLACES, weights=w, minlength=4),
        lambda w, g: g[PLACES],
        lambda w, g: g[:3],
        {"shapes": {"w": 3}},
    ),
    "clip": (
        lambda x: np.exp(np.clip(x, -np.inf, 5)),
        lambda x, g: g * np.where(x < 5, np.exp(np.clip(x, -np.inf, 5)), 0),
        lambda x, g: g * np.where(x < 4, np.exp(np.clip(x, -np.inf, 5)), 0),
        {},
    ),
    "select": (
        lambda x: np.select([x < 0, x < 1], [0, x**2], default=2 * x - 1),
        lambda x, g: g * np.select([x < 0, x < 1], [0, 2 * x], default=2.0),
        lambda x, g: g * np.select([x < 0, x < 2], [0, 2 * x], default=2.0),
        {},
    ),
    "piecewise": (
        lambda x: np.piecewise(x, [x < 0, x >= 1], [lambda v: 0 * v, lambda v: 2 * v - 1, lambda v: v**2]),
        lambda x, g: g * np.piecewise(x, [x < 0, x >= 1], [0.0, 2.0, lambda v: 2 * v]),
        lambda x, g: g * np.piecewise(x, [x < 0, x >= 1], [0.0, 3.0, lambda v: 2 * v]),
        {},
    ),
    "piecewise, of an array": (
        lambda x: np.piecewise(x, [x < 0, x >= 0], [0.0, lambda v: v**2]),
        lambda x, g: g * np.piecewise(x, [x < 0, x >= 0], [0.0, lambda v: 2 * v]),
        lambda x, g: g * np.piecewise(x, [x < 0, x >= 0], [lambda v: 2 * v, 0.0]),
        {"shapes": {"x": 2}},
    ),
    "interp": (
        lambda x: np.interp(x, KNOTS, VALUES),
        lambda x, g: g * np.where(x < 0, 0.0, np.where(x < 1, 1.0, np.where(x < 2, 3.0, 0.0))),
        lambda x, g: g * np.where(x < 0, 0.0, np.where(x < 1, 1.0, 3.0)),
        {},
    ),
    "a place in a table": (
        lambda x: VALUES[np.searchsorted(KNOTS, x)] * x,
        lambda x, g: g * VALUES[np.searchsorted(KNOTS, x)],
        lambda x, g: g * VALUES[np.searchsorted(KNOTS, x) - 1],
        {"domain": "x > 0 and x < 2 and x != 1"},
    ),
    "convolve": (
        lambda x: np.convolve(x, T),
        lambda x, g: np.correlate(g, T, mode="valid"),
        lambda x, g: np.convolve(g, T, mode="valid"),
        {"shapes": {"x": 2}},
    ),
    "match float()": (_step, lambda x, g: 2 * g * x, lambda x, g: 3 * g * x, {}),
}


@pytest.mark.parametrize("name", CASES)
def test_data_in_the_closure(name: str) -> None:
    forward, right, wrong, more = CASES[name]
    report = verify.check(forward, right, **more, points=60, raises=False)
    assert report.operations[0].right.verdict in (Verdict.PROVED, Verdict.PROBABLE)
    assert report.ok
    report = verify.check(forward, wrong, **more, points=60, raises=False)
    assert report.operations[0].right.verdict is Verdict.REFUTED


@pytest.mark.optional
@pytest.mark.parametrize("name", ["logsumexp", "softmax", "log_softmax"])
def test_sums_of_exponentials(name: str) -> None:
    special = pytest.importorskip("scipy.special", reason="SciPy is not installed: pip install scipy")
    forward = getattr(special, name)
    rules: dict[str, Rule] = {
        "logsumexp": lambda x, out, g: g * np.exp(x - out),
        "softmax": lambda x, out, g: out * (g - (g * out).sum()),
        "log_softmax": lambda x, out, g: g - np.exp(out) * g.sum(),
    }
    report = verify.check(lambda x: forward(x), rules[name], shapes={"x": 3}, points=60, raises=False)
    assert report.operations[0].right.verdict is Verdict.PROVED
    report = verify.check(lambda x: forward(x), lambda x, out, g: g * out + 0 * x, shapes={"x": 3}, raises=False)
    assert report.operations[0].right.verdict is Verdict.REFUTED


def test_matrices_of_numbers_are_exact() -> None:
    """The inverse in fractions: its product with the matrix is the identity, without rounding."""
    found = linear_algebra.inv(A)
    assert isinstance(found[0, 0], Term)
    rows = [list(map(_exact, row)) for row in A]
    columns = [[x.value for x in column] for column in found.T]
    product = [[sum(a * x for a, x in zip(row, column, strict=True)) for column in columns] for row in rows]
    assert product == [[1, 0], [0, 1]]
    assert linear_algebra.det(A).value == _exact(2.0) * 3 - _exact(0.5)
    with pytest.raises(np.linalg.LinAlgError):
        linear_algebra.inv(np.zeros((2, 2)))


def _exact(x: float) -> Any:
    from fractions import Fraction

    return Fraction(x)


def test_what_is_too_large_is_no_trace() -> None:
    many = terms([[symbol(f"a{i}{k}") for k in range(6)] for i in range(6)])
    for function in (linear_algebra.det, linear_algebra.inv, linear_algebra.cholesky):
        with pytest.raises(TypeError, match=r"of an array of symbols of shape \(6, 6\)"):
            function(many)
    with pytest.raises(TypeError, match="knots that are symbols"):
        pieces.interp(symbol("x"), many[0], VALUES)
    report = verify.check(
        lambda x: np.linalg.det(x), lambda x, g: g * np.linalg.det(x) * np.linalg.inv(x).T, shapes={"x": (6, 6)}
    )
    assert report.operations[0].right.verdict is Verdict.PROBABLE  # as an array program


def test_on_numbers_they_are_the_real_functions() -> None:
    assert np.array_equal(pieces.select([T < 1], [T], 0.0), np.select([T < 1], [T], 0.0))
    assert np.array_equal(pieces.interp(T, KNOTS, VALUES), np.interp(T, KNOTS, VALUES))
    assert np.array_equal(pieces.bincount(PLACES), np.bincount(PLACES))
    assert pieces.searchsorted(KNOTS, 0.5) == 1
    assert np.array_equal(pieces.piecewise(T, [T < 1], [0.0, 1.0]), np.piecewise(T, [T < 1], [0.0, 1.0]))
