"""A process that can be killed: it takes one question after another, and answers through a pipe.

User code may hang, exit, print, or take all the memory there is, and so may a proof.  The work is done by a function of
a module, `begin`, called once in the process; it returns the function that turns a question into an answer.  Where the
process is not forked both are passed by name and loaded there; only values cross the pipe.  The time to start counts
against no limit; a question has so many seconds until the next word.  When a worker is lost, the error says how, and it
can be started again.  What it prints is discarded.
"""

from __future__ import annotations

import atexit
import os
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from backproof.verify.support import processes
from backproof.verify.support.errors import UsageError, in_a_line
from backproof.verify.support.limits import limit_memory

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

GIBIBYTES = 4.0
"""Memory that a worker may take."""

START = 120.0  # seconds until it must be ready; it takes a fraction of one

READY, SAID, DONE, USAGE, FAILED = "ready", "said", "done", "usage", "failed"
"""The kinds of word: it has started, an intermediate message, the answer, a UsageError, any other error."""

Say = Callable[[Any], None]
"""Sends an intermediate message before an answer."""

Handler = Callable[[Any, Say], Any]
"""From a question to its answer."""


class Lost(Exception):
    """The process ended, or had to be stopped; the message says which, as the end of a sentence.

    code: what it ended with, None where it was stopped for its time; said: its last intermediate message
    """

    def __init__(self, message: str, code: int | None = None, said: Any = "") -> None:
        super().__init__(message)
        self.code, self.said = code, said


class Failed(RuntimeError):
    """The work raised an error, of which this is the text.

    Errors cross as text: an exception is pickled with all it holds, and a subject's own may hold anything.
    """


class Worker:
    """A process, and the owner's end of its pipe.

    begin, arguments: what it does first; gibibytes: memory that it may take from then on
    fresh: started anew, whatever the start method

    Raises NoProcess where none can be started.
    """

    def __init__(
        self, begin: Callable[..., Handler], *arguments: Any, gibibytes: float = GIBIBYTES, fresh: bool = False
    ) -> None:
        self._life = begin, arguments, gibibytes
        self._fresh = fresh
        self.restart()

    def restart(self) -> None:
        """Another process that begins in the same way."""
        self.owner = os.getpid()
        self.process, self.pipe = processes.start(_live, *self._life, fresh=self._fresh)
        self.ready, self.since = False, time.monotonic()
        _LIVING[id(self)] = self

    @property
    def alive(self) -> bool:
        """It may be used by the process that started it; a fork of that one needs its own."""
        return self.owner == os.getpid() and not self.pipe.closed

    def ask(self, question: Any) -> None:
        """Send a question; the answer is a `word`."""
        self.since = time.monotonic()
        with suppress(OSError):  # it has ended, which the next word says
            self.pipe.send(question)

    def word(self, seconds: float) -> tuple[str, Any]:
        """What comes next; the first word of all is `READY`.

        Raises Lost after so many seconds, and where the process ends.
        """
        last = time.monotonic() + seconds
        try:
            while not self.pipe.poll(max(0.0, min(0.5, last - time.monotonic()))):  # at which Windows hears of Ctrl-C
                if time.monotonic() >= last:
                    raise Lost(f"did not end within {seconds:g} s")
            word: tuple[str, Any] = self.pipe.recv()
        except (EOFError, OSError):
            code = processes.code_of(self.process)
            raise Lost(f"ended the process with code {code}", code) from None
        self.ready, self.since = self.ready or word[0] == READY, time.monotonic()
        return word

    def late(self, seconds: float) -> bool:
        """Whether the last word, or the question, is so many seconds ago; the time to start does not count."""
        return time.monotonic() - self.since > (seconds if self.ready else START)

    def wait(self) -> None:
        """Until it is ready.  Raises Lost, and UsageError or Failed where it cannot begin."""
        if not self.ready:
            _content(self.word(START))

    def answer(self, question: Any, seconds: float, heard: Say = lambda _: None) -> Any:
        """The answer; ``heard`` gets the intermediate messages.  Whatever is raised, the process ends with it.

        Raises Lost where there is no word for so many seconds; UsageError, and Failed for any other error.
        """
        said: Any = ""
        try:
            self.wait()
            self.ask(question)
            while (word := self.word(seconds))[0] == SAID:
                said = word[1]
                heard(said)
            return _content(word)
        except Lost as lost:
            self.stop()
            raise Lost(str(lost), lost.code, said) from None
        except BaseException:  # an alarm, Ctrl-C: what is still to come must not be taken for the next answer
            self.stop()
            raise

    def stop(self) -> None:
        """End it; a fork of its owner leaves it alone."""
        if self.alive:
            processes.stop(self.process, self.pipe)
            _LIVING.pop(id(self), None)


def _content(word: tuple[str, Any]) -> Any:
    kind, content = word
    if kind == USAGE:
        raise UsageError(content)
    if kind == FAILED:
        raise Failed(content)
    return content


_LIVING: dict[int, Worker] = {}


@atexit.register
def stop_all() -> None:
    """End all workers, and what was started to become one."""
    for worker in [*_LIVING.values()]:
        worker.stop()
    processes.stop_all()


# ------------------------------------------------------------------------------------------------------ its side

_HERE = False


def in_worker() -> bool:
    """Whether this process was started as a worker, and may be silenced, limited and killed."""
    return _HERE


def mute() -> None:
    """Discard all output of this process, close its keyboard input, and silence its warnings."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)
    warnings.simplefilter("ignore")


_STREAMS: list[Any] = []  # the owner's, which may have text to write: a fork is not to write it, too


def _own_streams() -> None:
    """A notebook's streams, or a test's, are not those of the system."""
    _STREAMS.extend((sys.stdin, sys.stdout, sys.stderr))
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - they live as long as the process
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8", errors="replace")  # noqa: SIM115


class _Gone(BaseException):
    """The reader has gone."""


class _Channel:
    """The worker's end of the pipe."""

    def __init__(self, pipe: Connection) -> None:
        self.pipe = pipe

    def question(self) -> Any:
        try:
            return self.pipe.recv()
        except (EOFError, OSError):
            raise _Gone from None

    def send(self, kind: str, content: Any) -> None:
        try:
            self.pipe.send((kind, content))
        except OSError:
            raise _Gone from None

    def tried(self, work: Callable[..., Any], *given: Any) -> Any:
        """What the work returns; where it raises, word of that is sent, and None returned."""
        try:
            return work(*given)
        except UsageError as error:  # only its text is kept
            self.send(USAGE, str(error))
        except (Exception, SystemExit) as error:  # the owner raises it again
            self.send(FAILED, in_a_line(error))


def _live(pipe: Connection, begin: Callable[..., Handler], arguments: tuple[Any, ...], gibibytes: float) -> None:
    """The main loop of a worker: a question, its answer, until the pipe closes."""
    global _HERE
    _HERE = True
    _own_streams()
    mute()
    channel = _Channel(pipe)

    def one() -> None:
        channel.send(DONE, answer(channel.question(), partial(channel.send, SAID)))

    with suppress(_Gone):
        answer: Handler = channel.tried(begin, *arguments)
        if answer is not None:
            limit_memory(gibibytes)
            channel.send(READY, None)
            while True:
                channel.tried(one)
