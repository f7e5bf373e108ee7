"""What fails, reported once: the most informative check leads, the others are named."""

from dataclasses import replace

import pytest
from sample_reports import GOOD, finding, operation

from backproof.verify.reports.failures import failures, worst_first
from backproof.verify.results.findings import Answer, Question, Verdict
from backproof.verify.results.report import OperationReport, Report


def explain(*findings, strict=False):
    """The failures of an operation checked for one question."""
    question = findings[0].question if findings else Question.RIGHT
    one = operation("f", GOOD, ("x", "y"))
    answers = {question: Answer(question, tuple(findings))}
    bad = OperationReport("f", one.rule, one.source, answers, one.operands)
    return failures(Report("s", 0, 1, (bad,), strict=strict))


def right(verdict, **more):
    return finding("f", Question.RIGHT, verdict, **more)


def test_two_checks_report_one_failure():
    found = explain(right(Verdict.REFUTED, check="proof"), right(Verdict.REFUTED, check="points"))
    assert [(f.finding.check, f.also) for f in found] == [("proof", ("points",))]
    assert "also        points" in found[0].explain()


def test_a_disproof_leads_before_a_doubt():
    found = explain(right(Verdict.INCONCLUSIVE, check="proof"), right(Verdict.REFUTED, check="points"))
    assert [(f.finding.check, f.also) for f in found] == [("points", ("proof",))]


def test_each_operand_and_each_case_is_a_failure_of_its_own():
    found = explain(
        right(Verdict.REFUTED, operand="x"), right(Verdict.REFUTED, operand="y"),
        right(Verdict.REFUTED, operand="x", case="n = 2"),
    )  # fmt: skip
    assert [f.place for f in found] == ["f in x", "f in y", "f in x (n = 2)"]
    assert len({f.fingerprint for f in found}) == 3


def test_findings_that_agree_or_are_accepted_are_no_failures():
    assert explain(right(Verdict.PROVED), right(Verdict.MATCHED)) == []
    assert explain(right(Verdict.REFUTED, accepted="known")) == []
    both = explain(right(Verdict.REFUTED, accepted="known"), right(Verdict.REFUTED, check="points"))
    assert [f.finding.check for f in both] == ["points"]


def test_a_warning_fails_under_strict():
    warned = finding("f", Question.ACCURATE, Verdict.INACCURATE)
    assert explain(warned) == []
    assert [f.finding.verdict for f in explain(warned, strict=True)] == [Verdict.INACCURATE]


def test_silence_is_a_failure():
    (found,) = explain()
    assert found.finding.message == "no check reported anything"


def test_the_worst_come_first():
    verdicts = [Verdict.INCONCLUSIVE, Verdict.REFUTED]
    found = [f for v in verdicts for f in explain(right(v))]
    assert [f.finding.verdict for f in worst_first(found)] == [Verdict.REFUTED, Verdict.INCONCLUSIVE]


def test_the_rerun_command_is_always_given():
    (found,) = explain(right(Verdict.REFUTED))
    assert found.explain().endswith("rerun       python -m verify")
    (found,) = explain(right(Verdict.REFUTED, details=(("rerun", "that way"),)))
    assert found.explain().count("rerun") == 1


@pytest.mark.parametrize("change", [{"message": "1.5"}, {"details": (("ours", "2"),)}, {"point": {"x": "0x1p+0"}}])
def test_a_fingerprint_ignores_numbers(change):
    (one,) = explain(right(Verdict.REFUTED))
    (other,) = explain(replace(right(Verdict.REFUTED), **change))
    assert one.fingerprint == other.fingerprint
    assert one.headline == other.headline


@pytest.mark.parametrize("change", [{"operand": "x"}, {"case": "n = 2"}, {"verdict": Verdict.INCONCLUSIVE}])
def test_a_fingerprint_depends_on_the_failure(change):
    (one,) = explain(right(Verdict.REFUTED))
    (other,) = explain(replace(right(Verdict.REFUTED), **change))
    assert one.fingerprint != other.fingerprint
