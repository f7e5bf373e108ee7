"""A finite value where one-sided derivatives are infinite, and kinks that meet an edge of the domain."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from backproof import verify
from backproof.verify.results.findings import Verdict

RIGHT, WRONG = Verdict.PROVED, Verdict.REFUTED


def right(forward: Callable[..., Any], backward: Callable[..., Any], definition: str, domain: str | None = None) -> Any:
    report = verify.check(forward, backward, definition, domain=domain, points=60, raises=False)
    return report.operations[0].right


def steep(x: float) -> float:
    return x if x < 0 else math.sqrt(x)


ROOT = (math.sqrt, lambda value: lambda out, g: g / (2 * out) if out > 0 else g * value, "sqrt(x)")
CUBE_ROOT = (
    lambda x: math.copysign(abs(x) ** (1 / 3), x),
    lambda value: lambda out, g: g / (3 * out * out) if out else g * value,
    "cbrt(x)",
)
TIP = (
    lambda x: math.sqrt(abs(x)),
    lambda value: lambda x, out, g: (g if x > 0 else -g) / (2 * out) if out else g * value,
    "sqrt(abs(x))",
)
ONE_AND_INFINITE = (
    steep,
    lambda value: lambda x, out, g: g if x < 0 else g / (2 * out) if x > 0 else g * value,
    "where(x < 0, x, sqrt(x))",
)


@pytest.mark.parametrize(
    ("pair", "value", "verdict"),
    [
        (ROOT, 0, RIGHT),  # a mask, and reported
        (ROOT, -1000, WRONG),
        (ROOT, 5, WRONG),
        (CUBE_ROOT, 0, RIGHT),
        (CUBE_ROOT, -7, WRONG),
        (TIP, 0, RIGHT),
        (TIP, 3, RIGHT),  # minus and plus infinity: any number is between them
        (TIP, -7, RIGHT),
        (ONE_AND_INFINITE, 1, RIGHT),
        (ONE_AND_INFINITE, 7, RIGHT),
        (ONE_AND_INFINITE, 0, WRONG),
        (ONE_AND_INFINITE, -5, WRONG),
    ],
)
def test_a_finite_value_where_the_derivative_is_infinite(pair: Any, value: float, verdict: Verdict) -> None:
    forward, backward, definition = pair
    assert right(forward, backward(value), definition).verdict is verdict


def test_a_mask_is_reported() -> None:
    forward, backward, definition = ROOT
    (found,) = [f.message for f in right(forward, backward(0), definition).findings if f.check == "proof"]
    assert "at x = 0 the derivative is infinite and the rule returns 0" in found


@pytest.mark.parametrize(("share", "verdict"), [(-1, RIGHT), (0, RIGHT), (0.5, RIGHT), (1, RIGHT), (2, WRONG)])
def test_a_kink_that_meets_an_edge(share: float, verdict: Verdict) -> None:
    """x + |y| on x >= 0: at the origin the limits from inside are (1, 1) and (1, -1)."""

    def backward(x: Any, y: Any, g: Any) -> Any:
        return g, g * ((y > 0) - (y < 0) + share * (y == 0) * (x == 0))

    assert right(lambda x, y: x + abs(y), backward, "x + abs(y)", "x >= 0").verdict is verdict


def test_at_an_edge_alone_the_derivative_is_the_limit_from_inside() -> None:
    for added, verdict in ((0, RIGHT), (1, WRONG)):
        found = right(lambda x: x * x, lambda x, g, a=added: g * (2 * x + a * (x == 0)), "x*x", "x >= 0")
        assert found.verdict is verdict
