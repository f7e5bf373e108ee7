"""``--accuracy``, ``--dtype`` and ``--exhaustive`` from the command line."""

from __future__ import annotations

from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from backproof.verify.commands.cli import main


@pytest.fixture(scope="module")
def tanh() -> tuple[int, str]:
    """The exit code and the output of one command, which several tests look at."""
    with redirect_stdout(StringIO()) as out:
        return main(["tanh", "--accuracy", "--strict", "--point", "x=15"]), out.getvalue()


def test_tanh_in_full(tanh: tuple[int, str]) -> None:
    _, shown = tanh
    for piece in ("inaccurate, the budget being 8 ULP", "no digit", "from 19.0615474653984", "x < 0", "in float64"):
        assert piece in shown


def test_strict_fails(tanh: tuple[int, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert tanh[0] == 1
    assert main(["square", "--accuracy", "--strict"]) == 0
    capsys.readouterr()


def test_the_budget_is_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["softplus", "--accuracy", "--strict", "--ulp", "0.5"]) == 1
    assert "the budget being 0.5 ULP" in capsys.readouterr().out
    assert main(["softplus", "--accuracy", "--ulp", "0"]) == 2


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_formats(dtype: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tanh", "max", "--dtype", dtype]) == 0
    assert f"in {dtype}" in capsys.readouterr().out


def test_an_unknown_format(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tanh", "--dtype", "float8"]) == 2
    assert "bfloat16" in capsys.readouterr().err


def test_exhaustive(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tanh", "--exhaustive"]) == 0
    shown = capsys.readouterr().out
    assert "33,562 measured" in shown
    assert "in bfloat16" in shown
    assert main(["tanh", "--exhaustive", "--dtype", "float32"]) == 2


def test_same_seed_same_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    shown = []
    for _ in range(2):
        main(["atan2", "--accuracy", "--points", "60"])
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1]


def test_points_are_honoured(capsys: pytest.CaptureFixture[str]) -> None:
    shown = []
    for count in ("20", "5000"):
        assert main(["softplus", "--accuracy", "--points", count]) == 0
        lines = capsys.readouterr().out.splitlines()
        shown.append(next(int(line.split()[1]) for line in lines if line.startswith("  searched")))
    assert shown[0] + 3000 < shown[1]


def test_the_requested_point(tanh: tuple[int, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert "ULP at x = 15.0, ours 3.743672039036028e-13" in tanh[1]
    assert main(["relu", "--accuracy", "--point", "x=0"]) == 0
    assert "x = 0.0: no derivative there" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["tanh --accuracy", "all --dtype float16", "sweep tanh", "repair tanh"])
@pytest.mark.parametrize("option", [["--report", "json=x.json"], ["--baseline", "x.json", "--update-baseline"]])
def test_options_that_would_be_ignored_are_refused(
    command: str, option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command.split(), *option]) == 2
    assert option[0] in capsys.readouterr().err


def test_a_rule_that_does_not_run_in_a_format_costs_only_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rules.toml"
    rules = {"tanh": ("tanh(x)", "g*(1 - out**2)"), "gamma": ("lgamma(x)", "g*digamma(x)")}
    rule = '[[rule]]\nname = "{}"\ninputs = ["x"]\ndefinition = "{}"\nbackward = "{}"\n'
    path.write_text("".join(rule.format(name, *texts) for name, texts in rules.items()))
    assert main(["rules", str(path), "--dtype", "float32"]) == 0
    shown = capsys.readouterr().out
    assert "inaccurate" in shown
    assert "not measured: gamma does not run on arrays of float32" in shown
    assert main(["rules", str(path), "--dtype", "float32", "--strict", "--ulp", "1e99"]) == 1
    assert main(["rules", str(path), "gamma", "--dtype", "float32"]) == 2
    capsys.readouterr()


def test_a_wrong_rule_has_no_sound_bound(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text('[[rule]]\nname = "tanh"\ninputs = ["x"]\ndefinition = "tanh(x)"\nbackward = "g*(1 + out**2)"')
    assert main(["rules", str(path), "tanh", "--accuracy"]) == 0
    assert "sound bound: none, because it requires a proof" in capsys.readouterr().out
