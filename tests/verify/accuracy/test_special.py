"""The declared limits are the mirror's, and a rule that does not answer with them is unsafe."""

from __future__ import annotations

import math
from typing import Any

import pytest
from accuracy_rules import case_of, case_with
from flint import arb, ctx

from verify.accuracy.special import ENDS, PLACES, limits
from verify.api import pair
from verify.case import Case
from verify.checks import special
from verify.findings import Verdict
from verify.mirror import BINARY, MIRROR, ROWS, Row
from verify.options import Options
from verify.subjects.values import own_engine
from verify.trace.balls import BallProgram
from verify.trace.from_sympy import from_sympy

NAMED = {"power", "leaky_relu"}  # whose limits depend on a constant


def test_every_operation_has_a_line() -> None:
    assert set(ENDS) | set(PLACES) | NAMED == set(MIRROR)
    assert set(PLACES) == BINARY


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.op} {row.case}".strip())
def test_the_limits_are_those_of_the_mirror(row: Row) -> None:
    """Far out the mirror's slope is near its limit: within 1e-3, or beyond 1e6 for an infinite one."""
    program = BallProgram(map(from_sympy, row.stable_slopes), row.inputs)
    with ctx.workprec(3000):
        for place, expected in limits(row):
            far = [arb(x) if math.isfinite(x) else arb(math.copysign(1e8, x)) for x in place]
            if row.op in ("exp", "expm1", "sinh", "cosh", "gelu_tanh", "pow"):
                far = [arb(x) if math.isfinite(x) else arb(math.copysign(1e3, x)) for x in place]
            for slope, limit in zip(program(*far), expected, strict=True):
                if math.isinf(limit):
                    assert slope * int(math.copysign(1, limit)) > 100
                elif limit == limit:
                    assert abs(slope - limit) < arb(0.01) + arb(10) ** -6, (place, slope, limit)


@pytest.mark.parametrize("pair", [*own_engine().operations()], ids=lambda p: f"{p[0].name} {p[1].case}".strip())
def test_the_engine_answers_with_them(pair: Any) -> None:
    assert {f.verdict for f in special.check(Case(*pair, Options()))} == {Verdict.SAFE}


def test_a_nan_at_infinity_is_unsafe() -> None:
    textbook = case_with("silu", lambda m, x, _: m.sigmoid(x) * (1 + x * m.sigmoid(-x)))
    found = list(special.findings(textbook))
    assert [f.verdict for f in found] == [Verdict.UNSAFE] * 2
    assert "nan" in dict(found[0].details)["ours"]


def verdicts(case: Case) -> list[Verdict]:
    return [finding.verdict for finding in special.check(case)]


def case_of_pair(forward: Any, backward: Any, definition: str, name: str = "") -> Case:
    return Case(*pair(forward, backward, definition, name=name), Options())


def test_a_nan_beside_a_finite_value_is_unsafe_in_anybodys_engine() -> None:
    case = case_with("atan", lambda m, x, _: 1 / (1 / x + x) / x if not isinstance(x, float) or x else 1.0)
    assert verdicts(case) == [Verdict.SAFE]
    case = case_with("atan", lambda m, x, _: x / x / (1 + x * x) if not isinstance(x, float) or x else 1.0)
    assert verdicts(case) == [Verdict.UNSAFE] * 2
    assert [dict(f.details)["ours"] for f in special.check(case)] == ["nan"] * 2


def test_the_textbooks_silu_is_left_in_peace() -> None:
    """inf·0 for a slope beside an infinite value, and a value that the forward itself has lost."""
    case = case_with("silu", lambda m, x, _: m.sigmoid(x) * (1 + x * m.sigmoid(-x)))
    assert [case.operation.forward(math.inf), str(case.operation.forward(-math.inf))] == [math.inf, "nan"]
    assert verdicts(case) == []


