"""Wrong derivatives that were proved once, each of a kind of its own, and right ones beside them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backproof import verify
from backproof.verify.support.errors import UsageError

FEW: dict[str, Any] = {"points": 100, "raises": False}
DATA = np.ones((25, 30))


def partly(x):
    made = np.empty((3, 3))
    for i in range(3):
        made[i, i] = 2 * x[i]
    return made


def wholly(x):
    made = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            made[i, j] = 2 * x[i] if i == j else 0.0
    return made


def clipped(x):
    g = 2 * x
    h = np.asarray(g, dtype=float)
    n = np.sqrt((h**2).sum())
    if n > 1e4:
        h /= n
    return g


def clipped_in_place(x):
    g = 2 * x
    h = g.astype(float, copy=False)
    h *= 1.0 + (x[0] > 1e7)
    return g


class Spoils:
    def __init__(self):
        self.x = np.array([1.0, 4.0])

    def f(self, w):
        return (w * self.x) @ (w * self.x)

    def df(self, w):
        np.clip(self.x, 0, 3, out=self.x)
        return 2 * w * (self.x**2).sum()


WRONG: dict[str, tuple[Any, dict[str, Any]]] = {
    "a product that is not linear": (
        lambda x, y: x @ y,
        {"jvp": lambda x, y, u, v: u @ y + x @ v + u @ v, "shapes": {"x": 6, "y": 6}},
    ),
    "a Hessian's product that is not linear": (
        lambda x: x.sum() ** 2,
        {
            "jac": lambda x: 2 * x.sum() * np.ones(12),
            "hessp": lambda x, p: 2 * (p**2).sum() * np.ones(12),
            "shapes": {"x": 12},
        },
    ),
    "a product of absolute values, untraced": (
        lambda x: float(str(x)) ** 2,
        {"jvp": lambda x, v: float(str(2 * x)) * abs(v)},
    ),
    "wrong for other values of what is held": (
        lambda x, lam: ((DATA @ x) ** 2).sum() + lam * (x @ x),
        {"jac": lambda x, lam: 2 * DATA.T @ (DATA @ x) + 2 * min(lam, 1.0) * x, "shapes": {"x": 30}, "wrt": ("x",)},
    ),
    "the sign of what is held": (
        lambda x, a: a * (x @ np.ones((30, 20))),
        {"jac": lambda x, a: abs(a) * np.ones((20, 30)), "shapes": {"x": 30}, "wrt": ("x",)},
    ),
    "entries that nobody set": (lambda x: x**2, {"jac": partly, "shapes": {"x": 3}}),
    "written to through another name": (lambda x: (x**2).sum(), {"jac": clipped, "shapes": {"x": 2}}),
    "the same by astype": (lambda x: (x**2).sum(), {"jac": clipped_in_place, "shapes": {"x": 2}}),
}


@pytest.mark.parametrize("name", WRONG)
def test_is_not_proved(name: str) -> None:
    function, options = WRONG[name]
    report = verify.check(function, **options, **FEW)
    assert not report.ok or report.operations[0].right.verdict.value == "matched"
    assert all(o.right.verdict.value not in ("proved", "probable") or not o.ok for o in report.operations[-1:])


def test_a_derivative_that_spoils_the_data_of_the_function() -> None:
    made = Spoils()
    report = verify.check(made.f, jac=made.df, **FEW)
    assert not report.ok
    assert any("the derivative changes what the function returns" in f.message for f in report.findings)


@pytest.mark.parametrize(
    ("jac", "more"),
    [
        (lambda x: [x.sum()], {}),
        (lambda x: (x.sum(),), {}),
        (lambda x: [np.array([[1.0]])], {}),
    ],
)
def test_one_number_is_no_gradient_of_an_array(jac: Any, more: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="expected"):
        verify.check(lambda x: x.sum() ** 2 / 2, jac=jac, shapes={"x": 3}, **more, **FEW)


RIGHT: dict[str, tuple[Any, dict[str, Any]]] = {
    "entries that are set": (lambda x: x**2, {"jac": wholly, "shapes": {"x": 3}}),
    "a linear product of many": (
        lambda x, y: x @ y,
        {"jvp": lambda x, y, u, v: u @ y + x @ v, "shapes": {"x": 6, "y": 6}},
    ),
    "a constant partial of a number": (lambda a, b: a + b * np.arange(3), {"jac": lambda a, b: [1.0, np.arange(3)]}),
    "what is held, in large": (
        lambda x, lam: ((DATA @ x) ** 2).sum() + lam * (x @ x),
        {"jac": lambda x, lam: 2 * DATA.T @ (DATA @ x) + 2 * lam * x, "shapes": {"x": 30}, "wrt": ("x",)},
    ),
    "a logarithm of a determinant": (
        lambda A: np.linalg.slogdet(A)[1],
        {"jac": lambda A: np.linalg.inv(A).T, "shapes": {"A": (2, 2)}},
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_is_left_in_peace(name: str) -> None:
    function, options = RIGHT[name]
    report = verify.check(function, **options, **FEW)
    assert report.ok, [f.message for f in report.findings if f.verdict.fails]
    assert report.operations[0].right.verdict.value in ("proved", "probable")


def test_a_circle_of_irrational_radius() -> None:
    report = verify.check(lambda x, y: x * y, jac=lambda x, y: (y, 2 * x), domain="x**2 + y**2 == 2", **FEW)
    assert report.operations[0].right.verdict.value == "refuted"


def test_a_result_of_nested_parts_is_told() -> None:
    with pytest.raises(UsageError, match="nested parts of different shapes"):
        verify.check(
            lambda x, b: b * (x**2).sum(),
            jac=lambda x, b: [2 * b * x, (x**2).sum()],
            hess=lambda x, b: ((2 * b * np.eye(2), 2 * x), (2 * x, 0.0)),
            shapes={"x": 2},
            **FEW,
        )
