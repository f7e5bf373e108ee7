"""What fails, told once: the check that tells it best leads, the others are named."""

from dataclasses import replace

import pytest
from sample_reports import GOOD, finding, operation

from verify.findings import Answer, Question, Verdict
from verify.report import OperationReport, Report
from verify.reports.failures import failures, worst_first


def told(*findings, strict=False):
    """The failures of an operation that was asked one question."""
    question = findings[0].question if findings else Question.RIGHT
    one = operation("f", GOOD, ("x", "y"))
    answers = {question: Answer(question, tuple(findings))}
    bad = OperationReport("f", one.rule, one.source, answers, one.operands)
    return failures(Report("s", 0, 1, (bad,), strict=strict))


def right(verdict, **more):
    return finding("f", Question.RIGHT, verdict, **more)


def test_two_checks_see_one_failure():
    found = told(right(Verdict.REFUTED, check="proof"), right(Verdict.REFUTED, check="points"))
    assert [(f.finding.check, f.also) for f in found] == [("proof", ("points",))]
    assert "also        points" in found[0].told()


def test_a_disproof_leads_before_a_doubt():
    found = told(right(Verdict.INCONCLUSIVE, check="proof"), right(Verdict.REFUTED, check="points"))
    assert [(f.finding.check, f.also) for f in found] == [("points", ("proof",))]


def test_each_operand_and_each_case_is_a_failure_of_its_own():
    found = told(
        right(Verdict.REFUTED, operand="x"), right(Verdict.REFUTED, operand="y"),
        right(Verdict.REFUTED, operand="x", case="n = 2"),
    )  # fmt: skip
    assert [f.place for f in found] == ["f in x", "f in y", "f in x (n = 2)"]
    assert len({f.fingerprint for f in found}) == 3


def test_what_agrees_and_what_is_accepted_is_no_failure():
    assert told(right(Verdict.PROVED), right(Verdict.MATCHED)) == []
    assert told(right(Verdict.REFUTED, accepted="known")) == []
    both = told(right(Verdict.REFUTED, accepted="known"), right(Verdict.REFUTED, check="points"))
    assert [f.finding.check for f in both] == ["points"]


def test_a_warning_fails_under_strict():
    warned = finding("f", Question.ACCURATE, Verdict.INACCURATE)
    assert told(warned) == []
    assert [f.finding.verdict for f in told(warned, strict=True)] == [Verdict.INACCURATE]


def test_silence_is_a_failure():
    (found,) = told()
    assert found.finding.message == "no check had anything to say"


def test_the_worst_stand_first():
    verdicts = [Verdict.INCONCLUSIVE, Verdict.REFUTED]
    found = [f for v in verdicts for f in told(right(v))]
    assert [f.finding.verdict for f in worst_first(found)] == [Verdict.REFUTED, Verdict.INCONCLUSIVE]


def test_how_to_run_it_again_is_always_said():
    (found,) = told(right(Verdict.REFUTED))
    assert found.told().endswith("rerun       python -m verify")
    (found,) = told(right(Verdict.REFUTED, details=(("rerun", "that way"),)))
    assert found.told().count("rerun") == 1


@pytest.mark.parametrize("change", [{"message": "1.5"}, {"details": (("ours", "2"),)}, {"point": {"x": "0x1p+0"}}])
def test_a_fingerprint_minds_no_number(change):
    (one,) = told(right(Verdict.REFUTED))
    (other,) = told(replace(right(Verdict.REFUTED), **change))
    assert one.fingerprint == other.fingerprint
    assert one.headline == other.headline


@pytest.mark.parametrize("change", [{"operand": "x"}, {"case": "n = 2"}, {"verdict": Verdict.INCONCLUSIVE}])
def test_a_fingerprint_minds_what_it_is(change):
    (one,) = told(right(Verdict.REFUTED))
    (other,) = told(replace(right(Verdict.REFUTED), **change))
    assert one.fingerprint != other.fingerprint
