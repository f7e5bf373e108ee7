"""A process for proofs: started once, asked again and again, and ended when a proof takes longer than it may.

FLINT cannot be interrupted from Python, and may run for minutes on polynomials that look harmless.  Obligations and
proofs are values, so what a check in the user's own process asks of the prover is worked out here, beside it: past
the time of the check (`verify.limits.time_limit`) the process is killed, and the next question starts another.
Workers of the harness can be killed themselves; there, and wherever no time is set, the work is done on the spot.
"""

from __future__ import annotations

import atexit
import copyreg
import gc
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from flint import arb

from verify.errors import in_a_line
from verify.limits import Remaining, limit_memory, remaining
from verify.trace.pack import packed, unpacked

GIBIBYTES = 4.0
"""Memory that the process may take."""

START = 60.0  # seconds until it must have said that it is there; importing takes a fraction of one

_COMMAND = """
import sys
root = sys.argv[1]
if root not in sys.path:
    sys.path.insert(0, root)
from verify.proof.process import serve
serve()
"""

Answer = TypeVar("Answer")


class Lost(Exception):
    """The process had to be ended, or ended by itself: the message says which, as the end of a sentence."""


def in_time(work: Callable[..., Answer], *arguments: Any) -> Answer:
    """``work(*arguments)``, within what is left of the time of the check.

    work: a function of a module, its arguments and its answer values that can be pickled

    Raises Lost; an exception of ``work`` as a RuntimeError with its text.
    """
    left = remaining()
    prover = None if left is None else _prover()
    if left is None or prover is None or not prover.is_there():
        return work(*arguments)
    return prover.ask(work, arguments, left)  # type: ignore[no-any-return]


def start() -> None:
    """Let the process start while there is something else to do."""
    _prover()


def ready() -> None:
    """Wait until it has started: that takes none of anybody's time."""
    prover = _prover()
    if prover is not None:
        prover.is_there()


# ------------------------------------------------------------------------------------------------------ our side


class _Prover:
    """The process as its owner sees it."""

    def __init__(self) -> None:
        root = str(Path(__file__).parents[2])
        self.owner = os.getpid()
        self.ready: bool | None = None  # until it has said so
        self.lock = threading.Lock()
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", _COMMAND, root],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    @property
    def alive(self) -> bool:
        """It may be asked, by the process that started it: a fork of that one needs its own."""
        return self.owner == os.getpid() and (self.ready is False or self.process.poll() is None)

    def is_there(self) -> bool:
        """Whether it has started; where it cannot, no other is tried, and proofs have no limit."""
        with self.lock:
            if self.ready is None:
                try:
                    self._exchange(b"", Remaining(START, START))
                    self.ready = True
                except Lost:
                    self.ready = False
            return self.ready

    def ask(self, work: Callable[..., Any], arguments: tuple[Any, ...], left: Remaining) -> Any:
        """The answer; raises Lost."""
        question = pickle.dumps(packed((work, arguments)))
        with self.lock:
            kind, content = unpacked(self._exchange(question, left))
        if kind == "lost":
            raise Lost(content)
        if kind == "error":
            raise RuntimeError(content)
        return content

    def _exchange(self, question: bytes, left: Remaining) -> Any:
        """Send, and wait so long for what comes; raises Lost, and leaves nothing half read behind."""
        late = f"did not end within {left.limit:g} s and was stopped"
        if not left.seconds:
            raise Lost(late)
        rung = threading.Event()

        def ring() -> None:
            rung.set()
            self.process.kill()

        timer = threading.Timer(left.seconds, ring)
        timer.daemon = True
        timer.start()
        try:
            assert self.process.stdin is not None  # pipes, both
            assert self.process.stdout is not None
            self.process.stdin.write(question)
            self.process.stdin.flush()
            return pickle.load(self.process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError):
            self.stop()
            if rung.is_set():
                raise Lost(late) from None
            raise Lost(f"ended its process (code {self.process.returncode}), for want of memory perhaps") from None
        except BaseException:  # an alarm, Ctrl-C: what is still to come must not be taken for the next answer
            self.stop()
            raise
        finally:
            timer.cancel()

    def stop(self) -> None:
        """End it; a fork of its owner leaves it alone."""
        if self.owner == os.getpid():
            self.process.kill()
            self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout):
                if pipe is not None:
                    with suppress(OSError):  # the rest of a question that nobody reads any more
                        pipe.close()


_PROVERS: list[_Prover] = []  # the last one is in use; those of a fork's parent are kept, for they are not ours to end
_STARTING = threading.Lock()


def _prover() -> _Prover | None:
    """The process, started if there is none; None where none can be started."""
    with _STARTING:
        if _PROVERS and _PROVERS[-1].alive:
            return _PROVERS[-1]
        try:
            _PROVERS.append(_Prover())
        except OSError:  # no processes here, or no interpreter to start: then proofs have no limit
            return None
        return _PROVERS[-1]


@atexit.register
def _stop() -> None:
    for prover in _PROVERS:
        prover.stop()


# ----------------------------------------------------------------------------------------------------- its side

def serve() -> None:
    """The life of the process: take a question, send the answer, until its owner is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for its owner
    gc.set_threshold(100_000, 20, 20)
    questions, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    limit_memory(GIBIBYTES)
    import verify.proof.ladder

    _send(answers, packed(("ready", verify.proof.ladder.__name__)))
    while True:
        try:
            question = pickle.load(questions)
        except EOFError:
            return
        _send(answers, _answer(question))


def _send(answers: Any, content: bytes) -> None:
    answers.write(pickle.dumps(content))
    answers.flush()


def _answer(question: bytes) -> bytes:
    try:
        work, arguments = unpacked(question)
        return packed(("done", work(*arguments)))
    except MemoryError:
        return packed(("lost", "ran out of memory"))
    except RecursionError:
        return packed(("lost", "needs terms that are nested too deeply"))
    except Exception as error:
        return packed(("error", in_a_line(error)))


def _parts(ball: arb) -> tuple[Any, ...]:
    """How a ball is pickled, which python-flint does not know: its middle exactly, its radius rounded up."""
    return arb, (_part(ball.mid()), _part(ball.rad()))


def _part(x: arb) -> Any:
    """A number as (m, e) for m·2**e; one that is not finite as its name."""
    return tuple(map(int, x.man_exp())) if x.is_finite() else "nan" if x.is_nan() else "inf" if x > 0 else "-inf"


copyreg.pickle(arb, _parts)
