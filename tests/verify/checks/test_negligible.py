"""Switches that no float shows: softplus as x beyond 40 is matched, and beyond 10 it is refuted."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from backproof import verify
from backproof.verify.results.findings import Verdict

Pair = tuple[Callable[..., Any], Callable[..., Any], str]


def logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def softplus(limit: float) -> Pair:
    return (
        lambda x: x if x > limit else math.log1p(math.exp(x)),
        lambda x, g: g if x > limit else g * logistic(x),
        "log(1 + exp(x))",
    )


def tanh(limit: float) -> Pair:
    return (
        lambda x: 1.0 if x > limit else -1.0 if x < -limit else math.tanh(x),
        lambda out, g: g * (1 - out * out),
        "tanh(x)",
    )


def sinc(limit: float, at_limit: float = 1.0) -> Pair:
    """Its Taylor polynomial near 0."""

    def backward(x: float, g: float) -> float:
        right = (math.cos(x) - math.sin(x) / x) / x if abs(x) > limit else -x / 3
        return g * right * (at_limit if x == limit else 1)

    return lambda x: math.sin(x) / x if abs(x) > limit else 1 - x * x / 6, backward, "sinc(x)"


def cube(low: float, high: float, factor: float) -> Pair:
    return lambda x: x**3, lambda x, g: g * 3 * x * x * (factor if low < x < high else 1), "x**3"


NEGLIGIBLE = {
    "softplus beyond 40": softplus(40),
    "tanh beyond 20": tanh(20),
    "sinc below 1e-4": sinc(1e-4),
}
WRONG = {
    "softplus beyond 10": softplus(10),
    "tanh beyond 5": tanh(5),
    "sinc below 0.1": sinc(0.1),
    "one point beside a switch": sinc(1e-4, at_limit=5.0),
    "a needle": cube(1.2, 1.2001, 1.001),
    "a needle far out": cube(1e6, 1e6 + 1, 0),
    "everywhere, by a factor that only intervals see": (math.sin, lambda x, g: g * math.cos(x) * (1 + 1e-12), "sin(x)"),
}


def right(pair: Pair) -> Any:
    return verify.check(*pair, points=400, raises=False).operations[0].right


@pytest.mark.parametrize("name", NEGLIGIBLE)
def test_a_switch_that_no_float_shows_is_matched(name: str) -> None:
    found = right(NEGLIGIBLE[name])
    assert found.verdict is Verdict.MATCHED
    assert "by less than 2**-40 of its size: within" in found.findings[0].message


@pytest.mark.parametrize("name", WRONG)
def test_a_difference_that_floats_show_is_refuted(name: str) -> None:
    assert right(WRONG[name]).verdict is Verdict.REFUTED
