"""The names that traced code sees: `math`, `numpy` and `float` that accept terms, and exact constants."""

from __future__ import annotations

import math
from collections.abc import Callable
from math import exp, pi
from typing import Any

import numpy as np
import pytest
from flint import arb
from numpy import tanh as hyperbolic

from backproof.engine import Value
from backproof.verify import check
from backproof.verify.evaluate.balls import evaluate
from backproof.verify.results.findings import Verdict
from backproof.verify.terms.notation.code import written
from backproof.verify.terms.term import PI, Term, apply, symbol, term
from backproof.verify.tracing.arrays import TermArray, terms
from backproof.verify.tracing.branches import explore
from backproof.verify.tracing.symbolic import Float, private, symbolic

x = symbol("x")


def traced(function: Callable[[Any], Any]) -> str:
    rule = symbolic(function)
    return written(explore(lambda: (term(rule(x)),))[0])


@pytest.mark.parametrize(
    ("function", "formula"),
    [
        (lambda v: math.exp(v), "exp(x)"),
        (lambda v: exp(-v), "exp(-x)"),
        (lambda v: np.exp(v), "exp(x)"),
        (lambda v: hyperbolic(v), "tanh(x)"),
        (lambda v: np.arctan(v), "atan(x)"),
        (lambda v: np.sinc(v), "sinc(pi*x)"),
        (lambda v: math.sqrt(2 / math.pi) * v, "sqrt(2/pi)*x"),
        (lambda v: v * pi, "x*pi"),
        (lambda v: math.log(v, 2), "log(x)/log(2)"),
        (lambda v: math.pow(v, 3), "x**3"),
        (lambda v: max(0.0, v), "where(x > 0, x, 0)"),
        (lambda v: np.where(v > 0, v, 0.0), "where(x > 0, x, 0)"),
        (lambda v: np.maximum(v, 0), "maximum(x, 0)"),
        (lambda v: np.clip(v, -1, 1), "minimum(maximum(x, -1), 1)"),
        (lambda v: float(v) * 0.5, "x*(1/2)"),
        (lambda v: v if isinstance(v, (int, float)) else 0.0, "x"),
        (lambda v: math.copysign(1.0, v), "where(x >= 0, abs(1), -abs(1))"),
        (lambda v: 0.0 if math.isnan(v) else v, "x"),
        (lambda v: np.exp(np.array([v, 1.0]))[0], "exp(x)"),
        (lambda v: np.array(v, dtype=np.float32).astype(float)[()], "x"),
    ],
)
def test_functions_of_terms(function: Callable[[Any], Any], formula: str) -> None:
    assert traced(function) == formula


def test_functions_of_plain_numbers_raise_what_they_raise() -> None:
    with pytest.raises(ValueError, match=r"domain|positive"):
        symbolic(lambda v: math.log(0) * v)(x)


def test_whole_numbers_stay_usable() -> None:
    assert traced(lambda v: sum(v for _ in range(math.floor(3.5)))) == "0 + x + x + x"


def test_our_own_engine_is_its_own_twin() -> None:
    assert private(Value) is Value


def test_the_real_modules_are_untouched() -> None:
    symbolic(lambda v: math.exp(np.tanh(v)))(x)
    assert math.exp(0) == 1
    assert type(math.pi) is float
    assert isinstance(np.array([1.0]), np.ndarray)
    assert not isinstance(np.array([1.0]), TermArray)


def test_a_term_is_an_instance_of_float() -> None:
    assert isinstance(x, Float)
    assert isinstance(1.5, Float)
    assert not isinstance("1.5", Float)
    assert Float("1.5") == 1.5
    assert Float(x) is x


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (lambda v: v // 2, "floor(x/2)"),
        (lambda v: 5 % v, "5 - x*floor(5/x)"),
        (lambda v: divmod(v, 2)[1], "x - 2*floor(x/2)"),
        (lambda v: np.mod(v, 2), "x - 2*floor(x/2)"),
        (lambda v: math.fmod(v, 2), "x - 2*where(x/2 >= 0, floor(x/2), ceil(x/2))"),
        (lambda v: math.trunc(v), "where(x >= 0, floor(x), ceil(x))"),
        (lambda v: math.hypot(v, 1, 2), "sqrt(0 + x*x + 1 + 4)"),
        (lambda v: math.hypot(v), "sqrt(0 + x*x)"),
        (lambda v: np.linalg.norm([v, 1]), "sqrt(x*x + 1*1)"),
    ],
)
def test_remainders_and_lengths(rule: Callable[[Any], Any], expected: str) -> None:
    assert traced(rule) == expected


