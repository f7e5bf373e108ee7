"""Rules run in another format: every operation rounded to it, every input of it reached."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest
from accuracy_rules import case_of, case_with

from backproof.engine import Value
from backproof.verify.accuracy.error_meter import ErrorMeter
from backproof.verify.accuracy.exhaustive import exhaustive
from backproof.verify.accuracy.formats import every, from_ordinals, rounded_to, runner, unwidened
from backproof.verify.api import pair
from backproof.verify.arithmetics.bfloats import BFloats, rounded
from backproof.verify.arithmetics.ulps import BFLOAT16, FLOAT16, FLOAT32, FLOAT64, FORMATS, error_in_ulps
from backproof.verify.checks.case import Case
from backproof.verify.config.options import Options
from backproof.verify.numerics.reference import Reference
from backproof.verify.support.errors import UsageError


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=str)
def test_ordinals_are_those_of_the_format(fmt) -> None:  # type: ignore[no-untyped-def]
    random.seed(1)
    end = fmt.ordinal(fmt.largest)
    places = [0, 1, -1, end, -end, *(random.randint(-end, end) for _ in range(200))]
    assert from_ordinals(fmt, np.array(places)).tolist() == [fmt.from_ordinal(place) for place in places]


@pytest.mark.parametrize("fmt", [FLOAT16, BFLOAT16], ids=str)
def test_every_input_once(fmt) -> None:  # type: ignore[no-untyped-def]
    column = every(fmt)
    assert len(column) == 2 * (fmt.ordinal(fmt.largest) + 1)  # both zeros
    assert (np.diff(column[1:]) >= 0).all()
    assert set(map(fmt.ordinal, column.tolist())) == set(range(-fmt.ordinal(fmt.largest), fmt.ordinal(fmt.largest) + 1))


def test_every_input_of_float32_is_refused() -> None:
    with pytest.raises(UsageError, match="sweep"):
        every(FLOAT32)


def test_bfloat16_rounds_to_nearest_even() -> None:
    one_up = 1 + 2.0**-7
    values = [1 + 2.0**-8, one_up + 2.0**-8, 1 + 2.0**-8 + 2.0**-20, 1e39, 3.3962e38, -0.0, math.nan]
    with np.errstate(over="ignore"):
        got = rounded(values).tolist()
    assert got[:3] == [1.0, 1 + 2 * 2.0**-7, one_up]
    assert got[3] == math.inf
    assert got[4] == math.inf  # past half an ULP beyond the largest
    assert math.copysign(1, got[5]) == -1
    assert math.isnan(got[6])


def test_bfloat16_rounds_after_every_operation() -> None:
    x = Value(BFloats([0.7]))
    out = x.tanh()
    out.backward()
    t = rounded(np.tanh(rounded([0.7])))
    assert out.data.values.tolist() == t.tolist()
    assert x.grad.values.tolist() == rounded(np.float32(1) - rounded(t * t)).tolist()


def test_float32_runs_in_float32() -> None:
    results = runner(case_of("tanh").operation, FLOAT32)([np.array([0.5, 2.0, 30.0])])
    t = np.tanh(np.array([0.5, 2.0, 30.0], dtype=np.float32))
    assert results.partials[0].tolist() == (1 - t**2).astype(float).tolist()


@pytest.mark.parametrize("fmt", [FLOAT32, FLOAT16, BFLOAT16], ids=str)
def test_every_operation_runs_in_every_format(fmt) -> None:  # type: ignore[no-untyped-def]
    from backproof.verify.subjects.engines.own import own_engine

    for operation, spec in own_engine().operations():
        inside = [0.5, 0.75] if spec.op != "acosh" else [1.5, 2.5]
        columns = [np.array(inside), np.array(inside[::-1])][: len(spec.inputs)]
        results = runner(operation, fmt)(columns)
        for partials in results.partials:
            assert np.isfinite(partials).all(), operation.name
            assert partials.tolist() == rounded_to(fmt, partials).tolist(), f"{operation.name} leaves {fmt.name}"


def test_a_rule_that_leaves_the_format_is_named() -> None:
    wide = case_with("tanh", lambda m, x, out: 1 - np.float64(1) * out * out)
    with pytest.raises(UsageError, match="float64"):
        runner(wide.operation, FLOAT32)([np.array([0.5])])


def test_float64_runs_on_pythons_floats() -> None:
    results = runner(case_of("sin").operation, FLOAT64)([np.array([0.5, math.inf])])
    assert results.partials[0][0] == math.cos(0.5)
    assert math.isnan(results.partials[0][1])  # math.sin(inf) raises


def test_tanh_at_every_float16() -> None:
    found = exhaustive(ErrorMeter(case_of("tanh"), FLOAT16))
    assert found.worst is not None
    assert found.worst.point == (5.19921875,)
    assert found.worst.result == 0
    assert 2045 < found.worst.local < 2046
    assert found.beyond > 2000


def test_an_error_at_a_subnormal_derivative_is_compared_with_a_normal_number() -> None:
    """1/1000 for erf' beyond 3.3, where it is below 2**-14 in float16; flushed to 0 it is accepted."""

    def partial(m: Any, x: Any) -> Any:
        return 2 / m.sqrt(m.pi) * m.exp(-x * x)

    for beyond, judged in ((lambda m: m.ratio(1, 1000), True), (lambda m: 0, False)):
        case = case_with("erf", lambda m, x, out, b=beyond: m.where(m.gt(x, m.ratio(33, 10)), b(m), partial(m, x)))
        found = exhaustive(ErrorMeter(case, FLOAT16))
        assert found.worst is not None
        assert found.worst_subnormal is not None
        assert (found.judged_by is found.worst_subnormal) == judged
        assert found.judged_by is not None
        assert (found.judged_by.local > 1000) == judged


