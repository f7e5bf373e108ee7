"""Constants that a module stores are floats: their rounding refutes nothing, and a wrong digit does."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backproof import verify
from backproof.verify.results.findings import Verdict

FEW: dict[str, Any] = {"points": 200, "raises": False}
A = np.array([[2.0, 0.3], [0.3, 1.7]])
INVERSE = np.linalg.inv(A)
AGAIN = np.linalg.inv(np.linalg.cholesky(A)).T @ np.linalg.inv(np.linalg.cholesky(A))
GRAM = A.T @ A
ROOT = 1 / np.sqrt(2 * np.pi)

Made = Callable[[float], tuple[Callable[..., Any], Callable[..., Any], dict[str, Any]]]


def by_inverse(off: float):
    return lambda x: 0.5 * x @ INVERSE @ x, lambda x: AGAIN * (1 + off) @ x, {"shapes": {"x": 2}}


def by_gram(off: float):
    return lambda x: 0.5 * ((A @ x) ** 2).sum(), lambda x: GRAM * (1 + off) @ x, {"shapes": {"x": 2}}


def by_density(off: float):
    def density(x, m):
        return ROOT * (1 + off) * np.exp(-((x - m) ** 2) / 2)

    return (
        lambda x, m: 0.5 * math.erfc(-(x - m) / math.sqrt(2)),
        lambda x, m: (density(x, m), -density(x, m)),
        {},
    )


def by_sums(off: float):
    weights = np.array([0.1234567890123456, 0.2345678901234567, 0.6419753209641977])
    total = float(weights.sum()) * (1 + off)
    return lambda x, y: (weights * x).sum() * y, lambda x, y: (total * y, total * x), {}


MADE: list[Made] = [by_inverse, by_gram, by_density, by_sums]


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("ulps", [0, 1, -1])
def test_a_rounding_of_a_stored_constant_is_not_refuted(made: Made, ulps: int) -> None:
    function, jac, options = made(ulps * 2.0**-52)
    (operation,) = verify.check(function, jac=jac, **options, **FEW).operations
    assert operation.right.verdict in (Verdict.PROVED, Verdict.MATCHED)
    assert operation.ok


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("off", [1e-12, 1e-9, 1e-3, -2.0])
def test_a_wrong_digit_of_a_stored_constant_is_refuted(made: Made, off: float) -> None:
    function, jac, options = made(off)
    (operation,) = verify.check(function, jac=jac, **options, **FEW).operations
    assert operation.right.verdict is Verdict.REFUTED


def test_a_fault_beside_stored_constants_is_refuted() -> None:
    def jac(x):
        return AGAIN @ x + (np.array([1e-6, 0.0]) if x[0] > 500 else 0)

    (operation,) = verify.check(lambda x: 0.5 * x @ INVERSE @ x, jac=jac, shapes={"x": 2}, **FEW).operations
    assert operation.right.verdict is Verdict.REFUTED
