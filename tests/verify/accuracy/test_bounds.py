"""A sound bound is never below an observable error: searched for, on every operation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from accuracy_rules import case_of, case_with
from flint import arb, ctx

from backproof.engine import arithmetic
from backproof.engine.arithmetic import FLOATS
from backproof.verify.accuracy.bounded import BOUNDS, Bounded
from backproof.verify.accuracy.bounds import Bounder, Box, at_least, bound_of_band, founded, unfounded, upheld
from backproof.verify.accuracy.curve import curve
from backproof.verify.accuracy.error_meter import ErrorMeter
from backproof.verify.accuracy.formats import from_ordinals
from backproof.verify.accuracy.libm import GLIBC, PROFILES, Profile
from backproof.verify.api import pair
from backproof.verify.arithmetics.ulps import BFLOAT16, FLOAT16, FLOAT32, FLOAT64, Format
from backproof.verify.checks.case import Case
from backproof.verify.commands.accuracy import _bounds
from backproof.verify.config.options import Options
from backproof.verify.subjects.engines.own import own_engine

CASES = [Case(operation, spec, Options()) for operation, spec in own_engine().operations()]
SIDES = [(2.0**k, 2.0 ** (k + 1)) for k in (-40, -4, -1, 0, 2, 4, 8)]
SIDES += [(-high, -low) for low, high in SIDES]


def boxes(case: Case) -> list[Box]:
    if len(case.spec.inputs) == 1:
        first, last = case.region.intervals[0].floats
        cut = [(max(low, first), min(high, last)) for low, high in SIDES]
        return [(side,) for side in cut if side[0] < side[1]]
    first, second = ((0.25, 0.5), (3.0, 4.0), (-20.0, -18.0)), ((0.125, 0.25), (2.0, 3.0), (-3.0, -2.5))
    return [(a, b) for a in first for b in second]


def searched(case: Case, fmt: Format) -> None:
    """150 points of each box, none with an error above the box's bound."""
    meter, bounder = ErrorMeter(case, fmt), Bounder(case, PROFILES[fmt.name])
    random = np.random.default_rng(5)
    for box in boxes(case):
        box = tuple((at_least(low, fmt), -at_least(-high, fmt)) for low, high in box)
        if not all(low < high for low, high in box):
            continue
        columns = [from_ordinals(fmt, random.integers(*map(fmt.ordinal, side), 150)) for side in box]
        inside = [point in case.region for point in zip(*(column.tolist() for column in columns), strict=True)]
        columns = [column[np.array(inside)] for column in columns]
        if not any(inside):
            continue
        for operand, errors in enumerate(meter.errors(columns)):
            known = errors[~np.isnan(errors)]
            if len(known):
                bound = bounder.bound(box, operand, pieces=32).ulps
                # a screened error is known to a 64th of itself
                assert known.max() <= bound * (1 + 2.0**-6) + 2.0**-6, (case.operation.name, box, operand)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.operation.name} {case.spec.case}".strip())
def test_no_observed_error_is_above_its_bound(case: Case) -> None:
    searched(case, FLOAT64)


@pytest.mark.parametrize(
    "fmt", [FLOAT32, *(pytest.param(fmt, marks=pytest.mark.slow) for fmt in (FLOAT16, BFLOAT16))], ids=lambda f: f.name
)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.operation.name} {case.spec.case}".strip())
def test_no_observed_error_is_above_its_bound_in_other_formats(case: Case, fmt: Format) -> None:
    searched(case, fmt)


@pytest.mark.parametrize("fmt", [FLOAT64, FLOAT32, FLOAT16, BFLOAT16], ids=lambda fmt: fmt.name)
def test_the_search_finds_a_bound_that_is_too_low(monkeypatch: pytest.MonkeyPatch, fmt: Format) -> None:
    """Planted: a library that claims to be exact."""
    claims = Profile("a liar", "this test", dict.fromkeys(PROFILES[fmt.name].ulps, 0.01), fmt, 0.01)
    monkeypatch.setitem(PROFILES, fmt.name, claims)  # type: ignore[arg-type]
    for name in ("tanh", "logaddexp"):
        with pytest.raises(AssertionError, match=name):
            searched(case_of(name), fmt)


def test_a_constant_is_rounded_where_it_meets_a_number_of_another_format() -> None:
    x = Bounded(arb(1).union(arb(2)), 0.0, PROFILES["float32"])
    third = BOUNDS.ratio(1, 3)
    assert third.error < 2.0**-53
    for product in (x * third, third * x, x * (1 / 3)):
        assert product.libm is x.libm
        assert product.error >= 2 * 2.0**-26 / 3
    assert (x * 0.5).error == (x * 2).error == 0
    assert Bounded(arb(2.0**127), 0.0, PROFILES["float32"]).libm.fmt.largest < (x * 2.0**127 * 4).error


