"""Differences agree with right derivatives, reject wrong ones, and are undecided where they must be."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import pytest

from backproof.engine import OPS, Value
from backproof.verify.mirror.table import MIRROR, SPECS, Spec
from backproof.verify.numerics.differences import (
    CAUTION,
    NO_ESTIMATE,
    Estimate,
    agrees,
    finite_difference,
    neighbourhood,
)
from backproof.verify.numerics.domain import Interval, domain_of
from backproof.verify.numerics.points import points
from backproof.verify.numerics.reference import Reference
from backproof.verify.terms.from_sympy import from_sympy

KINKS = {"abs", "relu", "relu6", "leaky_relu", "hardtanh", "hardsigmoid", "hardswish", "elu", "selu", "celu"}
PLACES = {"relu6": (0, 6), "hardtanh": (-1, 1), "hardsigmoid": (-3, 3), "hardswish": (-3, 3)}


def _forward(spec: Spec, point: tuple[float, ...], operand: int) -> Callable[[float], float]:
    constants = [int(v) if v == int(v) else float(v) for v in spec.values]

    def forward(t: float) -> float:
        values = [Value(t if i == operand else v) for i, v in enumerate(point)]
        out: float = getattr(values[0], OPS[spec.op])(*values[1:], *constants).data
        return out

    return forward


def _kinks(spec: Spec, point: tuple[float, ...], operand: int) -> tuple[float, ...]:
    if spec.op in ("max", "min"):
        return (point[1 - operand],)
    if spec.op == "hypot":
        return (0.0,)
    return PLACES.get(spec.op, (0.0,)) if spec.op in KINKS else ()


@pytest.mark.parametrize("spec", SPECS, ids=lambda r: f"{r.op} {r.case}".strip())
def test_no_right_derivative_is_rejected(spec: Spec) -> None:
    """At steep, flat, huge and tiny points alike; and most points are decided."""
    domain = domain_of(spec.domain, spec.inputs)
    reference = Reference(map(from_sympy, spec.stable_derivatives), spec.inputs)
    results: Counter[bool | None] = Counter()
    found = points(spec.op, domain, n=120)
    for point, reference_values in zip(found, reference.many(found), strict=True):
        for operand, expected in enumerate(reference_values):
            x, kinks = point[operand], _kinks(spec, point, operand)
            if expected.known and x not in kinks:
                low, high = neighbourhood(x, domain.intervals[operand], kinks)
                estimate = finite_difference(_forward(spec, point, operand), x, low, high)
                result = agrees(estimate, expected.nearest)
                assert result is not False, (point, operand, estimate, expected.nearest)
                results[result] += 1
    assert results[True] > 0.4 * results.total()


@pytest.mark.parametrize(
    "op", ["tanh", "exp", "sin", "gelu", "softplus", "sqrt", "cbrt", "erf", "mish", "atan"]
)
@pytest.mark.parametrize("relative", [1e-7, -1e-7, 1.0, -2.0])
def test_a_wrong_derivative_is_rejected(op: str, relative: float) -> None:
    (spec,) = MIRROR[op]
    reference = Reference([from_sympy(spec.stable_derivatives[0])], ("x",))
    for x in (0.3, 0.75, 1.5, 2.5):
        (expected,) = reference.at((x,))
        estimate = finite_difference(_forward(spec, (x,), 0), x, *neighbourhood(x, Interval(low=Fraction(0))))
        assert agrees(estimate, expected.nearest) is True
        assert agrees(estimate, expected.nearest * (1 + relative)) is False
        assert estimate.error < 1e-7 * abs(expected.nearest)


def test_edges_and_kinks_are_kept_clear_of() -> None:
    seen: list[float] = []

    def watched(t: float) -> float:
        seen.append(t)
        return math.sqrt(t)

    for x in (1e-300, 1e-9, 0.25, 3.0):
        low, high = neighbourhood(x, Interval(low=Fraction(0)), (4.0,))
        assert (low, high) == (0, 4)
        found = finite_difference(watched, x, low, high)
        assert agrees(found, 0.5 / math.sqrt(x)) is True
    assert 0 < min(seen)
    assert max(seen) < 4


def test_one_sided_derivatives_at_a_kink() -> None:
    assert finite_difference(abs, 0.0, side=1).value == pytest.approx(1)
    assert finite_difference(abs, 0.0, side=-1).value == pytest.approx(-1)
    found = finite_difference(lambda t: max(t, 0.0) + math.exp(t), 0.0, side=1)
    assert found.value == pytest.approx(2, rel=1e-9)
    assert agrees(found, 2.0) is True


def test_at_an_edge_the_derivative_is_one_sided() -> None:
    found = finite_difference(lambda t: t**2.5 + t if t >= 0 else math.nan, 0.0, low=0.0)
    assert agrees(found, 1.0) in (True, None)
    assert finite_difference(math.asin, 1.0, low=-1.0, high=1.0).error > 1  # infinitely steep


def test_an_undeclared_kink_is_noticed() -> None:
    for x in (1e-12, 1e-300, -1e-5):
        assert agrees(finite_difference(abs, x), math.copysign(1, x)) in (True, None)


def test_periods_are_not_stepped_over() -> None:
    for x in (1e5, 123456.789, 1e9, 5e10, 1e30):
        assert agrees(finite_difference(math.sin, x), math.cos(x)) in (True, None)
        assert agrees(finite_difference(math.tan, x), 1 + math.tan(x) ** 2) in (True, None)


def test_no_estimate_where_floats_are_too_far_apart() -> None:
    assert finite_difference(math.tanh, 1e300) == NO_ESTIMATE
    assert finite_difference(math.tanh, math.nan) == NO_ESTIMATE
    assert agrees(NO_ESTIMATE, 0.0) is None


def test_a_forward_without_a_value_decides_nothing() -> None:
    def broken(t: float) -> float:
        raise ValueError("no value")

    assert finite_difference(broken, 1.0) == NO_ESTIMATE
    assert finite_difference(lambda t: math.inf, 1.0) == NO_ESTIMATE
    assert agrees(finite_difference(lambda t: 1e308 * math.sin(t * 1e3) * 10, 1.0), 0.0) is None


def test_a_useless_error_decides_nothing() -> None:
    assert agrees(Estimate(1.0, 0.5), 1.1) is None
    assert agrees(Estimate(1.0, 1e-9), 1.1) is False
    assert agrees(Estimate(0.0, 1e-15, scale=1.0), 1e-20) is True


@pytest.mark.parametrize(
    ("f", "derivative", "x", "side"),
    [
        (lambda x: 1 / (1 + 25 * x * x), lambda x: -50 * x / (1 + 25 * x * x) ** 2, -0.20020343075558733, 1),
        (lambda x: math.sin(30 * x), lambda x: 30 * mpmath.cos(30 * x), -1.30896919179004, -1),
    ],
    ids=["a bell", "a fast sine"],
)
def test_the_bound_holds_where_the_table_s_own_estimate_is_too_small(
    f: Callable[[float], float], derivative: Callable[[Any], Any], x: float, side: int
) -> None:
    """Steps on one side, at points where the estimate of Ridders' table is 2.7 and 2.5 times too small."""
    found = finite_difference(f, x, side=side)
    with mpmath.workdps(40):
        off = abs(found.value - derivative(mpmath.mpf(x)))
    assert off <= found.error
    assert 2 * off > found.error / CAUTION  # else the point tests nothing


FAR = 2.0**39  # where a step of an eighth is too short


def test_a_forward_that_is_0_far_out_has_the_derivative_0() -> None:
    assert agrees(finite_difference(lambda t: 0.0, FAR), 0.0)


def test_a_long_step_over_whole_periods_does_not_reject() -> None:
    """sin(2πt): every step of a power of 2 leads from a zero to a zero."""
    found = finite_difference(lambda t: math.sin(2 * math.pi * math.fmod(t, 1)), FAR)
    assert agrees(found, 2 * math.pi) is not False
