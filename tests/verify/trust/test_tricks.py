"""Code that hides from the trace is not proved; code as people write it is."""

from __future__ import annotations

from typing import Any

import pytest

from backproof import verify
from backproof.verify.results.findings import Question, Verdict
from backproof.verify.results.report import OperationReport
from backproof.verify.subjects.functions.pairs import FunctionPair
from backproof.verify.subjects.operation import Traced
from backproof.verify.support.errors import NO_TRACE
from tests.verify.trust.natural_pairs import DOMAINS, PAIRS
from tests.verify.trust.natural_pairs import MATCHED as RIGHT_BUT_MATCHED
from tests.verify.trust.tricks import HIDDEN, TRICKS, cube, wrong

MATCHED = {
    "hash: sorted by it": "never true: a list of two sorted by hash has C first",
    "error: swallowed float()": "a window of 1/64 that no constant of the code names",
    "state: a memo": "true only if the first call of all was at C",
}
"""Tricks whose rule is right at all points that are looked at, and why: `matched`, with the leak named."""

LEAKS = {
    *(name for name in TRICKS if name.startswith(("hash", "text", "error", "state"))),
    *("identity: is", "number: a C library", "event: isfinite"),
} - {
    *("hash: a set made at run time", "hash: a set of a module", "hash: a frozenset of an iterator"),
    *("hash: a table of a module", "state: a memo"),
}
"""Those that the ledger holds, or that do not run on symbols at all; the others are modelled: the trace shows them."""


def checked(name: str) -> OperationReport:
    return verify.check(cube, wrong(TRICKS[name]), name="trick", raises=False).operations[0]


@pytest.mark.parametrize("name", TRICKS)
def test_a_wrong_rule_that_hides_from_the_trace_is_not_proved(name: str) -> None:
    report = checked(name)
    if name in MATCHED:
        assert report.answers[Question.RIGHT].verdict is Verdict.MATCHED
    else:
        assert any(answer.failing for answer in report.answers.values())


@pytest.mark.parametrize("name", TRICKS)
def test_what_the_ledger_holds(name: str) -> None:
    """The hooks one by one: a weaker one shows here even if another check catches the rule."""
    found: Any
    try:
        found = FunctionPair(cube, wrong(TRICKS[name])).traced()
    except NO_TRACE as error:
        found = error
    assert (not isinstance(found, Traced) or bool(found.leaks)) is (name in LEAKS)


@pytest.mark.parametrize("name", HIDDEN)
def test_a_window_that_nothing_names_is_not_proved(name: str) -> None:
    """No float shows it, so that the ledger alone keeps the word from being said."""
    report = verify.check(cube, wrong(HIDDEN[name]), name="trick", raises=False).operations[0]
    assert report.answers[Question.RIGHT].verdict is not Verdict.PROVED


def test_conditions_combine_with_truth_values() -> None:
    """A comparison is True or False on floats, and combines with those as with other comparisons."""
    flag = True

    def rule(x: Any, g: Any) -> Any:
        return g if ((x > 0) & flag & 1) | False and not (True & (x < 0)) ^ False else 0.0

    report = verify.check(lambda x: x if x > 0 else 0.0, rule, name="rule", raises=False)
    assert report.operations[0].answers[Question.RIGHT].verdict is Verdict.PROVED


def test_events_of_floats_are_guards() -> None:
    found = FunctionPair(cube, wrong(TRICKS["event: overflow"])).traced()
    assert [guard.what for guard in found.guards] == ["isfinite"]
    assert not found.leaks


@pytest.mark.parametrize("name", PAIRS)
def test_natural_code_keeps_its_proof(name: str) -> None:
    report = verify.check(*PAIRS[name], name="pair", domain=DOMAINS.get(name), raises=False)
    assert report.operations[0].answers[Question.RIGHT].verdict is Verdict.PROVED
    assert not any(answer.verdict is Verdict.MISWIRED for answer in report.operations[0].answers.values())


@pytest.mark.parametrize("name", RIGHT_BUT_MATCHED)
def test_right_code_that_leaks_is_matched_and_does_not_fail(name: str) -> None:
    report = verify.check(*RIGHT_BUT_MATCHED[name], name="pair", raises=False)
    assert report.operations[0].answers[Question.RIGHT].verdict is Verdict.MATCHED
    assert report.ok
