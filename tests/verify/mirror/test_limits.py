"""The declared limits are the mirror's, and a rule that does not return them is unsafe."""

from __future__ import annotations

import math
from typing import Any

import pytest
from accuracy_rules import case_of, case_with
from flint import arb, ctx

from backproof.verify.api import pair
from backproof.verify.checks import infinities as special
from backproof.verify.checks.case import Case
from backproof.verify.config.options import Options
from backproof.verify.evaluate.balls import BallProgram
from backproof.verify.mirror.limits import ENDS, PLACES, limits
from backproof.verify.mirror.table import BINARY, MIRROR, SPECS, Spec
from backproof.verify.results.findings import Verdict
from backproof.verify.subjects.engines.own import own_engine
from backproof.verify.terms.from_sympy import from_sympy

NAMED = {"power", "leaky_relu"}  # whose limits depend on a constant


def test_every_operation_has_a_line() -> None:
    assert set(ENDS) | set(PLACES) | NAMED == set(MIRROR)
    assert set(PLACES) == BINARY


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.op} {spec.case}".strip())
def test_the_limits_are_those_of_the_mirror(spec: Spec) -> None:
    """Far out the mirror's derivative is near its limit: within 1e-3, or beyond 1e6 for an infinite one."""
    program = BallProgram(map(from_sympy, spec.stable_derivatives), spec.inputs)
    with ctx.workprec(3000):
        for place, expected in limits(spec):
            far = [arb(x) if math.isfinite(x) else arb(math.copysign(1e8, x)) for x in place]
            if spec.op in ("exp", "expm1", "sinh", "cosh", "gelu_tanh", "pow"):
                far = [arb(x) if math.isfinite(x) else arb(math.copysign(1e3, x)) for x in place]
            for partial, limit in zip(program(*far), expected, strict=True):
                if math.isinf(limit):
                    assert partial * int(math.copysign(1, limit)) > 100
                elif limit == limit:
                    assert abs(partial - limit) < arb(0.01) + arb(10) ** -6, (place, partial, limit)


@pytest.mark.parametrize("pair", [*own_engine().operations()], ids=lambda p: f"{p[0].name} {p[1].case}".strip())
def test_the_engine_returns_them(pair: Any) -> None:
    assert {f.verdict for f in special.check(Case(*pair, Options()))} == {Verdict.SAFE}


def test_a_nan_at_infinity_is_fragile() -> None:
    textbook = case_with("silu", lambda m, x, _: m.sigmoid(x) * (1 + x * m.sigmoid(-x)))
    found = list(special.findings(textbook))
    assert [f.verdict for f in found] == [Verdict.FRAGILE] * 2
    assert "nan" in dict(found[0].details)["ours"]


def verdicts(case: Case) -> list[Verdict]:
    return [finding.verdict for finding in special.check(case)]


def case_of_pair(forward: Any, backward: Any, definition: str, name: str = "") -> Case:
    return Case(*pair(forward, backward, definition, name=name), Options())


def test_a_nan_beside_a_finite_value_is_fragile_in_any_engine() -> None:
    case = case_with("atan", lambda m, x, _: 1 / (1 / x + x) / x if not isinstance(x, float) or x else 1.0)
    assert verdicts(case) == [Verdict.SAFE]
    case = case_with("atan", lambda m, x, _: x / x / (1 + x * x) if not isinstance(x, float) or x else 1.0)
    assert verdicts(case) == [Verdict.FRAGILE] * 2
    assert [dict(f.details)["ours"] for f in special.check(case)] == ["nan"] * 2


def test_the_textbooks_silu_is_accepted() -> None:
    """inf·0 for a derivative beside an infinite value, and a value that the forward itself has lost."""
    case = case_with("silu", lambda m, x, _: m.sigmoid(x) * (1 + x * m.sigmoid(-x)))
    assert [case.operation.forward(math.inf), str(case.operation.forward(-math.inf))] == [math.inf, "nan"]
    assert verdicts(case) == []


