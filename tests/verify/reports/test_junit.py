"""JUnit: strict by Jenkins' schema, readable by junitparser, one testcase an operation, operand and question."""

from pathlib import Path
from xml.etree import ElementTree

import junitparser
import pytest
import xmlschema
from sample_reports import GOOD, SAMPLES, every_verdict, large, operation

from backproof.verify.reports.junit import render, render_xunit1
from backproof.verify.results.findings import Known, Verdict
from backproof.verify.run.report import Report

STRICT = xmlschema.XMLSchema(Path(__file__).parent / "junit-10.xsd")  # MIT, from jenkinsci/xunit-plugin


def cases(text):
    return {(c.get("classname"), c.get("name")): c for c in ElementTree.fromstring(text).iter("testcase")}


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_xunit2_is_strict(sample):
    STRICT.validate(render(sample()))


@pytest.mark.parametrize("form", [render, render_xunit1])
@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_another_reader_counts_the_same(form, sample):
    text = form(sample())
    read = junitparser.JUnitXml.fromstring(text.encode("utf-8"))
    (suite,) = read
    stated = suite.tests, suite.failures, suite.errors, suite.skipped
    suite.update_statistics()
    assert stated == (suite.tests, suite.failures, suite.errors, suite.skipped)
    assert len({(c.classname, c.name) for c in suite}) == suite.tests, "GitLab drops a second one of the same name"


def test_a_testcase_for_each_operation_operand_and_question():
    report = Report("s", 0, 1, (operation("max", GOOD, ("x", "y")),))
    found = cases(render(report))
    assert set(found) == {("verify.max", f"{v}-{q}") for v in "xy" for q in ("right", "accurate", "safe", "wired")}
    assert not any(len(case) for case in found.values())


@pytest.mark.parametrize(
    ("verdict", "question", "tag"),
    [
        ("refuted", "right", "failure"),
        ("inconclusive", "right", "failure"),
        ("matched", "right", "system-out"),
        ("inaccurate", "accurate", "system-out"),
        ("unsafe", "safe", "failure"),
        ("miswired", "wired", "failure"),
    ],
)
def test_what_becomes_of_a_verdict(verdict, question, tag):
    case = cases(render(every_verdict()))[f"verify.{question}_{verdict}", f"x-{question}"]
    (child,) = case
    assert child.tag == tag
    assert f"{verdict.upper()}  {question}_{verdict}" in child.text
    assert f"rerun       python -m verify {question}_{verdict}" in child.text


def test_under_strict_a_warning_fails():
    report = every_verdict()
    strict = Report(report.subject, 0, 100, report.operations, strict=True)
    case = cases(render(strict))["verify.accurate_inaccurate", "x-accurate"]
    assert [child.tag for child in case] == ["failure"]


def test_file_and_line_only_in_xunit1():
    one, two = cases(render_xunit1(every_verdict())), cases(render(every_verdict()))
    key = "verify.good", "x-right"
    assert (one[key].get("file"), one[key].get("line")) == ("engine/value.py", "121")
    assert set(two[key].keys()) == {"classname", "name"}
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        STRICT.validate(render_xunit1(every_verdict()))


def test_interrupted_and_stale():
    stale = (Known("tanh", "right", "proof", "", "", "refuted", "known"),)
    report = Report("s", 0, 1, (), complete=False, missing=("exp",), stale=stale)
    found = cases(render(report))
    assert [child.tag for child in found["verify.exp", "interrupted"]] == ["error"]
    assert [child.tag for child in found["verify.baseline", "refuted tanh, by the check of proof"]] == ["failure"]


def test_an_operand_not_reached_by_the_checks_is_skipped():
    bad = operation("max", (Verdict.REFUTED, *GOOD[1:]), ("x", "y"))
    from dataclasses import replace

    from backproof.verify.results.findings import Answer, Question

    (finding,) = bad.answers[Question.RIGHT].findings
    bad.answers[Question.RIGHT] = Answer(Question.RIGHT, (replace(finding, operand="x"),))
    found = cases(render(Report("s", 0, 1, (bad,))))
    assert [child.tag for child in found["verify.max", "x-right"]] == ["failure"]
    assert [child.tag for child in found["verify.max", "y-right"]] == ["skipped"]


def test_a_time_only_if_it_is_given(monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert "timestamp" not in render(every_verdict())
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert 'timestamp="2023-11-14T22:13:20"' in render(every_verdict())
    STRICT.validate(render(every_verdict()))


def test_a_thousand_operations():
    STRICT.validate(render(large()))
