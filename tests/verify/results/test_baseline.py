"""Baselines: known failures pass, new ones fail, and what fails no more is dropped."""

import json
from dataclasses import replace

import pytest
from sample_reports import GOOD, NASTY, decided, every_verdict, hostile, large, operation

from backproof.verify.results import baseline
from backproof.verify.results.baseline import UNEXPLAINED
from backproof.verify.results.findings import Known, Verdict
from backproof.verify.run.report import Report
from backproof.verify.support.errors import UsageError

REFUTED = (Verdict.REFUTED, *GOOD[1:])


def report(**verdicts):
    return Report("s", 0, 1, tuple(operation(name, verdict) for name, verdict in verdicts.items()))


def known(name, verdict="refuted", reason="ticket 7"):
    return Known(name, "right", "proof", "", "", verdict, reason)


def test_what_was_stopped_is_no_known_failure():
    """Not even where somebody has written it into the file: another run may decide it."""
    found = report(a=(Verdict.STOPPED, *GOOD[1:]))
    assert not found.ok
    assert found.only_stopped
    assert baseline.updated(found, []) == []
    assert not baseline.apply(found, [known("a", "stopped")]).ok


def test_beside_a_failure_what_was_stopped_is_not_all():
    assert not report(a=(Verdict.STOPPED, *GOOD[1:]), b=REFUTED).only_stopped
    assert not report(a=GOOD).only_stopped
    mixed = report(a=(Verdict.STOPPED, *GOOD[1:]), b=REFUTED)
    assert baseline.apply(mixed, [known("b")]).only_stopped


def test_a_known_failure_passes_and_a_new_one_fails():
    found = report(a=REFUTED, b=REFUTED)
    assert not found.ok
    assert not baseline.apply(found, [known("a")]).ok
    assert baseline.apply(found, [known("a"), known("b")]).ok
    assert [f.accepted for f in baseline.apply(found, [known("a")]).findings if f.verdict.fails] == ["ticket 7", ""]


def test_a_worse_failure_is_not_the_known_one():
    assert not baseline.apply(report(a=REFUTED), [known("a", "inconclusive")]).ok


def test_what_fails_no_more_is_stale():
    found = baseline.apply(report(a=GOOD), [known("a")])
    assert found.stale == (known("a"),)
    assert not found.ok
    assert baseline.apply(report(a=GOOD), [known("a")], allow_stale=True).ok


def test_an_operation_that_is_gone_is_stale():
    assert baseline.apply(report(a=GOOD), [known("b")]).stale == (known("b"),)


@pytest.mark.parametrize("more", [{"whole": False}, {"complete": False, "missing": ("b",)}])
def test_what_was_not_run_is_not_stale(more):
    found = replace(report(a=GOOD), **more)
    assert baseline.apply(found, [known("b")]).ok or not found.complete
    assert baseline.apply(found, [known("b")]).stale == ()
    assert baseline.updated(found, [known("b")]) == [known("b")]


def test_an_update_makes_it_pass_keeps_reasons_and_drops_the_stale():
    found = report(a=REFUTED, b=REFUTED, c=GOOD)
    new = baseline.updated(found, [known("a"), known("c")])
    assert new == [known("a"), known("b", reason=UNEXPLAINED)]
    assert baseline.apply(found, new).ok


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("sample", [decided, hostile, large])
def test_any_report_passes_by_its_own_baseline(sample, strict):
    found = replace(sample(), strict=strict, stale=())
    assert not found.ok
    assert baseline.apply(found, baseline.updated(found, [])).ok


def test_without_strict_a_warning_is_no_entry():
    assert all(k.verdict not in ("matched", "inaccurate") for k in baseline.updated(every_verdict(), []))


@pytest.mark.parametrize("name", ["a", NASTY])
def test_a_file_reads_back(name, tmp_path):
    entries = [known(name), known("b")]
    path = tmp_path / "baseline.json"
    path.write_bytes(baseline.dumps(entries).encode("utf-8"))
    assert sorted(baseline.load(str(path))) == sorted(entries)


def test_the_file_is_sorted_and_has_no_number_of_a_line():
    text = baseline.dumps(baseline.updated(every_verdict(), []))
    assert text == baseline.dumps(reversed(baseline.updated(every_verdict(), [])))
    assert "121" not in text


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "not JSON"),
        ("{}", "not a baseline of version 1"),
        ("[]", "not a baseline of version 1"),
        ('{"baseline_version": 1}', '"known" is missing'),
        ('{"baseline_version": 1, "known": [{}]}', "known failure 1 must have exactly operation, question"),
        ('{"baseline_version": 1, "known": [3]}', "known failure 1 must have exactly"),
        (baseline.dumps([known("a", reason=" ")]), r"known failure 1 \(a\) has no reason"),
        (baseline.dumps([known("a")]).replace('"ticket 7"', "7"), "every value is text"),
    ],
)
def test_invalid_baselines(content, reason, tmp_path):
    path = tmp_path / "b.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=reason):
        baseline.load(str(path))


def test_a_file_that_is_not_there_says_how_to_make_it(tmp_path):
    with pytest.raises(UsageError, match="--update-baseline makes one"):
        baseline.load(str(tmp_path / "b.json"))


def test_an_identity_is_json_of_text_only():
    entry = json.loads(baseline.dumps([known("a")]))["known"][0]
    assert list(entry) == ["operation", "question", "check", "case", "operand", "verdict", "reason"]
