"""The names that code meets among symbols: `math`, `numpy` and `float` that know terms, and exact constants."""

from __future__ import annotations

import math
from collections.abc import Callable
from math import exp, pi
from typing import Any

import numpy as np
import pytest
from numpy import tanh as hyperbolic

from engine import Value
from verify.subjects.arrays import TermArray, terms
from verify.subjects.private import Float, private, symbolic
from verify.trace.explore import explore
from verify.trace.term import PI, Term, apply, symbol, term
from verify.trace.text import written

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
        (lambda v: math.sqrt(2 / math.pi) * v, "sqrt(2/pi)*x"),
        (lambda v: v * pi, "x*pi"),
        (lambda v: math.log(v, 2), "log(x)/log(2)"),
        (lambda v: math.pow(v, 3), "x**3"),
        (lambda v: max(0.0, v), "where(x > 0, x, 0)"),
        (lambda v: np.where(v > 0, v, 0.0), "where(x > 0, x, 0)"),
        (lambda v: np.maximum(v, 0), "maximum(x, 0)"),
        (lambda v: np.clip(v, -1, 1), "minimum(maximum(x, -1), 1)"),
        (lambda v: float(v) * 0.5, "x*1/2"),
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


def test_a_term_is_a_float_to_whoever_asks() -> None:
    assert isinstance(x, Float)
    assert isinstance(1.5, Float)
    assert not isinstance("1.5", Float)
    assert Float("1.5") == 1.5
    assert Float(x) is x


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


def test_room_for_terms_is_made_where_floats_are_asked_for() -> None:
    def rule(v: Any) -> Any:
        out = np.zeros(2, dtype=np.float64) + np.ones_like(np.full(2, 3.0))
        out[0] += v * np.pi
        return out[0]

    assert traced(rule) == "0 + 1 + x*pi"
    assert PI is symbolic(lambda: np.pi)()
