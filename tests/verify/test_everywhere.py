"""Everywhere that Python runs: by every start method, without what Linux alone has, on Windows' paths and consoles."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from backproof.verify.commands.cli import LOADED, main
from backproof.verify.config.options import cores
from backproof.verify.subjects import load
from backproof.verify.subjects.load import place_of
from backproof.verify.support import processes
from backproof.verify.support.errors import UsageError
from backproof.verify.support.escape import slashed

HERE = Path(__file__).parent
TAKEN = ("fork", "alarm", "resource", "proc", "affinity")

ENGINE = """
import math

class Value:
    def __init__(self, data, _prev=()):
        self.data, self.grad, self._prev, self._backward = data, 0, _prev, lambda: None

    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other))
        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out._backward = _backward
        return out

    def tanh(self):
        out = Value(math.tanh(self.data), (self,))
        def _backward():
            self.grad += (1 + out.data**2) * out.grad
        out._backward = _backward
        return out
"""

PAIRS = """
import math
PAIRS = {"tanh": (math.tanh, lambda out, g: g * (1 - out**2)), "cube": (lambda x: x**3, lambda x, g: 2 * x * x * g)}
"""

RULES = """
[[rule]]
name = "square"
inputs = ["x"]
definition = "x**2"
backward = { x = "2*g*x" }
"""


def run(*words: str, cwd: Path, method: str = "", taken: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    """A Python of these words, by this start method, without what is taken away."""
    path = os.pathsep.join(filter(None, (str(HERE / "taken_away"), os.environ.get("PYTHONPATH", ""))))
    kept = {key: value for key, value in os.environ.items() if key != processes.VARIABLE}
    named = {processes.VARIABLE: method} if method else {}
    told = {**kept, **named, "PYTHONPATH": path, "TAKEN_AWAY": taken, "PYTHONIOENCODING": "utf-8", **more}
    return subprocess.run([sys.executable, *words], cwd=cwd, capture_output=True, text=True, check=False, env=told)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(ENGINE)
    (tmp_path / "pairs.py").write_text(PAIRS)
    (tmp_path / "rules.toml").write_text(RULES)
    return tmp_path


# ----------------------------------------------------------------------------------------------- start methods


def test_a_start_method_that_there_is_not_is_a_usage_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(processes.VARIABLE, "thread")
    for command in (["tanh"], ["list"], ["render", "no.json"]):
        assert main(command) == 2
        said = "verify: BACKPROOF_START_METHOD='thread': it must be one of fork, spawn, forkserver\n"
        assert capsys.readouterr().err == said


def test_a_system_that_cannot_fork_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork", raising=False)
    monkeypatch.delenv(processes.VARIABLE, raising=False)
    assert processes.start_method() == "spawn"
    monkeypatch.setenv(processes.VARIABLE, "forkserver")
    with pytest.raises(UsageError, match="this system cannot fork"):
        processes.start_method()


def test_what_workers_load_ahead_is_there() -> None:
    """A name that is wrong would be passed over in silence, and workers would start late."""
    assert [name for name in LOADED if __import__("importlib").util.find_spec(name) is None] == []


COMMANDS = {
    "names": ["tanh", "max"],
    "engine": ["engine", "mine.py:Value"],
    "engine without its class": ["engine", "mine.py"],
    "pairs": ["engine", "pairs.py:PAIRS"],
    "rules": ["rules", "rules.toml"],
    "second order": ["tanh", "--order", "2"],
}


@pytest.mark.slow  # processes that load everything anew
@pytest.mark.parametrize("command", COMMANDS)
def test_every_start_method_finds_the_same(command: str, folder: Path) -> None:
    words = ["-m", "backproof", *COMMANDS[command], "--points", "30", "--report", "json=-"]
    found = {method: run(*words, cwd=folder, method=method) for method in processes.METHODS}
    assert {done.returncode for done in found.values()} <= {0, 1}, [done.stderr for done in found.values()]
    assert json.loads(found["fork"].stdout)["operations"]
    assert found["fork"].stdout == found["spawn"].stdout == found["forkserver"].stdout


@pytest.mark.slow  # the main job, three times
def test_every_start_method_finds_the_same_of_all(tmp_path: Path) -> None:
    words = ["-m", "backproof", "all", "--report", "json=-", "--jobs"]
    jobs = {"fork": "2", "spawn": "3", "forkserver": "1"}
    found = {method: run(*words, jobs[method], cwd=tmp_path, method=method) for method in processes.METHODS}
    assert found["fork"].returncode == 0, found["fork"].stderr
    assert found["fork"].stdout == found["spawn"].stdout == found["forkserver"].stdout


SCRIPT = """
from backproof import verify
{class_}
print("once")
verify.check(lambda x: x * x, lambda x, g: 2 * x * g, points=30)
print(verify.check_engine("mine.py:Value", names=["mul"], points=30).ok)
print(verify.check_engine(Value, names=["mul"], points=30).ok)
print(verify.check(Value, points=30, raises=False).ok)
"""


@pytest.mark.slow  # processes that load everything anew
@pytest.mark.parametrize("method", processes.METHODS)
def test_a_script_without_a_guard_verifies_once(method: str, folder: Path) -> None:
    """Its own class is in no file of that name for a worker: it is verified in a fork, or where it is."""
    (folder / "script.py").write_text(SCRIPT.format(class_=ENGINE))
    done = run("script.py", cwd=folder, method=method)
    assert (done.stdout, done.stderr) == ("once\nTrue\nTrue\nFalse\n", "")


HANGS = """
import os, time
from pathlib import Path
from mine import Value as Base

