"""Reports, baselines, render and interrupts, from the command line."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sample_reports import every_verdict

from backproof.verify.commands.cli import main
from backproof.verify.mirror.table import MIRROR
from backproof.verify.reports import json as json_report
from backproof.verify.reports.formats import FORMATS
from backproof.verify.run import harness

ENGINE = ["engine", str(Path(__file__).with_name("wrong_engine.py")) + ":Value", "--points", "12", "--jobs", "1"]
FEW = ["tanh", "max", "elu", "--points", "12"]


@pytest.fixture(autouse=True)
def _outside_ci(monkeypatch):
    for name in ("GITHUB_STEP_SUMMARY", "SOURCE_DATE_EPOCH"):
        monkeypatch.delenv(name, raising=False)


# ----------------------------------------------------------------------------------------------- baselines


def test_a_baseline_from_its_making_to_its_end(tmp_path, capsys):
    path = str(tmp_path / "known.json")
    assert main(ENGINE) == 1
    assert main([*ENGINE, "--baseline", path]) == 2
    assert main([*ENGINE, "--baseline", path, "--update-baseline"]) == 0
    assert {entry["operation"] for entry in json.loads(Path(path).read_text())["known"]} == {"exp"}
    capsys.readouterr()
    assert main([*ENGINE, "--baseline", path]) == 0
    assert "accepted: existed when the baseline was made" in capsys.readouterr().out

    entries = json.loads(Path(path).read_text())
    entries["known"].append(entries["known"][0] | {"operation": "mul"})
    Path(path).write_text(json.dumps(entries))
    assert main([*ENGINE, "--baseline", path]) == 1
    assert "stale  refuted mul" in capsys.readouterr().out
    assert main([*ENGINE, "--baseline", path, "--allow-stale"]) == 0
    assert main([*ENGINE[:2], "exp", *ENGINE[2:], "--baseline", path]) == 0, "mul was not run: not stale"
    assert main([*ENGINE, "--baseline", path, "--update-baseline"]) == 0
    assert main([*ENGINE, "--baseline", path]) == 0


@pytest.mark.parametrize("option", ["--update-baseline", "--allow-stale"])
def test_an_option_of_baselines_needs_one(option, capsys):
    assert main([*FEW, option]) == 2
    assert f"{option} needs --baseline FILE" in capsys.readouterr().err


# -------------------------------------------------------------------------------------------------- render


def test_every_format_made_later_is_the_one_made_at_once(tmp_path, capsys):
    (tmp_path / "at_once").mkdir()
    (tmp_path / "later").mkdir()

    def reports(folder):
        return [f"--report={name}={tmp_path / folder / name}" for name in FORMATS]

    assert main([*FEW, *reports("at_once")]) == 0
    assert main(["render", str(tmp_path / "at_once" / "json"), *reports("later")]) == 0
    for path in sorted((tmp_path / "at_once").rglob("*")):
        if path.is_file():
            other = tmp_path / "later" / path.relative_to(tmp_path / "at_once")
            assert path.read_bytes() == other.read_bytes(), path.name


def test_render_says_what_it_needs(tmp_path, capsys):
    assert main(["render"]) == 2
    assert main(["render", str(tmp_path / "absent.json")]) == 2
    assert "absent.json cannot be read: No such file or directory" in capsys.readouterr().err


def test_render_without_a_format_is_the_terminals_report(tmp_path, capsys):
    path = tmp_path / "report.json"
    path.write_text(json_report.render(every_verdict()), encoding="utf-8")
    assert main(["render", str(path)]) == 0
    assert "REFUTED  right_refuted" in capsys.readouterr().out


# ---------------------------------------------------------------------------------------------- determinism


def written(folder, jobs, hash_seed, **environment):
    """Every format of one run, in a process of its own."""
    reports = [f"--report={name}={folder / name}" for name in FORMATS]
    ended = subprocess.run(
        [sys.executable, "-m", "verify", *FEW, "--jobs", str(jobs), *reports],
        capture_output=True, check=False, env=os.environ | {"PYTHONHASHSEED": str(hash_seed)} | environment,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_the_same_bytes_on_any_workers_with_any_hash_seed(tmp_path):
    one = written(tmp_path / "one", 1, 0)
    assert one == written(tmp_path / "two", 2, 12345)
    assert {name.partition("/")[0] for name in one} == set(FORMATS)


def test_source_date_epoch_is_the_only_time_in_a_report(tmp_path):
    dated = written(tmp_path, 2, 0, SOURCE_DATE_EPOCH="1700000000")
    named = {name for name, content in dated.items() if b"2023-11-14" in content}
    assert named == {"junit", "junit-xunit1", "sarif", "html/index.html"}


def test_an_invalid_source_date_epoch_is_a_usage_error(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    assert main([*FEW, "--report", f"junit={tmp_path / 'a.xml'}"]) == 2
    assert "SOURCE_DATE_EPOCH='yesterday'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------------------------------------ interrupts


@pytest.mark.skipif(os.name != "posix", reason="a signal to oneself")
def test_an_interrupt_writes_what_is_known_and_exits_with_130(tmp_path, monkeypatch, capsys):
    """SIGINT, as Ctrl-C sends it, when the third operation has ended."""
    run, ended = harness.run, []

    def interrupted(tasks, recipe, options, progress, *more):
        def done(name):
            ended.append(name)
            if len(ended) == 3:
                os.kill(os.getpid(), signal.SIGINT)

        run(tasks, recipe, options, done, *more)

    monkeypatch.setattr(harness, "run", interrupted)
    reports = [f"--report={name}={tmp_path / name}" for name in FORMATS]
    assert main(["all", "--points", "12", "--jobs", "1", *reports]) == 130
    assert "3 operations, all verified (interrupted: incomplete)" in capsys.readouterr().out
    report = json.loads((tmp_path / "json").read_text(encoding="utf-8"))
    assert report["complete"] is False
    assert [o["name"] for o in report["operations"]] == [name for name in MIRROR if name in ended]
    assert len(report["missing"]) == len(MIRROR) - 3
    assert {path.name for path in tmp_path.iterdir()} == set(FORMATS)


# ------------------------------------------------------------------------------------------- mistakes of ours


def test_a_renderer_that_breaks_is_an_internal_error_not_a_failed_rule(tmp_path, monkeypatch, capsys):
    def broken(report):
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("backproof.verify.reports.badge.render", broken)
    assert main([*FEW, "--report", f"badge={tmp_path / 'badge.json'}"]) == 3
    assert "ZeroDivisionError: planted" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
