"""The rule on floats beside the true slope: the screen sorts, and balls have seen whatever passes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pytest

from engine import OPS, Value, arithmetic
from tests.verify.rules.plant import rule
from verify.case import Case
from verify.checks.points import check
from verify.findings import Verdict
from verify.numbers.doubled import Doubled
from verify.numbers.points import Points
from verify.numbers.reference import Truth
from verify.numbers.truths import Truths, screened
from verify.options import Options
from verify.subjects.values import ValueEngine
from verify.trace.term import Term


def _case(slope: Any, options: Options) -> Case:
    """The square with this rule."""
    method = rule("square", lambda m, x, out: slope(x))
    squares = type("Squares", (Value,), {OPS["square"]: method})
    ((operation, row),) = ValueEngine(squares, {"square": OPS["square"]}).operations()
    return Case(operation, row, options)


def _verdict(slope: Any) -> Verdict:
    (finding,) = check(_case(slope, Options()))
    return finding.verdict


def _wrong_on_floats(x: Any) -> Any:
    """Right on symbols: a proof says nothing against it."""
    return 2.5 * x if isinstance(x, float) else 2 * x


def test_a_rule_that_is_right_on_symbols_only_is_refuted() -> None:
    assert _verdict(_wrong_on_floats) is Verdict.REFUTED
    assert _verdict(lambda x: 2 * x) is Verdict.MATCHED
    assert _verdict(lambda x: x + x) is Verdict.MATCHED


def test_a_screen_that_is_wrong_passes_no_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """It agrees with the wrong rule everywhere, and is sure of it."""

    def lying(terms: Sequence[Term], inputs: Sequence[str], points: Points) -> list[Doubled] | None:
        found = screened(terms, inputs, points)
        assert found is not None
        with np.errstate(over="ignore", invalid="ignore"):
            known = [np.nan_to_num(one.high * 1.25) for one in found]
        return [Doubled(high, 0.0 * high, 0.0 * high) for high in known]

    monkeypatch.setattr("verify.case.screened", lying)
    assert _verdict(_wrong_on_floats) is Verdict.REFUTED
    assert _verdict(lambda x: 2 * x) is Verdict.MATCHED


def test_what_is_wrong_is_looked_at_no_further_than_need_be(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def counting(self: Truths, places: Iterable[int]) -> list[tuple[Truth, ...]]:
        asked.extend(chosen := list(places))
        return at(self, chosen)

    at = Truths.at
    monkeypatch.setattr(Truths, "at", counting)
    for slope, verdict, fewest, most in ((3, Verdict.REFUTED, 1, 1000), (2, Verdict.MATCHED, 4000, 20_000)):
        asked.clear()
        (finding,) = check(_case(lambda x, k=slope: k * x, Options(points=8000, alone=True)))
        assert finding.verdict is verdict
        assert fewest <= len(asked) <= most


def test_of_very_many_points_some_are_looked_at_in_balls(monkeypatch: pytest.MonkeyPatch) -> None:
    """And those are what is told; half of them are spread, so that a wrong half of the line is met."""
    monkeypatch.setattr("verify.checks.points._MOST", 400)

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
