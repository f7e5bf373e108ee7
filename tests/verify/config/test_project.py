"""[tool.verify]: what may stand in it, how it is refused, and what it does to a run."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from backproof.verify.commands.cli import main
from backproof.verify.config.project import Waiver, load, parsed, waived
from backproof.verify.results.findings import Answer, Finding, Question, Source, Verdict
from backproof.verify.results.report import OperationReport, Report
from backproof.verify.support.errors import UsageError

RULES = """
[[rule]]
name = "tanh"
definition = "tanh(x)"
backward = "g*(1 - out**2)"

[[rule]]
name = "relu"
definition = "max(x, 0)"
backward = "where(x > 0, g, 0)"

[[rule]]
name = "wrong"
definition = "exp(x)"
backward = "2*g*out"
"""
ONLY_RIGHT = RULES.rpartition("[[rule]]")[0]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A folder with rules, into which a configuration is written."""
    (tmp_path / "rules.toml").write_text(RULES, encoding="utf-8")
    (tmp_path / "right.toml").write_text(ONLY_RIGHT, encoding="utf-8")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")

    def configured(table: str) -> Path:
        (tmp_path / "pyproject.toml").write_text(f"[tool.verify]\n{table}\n", encoding="utf-8")
        return tmp_path

    return configured


def test_what_it_says(project: Any) -> None:
    folder = project(
        'subjects = ["rules.toml"]\npoints = 77\nseed = 3\nfail-on = "warnings"\n[tool.verify.kinks]\nrelu = 0\n'
        '[[tool.verify.waivers]]\noperation = "wrong"\nquestion = "right"\nreason = "teaching"\nexpires = 2031-05-06'
    )
    config = load(folder / "below")
    assert config is not None
    assert (config.folder, config.subjects, config.points, config.seed) == (folder, ("rules.toml",), 77, 3)
    assert config.strict
    assert config.kinks == {"relu": (0,)}
    assert config.waivers == (Waiver("wrong", "teaching", "right", date(2031, 5, 6)),)


def test_without_the_table_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.other]\nx = 1\n", encoding="utf-8")
    assert load(tmp_path) is None


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"subject": []}, "unknown key 'subject': did you mean 'subjects'?"),
        ({"subjects": "rules.toml"}, "subjects: a list of texts"),
        ({"points": 0}, "points: 0 is not an integer of at least 1"),
        ({"seed": True}, "seed: True is not an integer"),
        ({"fail-on": "warning"}, "did you mean 'warnings'?"),
        ({"kinks": {"relu": "0"}}, "relu = '0': the derivative at its kinks"),
        ({"kinks": {"relu": float("nan")}}, "relu = nan: the derivative at its kinks"),
        ({"kinks": 3}, "kinks: a table"),
        ({"waivers": {}}, r"each is a table \[\[tool.verify.waivers\]\]"),
        ({"waivers": [{"operation": "x"}]}, r"waivers\[0\] \(x\) has no reason"),
        ({"waivers": [{"reason": "x"}]}, "which operation?"),
        ({"waivers": [{"operation": "x", "reason": "y", "until": 1}]}, r"waivers\[0\]: unknown key 'until'"),
        ({"waivers": [{"operation": "x", "reason": "y", "question": "rigth"}]}, "did you mean 'right'?"),
        ({"waivers": [{"operation": "x", "reason": "y", "expires": "2030-01-01"}]}, "a date without quotes"),
        (3, "it is a table"),
    ],
)
def test_what_is_refused(table: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parsed(table, Path())


def test_a_mistake_is_a_usage_error_that_names_the_file(project: Any, capsys: pytest.CaptureFixture[str]) -> None:
    project("point = 3")
    assert main(["all"]) == 2
    err = capsys.readouterr().err
    assert "pyproject.toml: [tool.verify] unknown key 'point': did you mean 'points'?" in err
    assert main(["list"]) == 0  # a command that does not read the project


def test_all_is_what_the_project_names(project: Any, capsys: pytest.CaptureFixture[str]) -> None:
    project('subjects = ["rules.toml"]\npoints = 60\nseed = 5')
    assert main(["all"]) == 1
    out = capsys.readouterr().out
    assert "REFUTED  wrong" in out
    assert "3 operations, 1 failed" in out
    assert "60 points each, seed 5" in out
    assert main(["tanh", "--points", "40"]) == 0
    assert "40 points each, seed 5" in capsys.readouterr().out
    assert main(["tahn"]) == 2
    assert "did you mean 'tanh'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("table", "code", "told"),
    [
        ('subjects = ["right.toml"]\nfail-on = "warnings"', 1, "inaccurate"),
        ('subjects = ["rules.toml"]\nfail-on = "nothing"', 0, "REFUTED wrong"),
        ('subjects = ["right.toml"]\n[tool.verify.kinks]\nrelu = 0', 0, "all verified"),
        ('subjects = ["right.toml"]\n[tool.verify.kinks]\nrelu = 1', 1, "not the declared one"),
        ('subjects = ["right.toml"]\n[tool.verify.kinks]\nrelu = [1, 0]', 2, "one derivative per operand (x), not 2"),
        ('subjects = ["right.toml"]\n[tool.verify.kinks]\nrelv = 1', 2, "'relv' is not an operation"),
        ('subjects = ["right.toml"]\n[tool.verify.bounds]\ntanh = { x = [0, 1] }', 0, "all verified"),
        ('subjects = ["right.toml"]\n[tool.verify.surrogates]\ntanh = "tanh(x)"', 0, "all verified"),
        ('subjects = ["right.toml"]\n[tool.verify.surrogates]\ntanh = "x"', 1, "REFUTED"),
        ('subjects = ["right.toml"]\n[tool.verify.surrogates]\ntanh = "x +"', 2, "does not parse"),
        ('subjects = ["right.toml"]\n[tool.verify.surrogates]\ntanh = 1', 2, "surrogates: a table"),
        ('subjects = ["right.toml"]\n[tool.verify.surrogates]\ntahn = "x"', 2, "'tahn' is not an operation"),
        ('subjects = ["right.toml"]\n[tool.verify.bounds]\ntanh = { y = [0, 1] }', 2, "'y' is not an input"),
        ('subjects = ["right.toml"]\n[tool.verify.bounds]\ntanh = [0, 1]', 2, "bounds: a table of tables"),
        ('subjects = ["right.toml"]\n[tool.verify.bounds]\ntahn = { x = [0, 1] }', 2, "'tahn' is not an operation"),
        ('subjects = ["absent.toml"]', 2, "absent.toml: No such file"),
        ('subjects = ["right.toml", "rules.toml"]', 1, "REFUTED wrong"),
    ],
)
def test_what_it_does(project: Any, capsys: pytest.CaptureFixture[str], table: str, code: int, told: str) -> None:
    project(table.replace("[tool", "points = 60\n[tool", 1) if "[tool" in table else f"{table}\npoints = 60")
    assert main(["all"]) == code
    captured = capsys.readouterr()
    assert told in " ".join((captured.out + captured.err).split())