@pytest.mark.parametrize("value", [-2.5, -1.5, -0.5, -0.25, 0.0, 0.5, 0.75, 1.5, 2.5, 3.0])
@pytest.mark.parametrize("name", ["remainder", "fmod"])
def test_remainders_are_those_of_math(name: str, value: float) -> None:
    """IEEE 754 uses the nearest multiple: it was taken for that of `%`, and right forwards were refuted."""
    (found,) = explore(lambda: (term(symbolic(lambda v: getattr(math, name)(v, 1))(x)),))
    assert evaluate(found, {"x": arb(value)}) == arb(getattr(math, name)(value, 1))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (lambda v: math.isclose(v, 2), "abs(x - 2) <= maximum(1e-09*maximum(abs(x), abs(2)), 0)"),
        (lambda v: np.isclose(v, 0), "abs(x - 0) <= 1e-08 + 1e-05*abs(0)"),
        (lambda v: np.allclose(np.array([v]), 0, atol=0.5), "abs(x - 0) <= 1/2 + 1e-05*abs(0)"),
    ],
)
def test_what_is_close(rule: Callable[[Any], Any], expected: str) -> None:
    assert traced(rule) == f"where({expected}, 1, 0)"


def test_a_term_is_a_scalar_for_numpy() -> None:
    assert traced(lambda v: v if np.isscalar(v) else v[0]) == "x"


def test_a_rule_that_is_wrong_close_to_a_number_is_refuted() -> None:
    """It did not run on symbols, and no sample point was so close."""
    report = check(lambda x: x * x, lambda x, g: 0.0 if math.isclose(x, 2.0) else 2 * x * g, raises=False)
    assert Verdict.REFUTED in {f.verdict for f in report.findings if f.check == "proof"}


def test_another_number_of_arguments_is_refused() -> None:
    with pytest.raises(TypeError, match="atan takes 1 arguments, and 2 were given"):
        symbolic(lambda v: math.atan(v, 1))(x)


# ------------------------------------------------------------------------------------------------------- arrays


def test_arrays_add_up_in_place() -> None:
    total = terms([0, 0])
    alias = total
    total += terms([x, 1])
    assert alias[0] is apply("add", 0, x)


@pytest.mark.parametrize("make", [lambda a: x * a, lambda a: a * x, lambda a: 2 * a, lambda a: a / x, lambda a: x - a])
def test_arrays_meet_single_terms(make: Callable[[Any], Any]) -> None:
    found = make(terms([x, x]))
    assert isinstance(found, TermArray)
    assert all(isinstance(v, Term) for v in found)


def test_sums_products_and_shapes() -> None:
    a = terms([[x, 1], [2, x]])
    assert (a @ a).shape == (2, 2)
    assert a.sum(axis=0).shape == (2,)
    assert written(term(np.sum(a))) == "x + 1 + 2 + x"


def test_a_comparison_follows_a_branch() -> None:
    def run() -> tuple[Term, ...]:
        values = terms([x])
        values[values < 0] = 0
        return (term(values[0]),)

    assert written(explore(run)[0]) == "where(x < 0, 0, x)"


def test_arrays_can_hold_terms_where_floats_are_requested() -> None:
    def rule(v: Any) -> Any:
        out = np.zeros(2, dtype=np.float64) + np.ones_like(np.full(2, 3.0))
        out[0] += v * np.pi
        return out[0]

    assert traced(rule) == "0 + 1 + x*pi"
    assert PI is symbolic(lambda: np.pi)()


@pytest.mark.optional
class TestFunctionsOfSciPy:
    @pytest.mark.parametrize(
        ("function", "formula"),
        [
            (lambda v, s: s.log_expit(v), "-log1p(exp(-x))"),
            (lambda v, s: s.entr(v), "entr(x)"),
            (lambda v, s: s.xlogy(v, 2), "where(x == 0, 0, x*log(2))"),
            (lambda v, s: s.huber(1, v), "where(abs(x) <= 1, x*x/2, 1*(abs(x) - 1/2))"),
            (lambda v, s: s.dawsn(v) + s.ellipk(v), "dawsn(x) + ellipk(x)"),
            (lambda v, s: s.airy(v)[1] + s.airy(0.5)[0], "airy_ai_prime(x) + airy_ai(1/2)"),
            (lambda v, s: s.sici(np.array([v, 2.0]))[1][0], "ci(x)"),
            (lambda v, s: s.erfi(v), "2/sqrt(pi)*exp(x*x)*dawsn(x)"),
        ],
    )
    def test_they_are_terms(self, function: Callable[[Any, Any], Any], formula: str) -> None:
        special = pytest.importorskip("scipy.special", reason="SciPy is not installed: pip install scipy")
        assert traced(lambda v: function(v, special)) == formula
