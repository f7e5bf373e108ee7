"""The forward of a kernel: it may lose the digits that its formula loses, and flush; it may not be another function."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from backproof import verify
from backproof.engine import OPS, Value, arithmetic
from backproof.engine.arithmetic import FLOATS
from backproof.verify.arithmetics.double_double import Doubled
from backproof.verify.checks.case import Case
from backproof.verify.checks.forward import check
from backproof.verify.config.options import Options
from backproof.verify.numerics.points import Points
from backproof.verify.numerics.reference_values import screened
from backproof.verify.results.findings import Verdict
from backproof.verify.subjects.engines.own import ValueEngine
from backproof.verify.terms.term import Term
from tests.verify.rules.plant import rule

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
    """An operation that is its spec's formula on symbols, and the kernel on floats."""

    def forward(m: Any, x: Any) -> Any:
        if arithmetic(x) is FLOATS or isinstance(x, np.ndarray):
            return np.vectorize(kernel, otypes=[float])(x)[()]
        return (1 + m.tanh(x / 2)) / 2 if op == "sigmoid" else x * x

    method = rule(op, lambda m, x, out: out * (1 - out) if op == "sigmoid" else 2 * x, forward=forward)
    ((operation, spec),) = ValueEngine(type("Kernels", (Value,), {OPS[op]: method}), {op: OPS[op]}).operations()
    operation.compiled = compiled
    (finding,) = check(Case(operation, spec, Options(points=4000)))
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
def test_an_operation_without_a_kernel_runs_as_traced(op: str, kernel: Kernel) -> None:
    assert verdict(op, kernel, compiled=False) is Verdict.REFUTED


def test_a_wrong_screen_accepts_no_wrong_forward(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it settles is also evaluated in interval arithmetic, at the plainest points."""

    def lying(terms: Sequence[Term], inputs: Sequence[str], points: Points) -> list[Doubled] | None:
        """It reports every value as a quarter larger, and leaves out what it does not know."""
        found = screened(terms, inputs, points)
        assert found is not None
        value = found[0]
        with np.errstate(over="ignore", invalid="ignore"):
            known = np.nan_to_num(value.high * 1.25)
        return [Doubled(known, 0.0 * known, 0.0 * known), *found[1:]]

    monkeypatch.setattr("backproof.verify.checks.case.screened", lying)
    assert verdict("square", times(1.25, square), compiled=True) is Verdict.REFUTED


def test_a_whole_number_beyond_all_floats_is_no_error_of_ours() -> None:
    found = verify.check(lambda x: x - 3 * (x // 3), lambda x, g: g, raises=False).operations[0]
    assert [f.message for f in found.findings if "internal error" in f.message] == []


@pytest.mark.parametrize(("more", "expected"), [(0, Verdict.MATCHED), (1, Verdict.REFUTED)])
def test_nothing_is_asked_of_a_forward_where_the_reference_is_not_known(more: int, expected: Verdict) -> None:
    """Far out exp(exp(x)) is beyond what interval arithmetic can hold.  The forward runs on floats only."""
    pair = verify.pair(lambda x: math.ldexp(x, 0) + more, lambda x, g: g, "log(exp(exp(x))) - exp(x) + x")
    (finding,) = check(Case(*pair, Options(points=100, alone=True)))
    assert finding.verdict is expected