def test_another_number_at_infinity_is_a_policy() -> None:
    """A rule that stops gradients at an infinity; our own engine may not."""
    case = case_with("atan", lambda m, x, _: 7 if x == math.inf else 1 / (1 + x * x))
    assert verdicts(case) == [Verdict.SAFE]
    assert [f.verdict for f in special.findings(case)] == [Verdict.FRAGILE]


def test_an_engine_that_refuses_infinities_is_not_checked() -> None:
    def forward(x: float) -> float:
        if math.isinf(x):
            raise OverflowError("no infinities here")
        return math.exp(-x * x)

    assert verdicts(case_of_pair(forward, lambda x, out, g: -2 * x * out * g, "exp(-x**2)")) == []


@pytest.mark.parametrize(
    ("forward", "backward", "definition", "expected"),
    [
        # exp(-x²) is 0 at both infinities, and so is its derivative: -2·inf·0 is not
        (lambda x: math.exp(-x * x), lambda x, out, g: -2 * (x * out) * g, "exp(-x**2)", [Verdict.FRAGILE] * 2),
        # lost at the largest floats already: reported by the check of extremes
        (lambda x: math.exp(-x * x), lambda x, out, g: -2 * x * out * g, "exp(-x**2)", [Verdict.SAFE]),
        (lambda x: math.exp(-x * x), lambda x, out, g: -2 * x * out * g if out else 0.0, "exp(-x**2)", [Verdict.SAFE]),
        # x·exp(-x²) is lost by the forward itself
        (lambda x: x * math.exp(-x * x), lambda x, g: (1 - 2 * x * x) * math.exp(-x * x) * g, "x*exp(-x**2)", []),
        (lambda x: math.atan(x), lambda x, g: g / (1 + x * x), "atan(x)", [Verdict.SAFE]),
        # no limit: the derivative oscillates, or falls too slowly to be near one at the largest float
        (lambda x: math.atan(x) if math.isinf(x) else math.sin(x), lambda x, g: math.nan, "sin(x)", []),
        # an exception is no limit either
        (lambda x: math.tanh(x), lambda x, out, g: (1 - out) * (1 + out) * g, "tanh(x)", [Verdict.SAFE]),
        (math.tanh, lambda x, out, g: g * (1 - out**2) + 0 * math.sin(x), "tanh(x)", [Verdict.FRAGILE] * 2),
    ],
)  # fmt: skip
def test_pairs_must_return_the_limits_of_their_derivatives(
    forward: Any, backward: Any, definition: str, expected: list[Verdict]
) -> None:
    assert verdicts(case_of_pair(forward, backward, definition)) == expected


def test_a_name_is_no_definition() -> None:
    """Called sin, which has no limits, and a bell, which has: the limits are those of what it is."""
    case = case_of_pair(lambda x: math.exp(-x * x), lambda x, out, g: -2 * (x * out) * g, "exp(-x**2)", "sin")
    assert [dict(f.details)["expected"] for f in special.check(case)] == ["0, the limit of the derivative"] * 2


def test_the_wrong_limit_is_fragile() -> None:
    found = list(special.findings(case_with("softplus", lambda m, x, _: m.where(m.gt(x, 1e300), 0, m.sigmoid(x)))))
    assert [f.verdict for f in found] == [Verdict.FRAGILE]


def test_a_nan_that_is_swallowed_is_fragile() -> None:
    found = list(special.findings(case_with("tanh", lambda m, x, out: m.where(m.gt(x * x, 0), 1 - out * out, 1))))
    assert [f.verdict for f in found] == [Verdict.FRAGILE]


def test_an_exception_is_fragile() -> None:
    def rule(m: Any, x: Any, out: Any) -> Any:
        return 1 / (1 - out) if x > 1e300 else 1 - out * out

    found = list(special.findings(case_with("tanh", rule)))
    assert "ZeroDivisionError" in dict(found[0].details)["ours"]


def test_where_the_forward_has_no_value_nothing_is_asked() -> None:
    assert {f.message for f in special.check(case_of("sin"))} == {"no limits at infinity"}
