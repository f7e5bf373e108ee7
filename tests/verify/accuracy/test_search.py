"""The search finds hidden errors, is deterministic, and its reports hold in interval arithmetic."""

from __future__ import annotations

import pytest
from accuracy_rules import case_of, case_with

from backproof.verify.accuracy.error_meter import ErrorMeter
from backproof.verify.accuracy.forms import FORMS
from backproof.verify.accuracy.search import thresholds, worst
from backproof.verify.arithmetics.ulps import FLOAT32, error_in_ulps
from backproof.verify.checks.case import Case
from backproof.verify.config.options import Options
from backproof.verify.numerics.reference import Reference


@pytest.mark.parametrize(("name", "least"), [("tanh", 4e15), ("sigmoid", 4e15), ("gelu", 300), ("erf", 300)])
def test_large_errors_are_found(name: str, least: float) -> None:
    found = worst(ErrorMeter(case_of(name)))
    assert found.worst is not None
    assert found.worst.local > least


def test_reported_errors_hold_in_interval_arithmetic() -> None:
    case = case_of("erf")
    measured = worst(ErrorMeter(case)).worst
    assert measured is not None
    ((expected,),) = Reference(case.partials, ["x"]).many([measured.point])
    result = case.operation.partials(*measured.point)[0]
    assert measured.result == result
    assert measured.ulps == error_in_ulps(result, expected.ball)


def test_good_rules_are_found_good() -> None:
    for name in ("softplus", "asinh", "exp", "softsign"):
        found = worst(ErrorMeter(case_of(name)))
        assert found.worst is not None
        assert found.worst.local < 6


def test_an_exact_rule_has_no_worst_point() -> None:
    assert worst(ErrorMeter(case_of("square"))).worst is None


def test_a_narrow_error_between_the_strata_is_found_by_climbing() -> None:
    """A derivative that is 100 ULP too large in the middle of [3, 3.5] and fades out: strata only hit its flanks."""

    def rule(m, x, out):  # type: ignore[no-untyped-def]
        bump = m.maximum(0, 1 - abs(4 * x - 13))  # 1 at 13/4, 0 outside of [3, 3.5]
        return m.exp(x) * (1 + bump * m.ratio(1, 2**46))

    found = worst(ErrorMeter(case_with("exp", rule)))
    assert found.worst is not None
    assert found.worst.point[0] == pytest.approx(13 / 4, abs=0.01)
    assert found.worst.local > 100


def test_the_same_seed_finds_the_same() -> None:
    first, again = (worst(ErrorMeter(case_of("mish")), seed=3) for _ in range(2))
    assert first.worst is not None
    assert again.worst is not None
    assert first.worst.point == again.worst.point


def test_two_operands() -> None:
    found = worst(ErrorMeter(case_of("logaddexp")))
    assert found.worst is not None
    assert found.worst.local > 100
    x, y = found.worst.point
    assert x < y - 100  # where sigmoid(x - y) takes the exponential of a rounded difference


def test_another_format() -> None:
    found = worst(ErrorMeter(case_of("tanh"), FLOAT32))
    assert found.worst is not None
    assert found.worst.local > 2**22
    x = found.worst.point[0]
    assert FLOAT32.from_ordinal(FLOAT32.ordinal(x)) == x


def _window(inside):  # type: ignore[no-untyped-def]
    """cos(x), but for the millionth part beyond pi."""

    def rule(m, x, out):  # type: ignore[no-untyped-def]
        there = m.gt(x, m.pi) * m.lt(x, m.pi + m.ratio(1, 10**6))
        return m.where(there, inside(m, x), m.cos(x))

    return case_with("sin", rule)


def test_a_window_that_the_rule_itself_names_is_searched() -> None:
    poor = worst(ErrorMeter(_window(lambda m, x: (m.cos(x) * 10**9 + m.cos(x)) - m.cos(x) * 10**9)))
    assert poor.worst is not None
    assert poor.worst.local > 1000
    good = worst(ErrorMeter(_window(lambda m, x: m.sin(x + m.pi / 2) * 0 + m.cos(x))))
    assert good.worst is not None
    assert good.worst.local < 1


def test_thresholds_are_what_the_rule_compares_with() -> None:
    case = case_with("exp", lambda m, x, out: m.where(m.gt(x, 3), m.exp(x), m.where(m.lt(x, x * x), out, m.exp(x))))
    assert set(thresholds(case)) >= {3.0, -3.0, 0.0}
    assert thresholds(case_of("exp")) == []


def test_a_factor_that_is_subnormal_before_the_derivative_is() -> None:
    """x·e**x from -708 to -715: a window that a stratum may miss.  By halves of e**x the digits stay."""
    found = worst(ErrorMeter(case_of("silu")))
    assert found.worst is not None
    assert -716 < found.worst.point[0] < -708
    assert found.worst.local > 100
    by_halves = FORMS["silu"][0]
    kept = worst(ErrorMeter(case_with("silu", lambda m, x, out: by_halves.partials(m, x)[0])))
    assert kept.worst is not None
    assert kept.worst.local < 8


def test_the_last_number_that_is_measured_is_searched() -> None:
    """2**-1070 too much: negligible relative to 1/(1 + x²), except in the one binade where that is almost subnormal."""
    found = worst(ErrorMeter(case_with("atan", lambda m, x, out: 1 / (1 + x * x) + m.ratio(1, 2**1070))))
    assert found.worst is not None
    assert found.worst.local > 16
    assert worst(ErrorMeter(case_of("atan"))).worst.local < 4


def test_where_the_budget_is_nearly_reached_the_search_goes_on() -> None:
    """2 to 4 ULP everywhere, and 20 in a 64th around 3: too narrow for a thousand strata."""

    def rule(m, x, out):  # type: ignore[no-untyped-def]
        bump = m.maximum(0, 1 - abs(64 * x - 195))
        return m.exp(x) * (1 + m.ratio(2, 2**52) + bump * m.ratio(16, 2**52))

    meter = ErrorMeter(case_with("exp", rule))
    far, near = worst(meter, budget=1000), worst(meter)
    assert far.worst is not None
    assert near.worst is not None
    assert far.worst.local < 8 < near.worst.local
    assert near.looked > 10 * far.looked
    exact = ErrorMeter(case_with("exp", lambda m, x, out: m.exp(x)))
    assert worst(exact).looked == pytest.approx(far.looked, rel=0.2)  # and no extra points are used where all is well


def test_points_are_the_size_of_the_search() -> None:
    looked = []
    for count in (50, 1000, 20_000):
        case = case_of("sinh")
        looked.append(worst(ErrorMeter(Case(case.operation, case.spec, Options(points=count)))).looked)
    assert looked[0] < 1700
    assert looked[0] < looked[1] < looked[2]
    assert 20_000 <= looked[2] < 25_000
