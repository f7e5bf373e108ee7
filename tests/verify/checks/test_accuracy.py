"""Lost digits are told of where a landmark stands, though no stratum is sure to meet the place."""

import pytest
from accuracy_rules import case_of, case_with

from verify.accuracy.forms import FORMS
from verify.case import Case
from verify.checks import accuracy
from verify.findings import Verdict


def verdict_of(case: Case) -> tuple[Verdict, str]:
    (finding,) = accuracy.check(case)
    return finding.verdict, finding.message


@pytest.mark.parametrize("name", ["silu", "mish"])
def test_a_factor_that_is_subnormal_before_the_slope_is(name: str) -> None:
    """x·e**x from -708 to -715: e**x has lost digits, and its product with x is a normal number."""
    verdict, message = verdict_of(case_of(name))
    assert verdict is Verdict.INACCURATE
    assert "x = -71" in message


def test_by_halves_of_the_exponential_the_digits_stay() -> None:
    by_halves = FORMS["silu"][0]
    verdict, message = verdict_of(case_with("silu", lambda m, x, out: by_halves.slopes(m, x)[0]))
    assert verdict is Verdict.ACCURATE, message
