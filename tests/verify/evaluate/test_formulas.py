"""Formulas on doubles, terms, arrays and intervals: one meaning."""

from __future__ import annotations

import math

import numpy as np
import pytest
from flint import arb

from backproof.verify.evaluate.formulas import Formulas
from backproof.verify.terms.parser import expression
from backproof.verify.terms.term import constant, symbol

INF, NAN = math.inf, math.nan


def value(text: str, **at: float) -> float:
    return Formulas((expression(text, tuple(at)),), tuple(at))(*at.values())[0]


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        ("log(x)", 0.0, -INF),
        ("log(x)", -1.0, NAN),
        ("log1p(x)", -1.0, -INF),
        ("sqrt(x)", -1.0, NAN),
        ("exp(x)", 1000.0, INF),
        ("exp(-x)", 1000.0, 0.0),
        ("1/x", 0.0, INF),
        ("1/x", -0.0, -INF),
        ("x/x", 0.0, NAN),
        ("x*x", 1e200, INF),
        ("x**-1", 0.0, INF),
        ("x**0.5", -1.0, NAN),
        ("x**3", -1e200, -INF),
        ("10**400*x", 1.0, INF),
        ("sin(x)", INF, NAN),
        ("floor(x)", -0.5, -1.0),
        ("ceil(x)", -0.5, -0.0),
        ("floor(x)", INF, INF),
        ("trunc(x)", -1.5, -1.0),
        ("atanh(x)", 1.0, INF),
        ("erfinv(x)", -1.0, -INF),
        ("erfinv(x)", 2.0, NAN),
        ("lgamma(x)", -3.0, INF),
        ("lgamma(x)", 1e308, INF),
        ("digamma(x)", 0.0, -INF),
        ("digamma(x)", -2.0, NAN),
        ("trigamma(x)", 0.0, INF),
        ("max(x, 0)", NAN, NAN),
        ("where(x > 0, 1, log(-1))", 1.0, 1.0),
        ("xlogy(x, x)", 0.0, 0.0),
        ("sign(x)", NAN, NAN),
        ("inf - x", 1.0, INF),
    ],
)
def test_doubles_never_raise(text: str, at: float, expected: float) -> None:
    found = value(text, x=at)
    assert found == expected or (math.isnan(found) and math.isnan(expected))
    assert math.copysign(1, found) == math.copysign(1, expected) or math.isnan(expected)


NUMPY = {
    "exp(x)": np.exp, "log(x)": np.log, "sqrt(x)": np.sqrt, "1/x": lambda x: 1 / x, "sinh(x)": np.sinh,
    "x**3": lambda x: x**3, "x**0.5": lambda x: x**0.5, "floor(x)": np.floor, "ceil(x)": np.ceil, "trunc(x)": np.trunc,
    "sign(x)": np.sign, "abs(x)": np.abs, "log1p(x)": np.log1p, "expm1(x)": np.expm1, "atanh(x)": np.arctanh,
    "max(x, 1)": lambda x: np.maximum(x, 1), "where(x >= 1, x, -x)": lambda x: np.where(x >= 1, x, -x),
}  # fmt: skip
PLACES = (0.0, -0.0, 1.0, -1.0, 0.3, -2.5, 1e-320, 1e308, -1e308, 709.9, INF, -INF, NAN)


@pytest.mark.parametrize("text", NUMPY)
@pytest.mark.parametrize("x", PLACES)
def test_doubles_are_as_numpy_has_them(text: str, x: float) -> None:
    with np.errstate(all="ignore"):
        expected = float(NUMPY[text](np.float64(x)))
    found = value(text, x=x)
    assert (math.isnan(found) and math.isnan(expected)) or found == pytest.approx(expected, rel=1e-15, abs=0)


@pytest.mark.parametrize(
    "text",
    ["x*y + 1/3", "where(x > y and not x == 2, exp(x), -y)", "abs(x - y) + max(x, y)**2", "pi*sin(x)/y", "x > y"],
)
def test_one_meaning_on_every_kind(text: str) -> None:
    formulas = Formulas((expression(text, ("x", "y")),), ("x", "y"))
    for x, y in [(0.5, 2.0), (2.0, 0.5), (3.0, -1.0)]:
        (expected,) = formulas(x, y)
        (array,) = formulas(np.array([x, x]), np.array([y, y]))
        (ball,) = formulas(arb(x), arb(y))
        assert array == pytest.approx([expected, expected], rel=1e-14)
        assert float(ball) == pytest.approx(expected, rel=1e-14)


def test_terms_are_put_in() -> None:
    (found,) = Formulas((expression("x*y", ("x", "y")),), ("x", "y"))(symbol("a"), 2)
    assert found is symbol("a") * constant(2)
