"""The error meter: what it measures and what not, and that its rough figures match those of interval arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest
from accuracy_rules import case_of, case_with

from backproof.verify.accuracy.error_meter import ErrorMeter
from backproof.verify.api import pair
from backproof.verify.arithmetics.ulps import FLOAT16, FLOAT32, FLOAT64, FORMATS
from backproof.verify.checks.case import Case
from backproof.verify.config.options import Options
from backproof.verify.numerics.conditioning import BUDGET

ONE_OPERAND = ["tanh", "sigmoid", "gelu", "mish", "sin", "log", "cbrt", "atanh", "hardswish"]


@pytest.mark.parametrize("name", ONE_OPERAND)
@pytest.mark.parametrize("dtype", FORMATS)
def test_rough_figures_match_interval_arithmetic(name: str, dtype: str) -> None:
    meter = ErrorMeter(case_of(name), FORMATS[dtype])
    at = [x for x in (0.5, 0.8125, -0.25, 3.5, -4.25, 12.0, 0.0625, 1.75, -0.75) if (x,) in meter.case.region]
    rough = meter.errors([np.array(at)])[0]
    for x, error in zip(at, rough, strict=True):
        measured = meter.measured((x,), 0)
        if measured is None:
            assert math.isnan(error)
            continue
        assert error == pytest.approx(measured.local, rel=0.02, abs=0.02)


def test_a_known_error_is_measured() -> None:
    """1 - out² at 15: out is the float below 1 by 2**-43.3 or so; four digits are left."""
    measured = ErrorMeter(case_of("tanh")).measured((15.0,), 0)
    assert measured is not None
    assert measured.result == 1 - math.tanh(15.0) ** 2
    assert 3.5 < measured.digits < 5
    assert measured.local == measured.ulps
    assert not measured.lost


def test_near_a_zero_the_budget_refers_to_the_size_around_it() -> None:
    measured = ErrorMeter(case_of("gelu")).measured((-0.7517915246935645,), 0)  # the derivative of gelu is 0 there
    assert measured is not None
    assert measured.ulps > 1000
    assert measured.near_root
    assert measured.local < BUDGET


def test_a_wrong_rule_near_the_zero_is_not_accepted() -> None:
    wrong = case_with("gelu", lambda m, x, _: m.normal_cdf(x) + x * m.normal_pdf(x) + m.ratio(1, 10**9))
    measured = ErrorMeter(wrong).measured((-0.7517915246935645,), 0)
    assert measured is not None
    assert measured.local > 1e5


@pytest.mark.parametrize(
    ("name", "x"),
    [("relu", 0.0), ("tanh", 400.0), ("exp", 800.0), ("exp", -740.0), ("hardtanh", 1.0)],
    ids=["kink", "derivative below the normal numbers", "forward overflows", "forward subnormal", "kink at 1"],
)
def test_points_that_are_not_measured(name: str, x: float) -> None:
    meter = ErrorMeter(case_of(name))
    assert meter.measured((x,), 0) is None
    assert math.isnan(meter.errors([np.array([x])])[0][0])


def test_a_result_that_is_not_a_number_has_an_infinite_error() -> None:
    meter = ErrorMeter(case_with("tanh", lambda m, x, out: m.divide(1 - out * out, x - x)))
    assert meter.errors([np.array([0.5])])[0][0] == math.inf


def test_each_format_has_its_own_ulps() -> None:
    for fmt in (FLOAT64, FLOAT32, FLOAT16):  # out is 1 - 2**-10.6 in all of them: ten bits are lost
        error = ErrorMeter(case_of("tanh"), fmt).errors([np.array([4.0])])[0][0]
        assert 10 < error < 4096


def test_the_smallest_normal_derivative_is_measured_as_a_normal_one() -> None:
    for factor, subnormal in ((2.0**-1022, False), (2.0**-1023, True)):
        line = pair(lambda x, c=factor: x * c, lambda x, g, c=factor: g * c, f"x*2**({math.log2(factor):.0f})")
        measured = ErrorMeter(Case(*line, Options())).measured((4.0,), 0, subnormal=True)
        assert measured is not None
        assert measured.subnormal is subnormal
