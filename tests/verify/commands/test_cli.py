"""The command line: what it prints, where, and its exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from backproof.verify.commands.cli import main

FAST = ["--points", "40", "--jobs", "1"]

WRONG = '''
from backproof.engine import Value, arithmetic

class Wrong(Value):
    __slots__ = ()

    def tanh(self):
        m = arithmetic(self.data)
        out = type(self)(m.tanh(self.data), (self,), "tanh")

        def _backward():
            self.grad += (1 + out.data**2) * out.grad

        out._backward = _backward
        return out
'''


@pytest.fixture
def wrong(tmp_path: Path) -> str:
    path = tmp_path / "wrong.py"
    path.write_text(WRONG)
    return f"{path}:Wrong"


def test_all_is_verified(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["all", *FAST]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].split() == ["operation", "rule", "as", "written", "right", "accurate", "safe", "wired"]
    closing = out.strip().split("\n\n")[-1]
    assert closing.startswith("52 operations, all verified: 52 proved")
    assert "seed 0" in closing


def test_strict_fails_on_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tanh", *FAST]) == 0
    assert main(["tanh", "--strict", *FAST]) == 1


def test_a_named_operation_is_reported_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    main(["max", *FAST])
    out = capsys.readouterr().out
    for check in ("proof", "forward", "points", "differences", "accuracy", "kinks", "extremes", "wiring"):
        assert f" {check} " in out


def test_a_refutation_is_reported(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["engine", wrong, "tanh", *FAST]) == 1
    out = capsys.readouterr().out
    assert "REFUTED  tanh: the rule is not the derivative of tanh(x)" in out
    assert "self.grad += (1 + out.data**2) * out.grad" in out
    assert "1 + out**2     = 1.58002565839   at x = 1" in out
    assert "1 - tanh(x)**2 = 0.419974341614   (reference)" in out
    assert f"python -m verify engine {wrong} tanh --seed 0 --point x=0x1p+0" in out


def test_quiet_prints_only_failures(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tanh", "--quiet", *FAST]) == 0
    assert capsys.readouterr().out == ""
    assert main(["engine", wrong, "tanh", "--quiet", *FAST]) == 1
    assert capsys.readouterr().out.startswith("REFUTED")


def test_micrograd_runs_unmodified(capsys: pytest.CaptureFixture[str]) -> None:
    """The engine of the registry: its rules are right, and its power has no gradient at 0."""
    assert main(["engine", "micrograd.engine:Value", "--report", "json=-", *FAST]) == 1
    found = {o["name"]: o for o in json.loads(capsys.readouterr().out)["operations"]}
    assert set(found) == {"add", "sub", "mul", "div", "neg", "power", "relu"}
    for name in ("add", "sub", "mul", "neg", "relu"):
        assert found[name]["right"]["verdict"] == "proved"
        assert found[name]["wired"]["verdict"] == "wired"
    assert found["power"]["safe"]["verdict"] == "unsafe"


def test_the_json_report_holds_what_it_promises(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "report.json"
    main(["tanh", "mul", "--report", f"json={path}", *FAST])
    report = json.loads(path.read_text())
    assert {"schema_version", "tool", "seed", "summary", "operations"} <= set(report)
    tanh = next(o for o in report["operations"] if o["name"] == "tanh")
    assert tanh["rule"] == ["1 - out**2"]
    assert tanh["source"]["file"] == "engine/rules/hyperbolic.py"
    assert isinstance(tanh["source"]["line"], int)
    for question in ("right", "accurate", "safe", "wired"):
        assert tanh[question]["verdict"]
        assert tanh[question]["findings"]


def test_a_report_on_stdout_is_the_only_output_there(capsys: pytest.CaptureFixture[str]) -> None:
    main(["tanh", "--report", "json=-", *FAST])
    captured = capsys.readouterr()
    assert json.loads(captured.out)["seed"] == 0
    assert "1 operation" in captured.err


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.json", "b.json")]
    for path, jobs, hash_seed in zip(paths, ("1", "2"), ("1", "2"), strict=True):
        command = ["-m", "verify", "all", "--points", "40", "--jobs", jobs, "--quiet", "--report", f"json={path}"]
        subprocess.run(
            [sys.executable, *command],
            check=True,
            env={"PYTHONHASHSEED": hash_seed, "PATH": "/usr/bin:/bin"},
        )
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ([], "nothing to verify: say `all`"),
        (["tnah"], "did you mean 'tanh'?"),
        (["tanh", "--select", "rigth"], "did you mean 'right'?"),
        (["tanh", "--point", "x=one"], "write x=0.7, x=7/10 or x=0x1.6666666666666p-1"),
        (["tanh", "--point", "=3"], "write x=0.7"),
        (["tanh", "--accuracy", "--ulp", "nan"], "'nan' is not a positive number"),
        (["tanh", "--accuracy", "--ulp", "0"], "'0' is not a positive number"),
        (["tanh", "--points", "0"], "0 is less than 1"),
        (["tanh", "--points", "many"], "'many' is not an integer"),
        (["tanh", "--nonsense"], "--nonsense"),
        (["engine"], "package.module:Class, or path/to/file.py:Class"),
        (["engine", "micrograd.engine:"], "names no class"),
        (["engine", "micrograd.engine:Valu"], "did you mean 'Value'?"),
        (["engine", "no_such_package:Value"], "No module named 'no_such_package'"),
        (["engine", "no/such/file.py:Value"], "no such file"),
        (["engine", "builtins:int"], "is not an engine"),
        (["check-certificate"], "needs a file"),
        (["check-certificate", "no-such.json"], "no such file"),
    ],
)
def test_a_usage_error_is_one_line_and_code_2(
    argv: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert captured.err.count("\n") == 1


def test_an_unwritable_report_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["tanh", "--report", f"json={tmp_path}/file/report.json", *FAST]) == 3
    assert "cannot be written" in capsys.readouterr().err


def test_colour_only_where_it_is_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    main(["tanh", *FAST])
    assert "\x1b[" not in capsys.readouterr().out
    main(["tanh", "--color", "always", *FAST])
    assert "\x1b[32mproved" in capsys.readouterr().out


def test_ascii_is_ascii(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["engine", wrong, "tanh", "--ascii", *FAST])
    assert capsys.readouterr().out.isascii()


def test_a_closed_pipe_is_no_traceback() -> None:
    run = subprocess.run(
        f"{sys.executable} -m verify list | head -1", shell=True, capture_output=True, text=True, check=False
    )
    assert run.stderr in ("", "verify: the output cannot be written: Broken pipe\n")


def test_the_list_shows_every_operation(capsys: pytest.CaptureFixture[str]) -> None:
    from backproof.verify.mirror.table import MIRROR

    assert main(["list"]) == 0
    names = {line.split()[0] for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")}
    assert names == set(MIRROR)


def test_the_proof_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tanh", "max", "--proof"]) == 0
    out = capsys.readouterr().out
    assert "generators   exp(2*x)" in out
    assert "boundary x = y: a kink" in out
    assert out.count("proved on the whole domain, in real arithmetic.") == 2


def test_a_requested_point_is_checked(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["tanh", "--point", "x=0x1.9p+6", *FAST])
    assert "at x = 100.0" in capsys.readouterr().out


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    from backproof.engine import __version__

    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"backproof {__version__}\n"


def test_a_point_of_other_inputs_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tanh", "--point", "y=1", *FAST]) == 2
    assert "--point: a point of y, and the inputs are x" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "soon"])
def test_a_time_that_is_none(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tanh", "--seconds", text]) == 2
    assert "--seconds" in capsys.readouterr().err


def test_questions_of_any_operation_have_their_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "rules.toml"
    rule = '[[rule]]\nname = "{}"\ndefinition = "{}"\nbackward = "g"\n'
    file.write_text(rule.format("unreadable", "x +") + rule.format("right", "x"), encoding="utf-8")
    assert main(["rules", str(file), *FAST]) == 1
    out = capsys.readouterr().out
    assert all(word in out for word in ("accurate", "safe", "wired"))


def test_all_and_a_name_are_one_too_many(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["all", "tanh"]) == 2
    assert "say `all`, or `tanh` alone" in capsys.readouterr().err
