"""Tricks in generated rules: none passes as proved, and the same code with the right value blames nobody.

The fast tests take one rule of every other kind, the slow ones all 2310 (but for one costly kind), whose verdicts are
pinned kind by kind (trick_counts.py): a weaker hook shows there even where no rule passes.
"""

from __future__ import annotations

from collections import Counter

import pytest

from backproof import verify
from backproof.verify.results.findings import Verdict
from backproof.verify.results.report import OperationReport
from tests.verify.trust.generated_tricks import (
    KINDS,
    SMOOTH,
    WHERE,
    TrickyRule,
    controls,
    multiplied,
    tricky,
    tricky_rules,
)
from tests.verify.trust.trick_counts import CONTROLS, COUNTS, NEVER_WRONG
from tests.verify.trust.tricks import forget

POINTS = 50
FUNCTIONS = list(SMOOTH)
SAMPLE = list(enumerate(KINDS))[::2]


def checked(rule: TrickyRule) -> OperationReport:
    forget()
    report = verify.check(
        rule.value,
        multiplied(rule.slope),
        rule.definition,
        domain=rule.smooth.domain,
        name="trick",
        points=POINTS,
        raises=False,
    )
    return report.operations[0]


def sample(place: int, kind: str) -> TrickyRule:
    """One rule of a kind; all functions and all places of the trick take their turns."""
    return tricky(kind, FUNCTIONS[place % len(FUNCTIONS)], place % len(WHERE))


@pytest.mark.parametrize(("place", "kind"), SAMPLE, ids=[kind for _, kind in SAMPLE])
def test_a_trick_of_a_kind_is_not_proved(place: int, kind: str) -> None:
    rule = sample(place, kind)
    assert (rule.witness() is None) is (kind in NEVER_WRONG), rule
    assert checked(rule).right.verdict in (Verdict.MATCHED, Verdict.REFUTED), rule


@pytest.mark.parametrize("kind", list(KINDS)[::8])
def test_a_control_of_a_kind_blames_nobody(kind: str) -> None:
    rule = next(controls(kind))
    assert rule.witness() is None
    assert checked(rule).ok, rule


@pytest.mark.parametrize("function", FUNCTIONS)
def test_without_a_trick_the_same_code_is_proved(function: str) -> None:
    smooth = SMOOTH[function]
    definition = smooth.definition if FUNCTIONS.index(function) % 2 else None
    report = verify.check(
        smooth.value, multiplied(smooth.slope), definition, domain=smooth.domain, points=POINTS, raises=False
    )
    assert report.operations[0].right.verdict is Verdict.PROVED
    assert report.ok


def test_rules_are_distinct_and_the_same_again() -> None:
    rules = [str(rule) for kind in KINDS for rule in tricky_rules(kind)]
    assert len(set(rules)) == len(rules) == len(KINDS) * len(SMOOTH) * len(WHERE) >= 1000
    assert rules == [str(rule) for kind in KINDS for rule in tricky_rules(kind)]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_no_trick_is_proved_in_any_function(kind: str) -> None:
    rules = list(tricky_rules(kind))
    wrong = [rule.witness() is not None for rule in rules]
    assert sum(wrong) == (0 if kind in NEVER_WRONG else len(rules))
    assert Counter(str(checked(rule).right.verdict) for rule in rules) == COUNTS[kind]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_no_control_fails_in_any_function(kind: str) -> None:
    reports = [checked(rule) for rule in controls(kind)]
    assert all(report.ok for report in reports)
    assert Counter(str(report.right.verdict) for report in reports) == CONTROLS[kind]
