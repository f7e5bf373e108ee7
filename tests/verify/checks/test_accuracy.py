"""Lost digits are reported near a landmark, even where a stratum may miss the place."""

import math
from typing import Any

import pytest
from accuracy_rules import case_of, case_with

from backproof.verify.accuracy.forms import FORMS
from backproof.verify.checks import accuracy
from backproof.verify.checks.case import Case
from backproof.verify.numerics.conditioning import BUDGET
from backproof.verify.results.findings import Verdict


def verdict_of(case: Case) -> tuple[Verdict, str]:
    (finding,) = accuracy.check(case)
    return finding.verdict, finding.message


@pytest.mark.parametrize("name", ["silu", "mish"])
def test_a_factor_that_is_subnormal_before_the_derivative_is(name: str) -> None:
    """x·e**x from -708 to -715: e**x has lost digits, and its product with x is a normal number."""
    verdict, message = verdict_of(case_of(name))
    assert verdict is Verdict.INACCURATE
    assert "x = -71" in message


def test_by_halves_of_the_exponential_the_digits_stay() -> None:
    by_halves = FORMS["silu"][0]
    verdict, message = verdict_of(case_with("silu", lambda m, x, out: by_halves.partials(m, x)[0]))
    assert verdict is Verdict.ACCURATE, message


@pytest.mark.parametrize(("ulps", "verdict"), [(BUDGET, Verdict.ACCURATE), (BUDGET + 1, Verdict.INACCURATE)])
def test_an_error_of_exactly_the_budget_is_within_it(ulps: float, verdict: Verdict) -> None:
    def rule(m: Any, x: Any, out: Any) -> Any:
        return 2 * x - ulps * math.ulp(2 * x) if isinstance(x, float) and 1 < x < 2 else 2 * x

    found, message = verdict_of(case_with("square", rule))
    assert found is verdict
    assert message.startswith(f"worst error {ulps:.1f} ULP")
