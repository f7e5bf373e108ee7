"""The terminal's report: what fails is reported once, by however many checks and in however many cases."""

from __future__ import annotations

from pathlib import Path

import pytest

from backproof.verify.commands.cli import main
from backproof.verify.reports.text import lines, spelled
from backproof.verify.results.findings import Answer, Finding, Question, Source, Verdict
from backproof.verify.results.report import OperationReport, Report

ENGINE = '''
class Value:
    def __init__(self, data, children=()):
        self.data, self.grad, self._prev, self._backward = data, 0.0, set(children), lambda: None

    def __add__(self, other):
        out = Value(self.data + other.data, (self, other))
        def _backward():
            self.grad += out.grad
            other.grad += out.grad
        out._backward = _backward
        return out

    def __pow__(self, n):
        out = Value(self.data**n, (self,))
        def _backward():
            self.grad += n * self.data ** (n - 1)
        out._backward = _backward
        return out

    def sin(self):
        out = Value(self.data, (self,))
        def _backward():
            raise RuntimeError("not yet")
        out._backward = _backward
        return out

    def __neg__(self):
        return Value(-self.data, (self,))
'''


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "half_done.py").write_text(ENGINE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return "half_done.py:Value"


def told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main([*words, "--points", "60"]) == 1
    return capsys.readouterr().out


@pytest.mark.parametrize("quiet", [[], ["--quiet"]])
def test_cases_that_fail_alike_are_reported_in_a_line(
    engine: str, quiet: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    text = told(capsys, "engine", engine, *quiet)
    assert text.count("MISWIRED  power") == 1
    assert "  likewise    n = 2, n = 1, n = -1, n = -2, n = 1/2, n = 5/2, n = -3/2\n" in text
    assert text.count("UNSAFE  power") == 1
    assert "  likewise    n = 1/2\n" in text


def test_requested_by_name_each_case_is_reported_in_full(engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "engine", engine, "power").count("MISWIRED  power") == 8


@pytest.mark.parametrize("name", [[], ["sin"]])
def test_what_leaves_every_question_open_is_reported_once(
    engine: str, name: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    text = told(capsys, "engine", engine, *name)
    assert text.count("INCONCLUSIVE  sin: forward or backward fails at all") == 1


def test_characters_are_spelled_before_lines_are_folded() -> None:
    finding = Finding("f", Question.RIGHT, Verdict.REFUTED, "proof", "√2 ± π² " * 20, details=(("ours", "∞ " * 60),))
    operation = OperationReport("f", ("x²",), Source("f.py", 1), {Question.RIGHT: Answer(Question.RIGHT, (finding,))})
    report = spelled(Report("pairs", 0, 60, (operation,)))
    told = list(lines(report, full=True, seconds=None, strict=False))
    assert all(line.isascii() and len(line) <= 80 for text in told for line in text.split("\n"))


def test_a_number_is_not_said_to_equal_itself(engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "engine", engine)
    assert "  ours        0   at x = 1\n" in text
    assert "0 = 0" not in text
    assert "-1 = -1" not in text
