"""Domains read from conditions: ends, holes, and joint conditions on two inputs."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest
import sympy
from sympy import And, Ne, Or, cos

from backproof.verify.numerics.domain import Domain, Interval, domain_of
from backproof.verify.terms.term import compare, symbol

x, y = sympy.symbols("x y", real=True)
MAX = math.nextafter(math.inf, 0)
TINY = math.nextafter(0, 1)


@pytest.mark.parametrize(
    ("condition", "first", "last"),
    [
        (sympy.true, -MAX, MAX),
        (x > 0, TINY, MAX),
        (x >= 0, 0.0, MAX),
        (x < 0, -MAX, -TINY),
        (x <= 1, -MAX, 1.0),
        (1 <= x, 1.0, MAX),
        (And(x > -1, x < 1), math.nextafter(-1, 0), math.nextafter(1, 0)),
        (And(x >= -1, x <= 1), -1.0, 1.0),
        (And(x > 0, x >= 0, x > -5), TINY, MAX),
        (x > sympy.Rational(1, 3), math.nextafter(1 / 3, 1), MAX),
        (x >= sympy.Rational(1, 10), 0.1, MAX),
    ],
)
def test_ends_of_one_input(condition: Any, first: float, last: float) -> None:
    (interval,) = domain_of(condition, ("x",)).intervals
    assert interval.floats == (first, last)
    assert first in interval
    assert last in interval
    assert math.nextafter(first, -math.inf) not in interval
    assert math.nextafter(last, math.inf) not in interval
    assert math.nan not in interval


def test_holes() -> None:
    domain = domain_of(And(Ne(y, 0), Ne(x, sympy.Rational(1, 3))), ("x", "y"))
    assert domain.intervals[1].edges == (0,)
    assert (1.0, 0.0) not in domain
    assert (1.0, -0.0) not in domain
    assert (1 / 3, 5e-324) in domain  # no float is a third


def test_joint_conditions_are_decided_in_ball_arithmetic() -> None:
    cone = domain_of(x**2 + y**2 > 0, ("x", "y"))
    assert (0.0, 0.0) not in cone
    for tiny in (5e-324, 1e-200, 1.0, MAX):  # its square underflows, or overflows, in floats
        assert (tiny, 0.0) in cone
        assert (0.0, -tiny) in cone
    assert (math.pi / 2,) in domain_of(Ne(cos(x), 0), ("x",))  # no float is π/2
    either = domain_of(Or(x > 1, y > 1), ("x", "y"))
    assert (0.0, 2.0) in either
    assert (0.0, 1.0) not in either


def test_a_narrowed_and_tied_domain() -> None:
    domain = domain_of(And(x > 0, x > y), ("x", "y"))
    assert domain.intervals[0] == Interval(low=Fraction(0), low_open=True)
    assert (1.0, 0.5) in domain
    assert (1.0, 1.0) not in domain


def test_conditions_of_the_trace_serve_too() -> None:
    a = symbol("a")
    condition = compare("lt", 2, a) & compare("ne", a, 5)
    assert domain_of(condition, ("a",)) == Domain(
        (Interval(Fraction(2), math.inf, True, False, (Fraction(5),)),)
    )


def test_an_empty_domain_has_no_floats() -> None:
    (interval,) = domain_of(And(x > 1, x < sympy.Rational(1, 2)), ("x",)).intervals
    first, last = interval.floats
    assert first > last
