"""Two reports side by side: better, worse, new, gone."""

from dataclasses import replace

import pytest
from sample_reports import GOOD, empty, operation

from backproof.verify.commands.cli import main
from backproof.verify.reports import json
from backproof.verify.reports.changes import changes
from backproof.verify.results.findings import Verdict
from backproof.verify.run.report import Report


def report(**verdicts):
    operations = (operation(name, (verdict, *GOOD[1:])) for name, verdict in verdicts.items())
    return Report("s", 0, 1, tuple(operations))


def told(old, new):
    return [(c.kind, c.operation, c.before, c.after) for c in changes(old, new) if c.question.value == "right"]


def test_nothing_changed():
    assert list(changes(report(a=Verdict.PROVED), report(a=Verdict.PROVED))) == []


def test_better_worse_new_gone_worst_first():
    old = report(a=Verdict.PROVED, b=Verdict.REFUTED, c=Verdict.PROVED)
    new = report(a=Verdict.MATCHED, b=Verdict.PROVED, d=Verdict.PROVED, e=Verdict.REFUTED)
    assert told(old, new) == [
        ("worse", "a", "proved", "matched"),
        ("worse", "e", "", "refuted"),
        ("gone", "c", "proved", ""),
        ("new", "d", "", "proved"),
        ("better", "b", "refuted", "proved"),
    ]


def test_what_an_interrupt_cut_off_is_neither_gone_nor_new():
    whole = report(add=Verdict.PROVED, tanh=Verdict.REFUTED)
    assert list(changes(whole, empty())) == []
    assert list(changes(empty(), whole)) == []


def test_a_new_operand_that_fails_is_worse():
    old = Report("s", 0, 1, (operation("f", (Verdict.REFUTED, *GOOD[1:]), ("x",)),))
    new = Report("s", 0, 1, (operation("f", (Verdict.REFUTED, *GOOD[1:]), ("x", "y")),))
    first = next(changes(old, new))
    assert (first.kind, first.operand, first.after) == ("worse", "y", "refuted")


@pytest.fixture
def saved(tmp_path):
    def save(name, found):
        path = tmp_path / name
        path.write_text(json.render(found), encoding="utf-8")
        return str(path)

    return save


def test_the_command_exits_with_1_on_worse(saved, capsys):
    good, bad = saved("a", report(a=Verdict.PROVED)), saved("b", report(a=Verdict.REFUTED))
    assert main(["compare", good, bad]) == 1
    assert "worse  a            x          right       proved    refuted" in capsys.readouterr().out
    assert main(["compare", bad, good]) == 0
    assert "1 better; 1 operations before, 1 after" in capsys.readouterr().out
    assert main(["compare", good, good]) == 0
    assert "no change" in capsys.readouterr().out


def test_the_command_needs_two_reports(saved, tmp_path, capsys):
    assert main(["compare", saved("a", report(a=Verdict.PROVED))]) == 2
    assert main(["compare", str(tmp_path / "x"), str(tmp_path / "y")]) == 2
    assert "cannot be read: No such file or directory" in capsys.readouterr().err


def test_an_accepted_failure_is_no_worse_than_before(saved):
    from backproof.verify.results import baseline

    bad = report(a=Verdict.REFUTED)
    known = [replace(k, reason="r") for k in baseline.updated(bad, [])]
    assert list(changes(bad, baseline.apply(bad, known))) == []