@pytest.mark.parametrize(("name", "fmt"), [("sqrt", FLOAT16), ("atan", BFLOAT16), ("sin", FLOAT16)])
def test_the_worst_of_all_is_the_worst(name: str, fmt) -> None:  # type: ignore[no-untyped-def]
    """Against interval arithmetic alone, at one input in seven."""
    meter = ErrorMeter(case_of(name), fmt)
    found = exhaustive(meter)
    assert found.worst is not None
    column = every(fmt)[::7]
    column = np.array([x for x in column.tolist() if (x,) in meter.case.region])
    partials = runner(meter.case.operation, fmt)([column]).partials[0]
    reference = Reference(meter.case.partials, ["x"], fmt=fmt)
    for x, partial, (expected,) in zip(column, partials, reference.many([(x,) for x in column]), strict=True):
        if expected.known and abs(expected.nearest) >= fmt.smallest_normal:
            assert error_in_ulps(float(partial), expected.ball, fmt) <= found.worst.local or abs(x) > fmt.largest


def test_results_of_float32_stay_in_float32() -> None:
    """A sweep of all 2**32 numbers has no time to convert them."""
    for name in ("square", "tanh"):
        for results in unwidened(case_of(name).operation, FLOAT32)(np.array([0.5, 2.0], dtype=np.float32)):
            assert results.dtype == np.float32


def test_numbers_outside_the_domain_are_not_judged() -> None:
    """A hole in it, or a gap."""

    def judged(more: str) -> int:
        domain = f"x > 1/2 and x < 4 and {more}"
        square = pair(lambda x: x * x, lambda x, g: 2 * x * g, "x**2", domain=domain)
        return exhaustive(ErrorMeter(Case(*square, Options()), FLOAT16)).judged

    assert judged("x > 0") == 3 * 1024 - 1
    assert judged("x != 1") == 3 * 1024 - 2
    assert judged("(x < 1 or x > 2)") == 2 * 1024 - 2  # without 1 to 2, both included


@pytest.mark.parametrize(("at_3", "worst"), [(6, 0), (math.nan, math.inf)])
def test_the_worst_of_all_may_be_exact_or_no_number(at_3: float, worst: float) -> None:
    found = exhaustive(ErrorMeter(case_with("square", lambda m, x, out: np.where(x == 3, at_3, 2 * x)), FLOAT16))
    assert found.worst is not None
    assert found.worst.local == worst
