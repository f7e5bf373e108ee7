"""The worker: used again and again, silent, killed in time, started again; the same by every start method."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from backproof.verify.support import processes, worker
from backproof.verify.support.errors import UsageError
from backproof.verify.support.limits import OutOfTime, alarm
from backproof.verify.support.worker import Failed, Handler, Lost, Say, Worker, in_worker

METHODS = ("fork", "spawn", "forkserver") if hasattr(os, "fork") else ("spawn",)


@pytest.fixture(params=METHODS, autouse=True)
def method(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(processes.VARIABLE, request.param)
    return str(request.param)


def _begin(greeting: str = "") -> Handler:
    asked: list[Any] = []

    def answer(question: Any, say: Say) -> Any:
        asked.append(question)
        match question:
            case "how often":
                return len(asked)
            case "who":
                return os.getpid(), in_worker()
            case "count":
                for k in range(3):
                    say(k)
                return "three"
            case "hang":
                say("hanging")
                time.sleep(600)
            case "exit":
                os._exit(7)
            case "leave":
                raise SystemExit(3)
            case "usage":
                raise UsageError("write it so")
            case "fail":
                error = ValueError("first line\nsecond line")
                error.lock = threading.Lock()  # type: ignore[attr-defined]  # nothing that could be pickled
                raise error
            case "unpicklable":
                return threading.Lock()
            case "grow":
                return len(bytearray(2**40))
            case "print":
                print("never seen")
                sys.stderr.write("nor this")
                os.system("echo nor that")
                return sys.stdin.read() if sys.stdin is not None else ""
            case "end of file":
                raise EOFError("of something of his own")
        return greeting

    return answer


@pytest.fixture
def asked() -> Any:
    one = Worker(_begin, "hello", gibibytes=1.0)
    yield one
    one.stop()


def test_it_takes_one_question_after_another(asked: Worker) -> None:
    assert asked.answer("greet", 60) == "hello"
    assert [asked.answer("how often", 60) for _ in range(3)] == [2, 3, 4]
    assert asked.answer("who", 60) == (asked.process.pid, True)
    assert not in_worker()


def test_intermediate_messages_are_received_in_order(asked: Worker) -> None:
    heard: list[int] = []
    assert asked.answer("count", 60, heard.append) == "three"
    assert heard == [0, 1, 2]


def test_what_takes_too_long_is_killed_and_can_be_started_again(asked: Worker) -> None:
    asked.wait()
    with pytest.raises(Lost, match=r"^did not end within 0\.5 s$") as lost:
        asked.answer("hang", 0.5)
    assert (lost.value.code, lost.value.said) == (None, "hanging")
    assert not asked.alive
    asked.restart()
    assert asked.answer("how often", 60) == 1


def test_a_worker_that_ends_reports_its_exit_code(asked: Worker) -> None:
    with pytest.raises(Lost, match=r"^ended the process with code 7$") as lost:
        asked.answer("exit", 60)
    assert lost.value.code == 7


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_killed_worker_reports_the_signal(asked: Worker) -> None:
    asked.wait()
    os.kill(asked.process.pid, signal.SIGKILL)
    with pytest.raises(Lost, match=r"^ended the process with code -9$"):
        asked.answer("greet", 60)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("fail", "^ValueError: first line$"),
        ("leave", "^SystemExit: 3$"),
        ("unpicklable", "^TypeError: cannot pickle"),
        ("end of file", "^EOFError: of something"),
    ],
)
def test_errors_are_sent_as_text(question: str, text: str, asked: Worker) -> None:
    with pytest.raises(Failed, match=text):
        asked.answer(question, 60)
    with pytest.raises(UsageError, match=r"^write it so$"):
        _again(asked).answer("usage", 60)


def _again(asked: Worker) -> Worker:
    asked.restart()
    return asked


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="macOS and Windows keep no such limit")
def test_memory_has_a_limit(asked: Worker) -> None:
    with pytest.raises(Failed, match=r"^MemoryError"):
        asked.answer("grow", 60)


def test_it_prints_nothing_and_reads_no_keyboard(asked: Worker, capfd: pytest.CaptureFixture[str]) -> None:
    assert asked.answer("print", 60) == ""
    assert capfd.readouterr() == ("", "")


def test_interrupted_it_is_stopped(asked: Worker) -> None:
    """Or the answer that is still to come would be taken for that to the next question."""
    asked.wait()
    with pytest.raises(OutOfTime), alarm(0.3):
        asked.answer("hang", 60)
    assert not asked.alive


def _unable() -> Handler:
    raise LookupError("nothing there")


def test_a_worker_that_cannot_begin_reports_why() -> None:
    with pytest.raises(Failed, match=r"^LookupError: nothing there$"):
        Worker(_unable).answer("greet", 60)


def test_a_fork_of_its_owner_leaves_it_alone(asked: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    asked.wait()
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(os, "getpid", lambda: 1)
        assert not asked.alive
        asked.stop()
    assert asked.answer("greet", 60) == "hello"


def test_all_end_with_the_program(asked: Worker) -> None:
    asked.wait()
    worker.stop_all()
    assert not asked.alive
    assert asked.process.poll() is not None


_SCRIPT = """
import sys
from backproof.verify.support.worker import Worker
from {module} import {begin}

sys.stdout.write("once ")
one = Worker({begin}, "hello")
print(one.answer("greet", 60))
"""


def test_a_script_without_a_guard_is_not_run_again(tmp_path: Path) -> None:
    (tmp_path / "beginnings.py").write_text("def begin(text):\n    return lambda question, say: text\n")
    (tmp_path / "script.py").write_text(_SCRIPT.format(module="beginnings", begin="begin"))
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "once hello\n", "")
