"""What the check of proofs shows beside its verdict."""

from __future__ import annotations

from typing import Any

import pytest

from backproof import verify
from backproof.verify.checks import proof
from backproof.verify.checks.case import Case
from backproof.verify.config.options import Options
from backproof.verify.results.findings import Verdict


def wrong_at_0(x: Any, g: Any) -> Any:
    if x > 0:
        return g
    return -g if x < 0 else 3 * g


def case_of(forward: Any, backward: Any, definition: str) -> Case:
    return Case(*verify.pair(forward, backward, definition), Options(points=50, alone=True))


def test_a_rejected_boundary_is_reported_even_if_no_point_of_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the search for one runs out of fuel: then it is shown as formulas."""
    case = case_of(lambda x: abs(x), wrong_at_0, "abs(x)")
    (found,) = proof.check(case)
    assert (found.verdict, found.point) == (Verdict.REFUTED, {"x": "0"})
    monkeypatch.setattr(proof, "_answer", lambda work, *arguments, share=1: None)
    (found,) = proof.check(case)
    assert (found.verdict, found.point) == (Verdict.REFUTED, {})
    assert found.details[0] == ("ours", "3")
    sides = {text for label, text in found.details if label == "partials"}
    assert len(sides) == 2
    assert "1   on one side of it" in sides


def test_a_wrong_forward_is_shown_by_its_number_alone() -> None:
    """There is no formula of a rule to put before it."""
    (found,) = proof.check(case_of(lambda x: 2 * x, lambda x, g: g, "x"))
    assert found.message == "the forward is not x"
    assert dict(found.details)["ours"].partition("   at ")[0] == "2"


def test_formulas_too_long_for_a_line_are_left_out() -> None:
    assert proof._aligned("2*x", "x + 1") == ("2*x   = ", "x + 1 = ")
    assert proof._aligned("x + " * 30 + "x", "x") == ("", "")
    assert proof._aligned("", "x") == ("", "")
