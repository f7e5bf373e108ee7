"""Differences agree with right slopes, deny wrong ones, and say so where they cannot tell."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from fractions import Fraction

import pytest

from engine import OPS, Value
from verify.mirror import MIRROR, ROWS, Row
from verify.numbers.differences import NO_ESTIMATE, Estimate, agrees, neighbourhood, slope
from verify.numbers.domain import Interval, domain_of
from verify.numbers.points import points
from verify.numbers.reference import Reference
from verify.trace.from_sympy import from_sympy

KINKS = {"abs", "relu", "relu6", "leaky_relu", "hardtanh", "hardsigmoid", "hardswish", "elu", "selu", "celu"}
PLACES = {"relu6": (0, 6), "hardtanh": (-1, 1), "hardsigmoid": (-3, 3), "hardswish": (-3, 3)}


def _forward(row: Row, point: tuple[float, ...], operand: int) -> Callable[[float], float]:
    constants = [int(v) if v == int(v) else float(v) for v in row.values]

    def forward(t: float) -> float:
        values = [Value(t if i == operand else v) for i, v in enumerate(point)]
        out: float = getattr(values[0], OPS[row.op])(*values[1:], *constants).data
        return out

    return forward


def _corners(row: Row, point: tuple[float, ...], operand: int) -> tuple[float, ...]:
    if row.op in ("max", "min"):
        return (point[1 - operand],)
    if row.op == "hypot":
        return (0.0,)
    return PLACES.get(row.op, (0.0,)) if row.op in KINKS else ()


@pytest.mark.parametrize("row", ROWS, ids=lambda r: f"{r.op} {r.case}".strip())
def test_no_right_slope_is_denied(row: Row) -> None:
    """At steep, flat, huge and tiny points alike; and most points are decided."""
    domain = domain_of(row.domain, row.inputs)
    reference = Reference(map(from_sympy, row.stable_slopes), row.inputs)
    answers: Counter[bool | None] = Counter()
    found = points(row.op, domain, n=120)
    for point, truths in zip(found, reference.many(found), strict=True):
        for operand, truth in enumerate(truths):
            x, corners = point[operand], _corners(row, point, operand)
            if truth.known and x not in corners:
                low, high = neighbourhood(x, domain.intervals[operand], corners)
                estimate = slope(_forward(row, point, operand), x, low, high)
                answer = agrees(estimate, truth.nearest)
                assert answer is not False, (point, operand, estimate, truth.nearest)
                answers[answer] += 1
    assert answers[True] > 0.4 * answers.total()


@pytest.mark.parametrize(
    "op", ["tanh", "exp", "sin", "gelu", "softplus", "sqrt", "cbrt", "erf", "mish", "atan"]
)
@pytest.mark.parametrize("relative", [1e-7, -1e-7, 1.0, -2.0])
def test_a_wrong_slope_is_denied(op: str, relative: float) -> None:
    (row,) = MIRROR[op]
    reference = Reference([from_sympy(row.stable_slopes[0])], ("x",))
    for x in (0.3, 0.75, 1.5, 2.5):
        (truth,) = reference.at((x,))
        estimate = slope(_forward(row, (x,), 0), x, *neighbourhood(x, Interval(low=Fraction(0))))
        assert agrees(estimate, truth.nearest) is True
        assert agrees(estimate, truth.nearest * (1 + relative)) is False
        assert estimate.error < 1e-7 * abs(truth.nearest)


def test_edges_and_corners_are_kept_clear_of() -> None:
    seen: list[float] = []

    def watched(t: float) -> float:
        seen.append(t)
        return math.sqrt(t)

    for x in (1e-300, 1e-9, 0.25, 3.0):
        low, high = neighbourhood(x, Interval(low=Fraction(0)), (4.0,))
        assert (low, high) == (0, 4)
        found = slope(watched, x, low, high)
        assert agrees(found, 0.5 / math.sqrt(x)) is True
    assert 0 < min(seen)
    assert max(seen) < 4


def test_one_sided_slopes_at_a_corner() -> None:
    assert slope(abs, 0.0, side=1).value == pytest.approx(1)
    assert slope(abs, 0.0, side=-1).value == pytest.approx(-1)
    found = slope(lambda t: max(t, 0.0) + math.exp(t), 0.0, side=1)
    assert found.value == pytest.approx(2, rel=1e-9)
    assert agrees(found, 2.0) is True


def test_at_an_edge_the_slope_is_taken_from_inside() -> None:
    found = slope(lambda t: t**2.5 + t if t >= 0 else math.nan, 0.0, low=0.0)
    assert agrees(found, 1.0) in (True, None)
    assert slope(math.asin, 1.0, low=-1.0, high=1.0).error > 1  # infinitely steep


def test_an_undeclared_corner_is_noticed() -> None:
    for x in (1e-12, 1e-300, -1e-5):
        assert agrees(slope(abs, x), math.copysign(1, x)) in (True, None)


def test_periods_are_not_stepped_over() -> None:
    for x in (1e5, 123456.789, 1e9, 5e10, 1e30):
        assert agrees(slope(math.sin, x), math.cos(x)) in (True, None)
        assert agrees(slope(math.tan, x), 1 + math.tan(x) ** 2) in (True, None)


def test_nothing_is_said_where_floats_are_too_far_apart() -> None:
    assert slope(math.tanh, 1e300) == NO_ESTIMATE
    assert slope(math.tanh, math.nan) == NO_ESTIMATE
    assert agrees(NO_ESTIMATE, 0.0) is None


def test_a_forward_without_a_value_decides_nothing() -> None:
    def broken(t: float) -> float:
        raise ValueError("no value")

    assert slope(broken, 1.0) == NO_ESTIMATE
    assert slope(lambda t: math.inf, 1.0) == NO_ESTIMATE
    assert agrees(slope(lambda t: 1e308 * math.sin(t * 1e3) * 10, 1.0), 0.0) is None


def test_a_useless_error_decides_nothing() -> None:
    assert agrees(Estimate(1.0, 0.5), 1.1) is None
    assert agrees(Estimate(1.0, 1e-9), 1.1) is False
    assert agrees(Estimate(0.0, 1e-15, scale=1.0), 1e-20) is True
