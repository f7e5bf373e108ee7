"""Runs user code in bounds: in a process that can be killed, silenced, and stopped when it hangs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from contextvars import ContextVar
from typing import Any

from backproof.verify.subjects.boundary import SubjectCode
from backproof.verify.support.errors import SubjectStopped, UsageError, in_a_line
from backproof.verify.support.limits import OutOfTime, alarm
from backproof.verify.support.processes import NoProcess, forks
from backproof.verify.support.worker import Failed, Handler, Lost, Worker, in_worker, mute

SECONDS = 2.0
"""How long one call of a subject's code may take in a worker."""

GIBIBYTES = 4.0
"""How much memory it may use in a process of its own."""


_LOOKING: ContextVar[bool] = ContextVar("looking", default=False)  # whether this is such a separate process


@contextmanager
def bounded(what: str) -> Iterator[None]:
    """The boundary to a subject's code that may also hang: in a worker and in `apart` it is stopped after `SECONDS`.

    Raises SubjectError; SubjectStopped, saying which of the two it was, if the code exits or hangs.
    """
    try:
        with SubjectCode(what), alarm(SECONDS) if in_worker() or _LOOKING.get() else nullcontext():
            yield
    except OutOfTime:
        raise SubjectStopped(f"{what} runs longer than {SECONDS:g} s") from None


@contextmanager
def silence() -> Iterator[None]:
    """Discards what the subject prints: in a worker permanently, elsewhere within this block."""
    if in_worker():
        mute()
        yield
        return
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        yield


# --------------------------------------------------------------------------------------------- separate processes


Step = Callable[[str], None]
"""Called before each step that may end the subject's process."""


def apart(work: Callable[..., Any], *arguments: Any, seconds: float = 20.0, at_hand: bool = False) -> Any:
    """What ``work(step, *arguments)`` returns, run in a process of its own.

    at_hand: an argument is an object of this process, which a fork inherits; without forks, or without processes
        at all, the work is done here, and only its time is limited, by an alarm

    Raises Lost, with the last step, if the process ends early or reports nothing in that time; a UsageError of
    ``work`` unchanged, every other exception as Failed.
    """
    try:
        worker = None if at_hand and not forks() else Worker(_begin, work, arguments, gibibytes=GIBIBYTES)
    except NoProcess:
        worker = None
    if worker is None:
        return _here(work, arguments, seconds)
    try:
        return worker.answer(None, seconds)
    finally:
        worker.stop()


def _begin(work: Callable[..., Any], arguments: tuple[Any, ...]) -> Handler:
    return lambda _, step: work(step, *arguments)


def _here(work: Callable[..., Any], arguments: tuple[Any, ...], seconds: float) -> Any:
    steps = [""]
    looking = _LOOKING.set(True)
    try:
        with silence(), alarm(seconds):
            return work(steps.append, *arguments)
    except UsageError:
        raise
    except OutOfTime:
        raise Lost(f"did not end within {seconds:g} s", said=steps[-1]) from None
    except (Exception, SystemExit) as error:  # the same as from a separate process
        raise Failed(in_a_line(error)) from None
    finally:
        _LOOKING.reset(looking)
