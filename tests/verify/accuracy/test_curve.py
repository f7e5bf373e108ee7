"""The curve over |x| and the breakdown radii."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from accuracy_rules import case_of, case_with

from backproof.verify.accuracy.curve import breakdown, curve
from backproof.verify.accuracy.error_meter import ErrorMeter
from backproof.verify.accuracy.search import worst
from backproof.verify.arithmetics.ulps import FLOAT32


def test_tanh_breaks_down_at_the_float_where_out_becomes_1() -> None:
    found = {(one.digits, one.sign): one for one in breakdown(ErrorMeter(case_of("tanh")))}
    assert set(found) == {(level, sign) for level in (10.0, 4.0, 0.0) for sign in (-1, 1)}
    radius = found[0.0, 1].radius
    assert math.tanh(radius) == 1
    assert math.tanh(math.nextafter(radius, 0)) < 1
    assert radius == found[0.0, -1].radius
    assert 7 < found[10.0, 1].radius < 8
    assert 14 < found[4.0, 1].radius < 15
    assert all(one.evidence.digits < one.digits or one.evidence.lost for one in found.values())


def test_sigmoid_breaks_down_on_one_side_only() -> None:
    assert {one.sign for one in breakdown(ErrorMeter(case_of("sigmoid")))} == {1}


def test_a_good_rule_never_breaks_down() -> None:
    assert breakdown(ErrorMeter(case_of("softplus"))) == []


def test_towards_an_edge() -> None:
    """1 - x² loses its digits as x nears 1: the naive rule of atanh."""
    naive = ErrorMeter(case_with("atanh", lambda m, x, _: 1 / (1 - x * x)))
    bands = curve(naive)
    near = [band.above for band in bands if band.low >= 1 - 2.0**-10 and band.above is not None]
    assert near[-1].local > 1e4
    assert breakdown(naive) == []  # the last floats before 1 have short squares: there the digits come back
    good = [band.above for band in curve(ErrorMeter(case_of("atanh"))) if band.above is not None]
    assert max(m.local for m in good) < 3


def test_the_curve_covers_the_floats_without_gaps() -> None:
    bands = curve(ErrorMeter(case_of("tanh"), FLOAT32))
    assert bands[0].low == 0
    assert bands[-1].high == FLOAT32.largest
    assert all(left.high == right.low for left, right in pairwise(bands))
    assert bands[-1].worst is None  # the derivative is below the normal numbers there


@pytest.mark.parametrize("name", ["tanh", "mish", "log"])
def test_each_band_reports_points_inside_it(name: str) -> None:
    for band in curve(ErrorMeter(case_of(name))):
        for sign, measured in ((-1, band.below), (1, band.above)):
            if measured is not None:
                assert band.low <= sign * measured.point[0] <= band.high


def test_the_curve_includes_what_the_search_found() -> None:
    """An error between 1e120 and 1e140, where a band of a thousand binades has few points, and no other digits lost."""

    def rule(m, x, _):  # type: ignore[no-untyped-def]
        far = m.gt(abs(x), m.ratio(10**120, 1)) * m.lt(abs(x), m.ratio(10**140, 1))
        return m.where(far, 1 / (1 + x * x) * (1 + m.ratio(1, 10**12)), 1 / (1 + x * x))

    meter = ErrorMeter(case_with("atan", rule))
    found = worst(meter)
    assert found.worst is not None
    bands = curve(meter, found.kept)
    assert bands[-1].worst is not None
    assert bands[-1].worst.local >= found.worst.local > 1000
    good = curve(ErrorMeter(case_of("atan")), worst(ErrorMeter(case_of("atan"))).kept)
    assert max(band.worst.local for band in good if band.worst is not None) < 3


def test_a_breakdown_far_out() -> None:
    rule = lambda m, x, _: 1 / (1 + x * x) * (1 + m.gt(abs(x), 10**30) * m.ratio(1, 10**6))  # noqa: E731
    found = breakdown(ErrorMeter(case_with("atan", rule)))
    assert {(one.digits, one.sign) for one in found} == {(10.0, -1), (10.0, 1)}
    assert all(one.radius == pytest.approx(1e30, rel=1e-12) for one in found)
