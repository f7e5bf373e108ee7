"""Pairs that are named on the command line or in a configuration: what ends or hangs a process costs only itself."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from backproof.verify.commands.cli import main
from backproof.verify.run.targets import subject_named
from backproof.verify.support.errors import UsageError, in_a_line, raised_by_code

PAIRS = '''
import os, sys

def square(x):
    return x * x

def slope(x, g):
    return 2 * x * g

def ends(x, g):
    os._exit(3)

def exits(x, g):
    sys.exit(4)

def interrupts(x, g):
    raise KeyboardInterrupt

class Odd(Exception):
    def __str__(self):
        raise RuntimeError("no text")

def odd(x, g):
    raise Odd

PAIRS = {
    "right": (square, slope),
    "ends": (square, ends),
    "exits": (square, exits),
    "interrupts": (square, interrupts),
    "odd": (square, odd),
    "named": (square, slope, "x**2"),
}
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pairs_that_end.py").write_text(PAIRS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_pair_that_ends_its_process_costs_only_itself(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["engine", "pairs_that_end.py:PAIRS", "--points", "60"]) == 1
    out = " ".join(capsys.readouterr().out.split())
    assert "6 operations, 4 failed" in out
    assert "ends: the functions ended the process with code 3 when they were run for the first time" in out
    assert "interrupts: forward or backward fails at all" in out
    assert "(SubjectStopped: it raises KeyboardInterrupt)" in out
    assert "(SubjectStopped: it exits (code 4))" in out
    assert "(Odd)" in out
    assert "internal error" not in out


def test_the_same_from_a_configuration(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "pyproject.toml").write_text('[tool.verify]\nsubjects = ["pairs_that_end.py:PAIRS"]\npoints = 60\n')
    assert main(["all"]) == 1
    assert "ends: the functions ended the process" in " ".join(capsys.readouterr().out.split())
    assert main(["named", "right"]) == 0


def test_a_module_that_ends_the_process_is_a_usage_error(folder: Path) -> None:
    (folder / "gone.py").write_text("import os\nos._exit(7)\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"gone\.py cannot be imported: it ended the process with code 7"):
        subject_named("gone.py:PAIRS")


def test_a_pair_that_hangs_is_run_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not here again, nor to write out its rule."""
    text = "import time\ndef f(x): return x\ndef b(x, g): time.sleep(1000)\n"
    text += "PAIRS = {'f': (f, b), 'g': (f, lambda x, g: g)}\n"
    (folder / "hangs_once.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr("backproof.verify.run.targets._SILENT", 1.0)
    hangs, right = (operation for operation, _ in subject_named("hangs_once.py:PAIRS").operations())
    assert "did not end within 1 s" in hangs.problem
    assert hangs.written() == ("(not run again)",)
    assert right.written() == ("1",)


def test_what_is_not_a_pair_is_reported_as_before(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "numbers.py").write_text("PAIRS = 3\nMORE = [3]\n", encoding="utf-8")
    assert main(["engine", "numbers.py:PAIRS"]) == 2
    assert "is a int, not a class" in capsys.readouterr().err
    assert main(["engine", "numbers.py:MORE"]) == 2
    assert "3 is not a pair: write (forward, backward)" in capsys.readouterr().err


def test_a_file_called_like_a_standard_module_is_not_met_by_workers(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder may be on the path before they have imported what fractions.py imports."""
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    monkeypatch.setenv("BACKPROOF_START_METHOD", "spawn")
    (folder / "numbers.py").write_text("MORE = [3]\n", encoding="utf-8")
    assert main(["engine", "numbers.py:MORE"]) == 2
    assert "3 is not a pair: write (forward, backward)" in capsys.readouterr().err


def test_ctrl_c_is_distinguished_from_an_interrupt_of_the_code() -> None:
    def raising() -> None:
        raise KeyboardInterrupt

    def waiting() -> None:
        signal.raise_signal(signal.SIGINT)
        time.sleep(5)

    for work, own in ((raising, True), (waiting, False)):
        with pytest.raises(KeyboardInterrupt) as caught:
            work()
        assert raised_by_code(caught.value) is own


def test_ctrl_c_stops_the_command(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(
        "import os, signal, sys, time\n"
        "def f(x): return x\n"
        "def b(x, g):\n"
        "    if os.getppid() == int(open('main').read() or 0): os.kill(os.getppid(), signal.SIGINT)\n"
        "    return g\n"
        "PAIRS = [(f, b)]\n"
    )
    script = (
        "import os, sys; open('main', 'w').write(str(os.getpid())); from backproof.verify.commands.cli import main; "
        "sys.exit(main(['engine', 'slow.py:PAIRS', '--points', '60']))"
    )
    root = Path(__file__).parents[3]
    ended = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(root)!r}); {script}"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 130, ended.stdout + ended.stderr


def test_an_error_without_a_printable_message() -> None:
    class Odd(Exception):
        def __str__(self) -> str:
            raise ValueError

    assert in_a_line(Odd()) == "Odd"
    assert in_a_line(ValueError("one\ntwo")) == "ValueError: one"
    assert in_a_line(ValueError()) == "ValueError"


def test_a_named_pair_is_run_again_by_its_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "def f(x): return x * x\ndef b(x, g): return 3 * x * g\nPAIRS = {'square': (f, b)}\n"
    (folder / "again.py").write_text(text, encoding="utf-8")
    assert main(["engine", "again.py:PAIRS", "--points", "60"]) == 1
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("  rerun "))
    command = line.split()[1:]
    assert command[:5] == ["python", "-m", "verify", "engine", "again.py:PAIRS"]
    assert main(command[3:]) == 1
    shown = " ".join(capsys.readouterr().out.split())
    assert "ours 3*x = 3 at x = 1 expected x + x = 2 (reference)" in shown
    assert "at x = 1.0 (the rule in interval arithmetic)" in shown  # the point that was asked for


def test_what_a_pair_prints_stays_out_of_the_output(tmp_path: Path) -> None:
    (tmp_path / "loud.py").write_text(
        "def slope(x, g):\n    print('loud')\n    return 2 * x * g\n\n\nprint('loud')\n"
        "PAIRS = {'square': (lambda x: x * x, slope)}\n",
        encoding="utf-8",
    )
    for options in (["--report", "json=-"], ["--proof"], ["--accuracy"], ["--certificate", "square.json"]):
        command = [sys.executable, "-m", "verify", "engine", "loud.py:PAIRS", "--points", "60", *options]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
        assert ran.returncode == 0
        assert "loud\n" not in ran.stdout + ran.stderr


def test_pairs_in_another_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A batch of points is an array of numbers, not an array of gradients."""
    (tmp_path / "pairs_of_short.py").write_text(
        "import numpy as np\n"
        "PAIRS = {'square': (lambda x: x * x, lambda x, g: 2 * x * g),\n"
        "         'product': (lambda x, y: x * y, lambda x, y, g: np.array([g * y, g * x]))}\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    assert main(["engine", "pairs_of_short.py:PAIRS", "--dtype", "float32", "--points", "60"]) == 0
    told = capsys.readouterr().out
    assert told.count("  accurate") == 3
    assert "not judged" not in told
