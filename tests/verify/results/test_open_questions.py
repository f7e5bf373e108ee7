"""What is undecided about digits and safety is a warning; about the derivative and the wiring it is a failure."""

from __future__ import annotations

import pytest

from backproof.verify.results.findings import Answer, Finding, Question, Verdict


@pytest.mark.parametrize("question", Question)
def test_an_open_question(question: Question) -> None:
    finding = Finding("f", question, Verdict.INCONCLUSIVE, "a check", "not decided")
    failing = question in (Question.RIGHT, Question.WIRED)
    assert (finding.fails, finding.warns) == (failing, not failing)
    assert finding.noteworthy
    answer = Answer(question, (finding,))
    assert (answer.failing, answer.warning) == (failing, not failing)
    assert answer.fails() is failing
    assert answer.fails(strict=True)
    assert answer.against(strict=True) == (finding,)
    assert answer.against() == ((finding,) if failing else ())


@pytest.mark.parametrize(
    ("verdict", "fails"), [(Verdict.UNSAFE, True), (Verdict.FRAGILE, False), (Verdict.SAFE, False)]
)
def test_what_is_decided(verdict: Verdict, fails: bool) -> None:
    assert Finding("f", Question.SAFE, verdict, "a check", "a message").fails is fails