def test_another_number_at_infinity_is_a_policy() -> None:
    """A rule that stops gradients at an infinity; our own engine may not."""
    case = case_with("atan", lambda m, x, _: 7 if x == math.inf else 1 / (1 + x * x))
    assert verdicts(case) == [Verdict.SAFE]
    assert [f.verdict for f in special.findings(case)] == [Verdict.UNSAFE]


def test_an_engine_that_refuses_infinities_is_asked_nothing() -> None:
    def forward(x: float) -> float:
        if math.isinf(x):
            raise OverflowError("no infinities here")
        return math.exp(-x * x)

    assert verdicts(case_of_pair(forward, lambda x, out, g: -2 * x * out * g, "exp(-x**2)")) == []


@pytest.mark.parametrize(
    ("forward", "backward", "definition", "expected"),
    [
        # exp(-x²) is 0 at both infinities, and so is its slope: -2·inf·0 is not
        (lambda x: math.exp(-x * x), lambda x, out, g: -2 * (x * out) * g, "exp(-x**2)", [Verdict.UNSAFE] * 2),
        # lost at the largest floats already: told by the check of extremes
        (lambda x: math.exp(-x * x), lambda x, out, g: -2 * x * out * g, "exp(-x**2)", [Verdict.SAFE]),
        (lambda x: math.exp(-x * x), lambda x, out, g: -2 * x * out * g if out else 0.0, "exp(-x**2)", [Verdict.SAFE]),
        # x·exp(-x²) is lost by the forward itself
        (lambda x: x * math.exp(-x * x), lambda x, g: (1 - 2 * x * x) * math.exp(-x * x) * g, "x*exp(-x**2)", []),
        (lambda x: math.atan(x), lambda x, g: g / (1 + x * x), "atan(x)", [Verdict.SAFE]),
        # no limit: the slope swings, or falls too slowly to have come anywhere at the largest float
        (lambda x: math.atan(x) if math.isinf(x) else math.sin(x), lambda x, g: math.nan, "sin(x)", []),
        # an exception is no answer either
        (lambda x: math.tanh(x), lambda x, out, g: (1 - out) * (1 + out) * g, "tanh(x)", [Verdict.SAFE]),
        (lambda x: math.tanh(x), lambda x, out, g: g * (1 - out**2) + 0 * math.sin(x), "tanh(x)", [Verdict.UNSAFE] * 2),
    ],
)  # fmt: skip
def test_pairs_are_held_to_what_their_slopes_come_to(
    forward: Any, backward: Any, definition: str, expected: list[Verdict]
) -> None:
    assert verdicts(case_of_pair(forward, backward, definition)) == expected


def test_a_name_is_no_definition() -> None:
    """Called sin, which has no limits, and a bell, which has: the limits are those of what it is."""
    case = case_of_pair(lambda x: math.exp(-x * x), lambda x, out, g: -2 * (x * out) * g, "exp(-x**2)", "sin")
    assert [dict(f.details)["expected"] for f in special.check(case)] == ["0, the limit of the slope"] * 2


def test_the_wrong_limit_is_unsafe() -> None:
    found = list(special.findings(case_with("softplus", lambda m, x, _: m.where(m.gt(x, 1e300), 0, m.sigmoid(x)))))
    assert [f.verdict for f in found] == [Verdict.UNSAFE]


def test_a_nan_that_is_swallowed_is_unsafe() -> None:
    found = list(special.findings(case_with("tanh", lambda m, x, out: m.where(m.gt(x * x, 0), 1 - out * out, 1))))
    assert [f.verdict for f in found] == [Verdict.UNSAFE]


def test_an_exception_is_unsafe() -> None:
    def rule(m: Any, x: Any, out: Any) -> Any:
        return 1 / (1 - out) if x > 1e300 else 1 - out * out

    found = list(special.findings(case_with("tanh", rule)))
    assert "ZeroDivisionError" in dict(found[0].details)["ours"]


def test_where_the_forward_has_no_value_nothing_is_asked() -> None:
    assert {f.message for f in special.check(case_of("sin"))} == {"no limits at infinity to answer with"}
