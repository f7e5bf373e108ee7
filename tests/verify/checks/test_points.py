"""The rule on floats against the true derivative: the screen selects, interval arithmetic confirms what is accepted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from backproof import verify
from backproof.engine import OPS, Value, arithmetic
from backproof.engine.arithmetic import FLOATS
from backproof.verify.arithmetics.double_double import Doubled
from backproof.verify.checks.case import Case
from backproof.verify.checks.points import _places, check
from backproof.verify.config.options import Options
from backproof.verify.numerics.points import Points
from backproof.verify.numerics.reference import ReferenceValue
from backproof.verify.numerics.reference_values import ReferenceValues, screened
from backproof.verify.results.findings import Verdict
from backproof.verify.subjects.engines.own import ValueEngine
from backproof.verify.terms.term import Term
from tests.verify.rules.plant import rule


def _case(partial: Any, options: Options) -> Case:
    """The square with this rule."""
    method = rule("square", lambda m, x, out: partial(x))
    squares = type("Squares", (Value,), {OPS["square"]: method})
    ((operation, spec),) = ValueEngine(squares, {"square": OPS["square"]}).operations()
    return Case(operation, spec, options)


def _verdict(partial: Any) -> Verdict:
    (finding,) = check(_case(partial, Options()))
    return finding.verdict


def _wrong_on_floats(x: Any) -> Any:
    """Right on symbols: a proof says nothing against it."""
    return 2.5 * x if arithmetic(x) is FLOATS else 2 * x


def test_a_rule_that_is_right_on_symbols_only_is_refuted() -> None:
    assert _verdict(_wrong_on_floats) is Verdict.REFUTED
    assert _verdict(lambda x: 2 * x) is Verdict.MATCHED
    assert _verdict(lambda x: x + x) is Verdict.MATCHED


def test_a_wrong_screen_accepts_no_wrong_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """It agrees with the wrong rule everywhere, with a small error bound."""

    def lying(terms: Sequence[Term], inputs: Sequence[str], points: Points) -> list[Doubled] | None:
        found = screened(terms, inputs, points)
        assert found is not None
        with np.errstate(over="ignore", invalid="ignore"):
            known = [np.nan_to_num(one.high * 1.25) for one in found]
        return [Doubled(high, 0.0 * high, 0.0 * high) for high in known]

    monkeypatch.setattr("backproof.verify.checks.case.screened", lying)
    assert _verdict(_wrong_on_floats) is Verdict.REFUTED
    assert _verdict(lambda x: 2 * x) is Verdict.MATCHED


def test_a_wrong_rule_is_not_evaluated_further_than_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    requested_point: list[int] = []

    def counting(self: ReferenceValues, places: Iterable[int]) -> list[tuple[ReferenceValue, ...]]:
        requested_point.extend(chosen := list(places))
        return at(self, chosen)

    at = ReferenceValues.at
    monkeypatch.setattr(ReferenceValues, "at", counting)
    for partial, verdict, fewest, most in ((3, Verdict.REFUTED, 1, 1000), (2, Verdict.MATCHED, 4000, 20_000)):
        requested_point.clear()
        (finding,) = check(_case(lambda x, k=partial: k * x, Options(points=8000, alone=True)))
        assert finding.verdict is verdict
        assert fewest <= len(requested_point) <= most


def test_of_very_many_points_some_are_evaluated_in_interval_arithmetic(monkeypatch: pytest.MonkeyPatch) -> None:
    """And their number is reported; half of them are spread, so that a wrong half of the line is found."""
    monkeypatch.setattr("backproof.verify.checks.points._MOST", 400)

    def rule(x: Any) -> Any:
        return 2 * x

    def wrong_far_out(x: Any) -> Any:
        m = arithmetic(x)
        return 2 * x + m.where(m.gt(x, 10**9), x, 0)

    (found,) = check(_case(rule, Options(points=4000, alone=True)))
    assert found.verdict is Verdict.MATCHED
    assert 300 <= int(found.message.split()[6]) <= 400, found.message
    (found,) = check(_case(wrong_far_out, Options(points=4000, alone=True)))
    assert found.verdict is Verdict.REFUTED


def test_of_very_many_points_half_are_the_plainest_and_half_are_spread_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backproof.verify.checks.points._MOST", 400)
    case = _case(lambda x: 2 * x, Options(points=4000, alone=True))
    places = _places(case, 400).tolist()
    assert len(places) == len(set(places)) <= 400
    assert places[:200] == case.points.plainest(200).tolist()
    spread = sorted(places[200:])
    assert max(b - a for a, b in pairwise(spread)) <= 2 * len(case.points) / 100
    assert spread[0] < len(case.points) / 10 < 9 * len(case.points) / 10 < spread[-1]


def asked(forward: Any, backward: Any, definition: str, **point: float) -> list[tuple[str, str]]:
    """What is said of the point that is asked for, where it is right, accurate or a kink."""
    report = verify.check(forward, backward, definition, point=point, points=40, raises=False)
    where = ", ".join(f"{name} = {value!r}" for name, value in point.items())
    return [
        (f.verdict.value, f"{f.message} {dict(f.details).get('ours', '')}")
        for f in report.findings
        if f.check == "points" and where in f"{f.message} {dict(f.details).get('ours', '')}"
    ]


def test_a_point_that_is_asked_for_is_never_matched_beside_another_number() -> None:
    ((verdict, text),) = asked(math.tanh, lambda out, g: g * (1 + out**2), "tanh(x)", x=0.5)
    assert verdict == "refuted"
    assert "1.21355226703   at x = 0.5" in text
    product = asked(lambda x, y: x * y, lambda x, y, g: (g * y, g * x * 2), "x*y", x=0.5, y=2.0)
    assert [verdict for verdict, _ in product] == ["matched", "refuted"]
    assert "2.0, the derivative is 2: 0.0 ULP apart" in product[0][1]


def test_what_it_is_apart_there_is_told_with_the_reason() -> None:
    def rule(out: float, g: float) -> float:
        return g * (1 - out**2)

    ((verdict, text),) = asked(math.tanh, rule, "tanh(x)", x=-19.061547465398498)
    assert verdict == "matched"
    assert "9.0e+15 ULP apart, for floats lose digits: as a formula the rule is the derivative there" in text
    ((_, text),) = asked(math.tanh, rule, "tanh(x)", x=0.5)
    assert "0.1 ULP apart" in text


def test_a_kink_and_a_point_outside_are_told_as_such() -> None:
    def rule(x: float, g: float) -> float:
        return g if x > 0 else 0.0

    ((verdict, text),) = asked(lambda x: max(x, 0.0), rule, "max(x, 0)", x=0.0)
    assert (verdict, "the derivative is" in text) == ("matched", False)
    assert "the rule gives 0.0; it is a kink" in text
    ((_, text),) = asked(lambda x: math.log(x), lambda x, g: g / x, "log(x)", x=-1.0)
    assert "outside the domain x > 0" in text


def test_a_rule_on_floats_only_says_how_many_digits_agree() -> None:
    """An error of 1e-9 at one float is between rounding and a wrong rule: it is told, with its digits."""

    def rule(x: float, out: float, g: float) -> float:
        if str(x) == "0.640625":
            return g * (1 - out**2) * (1 + 1e-9)
        return g * (1 - out**2)

    ((verdict, text),) = asked(math.tanh, rule, "tanh(x)", x=0.640625)
    assert verdict == "matched"
    assert "ULP apart, 9 digits agree" in text

    def far(x: float, out: float, g: float) -> float:
        return g * (1 - out**2) * (1.01 if str(x) == "0.640625" else 1)

    ((verdict, text),) = asked(math.tanh, far, "tanh(x)", x=0.640625)
    assert verdict == "refuted"
