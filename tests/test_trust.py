"""TRUST.md is held to the code: its verdicts, its links, the files that it names, the ways of the ledger."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backproof import verify
from backproof.verify.results.findings import Question, Verdict

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "TRUST.md").read_text(encoding="utf-8")
LINKS = re.findall(r"^\| ([A-Z]\d) +\|", PAGE, re.MULTILINE)


def test_every_verdict_says_what_it_rests_on() -> None:
    said = {word for line in re.findall(r"^\*\*.*", PAGE, re.MULTILINE) for word in re.findall(r"\*\*([a-z]+)", line)}
    assert said == {verdict.value for verdict in Verdict}


def test_the_links_that_verdicts_name_are_in_the_table() -> None:
    named = set(re.findall(r"\b[A-Z]\d\b", PAGE))
    assert named == set(LINKS)
    assert len(LINKS) == len(set(LINKS))


def test_the_files_are_there() -> None:
    files = set(re.findall(r"`([\w/]+\.py)`", PAGE))
    assert files
    assert [name for name in sorted(files) if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        (lambda x, g: 2 * x * g if type(x) is float else x * g, Verdict.PROVED),
        (lambda x, g: 2 * x * g if x in {0, 1} else (x + x) * g, Verdict.PROVED),
        (lambda x, g: 2 * x * g if max(x, 0) > 3 else (x + x) * g, Verdict.PROVED),
        (lambda x, g: 2 * x * g if str(x) != "1.0" else 2.0 * g, Verdict.MATCHED),
        (lambda x, g: 2 * x * g if hash(x) != 5 else 10.0 * g, Verdict.MATCHED),
    ],
)
def test_the_examples_of_the_three_ways(rule: object, verdict: Verdict) -> None:
    report = verify.check(lambda x: x * x, rule, name="rule", raises=False)
    assert report.operations[0].answers[Question.RIGHT].verdict is verdict