@pytest.mark.parametrize(("name", "most"), [("tanh", 60), ("sigmoid", 40), ("cosh", 8)])
def test_bounds_are_tight(name: str, most: float) -> None:
    """Within an order of magnitude of what is observed between 1 and 2."""
    assert bound_of_band(case_of(name), 1, 2) < most


def test_a_good_form_has_a_small_bound_over_all_floats() -> None:
    def rule(m: Any, x: Any, out: Any) -> Any:
        e = m.exp(-2 * abs(x))
        return 4 * e / ((1 + e) * (1 + e))

    case = case_with("tanh", rule)
    for band in curve(ErrorMeter(case)):
        if band.worst is not None:
            assert bound_of_band(case, band.low, band.high) < 20
    assert Bounder(case).bound(((0.0, 354.0),), pieces=4096).ulps < 20


def test_where_no_digit_is_left_there_is_no_bound() -> None:
    assert bound_of_band(case_of("tanh"), 32, 64) > 2.0**53


def test_the_bound_grows_with_the_library() -> None:
    worse = Profile("a poor library", "this test", {name: 4 * ulps for name, ulps in GLIBC.ulps.items()})
    case, box = case_of("tanh"), ((0.5, 1.0),)
    assert Bounder(case, worse).bound(box).ulps > 2 * Bounder(case).bound(box).ulps


FORMULAS: dict[str, Callable[[Any, Any], Any]] = {
    "difference": lambda m, x: (1 + x) - x,
    "quotient": lambda m, x: (x + 3) / (x - 7),
    "powers": lambda m, x: x**3 - m.pow(x, 2.5),
    "exponential": lambda m, x: m.exp(m.sin(x)) / m.sqrt(2 * m.pi),
    "constant": lambda m, x: m.ratio(1, 3) * m.log(1 + x * x),
    "branches": lambda m, x: m.where(m.gt(x, 2), m.tanh(x), m.maximum(x, 1) / 3),
    "sterbenz": lambda m, x: (x - m.ratio(5, 4) * x) * 1e10,
    "error function": lambda m, x: m.erfc(x) * m.normal_pdf(x) + m.sigmoid(-x),
}


@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
@pytest.mark.parametrize(("low", "high"), [(0.5, 0.51), (1.0, 3.0), (2.5, 2.500001), (5.0, 6.0)])
def test_values_and_errors_enclose(formula: Callable[[Any, Any], Any], low: float, high: float) -> None:
    with ctx.workprec(96):
        bounded = formula(arithmetic(Bounded(arb(1))), Bounded(arb(low).union(arb(high))))
    for x in np.random.default_rng(2).uniform(low, high, 200).tolist():
        computed = formula(arithmetic(1.0), x)
        with ctx.workprec(256):
            exact = formula(arithmetic(arb(1)), arb(x))
            assert bounded.value.overlaps(exact)
            assert abs(exact - computed).lower() <= bounded.error


def test_exact_operations_have_no_error() -> None:
    x = Bounded(arb(3).union(arb(4)))
    for exact in (-x, abs(x), 2 * x, x / 4, x * 0.5, x + 0, 0 + x, x - 4.5):
        assert exact.error == 0
    assert (x + 1).error > 0
    assert (3 * x).error > 0


def test_overflow_has_no_bound() -> None:
    huge = Bounded(arb(1e308).union(arb(1.7e308)))
    assert (huge * 3).error == math.inf
    assert (huge + huge).error == math.inf


def test_a_rule_that_takes_floats_only_is_bounded_by_its_trace() -> None:
    def rule(m: Any, x: Any, out: Any) -> Any:
        if isinstance(x, Bounded):
            raise TypeError("must be real number, not Bounded")  # as math.exp says
        return m.exp(x)

    plain, traced = bound_of_band(case_of("exp"), 1, 2), bound_of_band(case_with("exp", rule), 1, 2)
    assert plain == pytest.approx(traced, rel=0.3)


def test_no_bound_without_a_proof() -> None:
    """The bound of a wrong rule would be that of its rounding alone, far below its error."""
    wrong = case_with("tanh", lambda m, x, out: 1 + out * out)
    assert not founded(wrong)
    assert _bounds(ErrorMeter(wrong), curve(ErrorMeter(wrong))) == []
    assert founded(case_with("tanh", lambda m, x, out: (1 - out) * (1 + out)))


