"""Bounds of large arrays: the points lie between them, and a failure in floats there is unsafe."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backproof import verify
from backproof.verify.results.findings import Verdict
from backproof.verify.results.report import OperationReport
from backproof.verify.run.harness import verify_here
from backproof.verify.subjects.project_subjects import together
from backproof.verify.subjects.subject import Cases
from backproof.verify.support.errors import UsageError

LARGE = {"x": 100}


def checked(forward: Any, backward: Any, bounds: dict[str, Any] | None = None, **more: Any) -> OperationReport:
    report = verify.check(forward, backward, shapes=LARGE, bounds=bounds or {}, raises=False, **more)
    return report.operations[0]


def square(x: Any) -> Any:
    return x * x


def wrong_where_all_are_close(x: Any, g: Any) -> Any:
    return (3 if x.size > 50 and x.min() > 0.7 * x.max() else 2) * x * g


def test_only_points_within_the_bounds_show_it() -> None:
    assert checked(square, wrong_where_all_are_close).right.verdict is Verdict.PROBABLE
    assert checked(square, wrong_where_all_are_close, {"x": (6, 8)}).right.verdict is Verdict.REFUTED


def test_nothing_is_asked_beyond_them() -> None:
    """log(1 + exp(x)) overflows from 710 on: unsafe among entries up to 1000, and no matter between -30 and 30."""

    def naive(x: Any, g: Any) -> Any:
        return g * np.exp(x) / (1 + np.exp(x))

    def softplus(x: Any) -> Any:
        return np.log(1 + np.exp(x))

    assert checked(softplus, naive).safe.verdict is Verdict.UNSAFE
    within = checked(softplus, naive, {"x": (-30, 30)})
    assert (within.right.verdict, within.safe.verdict) == (Verdict.PROBABLE, Verdict.SAFE)
    assert "within the bounds" in " ".join(f.message for f in within.safe.findings)


def test_a_failure_within_wide_bounds_is_unsafe() -> None:
    def scaled(x: Any) -> Any:
        return np.log(1 + np.exp(x / 1000))

    def naive(x: Any, g: Any) -> Any:
        return g * np.exp(x / 1000) / (1 + np.exp(x / 1000)) / 1000

    assert checked(scaled, naive).safe.verdict is Verdict.SAFE
    assert checked(scaled, naive, {"x": (0, 1e6)}).safe.verdict is Verdict.UNSAFE


def test_functions_that_refuse_what_is_outside() -> None:
    def picky(x: Any) -> Any:
        if x.min() < 0.25 or x.max() > 0.5:
            raise ValueError("a share between a quarter and a half")
        return x**3

    found = checked(picky, lambda x, g: 3 * x**2 * g, {"x": (0.25, 0.5)})
    assert found.right.verdict is Verdict.PROBABLE
    assert found.safe.verdict is Verdict.SAFE
    with pytest.raises(UsageError, match="does not run"):
        checked(picky, lambda x, g: 3 * x**2 * g)


def test_a_domain_and_bounds_together() -> None:
    found = checked(lambda x: np.log(x), lambda x, g: g / x, {"x": (-1, 4)}, domain="x > 0")
    assert found.right.verdict is Verdict.PROBABLE
    assert found.safe.verdict is Verdict.SAFE


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"y": (0, 1)}, "'y' is not an input"),
        ({"x": (1, 0)}, "leaves no room"),
        ({"x": (0, math.nan)}, "two numbers"),
        ({"x_3": (0, 1)}, "'x_3' is not an input"),
        ({"x": (1, 1 + 1e-15)}, "too few floats from 1.0 to .* for 100 entries"),
        ([], "names no inputs"),
    ],
)
def test_bounds_that_are_none(bounds: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        verify.check(square, lambda x, g: 2 * x * g, shapes=LARGE, bounds=bounds)


@pytest.mark.parametrize(("bounds", "verdict"), [({}, Verdict.PROBABLE), ({"x": [6, 8]}, Verdict.REFUTED)])
def test_a_project_states_them(bounds: dict[str, Any], verdict: Verdict, tmp_path: Path) -> None:
    case = verify.pair(square, wrong_where_all_are_close, shapes=LARGE, name="square")
    whole = together([Cases("rules", (case,))], {}, bounds={"square": bounds} if bounds else {})
    assert verify_here(whole).operations[0].right.verdict is verdict
