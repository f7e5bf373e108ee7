"""The gauge: what it measures, what it leaves alone, and that its rough figures are those of the balls."""

from __future__ import annotations

import math

import numpy as np
import pytest
from accuracy_rules import case_of, case_with

from verify.accuracy.conditioning import BUDGET
from verify.accuracy.gauge import Gauge
from verify.numbers.ulps import FLOAT16, FLOAT32, FLOAT64, FORMATS

ONE_OPERAND = ["tanh", "sigmoid", "gelu", "mish", "sin", "log", "cbrt", "atanh", "hardswish"]


@pytest.mark.parametrize("name", ONE_OPERAND)
@pytest.mark.parametrize("dtype", FORMATS)
def test_rough_figures_are_those_of_the_balls(name: str, dtype: str) -> None:
    gauge = Gauge(case_of(name), FORMATS[dtype])
    at = [x for x in (0.5, 0.8125, -0.25, 3.5, -4.25, 12.0, 0.0625, 1.75, -0.75) if (x,) in gauge.case.region]
    rough = gauge.errors([np.array(at)])[0]
    for x, error in zip(at, rough, strict=True):
        measured = gauge.measured((x,), 0)
        if measured is None:
            assert math.isnan(error)
            continue
        assert error == pytest.approx(measured.local, rel=0.02, abs=0.02)


def test_a_known_error_is_measured() -> None:
    """1 - out² at 15: out is the float below 1 by 2**-43.3 or so; four digits are left."""
    measured = Gauge(case_of("tanh")).measured((15.0,), 0)
    assert measured is not None
    assert measured.answer == 1 - math.tanh(15.0) ** 2
    assert 3.5 < measured.digits < 5
    assert measured.local == measured.ulps
    assert not measured.lost


def test_near_a_root_the_budget_refers_to_the_size_around_it() -> None:
    measured = Gauge(case_of("gelu")).measured((-0.7517915246935645,), 0)  # the slope of gelu is 0 there
    assert measured is not None
    assert measured.ulps > 1000
    assert measured.near_root
    assert measured.local < BUDGET


def test_a_wrong_rule_near_the_root_is_not_excused() -> None:
    wrong = case_with("gelu", lambda m, x, _: m.normal_cdf(x) + x * m.normal_pdf(x) + m.ratio(1, 10**9))
    measured = Gauge(wrong).measured((-0.7517915246935645,), 0)
    assert measured is not None
    assert measured.local > 1e5


@pytest.mark.parametrize(
    ("name", "x"),
    [("relu", 0.0), ("tanh", 400.0), ("exp", 800.0), ("exp", -740.0), ("hardtanh", 1.0)],
    ids=["corner", "slope below the normal numbers", "forward overflows", "forward subnormal", "corner at 1"],
)
def test_where_there_is_nothing_to_be_accurate_about(name: str, x: float) -> None:
    gauge = Gauge(case_of(name))
    assert gauge.measured((x,), 0) is None
    assert math.isnan(gauge.errors([np.array([x])])[0][0])


def test_an_answer_that_is_no_number_is_infinitely_wrong() -> None:
    gauge = Gauge(case_with("tanh", lambda m, x, out: m.divide(1 - out * out, x - x)))
    assert gauge.errors([np.array([0.5])])[0][0] == math.inf


def test_each_format_has_its_own_ulps() -> None:
    for fmt in (FLOAT64, FLOAT32, FLOAT16):  # out is 1 - 2**-10.6 in all of them: ten bits are lost
        error = Gauge(case_of("tanh"), fmt).errors([np.array([4.0])])[0][0]
        assert 10 < error < 4096
