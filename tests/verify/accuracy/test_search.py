"""The search finds what is hidden, says the same twice, and what it reports holds in balls."""

from __future__ import annotations

import pytest
from accuracy_rules import case_of, case_with

from verify.accuracy.gauge import Gauge
from verify.accuracy.search import worst
from verify.numbers.reference import Reference
from verify.numbers.ulps import FLOAT32, error_in_ulps


@pytest.mark.parametrize(("name", "least"), [("tanh", 4e15), ("sigmoid", 4e15), ("gelu", 300), ("erf", 300)])
def test_the_disasters_are_found(name: str, least: float) -> None:
    found = worst(Gauge(case_of(name)))
    assert found.worst is not None
    assert found.worst.local > least


def test_what_is_reported_holds_in_balls() -> None:
    case = case_of("erf")
    measured = worst(Gauge(case)).worst
    assert measured is not None
    ((truth,),) = Reference(case.slopes, ["x"]).many([measured.point])
    answer = case.operation.slopes(*measured.point)[0]
    assert measured.answer == answer
    assert measured.ulps == error_in_ulps(answer, truth.ball)


def test_good_rules_are_found_good() -> None:
    for name in ("softplus", "asinh", "exp", "softsign"):
        found = worst(Gauge(case_of(name)))
        assert found.worst is not None
        assert found.worst.local < 6


def test_an_exact_rule_has_no_worst_point() -> None:
    assert worst(Gauge(case_of("square"))).worst is None


def test_a_narrow_fault_between_the_strata_is_climbed_to() -> None:
    """A slope that is 100 ULP too large in the middle of [3, 3.5] and fades out: strata only see its flanks."""

    def rule(m, x, out):  # type: ignore[no-untyped-def]
        bump = m.maximum(0, 1 - abs(4 * x - 13))  # 1 at 13/4, 0 outside of [3, 3.5]
        return m.exp(x) * (1 + bump * m.ratio(1, 2**46))

    found = worst(Gauge(case_with("exp", rule)))
    assert found.worst is not None
    assert found.worst.point[0] == pytest.approx(13 / 4, abs=0.01)
    assert found.worst.local > 100


def test_the_same_seed_finds_the_same() -> None:
    first, again = (worst(Gauge(case_of("mish")), seed=3) for _ in range(2))
    assert first.worst is not None
    assert again.worst is not None
    assert first.worst.point == again.worst.point


def test_two_operands() -> None:
    found = worst(Gauge(case_of("logaddexp")))
    assert found.worst is not None
    assert found.worst.local > 100
    x, y = found.worst.point
    assert x < y - 100  # where sigmoid(x - y) takes the exponential of a rounded difference


def test_another_format() -> None:
    found = worst(Gauge(case_of("tanh"), FLOAT32))
    assert found.worst is not None
    assert found.worst.local > 2**22
    x = found.worst.point[0]
    assert FLOAT32.from_ordinal(FLOAT32.ordinal(x)) == x