def hang():
    Path("at").write_text(str(os.getpid()))
    while True:
        try:
            time.sleep(60)
        except BaseException:
            pass

class Value(Base):
    def cos(self):
        hang()
"""


@pytest.mark.slow  # processes that load everything anew
@pytest.mark.skipif(os.name != "posix", reason="a signal to another process")
@pytest.mark.parametrize("method", processes.METHODS)
@pytest.mark.parametrize(
    ("more", "out", "error"),
    [("", b"interrupted: incomplete", b""), ("hang()", b"", b"verify: interrupted\n")],
    ids=["in a rule", "in its import"],
)
def test_an_interrupt_leaves_no_process_behind(method: str, more: str, out: bytes, error: bytes, folder: Path) -> None:
    (folder / "hangs.py").write_text(HANGS + more)
    words = [sys.executable, "-m", "backproof", "engine", "hangs.py:Value", "--seconds", "60", "--points", "30"]
    told = {**os.environ, processes.VARIABLE: method}
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=told) as running:
        for _ in range(2400):
            if (folder / "at").is_file() and (folder / "at").read_text():
                break
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        shown_out, shown_error = running.communicate(timeout=120)
    assert (running.returncode, shown_error) == (130, error)
    assert out in shown_out
    with pytest.raises(ProcessLookupError):
        os.kill(int((folder / "at").read_text()), 0)


# -------------------------------------------------------------------------------------- what others do not have


@pytest.mark.slow  # processes that load everything anew
@pytest.mark.parametrize("taken", [*TAKEN, " ".join(TAKEN)])
def test_nothing_that_linux_alone_has_is_needed(taken: str, folder: Path) -> None:
    words = ["-m", "backproof", "tanh", "--points", "30", "--report", "json=-"]
    whole, less = run(*words, cwd=folder), run(*words, cwd=folder, taken=taken)
    assert (less.returncode, _untimed(less.stderr)) == (0, _untimed(whole.stderr))
    assert less.stdout == whole.stdout


def _untimed(text: str) -> str:
    """What a run says on stderr, but for the seconds that it took."""
    return re.sub(r"[\d.]+ s$", "", text)


OTHERS = {
    "engine": ["engine", "mine.py:Value"],
    "pairs": ["engine", "pairs.py:PAIRS"],
    "rules": ["rules", "rules.toml"],
    "proof": ["tanh", "--proof"],
    "certificate": ["tanh", "--certificate", "tanh.json"],
    "accuracy": ["tanh", "--accuracy"],
    "sweep": ["sweep", "tanh", "--dtype", "float16", "--backend", "sequential"],
    "repair": ["repair", "tanh"],
    "mutants": ["mutants", "neg"],
    "list": ["list", "tanh"],
}


@pytest.mark.slow  # processes that load everything anew
@pytest.mark.parametrize("command", OTHERS)
def test_every_command_runs_without_it(command: str, folder: Path) -> None:
    done = run("-m", "backproof", *OTHERS[command], cwd=folder, taken=" ".join(TAKEN))
    assert done.returncode == (command in ("engine", "pairs")), done.stderr
    assert "Error" not in done.stderr


@pytest.mark.slow  # processes that load everything anew
def test_from_python_too(folder: Path) -> None:
    (folder / "script.py").write_text(SCRIPT.format(class_=ENGINE))
    done = run("script.py", cwd=folder, taken=" ".join(TAKEN))
    assert (done.stdout, done.stderr) == ("once\nTrue\nTrue\nFalse\n", "")


def test_where_no_process_can_be_started_all_is_done_here(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a browser, say."""
    monkeypatch.setenv(processes.VARIABLE, "spawn")
    monkeypatch.setattr(sys, "executable", "")
    monkeypatch.setattr("backproof.verify.proof.process._PROVERS", [])
    monkeypatch.chdir(folder)
    assert main(["tanh", "--points", "30"]) == 0
    assert main(["engine", "mine.py:Value", "--points", "30"]) == 1
    assert "REFUTED  tanh" in capsys.readouterr().out


