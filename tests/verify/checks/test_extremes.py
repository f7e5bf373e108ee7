"""Overflow and lost digits: unsafe in the working range, fragile beyond it, and no matter of taste within bounds."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from backproof import verify
from backproof.verify.checks.case import Case
from backproof.verify.checks.extremes import check
from backproof.verify.config.options import Options
from backproof.verify.results.findings import Verdict
from backproof.verify.results.report import OperationReport

Rule = Callable[..., Any]


def checked(forward: Rule, backward: Rule, definition: str | None = None, **more: Any) -> OperationReport:
    return verify.check(forward, backward, definition, points=400, raises=False, **more).operations[0]


def softplus(x: float) -> float:
    return math.log1p(math.exp(-abs(x))) + max(x, 0.0)


def exponential_or_0(x: float, g: float) -> float:
    try:
        e = math.exp(x)
    except OverflowError:
        return 0.0
    return g * e / (1 + e)


def raises_at_minus_710(x: float, g: float) -> float:
    return g / (1 + math.exp(-x))


RATIONAL = (lambda x: 1 / (1 + x * x), lambda x, g: -2 * x * g / (1 + x * x) ** 2)

FRAGILE: dict[str, tuple[Rule, Rule, str | None]] = {
    "a square that overflows at 1e155": (*RATIONAL, None),
    "the square of a quotient, as micrograd has it": (lambda x: 1 / x, lambda x, g: -g * x**-2, None),
}

SAFE: dict[str, tuple[Rule, Rule, str | None]] = {
    "a steep sine: each float has its own result": (
        lambda x: math.sin(1e4 * x),
        lambda x, g: g * 1e4 * math.cos(1e4 * x),
        None,
    ),
    "digits that nobody misses": (lambda x: math.tanh(9 * x), lambda out, g: 9 * g * (1 - out * out), "tanh(9*x)"),
    "rounding of an angle": (
        lambda x, y: math.atan2(x, y),
        lambda x, y, out, g: (g * math.cos(out) / math.hypot(x, y), -g * math.sin(out) / math.hypot(x, y)),
        "atan2(x, y)",
    ),
}

UNSAFE: dict[str, tuple[Rule, Rule, str | None]] = {
    "raises at -710": (softplus, raises_at_minus_710, "log(1 + exp(x))"),
    "an overflow answered by 0, where 1 is right": (softplus, exponential_or_0, "log(1 + exp(x))"),
    "all digits cancel where the derivative is 1/2": (
        lambda x: (math.expm1(x) - x) / x if x else 0.0,
        lambda x, g: g * (x * math.exp(x) - math.exp(x) + 1) / (x * x) if x else g / 2,
        "where(x == 0, 0, (expm1(x) - x)/x)",
    ),
}


@pytest.mark.parametrize("name", FRAGILE)
def test_what_fails_beyond_the_working_range_only_is_fragile(name: str) -> None:
    found = checked(*FRAGILE[name])
    assert (found.safe.verdict, found.ok) == (Verdict.FRAGILE, True)
    assert any(f.message.endswith("beyond the working range") for f in found.safe.findings)


@pytest.mark.parametrize("name", SAFE)
def test_lost_digits_are_not_unsafe(name: str) -> None:
    assert checked(*SAFE[name]).safe.verdict in (Verdict.SAFE, Verdict.FRAGILE)


@pytest.mark.parametrize("name", UNSAFE)
def test_what_fails_in_the_working_range_is_unsafe(name: str) -> None:
    assert checked(*UNSAFE[name]).safe.verdict is Verdict.UNSAFE


def test_the_plainest_point_is_shown() -> None:
    (found,) = [f for f in checked(*UNSAFE["an overflow answered by 0, where 1 is right"]).findings if f.verdict.fails]
    assert 700 < float.fromhex(found.point["x"]) < 1e4
    assert "far off" in found.message


def test_bounds_are_what_is_checked() -> None:
    assert checked(*RATIONAL, bounds={"x": (-1e200, 1e200)}).safe.verdict is Verdict.UNSAFE
    within = checked(*RATIONAL, bounds={"x": (0, 10)})
    assert (within.right.verdict, within.safe.verdict) == (Verdict.PROVED, Verdict.SAFE)
    assert "within the bounds" in " ".join(f.message for f in within.safe.findings)
    half = checked(softplus, raises_at_minus_710, "log(1 + exp(x))", bounds={"x": (-700, math.inf)})
    assert half.safe.verdict is Verdict.SAFE


def test_bounds_of_an_array_are_those_of_its_entries() -> None:
    def backward(x: Any, g: Any) -> Any:
        assert (abs(x) <= 2).all()
        return 2 * x * g

    report = verify.check(lambda x: x * x, backward, shapes={"x": 2}, bounds={"x": (-2, 2)}, raises=False)
    assert report.ok


def test_strict_fails_for_what_is_fragile() -> None:
    with pytest.raises(verify.DerivativeError, match="beyond the working range"):
        verify.check(*RATIONAL, strict=True)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"z": (0, 1)}, "'z' is not an input"),
        ({"x": 3}, "two numbers are needed"),
        ({"x": (0, 1, 2)}, "two numbers are needed"),
        ({"x": ("0", 1)}, "two numbers are needed"),
        ({"x": (math.nan, 1)}, "two numbers are needed"),
        ({"x": (True, 3)}, "two numbers are needed"),
        ({"x": (1, 0)}, "leaves no room"),
        ({"x": (1, 1)}, "leaves no room"),
        ([0, 1], "names no inputs"),
    ],
)
def test_bounds_that_are_none(bounds: Any, message: str) -> None:
    with pytest.raises(verify.UsageError, match=message):
        checked(*RATIONAL, bounds=bounds)


def test_what_is_expected_is_the_derivative_and_infinity_only_where_it_overflows() -> None:
    def expected(low: float, high: float) -> str:
        pair = verify.pair(lambda x: math.log(x), lambda x, g: g * math.nan, "log(x)", bounds={"x": (low, high)})
        (found,) = check(Case(*pair, Options(points=100, alone=True)))
        return dict(found.details)["expected"]

    assert 0.25 <= float(expected(3, 4).split()[0]) <= 1 / 3
    assert expected(1e-320, 1e-310) == "inf, or nearly"


def test_an_event_beyond_the_working_range_is_fragile_and_refutes_nothing() -> None:
    """x*x overflows at 1.3e154; what the rule answers from there on is no other formula."""

    def backward(x: float, g: float) -> float:
        return 5.0 * g if math.isinf(x * x) else g

    answer = verify.check(lambda x: 1.0 * x, backward, points=200).operations[0]
    assert (answer.right.verdict, answer.safe.verdict) == (Verdict.PROVED, Verdict.FRAGILE)

    def nearer(x: float, g: float) -> float:
        return 5.0 * g if math.isinf(x * 1e300) else g

    answer = verify.check(lambda x: 1.0 * x, nearer, points=200, raises=False).operations[0]
    assert answer.safe.verdict is Verdict.UNSAFE
    assert answer.right.verdict is not Verdict.PROVED