def test_no_bound_where_floats_differ_from_the_trace() -> None:
    """Proved on symbols, and something else on floats, if only in the last bits: the bound is of another program."""

    def rule(m: Any, x: Any, out: Any) -> Any:
        return (1 - out * out) * (1 + 1e-9) if arithmetic(x) is FLOATS and x > 1 else 1 - out * out

    def odd(m: Any, x: Any, out: Any) -> Any:
        return 1 - out * out if arithmetic(x) is FLOATS else (1 - out) * (1 + out)

    for method in (rule, odd):
        case = case_with("tanh", method)
        assert "differ in their last bits, first at x = " in unfounded(case)
        assert _bounds(ErrorMeter(case), curve(ErrorMeter(case))) == []


def test_constants_helpers_and_branches_change_no_bit() -> None:
    def half(v: Any) -> Any:
        return v * 0.5

    def rule(m: Any, x: Any, out: Any) -> Any:
        return 2.0 * half(1 - out) * (1 + out) if x > 0 else 1.0 * (1 - out) * (1 + out)

    assert founded(case_with("tanh", rule))


def test_every_proved_rule_of_the_engine_can_be_bounded() -> None:
    for case in CASES:
        assert unfounded(case) in ("", "literals were taken for the constants that they round")


def test_no_bound_where_an_observed_error_is_above_it() -> None:
    """The functions of this machine's library may be worse than those whose errors are known."""
    assert upheld(2.0, 1.5) == 2.0
    assert upheld(2.0, 2.5) == math.inf


def test_a_residual_where_the_derivative_is_0_counts() -> None:
    """0.1 + 0.2 - 0.3 is 0, and in floats it is not: an error of very many of the smallest numbers."""
    side = ((-2.0, -1.0),)
    rest = case_with("relu", lambda m, x, out: m.gt(x, 0) + ((m.ratio(1, 10) + m.ratio(2, 10)) - m.ratio(3, 10)))
    (errors,) = ErrorMeter(rest).errors([np.array([-1.5])])
    assert 1e300 < errors[0] <= Bounder(rest).bound(side).ulps
    assert Bounder(case_of("relu")).bound(side).ulps == 0


def test_nothing_times_an_inexact_number_is_nothing() -> None:
    inexact = Bounded(arb(1).union(arb(2)), 1e-3)
    for product in (0 * inexact, inexact * 0, Bounded(arb(0)) * inexact):
        assert product.error == 0
        assert product.value.is_zero()


def test_a_product_is_exact_only_with_an_exact_power_of_two() -> None:
    """One, computed an ULP too large, times 1.5 is half-way between floats: rounded, two ULPs are lost and not 1.5."""
    ulp = math.ulp(1.0)
    assert (1 + ulp) * 1.5 - 1.5 == 2 * ulp
    for product in (Bounded(arb(1), ulp) * 1.5, 1.5 * Bounded(arb(1), ulp)):
        assert product.error >= 2 * ulp
    around_two = Bounded(arb(2, 1))  # not a power of two, though its middle is
    assert (around_two * 1.5).error > 0


def test_functions_of_float64_rounded_to_float32_keep_their_error_of_float64() -> None:
    """Half an ULP of float32 and the ULPs of float64 that its function is off by."""
    for name in ("erf", "erfc"):
        own = (PROFILES["float32"].of(name) - 0.5) * float(np.spacing(np.float32(1)))
        assert own == pytest.approx(GLIBC.of(name) * math.ulp(1.0), rel=1e-6, abs=0)


def test_near_a_zero_a_bound_is_in_the_ulps_in_which_errors_are_counted() -> None:
    """Around 16 this derivative is 50 times as large on one side of its zero as on the other."""

    def backward(x: Any, g: Any) -> Any:
        return g * (arithmetic(x).exp(x) - 8886110.5)

    def forward(x: Any) -> Any:
        return arithmetic(x).exp(x) - 8886110.5 * x

    case = Case(*pair(forward, backward, "exp(x) - 8886110.5*x"), Options())
    zero = math.log(8886110.5)
    side = (zero - 1e-12, zero + 1e-12)
    column = np.linspace(*side, 100)
    (errors,) = ErrorMeter(case).errors([column])
    assert np.nanmax(errors) <= Bounder(case).bound((side,)).ulps < 0.2


def test_zero_times_what_may_overflow_has_no_bound() -> None:
    """0·inf is NaN."""
    case = case_with("square", lambda m, x, out: 2 * x + 0 * m.exp(x))
    assert bound_of_band(case, 1, 8) < 2
    assert bound_of_band(case, 720, 800) == math.inf
