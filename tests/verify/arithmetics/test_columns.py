"""A rule run on a column of floats gives, at each point, what it gives on that float alone."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backproof.engine import Value
from backproof.verify.arithmetics.columns import COLUMNS, operands, pointwise
from backproof.verify.checks.case import Case
from backproof.verify.checks.samples import sample
from backproof.verify.config.options import Options
from backproof.verify.subjects.engines.own import own_engine

CASES = [Case(operation, spec, Options(points=400)) for operation, spec in own_engine().operations()]
ODD = [0.0, -0.0, 1.0, -1.0, 5e-324, 1e308, -1e308, 0.1, -8.0, 40.0, -745.5, 710.5, math.inf, -math.inf, math.nan]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.operation.name} {c.spec.case}".strip())
def test_every_rule_equals_its_results_on_floats(case: Case) -> None:
    together = case.operation.at_once(case.points.columns)
    assert together is not None
    for k, point in enumerate(case.points):
        single = sample(case.operation, point)
        if not together.doubtful[k]:
            assert single.error is None
            results = (together.out[k], *(partials[k] for partials in together.partials))
            assert np.array_equal(results, (single.out, *single.partials), equal_nan=True), point
    assert np.count_nonzero(together.doubtful) < len(case.points) / 2


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "pow"])
def test_operators_on_odd_floats(name: str) -> None:
    function = getattr(operator, name)
    pairs = [(a, b) for a in ODD for b in ODD]
    (a, b), doubtful = operands([np.array(x) for x in zip(*pairs, strict=True)])
    _as_floats(function(a, b).values, doubtful, lambda k: function(*pairs[k]))
    for number in (2, 0.5, -1):
        (a,), doubtful = operands([np.array(ODD)])
        _as_floats(function(a, number).values, doubtful, lambda k, n=number: function(ODD[k], n))
        (a,), doubtful = operands([np.array(ODD)])
        _as_floats(function(number, a).values, doubtful, lambda k, n=number: function(n, ODD[k]))


@pytest.mark.parametrize("name", ["exp", "sqrt", "log", "tanh", "finite", "sign", "sigmoid", "softplus", "normal_pdf"])
def test_functions_on_odd_floats(name: str) -> None:
    from backproof.engine.arithmetic import FLOATS

    (a,), doubtful = operands([np.array(ODD)])
    _as_floats(getattr(COLUMNS, name)(a).values, doubtful, lambda k: getattr(FLOATS, name)(ODD[k]))


def _as_floats(found: Any, doubtful: Any, expected: Callable[[int], Any]) -> None:
    """The floats' own results, and doubtful wherever they have none; a NaN may be doubtful too."""
    for k, result in enumerate(found.tolist()):
        try:
            single = expected(k)
        except (ArithmeticError, ValueError):
            single = None
        if single is None or isinstance(single, complex):
            assert doubtful[k]
        elif not doubtful[k]:
            assert result == single or (result != result and single != single)
        else:
            assert math.isnan(single) or not math.isfinite(ODD[k % len(ODD)])


def test_an_exception_costs_its_point_alone() -> None:
    (a,), doubtful = operands([np.array([1.0, -1.0, 4.0])])
    assert COLUMNS.log(a).values[[0, 2]].tolist() == [0.0, math.log(4)]
    assert doubtful.tolist() == [False, True, False]


def test_a_complex_result_is_doubtful() -> None:
    (a,), doubtful = operands([np.array([4.0, -8.0])])
    assert (a**0.5).values[0] == 2.0
    assert doubtful.tolist() == [False, True]


def test_plain_numbers_stay_plain() -> None:
    assert COLUMNS.sqrt(4.0) == 2.0
    assert COLUMNS.where(1, 2, 3) == 2
    assert COLUMNS.ge(2, 3) == 0
    assert pointwise(math.exp, math.exp)(0.0) == 1.0


@pytest.mark.parametrize(
    "ask",
    [bool, float, hash, np.tanh, math.tanh, lambda c: c < 0, lambda c: c == 0, lambda c: [0][c], lambda c: c + "1"],
)
def test_what_is_not_for_all_points_at_once_is_refused(ask: Callable[[Any], Any]) -> None:
    (column,), _ = operands([np.array([1.0, 2.0])])
    with pytest.raises(TypeError):
        ask(column)


def test_nodes_hold_columns() -> None:
    data, _ = operands([np.array([0.5, -2.0]), np.array([3.0, 4.0])])
    x, y = map(Value, data)
    out = (x * y + 1).tanh()
    out.backward()
    expected = []
    for a, b in ((0.5, 3.0), (-2.0, 4.0)):
        left, right = Value(a), Value(b)
        (left * right + 1).tanh().backward()
        expected.append((left.grad, right.grad))
    assert list(zip(x.grad.values.tolist(), y.grad.values.tolist(), strict=True)) == expected
