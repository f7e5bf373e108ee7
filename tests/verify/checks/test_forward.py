"""The forward of a kernel: it may lose the digits that its formula loses, and flush; it may not be another function."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from engine import OPS, Value
from tests.verify.rules.plant import rule
from verify.case import Case
from verify.checks.forward import check
from verify.findings import Verdict
from verify.numbers.doubled import Doubled
from verify.numbers.points import Points
from verify.numbers.truths import screened
from verify.options import Options
from verify.subjects.values import ValueEngine
from verify.trace.term import Term

Kernel = Callable[[float], float]


def logistic(x: float) -> float:
    return (1 + math.tanh(x / 2)) / 2


def another_tanh(x: float) -> float:
    """Two units in the last place of tanh: near -1 more than anything else in the sum."""
    t = math.tanh(x / 2)
    return (1 + t + 2 * math.ulp(t) * (-1 < t < -0.9)) / 2


def flushed(least: float) -> Kernel:
    def kernel(x: float) -> float:
        value = square(x)
        return 0.0 if value < least else value

    return kernel


def square(x: float) -> float:
    return x * x


def times(factor: float, kernel: Kernel) -> Kernel:
    return lambda x: factor * kernel(x)


def verdict(op: str, kernel: Kernel, compiled: bool) -> Verdict:
    """Of an operation that is its row's formula on symbols, and the kernel on floats."""

    def forward(m: Any, x: Any) -> Any:
        if isinstance(x, float | np.ndarray):
            return np.vectorize(kernel, otypes=[float])(x)[()]
        return (1 + m.tanh(x / 2)) / 2 if op == "sigmoid" else x * x

    method = rule(op, lambda m, x, out: out * (1 - out) if op == "sigmoid" else 2 * x, forward=forward)
    ((operation, row),) = ValueEngine(type("Kernels", (Value,), {OPS[op]: method}), {op: OPS[op]}).operations()
    operation.compiled = compiled
    (finding,) = check(Case(operation, row, Options(points=4000)))
    return finding.verdict


@pytest.mark.parametrize(
    ("op", "kernel"),
    [("sigmoid", logistic), ("sigmoid", another_tanh), ("square", square), ("square", flushed(2.0**-1022))],
)
def test_a_kernel_may_lose_digits(op: str, kernel: Kernel) -> None:
    assert verdict(op, kernel, compiled=True) is Verdict.MATCHED


@pytest.mark.parametrize(
    ("op", "kernel"),
    [("sigmoid", times(1 + 1e-9, logistic)), ("square", times(1 + 1e-9, square)), ("square", flushed(2.0**-900))],
)
def test_a_kernel_of_another_function_is_refuted(op: str, kernel: Kernel) -> None:
    assert verdict(op, kernel, compiled=True) is Verdict.REFUTED


@pytest.mark.parametrize(("op", "kernel"), [("sigmoid", another_tanh), ("square", flushed(2.0**-1022))])
def test_what_is_no_kernel_runs_as_it_is_traced(op: str, kernel: Kernel) -> None:
    assert verdict(op, kernel, compiled=False) is Verdict.REFUTED


def test_a_screen_that_is_wrong_passes_no_forward(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it settles is looked at in balls all the same, at the plainest points."""

    def lying(terms: Sequence[Term], inputs: Sequence[str], points: Points) -> list[Doubled] | None:
        """It takes every value for a quarter more, and what it does not know it leaves out."""
        found = screened(terms, inputs, points)
        assert found is not None
        value = found[0]
        with np.errstate(over="ignore", invalid="ignore"):
            known = np.nan_to_num(value.high * 1.25)
        return [Doubled(known, 0.0 * known, 0.0 * known), *found[1:]]

    monkeypatch.setattr("verify.case.screened", lying)
    assert verdict("square", times(1.25, square), compiled=True) is Verdict.REFUTED
