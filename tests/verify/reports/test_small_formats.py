"""GitHub annotations, the step summary, GitLab code quality, badges, and Markdown for a comment."""

import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from sample_reports import GOOD, NASTY, SAMPLES, decided, empty, every_verdict, hostile, large, operation, ours

from backproof.verify.reports import badge, github, gitlab, markdown
from backproof.verify.reports.targets import SUMMARY_BYTES, targets, write
from backproof.verify.results.findings import Known, Verdict
from backproof.verify.run.report import Report

# ------------------------------------------------------------------------------------------------ GitHub

COMMAND = re.compile(r"::(error|warning) (?:file=[^,:]*,line=\d+,)?title=[^,:]*::[^\n]*")


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_each_annotation_is_one_command_on_one_line(sample):
    for line in github.render(sample()).splitlines():
        assert COMMAND.fullmatch(line), line


def test_ten_annotations_at_most_the_worst_first_and_a_pointer():
    failing = [operation(f"op{i}", (Verdict.INCONCLUSIVE, *GOOD[1:])) for i in range(15)]
    failing.append(operation("worst", (Verdict.REFUTED, *GOOD[1:])))
    lines = github.render(Report("s", 0, 1, tuple(failing))).splitlines()
    assert len(lines) == 10
    assert "title=refuted%3A worst" in lines[0]
    assert "and 7 more: see the step summary" in lines[-1]


def test_ten_need_no_pointer():
    failing = [operation(f"op{i}", (Verdict.REFUTED, *GOOD[1:])) for i in range(10)]
    lines = github.render(Report("s", 0, 1, tuple(failing))).splitlines()
    assert len(lines) == 10
    assert "more" not in lines[-1]


def test_an_annotation_reads_back_as_the_finding():
    line = github.render(every_verdict()).splitlines()[0]
    text = line.rpartition("::")[2].replace("%0A", "\n").replace("%25", "%")
    assert text.startswith("REFUTED  right_refuted: the rule is not the derivative\n  rule        engine/value.py:121")
    assert "file=engine/value.py,line=121," in line


def test_nothing_to_annotate():
    assert github.render(Report("s", 0, 1, (operation("tanh", GOOD),))) == ""


def test_the_step_summary_is_added_where_there_is_one(tmp_path, monkeypatch):
    summary = tmp_path / "summary.md"
    summary.write_text("before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    (target,) = targets([f"github={tmp_path}/annotations.txt"])
    write(target, every_verdict())
    text = summary.read_text(encoding="utf-8")
    assert text.startswith("before\n### ❌ Derivatives: something failed")
    assert (tmp_path / "annotations.txt").read_text(encoding="utf-8").startswith("::error file=")


def test_the_step_summary_stays_below_its_limit(tmp_path, monkeypatch):
    summary = tmp_path / "summary.md"
    summary.write_text("x" * 1_000_000, encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    (target,) = targets([f"github={tmp_path}/annotations.txt"])
    write(target, large(3000))
    assert 1_000_000 < summary.stat().st_size <= SUMMARY_BYTES < 2**20


# ------------------------------------------------------------------------------------------------ GitLab


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_code_quality_has_its_six_fields(sample):
    issues = json.loads(gitlab.render(sample()))
    for issue in issues:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert issue["location"]["path"]
        assert not issue["location"]["path"].startswith("./")
        assert issue["location"]["lines"]["begin"] >= 1
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)


def test_code_quality_is_failures_only():
    assert json.loads(gitlab.render(Report("s", 0, 1, (operation("tanh", GOOD),)))) == []
    assert len(json.loads(gitlab.render(every_verdict()))) == 9


# ------------------------------------------------------------------------------------------------ badges


@pytest.mark.parametrize(
    ("report", "message", "colour"),
    [
        (Report("s", 0, 1, (operation("tanh", GOOD),)), "1/1", "brightgreen"),
        (every_verdict(), "8/17", "red"),
        (empty(), "0/2 interrupted", "lightgrey"),
        (Report("s", 0, 1, (operation("tanh", GOOD),), stale=(Known("a", "right", "", "", "", "refuted", "r"),)),
         "1/1, 1 stale", "red"),
    ],
)  # fmt: skip
def test_badge(report, message, colour):
    found = json.loads(badge.render(report))
    assert found == {"schemaVersion": 1, "label": "derivatives", "message": message, "color": colour}
    image = ElementTree.fromstring(badge.render_svg(report))
    assert image.get("aria-label") == f"derivatives: {message}"
    assert [t.text for t in image.iter("{http://www.w3.org/2000/svg}text")] == ["derivatives", message]


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colour", badge.COLOURS.values())
def test_white_is_legible_on_each_colour(colour):
    assert 1.05 / (luminance(colour) + 0.05) >= 4.5  # WCAG 2.2, 1.4.3


# ---------------------------------------------------------------------------------------------- Markdown


def without_code(text):
    """The Markdown that is ours: what came from elsewhere stands in <code> and in fences."""
    text = re.sub(r"^(`{3,})text\n.*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"<code>[^<]*</code>", "", text)


def test_hostile_text_stays_inside_code():
    ours = without_code(markdown.render(hostile()))
    for trace in ("@all", "script", "quoted", "::error", "heading", "\u202e", "\x1b"):
        assert trace not in ours
    for line in markdown.render(hostile()).splitlines():
        if line.startswith("|"):
            assert line.count("|") == 7  # six columns, whatever stands in them


def test_a_table_and_folded_findings():
    text = markdown.render(every_verdict())
    assert text.startswith("### ❌ Derivatives: something failed\n\n17 operations, 9 failed: ")
    assert text.count("<details>") == text.count("</details>") == 10  # nine failures, and the warnings
    assert "| <code>right&#95;refuted</code> | <code>1 &#43; out&#42;&#42;2</code> | ❌ refuted |" in text
    assert "⚠️ inaccurate" in text


def test_a_comment_is_never_too_long():
    text = markdown.render(large())
    assert len(text.encode("utf-8")) < 65_536
    assert "and 8" in text or "more" in text
    assert text.count("<details>") == text.count("</details>")
    report = large()
    everything = markdown.within(report, 10**8)
    assert "do not fit" not in everything
    assert everything.count("<details>") == 101


@pytest.mark.parametrize("room", [300, 1000, 5000, 20_000])
def test_in_any_room_it_is_whole_markdown(room):
    text = markdown.within(every_verdict(), room)
    assert len(text.encode("utf-8")) <= room
    assert text.count("<details>") == text.count("</details>")
    assert text.count("```") % 2 == 0


def test_interrupted_says_so():
    text = markdown.render(empty())
    assert "interrupted" in text
    assert "Not verified: <code>add</code>" in text


def test_accepted_is_marked():
    report = decided()
    from backproof.verify.results import baseline

    known = [replace(k, reason="ticket 12") for k in baseline.updated(report, [])]
    text = markdown.render(baseline.apply(report, known))
    assert text.startswith("### ☑️ Derivatives: nothing new failed")
    assert "☑️ refuted" in text


@pytest.mark.parametrize("text", [NASTY, "", "`", "````", "a|b", "[x](y)", "<b>", "&amp;"])
def test_code_is_one_element(text):
    shown = markdown.code(text)
    assert re.fullmatch(r"<code>[^<>|`\n*_\[\]@]*</code>", shown)


def test_our_own_engine():
    assert markdown.render(ours()).startswith("### ✅ Derivatives verified")
