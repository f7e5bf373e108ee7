"""A process for proofs: started once, reused, and killed when a proof exceeds its time limit.

FLINT cannot be interrupted from Python, and may run for minutes on polynomials that look harmless.  Obligations and
proofs are values, so proofs for a check in the user's own process are computed in this second process: past
the time of the check (`verify.limits.time_limit`) it is killed, and the next question starts another.
Workers of the harness can be killed themselves; there, and wherever no time is set, proofs run in the same process.
"""

from __future__ import annotations

import copyreg
import gc
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

from flint import arb

from backproof.verify.support.limits import Remaining, remaining
from backproof.verify.support.processes import NoProcess
from backproof.verify.support.worker import Failed, Handler, Worker
from backproof.verify.support.worker import Lost as Lost
from backproof.verify.terms.serialise import packed, unpacked

T = TypeVar("T")


def in_time(work: Callable[..., T], *arguments: Any) -> T:
    """``work(*arguments)``, within the time left to the check.

    work: a function of a module, its arguments and its answer values that can be pickled

    Raises Lost; an exception of ``work`` as a RuntimeError with its text.
    """
    left = remaining()
    if left is not None:
        with _ASKING:
            prover = _prover(work.__module__)
            if prover is not None and _is_there(prover):
                return _asked(prover, packed((work, arguments)), left)  # type: ignore[no-any-return]
    return work(*arguments)


def _asked(prover: Worker, question: bytes, left: Remaining) -> Any:
    late = f"did not end within {left.limit:g} s and was stopped"
    if not left.seconds:
        raise Lost(late)
    try:
        answer, wants = unpacked(prover.answer(question, left.seconds))
    except Lost as lost:
        ended = f"ended its process (code {lost.code}), perhaps out of memory"
        raise Lost(late if lost.code is None else ended, lost.code) from None
    if wants:
        raise Lost(wants)
    return answer


def start(module: str) -> None:
    """Start the process in the background, and load the module that it will need."""
    with _ASKING:
        _prover(module)


def ready(module: str) -> None:
    """Wait until it has started: this counts against no time limit."""
    with _ASKING:
        prover = _prover(module)
        if prover is not None:
            _is_there(prover)


_PROVERS: list[Worker | None] = []  # the last one is in use, None where there can be none; a fork starts its own
_ASKING = threading.RLock()


def _prover(module: str) -> Worker | None:
    """The process, started if there is none; None where none can be started: then proofs have no limit."""
    if not _PROVERS or not (_PROVERS[-1] is None or _PROVERS[-1].alive):
        try:
            _PROVERS.append(Worker(_begin, module, fresh=True))
        except NoProcess:
            _PROVERS.append(None)
    return _PROVERS[-1]


def _is_there(prover: Worker) -> bool:
    """Whether it has started; where it cannot, no other is tried."""
    try:
        prover.wait()
    except (Lost, Failed):
        prover.stop()
        _PROVERS.append(None)
        return False
    return True


# ------------------------------------------------------------------------------------------ in the process


def _begin(module: str) -> Handler:
    import_module(module)
    gc.set_threshold(100_000, 20, 20)
    return lambda question, _: _returned(question)


def _returned(question: bytes) -> bytes:
    """The answer, or why there is none."""
    try:
        work, arguments = unpacked(question)
        return packed((work(*arguments), ""))
    except MemoryError:
        return packed((None, "ran out of memory"))
    except RecursionError:
        return packed((None, "needs terms that are nested too deeply"))


def _parts(ball: arb) -> tuple[Any, ...]:
    """How a ball is pickled, which python-flint does not support: its midpoint exactly, its radius rounded up."""
    return arb, (_part(ball.mid()), _part(ball.rad()))


def _part(x: arb) -> Any:
    """A number as (m, e) for m·2**e; one that is not finite as its name."""
    return tuple(map(int, x.man_exp())) if x.is_finite() else "nan" if x.is_nan() else "inf" if x > 0 else "-inf"


copyreg.pickle(arb, _parts)
