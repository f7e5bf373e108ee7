"""The declared limits are the mirror's, and a rule that does not answer with them is unsafe."""

from __future__ import annotations

import math
from typing import Any

import pytest
from accuracy_rules import case_of, case_with
from flint import arb, ctx

from verify.accuracy.special import ENDS, PLACES, limits
from verify.case import Case
from verify.checks import special
from verify.findings import Verdict
from verify.mirror import BINARY, MIRROR, ROWS, Row
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
    from verify.harness import Options

    assert {f.verdict for f in special.check(Case(*pair, Options()))} == {Verdict.SAFE}


def test_a_nan_at_infinity_is_unsafe() -> None:
    textbook = case_with("silu", lambda m, x, _: m.sigmoid(x) * (1 + x * m.sigmoid(-x)))
    found = list(special.findings(textbook))
    assert [f.verdict for f in found] == [Verdict.UNSAFE] * 2
    assert "nan" in dict(found[0].details)["ours"]


def test_somebody_elses_engine_does_not_fail_for_it() -> None:
    assert list(special.check(case_with("silu", lambda m, x, _: m.sigmoid(x) * (1 + x * m.sigmoid(-x))))) == []


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
