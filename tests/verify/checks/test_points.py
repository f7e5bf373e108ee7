"""The rule on floats beside the true slope: the screen sorts, and balls have seen whatever passes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from engine import OPS, Value
from tests.verify.rules.plant import rule
from verify.case import Case
from verify.checks.points import check
from verify.findings import Verdict
from verify.numbers.doubled import Doubled
from verify.numbers.points import Points
from verify.numbers.truths import screened
from verify.options import Options
from verify.subjects.values import ValueEngine
from verify.trace.term import Term


def _verdict(slope: Any) -> Verdict:
    """Of the square with this rule."""
    method = rule("square", lambda m, x, out: slope(x))
    squares = type("Squares", (Value,), {OPS["square"]: method})
    ((operation, row),) = ValueEngine(squares, {"square": OPS["square"]}).operations()
    (finding,) = check(Case(operation, row, Options()))
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