def waiver(expires: str) -> str:
    return (
        'subjects = ["rules.toml"]\npoints = 60\n[[tool.verify.waivers]]\noperation = "wrong"\n'
        f'reason = "teaching"\nexpires = {expires}'
    )


def test_a_waiver_is_reported_with_its_reason(project: Any, capsys: pytest.CaptureFixture[str]) -> None:
    project(waiver("9999-12-31"))
    assert main(["all"]) == 0
    assert "accepted: teaching" in capsys.readouterr().out


def test_a_waiver_expires(project: Any, capsys: pytest.CaptureFixture[str]) -> None:
    project(waiver("2020-01-01"))
    assert main(["all"]) == 1
    assert "expired     its waiver ended on 2020-01-01 (teaching)" in capsys.readouterr().out


@pytest.mark.parametrize(("today", "accepted"), [("2031-05-05", True), ("2031-05-06", True), ("2031-05-07", False)])
def test_the_day_on_which_a_waiver_expires_is_its_last(today: str, accepted: bool) -> None:
    wrong = Finding("sub", Question.RIGHT, Verdict.REFUTED, "points", "wrong")
    operation = OperationReport("sub", ("1",), Source("a.py", 1), {Question.RIGHT: Answer(Question.RIGHT, (wrong,))})
    waivers = [Waiver("sub", "teaching", "", date(2031, 5, 6))]
    found = waived(Report("ours", 0, 20, (operation,)), waivers, date.fromisoformat(today))
    assert found.ok is accepted


def test_a_waiver_that_nothing_needs_is_reported(project: Any, capsys: pytest.CaptureFixture[str]) -> None:
    project(waiver("9999-12-31").replace('"wrong"', '"relu"').replace("rules.toml", "right.toml"))
    assert main(["all"]) == 0
    said = "the waiver of relu (all questions) matches nothing; it fails no more: remove the waiver"
    assert said in capsys.readouterr().err


def test_operations_of_one_name_are_distinguished(project: Any, capsys: pytest.CaptureFixture[str]) -> None:
    project('subjects = ["right.toml", "rules.toml"]\npoints = 40')
    main(["all"])
    out = capsys.readouterr().out
    assert "../right.toml:tanh" in out
    assert "../rules.toml:tanh" in out
