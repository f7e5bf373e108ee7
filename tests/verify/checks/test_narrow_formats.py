"""Rules that compute in float32 or float16 are held to the digits and the range of their own format."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backproof import verify
from backproof.verify.results.findings import Question, Verdict
from backproof.verify.results.report import OperationReport

WEIGHT, WEIGHTS = np.float32(0.3), np.array([0.3, 0.7], dtype=np.float32)
Pair = tuple[Callable[..., Any], Callable[..., Any]]


def report(pair: Pair, **options: Any) -> OperationReport:
    return verify.check(*pair, name="pair", raises=False, **options).operations[0]


def _square(scale: Any) -> Pair:
    return lambda x: np.float32(x) ** 2, lambda x, g: np.float32(scale) * np.float32(x) * g


RIGHT: dict[str, tuple[Pair, dict[str, Any]]] = {
    "a scalar": (_square(2), {}),
    "tanh": ((lambda x: np.tanh(np.float32(x)), lambda out, g: g * (1 - np.float32(out) ** 2)), {}),
    "a parameter": ((lambda x: WEIGHT * x, lambda g: WEIGHT * g), {}),
    "the backward alone": ((lambda x: x * x * x, lambda x, g: 3 * np.float32(x) ** 2 * g), {}),
    "half precision": ((lambda x: np.float16(x) * 3, lambda g: np.float16(3) * g), {}),
    "parameters in an array": ((lambda x: (WEIGHTS * x).sum(), lambda g: WEIGHTS * g), {"shapes": {"x": 2}}),
    "inside a sum": (
        (lambda x: (x.astype(np.float32) ** 2).sum(), lambda x, g: g * 2 * x),
        {"shapes": {"x": 4}},
    ),
    "inside a large sum": (
        (lambda x: (x.astype(np.float32) ** 2).sum(), lambda x, g: g * 2 * x),
        {"shapes": {"x": 300}},
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_rule_passes(name: str) -> None:
    pair, options = RIGHT[name]
    found = report(pair, **options)
    assert found.answers[Question.RIGHT].verdict in (Verdict.PROVED, Verdict.PROBABLE)
    assert not any(answer.failing for answer in found.answers.values())


@pytest.mark.parametrize("scale", [2.001, 2.00001, -2])
def test_a_wrong_factor_is_refuted(scale: float) -> None:
    assert report(_square(scale)).answers[Question.RIGHT].verdict is Verdict.REFUTED


def test_a_wrong_rule_that_runs_on_floats_only_is_refuted() -> None:
    def on_floats(scale: float) -> Pair:
        return lambda x: np.float32(x) ** 2, lambda x, g: np.float32(float(str(x)) * scale) * g

    assert report(on_floats(2), definition="x**2").answers[Question.RIGHT].verdict is Verdict.MATCHED
    assert report(on_floats(2.02), definition="x**2").answers[Question.RIGHT].verdict is Verdict.REFUTED


def test_errors_are_counted_in_units_of_the_format() -> None:
    found = report(_square(2))
    (accuracy,) = [f for f in found.findings if f.check == "accuracy"]
    assert accuracy.verdict is Verdict.ACCURATE
    assert "ULP of float32" in accuracy.message


def test_an_overflow_of_the_format_is_fragile() -> None:
    """The square of 1e20 is no float32; 2**20 is the end of its working range."""
    found = report((lambda x: np.float32(x) ** 2, lambda x, g: np.float32(x) ** 2 / np.float32(x) * 2 * g))
    assert found.answers[Question.SAFE].verdict in (Verdict.FRAGILE, Verdict.UNSAFE)
