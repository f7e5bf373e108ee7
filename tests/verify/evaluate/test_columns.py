"""A trace run on columns is the trace run on floats."""

from __future__ import annotations

import math

import numpy as np
import pytest

from backproof.verify.checks.case import Case
from backproof.verify.config.options import Options
from backproof.verify.evaluate.floats import compile_floats, on_columns
from backproof.verify.subjects.engines.own import own_engine
from backproof.verify.subjects.operation import Traced
from backproof.verify.terms.ops import BINARY, SPECIAL, UNARY
from backproof.verify.terms.term import apply, compare, constant, symbol, where

CASES = [Case(operation, spec, Options(points=300)) for operation, spec in own_engine().operations()]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.operation.name} {c.spec.case}".strip())
def test_every_trace_equals_its_results_on_floats(case: Case) -> None:
    assert isinstance(case.trace, Traced)
    names = [*case.spec.inputs, "g", *(f"acc_{n}" for n in case.spec.inputs)]
    seeds = [1.0, *[0.0] * len(case.spec.inputs)]
    terms = (case.trace.forward, *case.trace.gradients)
    program = compile_floats(terms, names)
    found, doubtful = on_columns(terms, names, [*case.points.columns, *(np.full(len(case.points), s) for s in seeds)])
    for k, point in enumerate(case.points):
        if not doubtful[k]:
            assert np.array_equal([column[k] for column in found], program(*point, *seeds), equal_nan=True), point
    assert np.count_nonzero(doubtful) < len(case.points) / 2


@pytest.mark.parametrize("op", [*UNARY, *SPECIAL, *BINARY])
def test_every_op_on_ieee_doubles(op: str) -> None:
    """With poles in place of exceptions, as in rules files."""
    values = [0.5, -0.5, 0.0, -0.0, 1.0, -1.0, -3.0, 2.5, 800.0, -800.0, 1e300, 5e-324, math.inf, -math.inf, math.nan]
    names = ["x", "y"] if op in BINARY else ["x"]
    points = [(a, b)[: len(names)] for a in values for b in (values if op in BINARY else values[:1])]
    terms = [apply(op, *map(symbol, names))]
    program = compile_floats(terms, names, ieee=True)
    (found,), doubtful = on_columns(terms, names, [np.array(x) for x in zip(*points, strict=True)], ieee=True)
    for k, point in enumerate(points):
        if not doubtful[k]:
            assert np.array_equal([found[k]], program(*point), equal_nan=True), point
    assert np.count_nonzero(doubtful) < len(points)


def test_every_op_has_its_function() -> None:
    x = symbol("x")
    inside = compare("gt", x, 0) & ~compare("ge", x, 2) | compare("eq", x, 3)
    terms = [where(inside, apply("floor", x), -apply("ceil", x)), *(apply(name, x) for name in SPECIAL), constant(2)]
    places = np.array([0.25, 2.0, 3.0, 0.75])
    found, doubtful = on_columns(terms, ["x"], [places])
    program = compile_floats(terms, ["x"])
    for k, place in enumerate(places.tolist()):
        if not doubtful[k]:
            assert np.array_equal([column[k] for column in found], program(place), equal_nan=True)
    assert not doubtful[[0, 3]].any()
