"""Truths in bulk: whatever the screen fills in, balls say too."""

from __future__ import annotations

import math

import numpy as np
import pytest

from verify.case import Case
from verify.numbers.doubled import Doubled
from verify.numbers.points import Points, points
from verify.numbers.reference import Reference, Status
from verify.numbers.screen import Screen
from verify.numbers.truths import CODES, Truths, screened, zero_at
from verify.options import Options
from verify.subjects.values import own_engine
from verify.trace.from_sympy import from_sympy
from verify.trace.term import apply, constant, symbol

LEAST = 2.0**-1022
CASES = [Case(operation, row, Options(seed=5)) for operation, row in own_engine().operations()]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.operation.name} {c.row.case}".strip())
def test_the_screen_fills_in_what_balls_say(case: Case) -> None:
    found = screened(case.slopes, case.row.inputs, case.points)
    if found is None:
        found = _forced(case)
    truths = Truths(case.slopes, case.row.inputs, case.points, screened=found)
    exact = Reference(case.slopes, case.row.inputs).many(case.points)
    for i in range(len(case.slopes)):
        for k, (nearest, code) in enumerate(zip(truths.nearest[i], truths.status[i], strict=True)):
            truth = exact[k][i]
            assert code == CODES[truth.status], case.points[k]
            if truth.known and abs(truth.nearest) >= LEAST:  # a near tie may go either way
                assert abs(nearest - truth.nearest) <= math.ulp(truth.nearest), case.points[k]
            elif truth.known:
                assert abs(nearest - truth.nearest) <= LEAST * 2.0**-20, case.points[k]


def _forced(case: Case) -> list[Doubled]:
    """The screen, also where it would not be worth it."""
    program = Screen(case.slopes, case.row.inputs)
    assert program.able
    return program.at(*case.points.columns)


def test_a_point_is_in_balls_when_it_is_asked_for() -> None:
    case = next(c for c in CASES if c.operation.name == "tanh")
    (truth,) = case.truths[3]
    assert truth.ball.overlaps(Reference(case.slopes, ("x",)).at(case.points[3])[0].ball)
    assert [t[0].nearest for t in case.truths.at([5, 3])] == [case.truths[5][0].nearest, case.truths[3][0].nearest]
    assert len(list(case.truths)) == len(case.truths[:]) == len(case.points)


def test_numbers_that_may_be_flushed_are_left_to_balls() -> None:
    x = symbol("x")
    places = Points([np.concatenate((np.linspace(1e-310, 3e-308, 70), [1.0]))])
    terms = [x * constant(1)]
    found = Truths(terms, ("x",), places, flushes=2.0**-1000, screened=screened(terms, ("x",), places))
    assert found.has(Status.FLUSHED, 0)[:-1].all()
    assert found.has(Status.KNOWN, 0)[-1]


def test_a_zero_is_exact() -> None:
    x, y = symbol("x"), symbol("y")
    plane = points("op", CASES[0].region)
    ties = zero_at(x - y, ("x", "y"), plane)
    assert ties.tolist() == [a == b for a, b in plane]
    assert ties.any()
    gamma = zero_at(apply("digamma", x) - apply("digamma", y), ("x", "y"), plane.where(np.arange(5)))
    assert gamma.shape == (5,)


def test_few_points_are_done_in_balls() -> None:
    slope = from_sympy(CASES[0].row.stable_slopes[0])
    assert screened([slope], ("x", "y"), CASES[0].points.where(np.arange(10))) is None