def test_a_frozen_program_does_not_start_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(processes.VARIABLE, "spawn")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(processes.NoProcess, match="no Python here"):
        processes.start(print)


def test_cores_are_counted_where_affinity_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert cores() == 7
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cores() == 1


# -------------------------------------------------------------------------------------------------- Windows' ways


def test_a_drive_is_no_class(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load.Path, "is_file", lambda self: True)
    named, unnamed = place_of(r"C:\my engines\engine.py:Value"), place_of(r"C:\my engines\engine.py")
    assert (named.module, named.name) == (r"C:\my engines\engine.py", "Value")
    assert (unnamed.module, unnamed.name) == (r"C:\my engines\engine.py", "")


def test_reports_have_slashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sep", "\\")
    assert slashed(r"C:\rules\mine.toml") == "C:/rules/mine.toml"


CONFIGURATION = '[tool.verify]\nsubjects = ["my rules.toml", "mine.py:Value"]\n'


def test_windows_line_ends_marks_and_spaces_in_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "my project"
    place.mkdir()
    texts = {"mine.py": ENGINE, "my rules.toml": RULES, "pyproject.toml": CONFIGURATION}
    for name, text in texts.items():
        mark = b"\xef\xbb\xbf" if name.endswith(".toml") else b""
        (place / name).write_bytes(mark + text.replace("\n", "\r\n").encode())
    monkeypatch.chdir(place)
    assert main(["all", "--points", "30"]) == 1
    out = capsys.readouterr().out
    assert "self.grad += (1 + out.data**2) * out.grad" in out
    assert "3 operations, 1 failed" in out
    monkeypatch.chdir(tmp_path)
    assert main(["rules", "my project/my rules.toml", "--points", "30", "--report", "json=-"]) == 0
    again = json.loads(capsys.readouterr().out)["operations"][0]["command"]
    assert again.startswith("python -m verify rules 'my project/my rules.toml' square")


PRINTS = """
from backproof import verify
report = verify.check(lambda x: x * x, lambda x, g: 3 * x * g, name="f√∞≥", points=30, raises=False)
print(report)
try:
    verify.check(lambda x: x * x, lambda x, g: 3 * x * g, name="f√∞≥", points=30)
except verify.DerivativeError as error:
    print(error)
"""


@pytest.mark.slow  # processes that load everything anew
@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_console_that_cannot_show_a_character_gets_another(encoding: str, folder: Path) -> None:
    (folder / "prints.py").write_text(PRINTS, encoding="utf-8")
    told = {"cwd": folder, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = run("prints.py", **told)  # type: ignore[arg-type]
    assert (done.returncode, done.stderr) == (0, "")
    assert "fsqrtinf\\u2265" in done.stdout
    for words in (["tanh", "--proof"], ["list"], ["--help"]):
        done = run("-m", "backproof", *words, **told)  # type: ignore[arg-type]
        assert (done.returncode, done.stderr) == (0, "")
