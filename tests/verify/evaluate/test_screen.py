"""The screening tier never claims too much: its error bounds hold against ball arithmetic, at every kind of point."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx

from backproof.verify.arithmetics import double_double as doubled
from backproof.verify.arithmetics.ulps import error_in_ulps, ulp_exponent
from backproof.verify.evaluate.screen import Screen, decide, errors_in_ulps, ulps
from backproof.verify.mirror.table import SPECS, Spec
from backproof.verify.numerics.domain import domain_of
from backproof.verify.numerics.points import points
from backproof.verify.numerics.reference import Reference
from backproof.verify.terms.from_sympy import condition_from_sympy, from_sympy
from backproof.verify.terms.term import PI, apply, compare, constant, symbol, where

COARSE = {"sin", "cos", "tan"}  # NumPy's, good for the smaller formats only


def test_every_spec_can_be_screened() -> None:
    assert all(Screen(map(from_sympy, spec.stable_derivatives), spec.inputs).able for spec in SPECS)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.op} {spec.case}".strip())
def test_the_bound_holds(spec: Spec) -> None:
    terms = list(map(from_sympy, spec.stable_derivatives))
    places = points(spec.op, domain_of(condition_from_sympy(spec.domain), spec.inputs), [], 1500, 7)
    reference_values = Reference(terms, spec.inputs).many(places)
    screened = Screen(terms, spec.inputs).at(*map(np.array, zip(*places, strict=True)))
    decided = 0
    with ctx.workprec(400):
        for i, number in enumerate(screened):
            _, margin = errors_in_ulps(number.high, number)
            for k, point in enumerate(places):
                expected = reference_values[k][i]
                if expected.known and np.isfinite(number.error[k]):
                    off = abs(expected.ball - arb(number.high[k]) - arb(number.low[k]))
                    assert off.lower() <= arb(number.error[k]), (spec.op, point)
                    decided += bool(margin[k] < 0.01)
    if spec.op not in COARSE:
        assert decided > 0.3 * len(places) * len(terms), "a screen that decides nothing screens nothing"


def test_errors_in_ulps_agree_with_the_balls() -> None:
    x = symbol("x")
    term = apply("exp", x) / (1 + apply("exp", x))
    at = np.linspace(-20, 20, 301)
    computed = np.exp(at) / (1 + np.exp(at))
    (screened,) = Screen([term], ["x"]).at(at)
    errors, margins = errors_in_ulps(computed, screened)
    for point, value, error, margin in zip(at, computed, errors, margins, strict=True):
        ((expected,),) = Reference([term], ["x"]).many([(float(point),)])
        assert abs(error - error_in_ulps(float(value), expected.ball)) <= margin + 1e-3


def test_the_ulp_of_a_power_of_two_approached_from_below_is_the_smaller_one() -> None:
    exact = doubled.Doubled(np.array([1.0, 1.0]), np.array([-(2.0**-60), 2.0**-60]), np.zeros(2))
    assert ulps(exact).tolist() == [2.0**-53, 2.0**-52]
    with ctx.workprec(200):
        assert ulp_exponent(arb(1) - arb(2) ** -60) == -53


def test_a_condition_in_doubt_leaves_the_point_to_the_balls() -> None:
    x = symbol("x")
    third = x / 3
    term = where(compare("gt", third * 3, x), constant(5), constant(7))  # equal as reals, undecided as double-doubles
    (result,) = Screen([term + x], ["x"]).at(np.array([1.0, 2.5]))
    assert np.isinf(result.error).all()


def test_a_number_of_which_nothing_is_known_decides_no_condition() -> None:
    """The sine of π·2**60 is 0; NumPy's, of the float nearest to that, is not, and its exponential is 0 or infinite."""
    x = symbol("x")
    lost = apply("exp", apply("sin", x * PI) * 10**6)
    term = where(compare("gt", lost, constant(Fraction(1, 2))), constant(5), constant(7))
    at = np.array([2.0**60, -(2.0**60)])
    (result,) = Screen([term + x], ["x"]).at(at)
    assert np.isinf(result.error).all()


def test_an_exact_condition_splits_the_points() -> None:
    x = symbol("x")
    term = where(compare("ge", x, 0), apply("sqrt", x), constant(Fraction(1, 3)))
    (result,) = Screen([term], ["x"]).at(np.array([4.0, -4.0, 0.25]))
    assert result.high.tolist() == [2.0, 1 / 3, 0.5]
    assert np.isfinite(result.error).all()


def test_a_condition_of_constants_joins_one_of_columns() -> None:
    x = symbol("x")
    known = compare("gt", apply("sqrt", constant(2)), 0)
    for condition in ((x * x > 1) & known, known & (x * x > 1), (x * x > 1) | ~known):
        holds, doubtful = decide(condition, ["x"], [np.array([0.5, 2.0, -3.0])])
        assert holds.tolist() == [False, True, True]
        assert not doubtful.any()


@pytest.mark.parametrize(
    ("name", "low", "high", "bits"),
    [("exp", -600, 700, 72), ("log", 2.0, 1e300, 70), ("erfc", -8, 26, 65), ("sqrt", 1e-200, 1e200, 95)],
)
def test_functions_keep_the_digits_they_promise(name: str, low: float, high: float, bits: int) -> None:
    at = np.random.default_rng(1).uniform(low, high, 4000)
    result = doubled.FUNCTIONS[name](doubled.Doubled(at, 0.0, 0.0))
    with ctx.workprec(300):
        for x, h, t in zip(at, result.high, result.low, strict=True):
            expected = getattr(arb(x), name)()
            assert abs((arb(h) + arb(t)) / expected - 1) < arb(2) ** -bits
