"""Reference values in bulk: the screen's agree with those of ball arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest

from backproof.verify.arithmetics.double_double import Doubled
from backproof.verify.checks.case import Case
from backproof.verify.config.options import Options
from backproof.verify.evaluate.screen import Screen
from backproof.verify.numerics.points import Points, points
from backproof.verify.numerics.reference import Reference, Status
from backproof.verify.numerics.reference_values import CODES, ReferenceValues, screened, zero_at
from backproof.verify.subjects.engines.own import own_engine
from backproof.verify.terms.from_sympy import from_sympy
from backproof.verify.terms.term import apply, constant, symbol

LEAST = 2.0**-1022
CASES = [Case(operation, spec, Options(seed=5)) for operation, spec in own_engine().operations()]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.operation.name} {c.spec.case}".strip())
def test_the_screen_agrees_with_intervals(case: Case) -> None:
    found = screened(case.partials, case.spec.inputs, case.points)
    if found is None:
        found = _forced(case)
    reference_values = ReferenceValues(case.partials, case.spec.inputs, case.points, screened=found)
    exact = Reference(case.partials, case.spec.inputs).many(case.points)
    for i in range(len(case.partials)):
        for k, (nearest, code) in enumerate(zip(reference_values.nearest[i], reference_values.status[i], strict=True)):
            expected = exact[k][i]
            assert code == CODES[expected.status], case.points[k]
            if expected.known and abs(expected.nearest) >= LEAST:  # a near tie may go either way
                assert abs(nearest - expected.nearest) <= math.ulp(expected.nearest), case.points[k]
            elif expected.known:
                assert abs(nearest - expected.nearest) <= LEAST * 2.0**-20, case.points[k]


def _forced(case: Case) -> list[Doubled]:
    """The screen, also where it would not be faster."""
    program = Screen(case.partials, case.spec.inputs)
    assert program.able
    return program.at(*case.points.columns)


def test_a_requested_point_is_evaluated_in_ball_arithmetic() -> None:
    case = next(c for c in CASES if c.operation.name == "tanh")
    (expected,) = case.reference_values[3]
    assert expected.ball.overlaps(Reference(case.partials, ("x",)).at(case.points[3])[0].ball)
    values = case.reference_values
    assert [t[0].nearest for t in values.at([5, 3])] == [values[5][0].nearest, values[3][0].nearest]
    assert len(list(case.reference_values)) == len(case.reference_values[:]) == len(case.points)


def test_numbers_that_may_be_flushed_use_ball_arithmetic() -> None:
    x = symbol("x")
    places = Points([np.concatenate((np.linspace(1e-310, 3e-308, 70), [1.0]))])
    terms = [x * constant(1)]
    screen = screened(terms, ("x",), places)
    found = ReferenceValues(terms, ("x",), places, flush_to_zero_below=2.0**-1000, screened=screen)
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


def test_few_points_use_ball_arithmetic() -> None:
    partial = from_sympy(CASES[0].spec.stable_derivatives[0])
    assert screened([partial], ("x", "y"), CASES[0].points.where(np.arange(10))) is None
