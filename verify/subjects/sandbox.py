"""Somebody else's code, kept in bounds: in a process that can be killed, silent, and stopped when it hangs."""

from __future__ import annotations

import multiprocessing
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from multiprocessing.connection import Connection
from typing import Any

from verify import processes
from verify.errors import UsageError, in_a_line, raised_by_code
from verify.limits import OutOfTime, alarm, limit_memory

SECONDS = 2.0
"""How long one call of a subject's code may take in a worker."""

GIBIBYTES = 4.0
"""How much memory it may take in a process of its own."""


class SubjectStopped(RuntimeError):
    """The subject's code exited, or ran longer than it may."""


class NotCalled(SubjectStopped):
    """The subject's code was not called: it has hung or exited too often before."""


@contextmanager
def bounded(what: str) -> Iterator[None]:
    """Within this block an exit is an error like any other, and in a worker a hang ends after `SECONDS`.

    Raises SubjectStopped, saying which of the two it was.
    """
    try:
        with stopping(what), alarm(SECONDS) if in_worker() else nullcontext():
            yield
    except OutOfTime:
        raise SubjectStopped(f"{what} runs longer than {SECONDS:g} s") from None


@contextmanager
def stopping(what: str = "it") -> Iterator[None]:
    """Within this block the subject's own exit or KeyboardInterrupt is an error like any other; Ctrl-C is none.

    Raises SubjectStopped, saying which of the two it was.
    """
    try:
        yield
    except SystemExit as error:
        raise SubjectStopped(f"{what} exits (code {error.code!r})") from error
    except KeyboardInterrupt as error:
        if not raised_by_code(error):
            raise
        raise SubjectStopped(f"{what} raises KeyboardInterrupt") from error


def in_worker() -> bool:
    """Whether this process was started by us, and may be silenced, limited and killed."""
    return multiprocessing.parent_process() is not None


@contextmanager
def silence() -> Iterator[None]:
    """What the subject prints is no part of our output: in a worker for good, elsewhere within this block."""
    if in_worker():
        mute()
        yield
        return
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        yield


def mute() -> None:
    """Send what this process prints nowhere, whoever prints it, and warn of nothing."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)
    sys.stdout.flush()  # a fork has the same text to flush as the process that it is of, which will
    warnings.simplefilter("ignore")


# ------------------------------------------------------------------------------------------------------- run apart


class Lost(Exception):
    """The process ended, or had to be ended; ``step`` is what it had said it would do."""

    def __init__(self, reason: str, step: str) -> None:
        super().__init__(reason)
        self.step = step


class Failed(Exception):
    """The work raised an error, of which this is the text."""


Step = Callable[[str], None]
"""Told of each thing that the subject may not survive, before it is tried."""


def apart(work: Callable[[Step], Any], seconds: float = 20.0) -> Any:
    """What ``work`` returns, run in a process of its own.

    Raises Lost if the process ends early or is silent for so long; a UsageError of ``work`` as it is, every other
    exception as Failed.  Errors cross as text: an exception is pickled with all it holds, and a subject's own may hold
    anything, or not be found by its name on this side.
    """
    process, ours = processes.start(_work, work)
    step = ""
    try:
        while ours.poll(seconds):
            kind, content = ours.recv()
            if kind == "step":
                step = content
            elif kind == "usage":
                raise UsageError(content)
            elif kind == "error":
                raise Failed(content)
            else:
                return content
        raise Lost(f"did not end within {seconds:g} s", step)
    except EOFError:
        process.join()
        raise Lost(f"ended the process with code {process.exitcode}", step) from None
    finally:
        process.kill()
        process.join()
        ours.close()


def _work(pipe: Connection, work: Callable[[Step], Any]) -> None:
    mute()
    limit_memory(GIBIBYTES)
    try:
        pipe.send(("done", work(lambda step: pipe.send(("step", step)))))
    except UsageError as error:  # its text is all there is to it
        pipe.send(("usage", str(error)))
    except (Exception, SystemExit) as error:
        pipe.send(("error", in_a_line(error)))
