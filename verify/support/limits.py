"""Limits of time and memory: the time of a check, an alarm for what runs past it, room for what allocates."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

AGAIN = 0.5  # seconds between two rings of an alarm: the first can be lost in a `__del__`, or in a bare `except:`
GRACE = 1.0  # seconds; what ends in time by itself (verify/proof/process.py) reports more than an alarm would


_LIMIT: ContextVar[float | None] = ContextVar("limit", default=None)  # when it ends


class Stopped(BaseException):
    """A limit of this machine, or a crash, ended the work: never a verdict, for elsewhere it may end well.

    Not an Exception: no ``except Exception`` of user code must swallow it.
    """


class OutOfTime(Stopped):
    """The time is over."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """The time limit of this block: `remaining` counts down, and `alarm` ends code that does not check it.

    Raises OutOfTime.
    """
    token = _LIMIT.set(time.monotonic() + seconds)
    try:
        with alarm(seconds + GRACE):
            yield
    finally:
        _LIMIT.reset(token)


def remaining() -> float | None:
    """The seconds that are left of the innermost `time_limit`; None outside of any."""
    end = _LIMIT.get()
    return None if end is None else max(0.0, end - time.monotonic())


@contextmanager
def alarm(seconds: float) -> Iterator[None]:
    """Raises OutOfTime in this block after so many seconds, wherever its Python code is by then.

    Only the main thread of a POSIX process can be interrupted so, and there only between two steps of Python: one
    long call into C is not.  Elsewhere there is no alarm.  It rings again until the block is left: an exception in a
    finalizer or in a callback of the garbage collector goes nowhere.  A timer that runs already (of pytest-timeout,
    say) keeps running, and if it rings earlier, it ends this block.
    """
    if not rings():
        yield
        return
    theirs, interval = signal.getitimer(signal.ITIMER_REAL)
    if 0 < theirs <= seconds:
        yield
        return
    start = time.monotonic()
    before = signal.signal(signal.SIGALRM, _ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        yield
    finally:
        _silence()
        signal.signal(signal.SIGALRM, signal.SIG_DFL if before is None else before)
        if theirs:
            signal.setitimer(signal.ITIMER_REAL, max(1e-3, theirs - (time.monotonic() - start)), interval)


def _silence() -> None:
    """Stops the timer, though it may ring in this very moment."""
    while signal.getitimer(signal.ITIMER_REAL) != (0.0, 0.0):
        with suppress(OutOfTime):
            signal.setitimer(signal.ITIMER_REAL, 0)


def rings() -> bool:
    """Whether there can be an alarm here."""
    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()


def _ring(*_: object) -> None:
    raise OutOfTime


def limit_memory(gibibytes: float) -> None:
    """Limit memory to so much more than this process has now; beyond that, MemoryError, where supported."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    limit = _address_space() + int(gibibytes * 2**30)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or limit < hard:
        try:
            resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
        except (ValueError, OSError):  # macOS accepts the limit, and does not enforce it
            return


def _address_space() -> int:
    """Bytes that this process has mapped, large libraries included; 0 where the system does not report them."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0
