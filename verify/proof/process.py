"""Questions to the prover: each with its fuel, and with a process that can be killed.

What is decided depends on fuel alone (`verify.support.fuel`).  The clock is a last guard: FLINT cannot be interrupted
from Python, and may run for minutes on polynomials that look harmless.  Obligations and proofs are values, so proofs
for a check in the user's own process are computed in a second process: past the time of the check
(`verify.support.limits.time_limit`) it is killed, and the next question starts another.  Workers of the harness can be
killed themselves; there, and wherever no time is set, proofs run in the same process.
"""

from __future__ import annotations

import copyreg
import gc
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

from flint import arb

from backproof.verify.support import fuel
from backproof.verify.support.limits import OutOfTime, Stopped, remaining
from backproof.verify.support.processes import NoProcess
from backproof.verify.support.worker import Failed, Handler, Lost, Worker
from backproof.verify.terms.serialise import packed, unpacked

T = TypeVar("T")


class Unanswered(Exception):
    """The question is too hard for its fuel, or for the depth that Python allows: the message says which."""


class Died(Stopped):
    """The process for proofs ended by itself, perhaps out of memory."""


def answered(work: Callable[..., T], *arguments: Any) -> T:
    """``work(*arguments)``, on the fuel of one question (`verify.support.fuel.given`).

    work: a function of a module, its arguments and its answer values that can be pickled

    Raises Unanswered, the same on every machine; where a limit of this one is in the way, OutOfTime, Died or
    MemoryError; an exception of ``work`` as itself, or from the other process as a RuntimeError with its text.
    """
    answer, wants = _elsewhere(work, arguments) or _burnt(work, arguments, fuel.given())
    if wants:
        raise Unanswered(wants)
    return answer  # type: ignore[no-any-return]


def _burnt(work: Callable[..., Any], arguments: tuple[Any, ...], units: int) -> tuple[Any, str]:
    """The answer, or why there is none."""
    try:
        with fuel.purse(units):
            return work(*arguments), ""
    except fuel.OutOfFuel as spent:
        return None, str(spent)
    except RecursionError:
        return None, "it needs terms that are nested too deeply"


def _elsewhere(work: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, str] | None:
    """The same from the process for proofs, within the time left to the check; None where it is not needed."""
    left = remaining()
    if left is None:
        return None
    with _ASKING:
        prover = _prover(work.__module__)
        if prover is None or not _is_there(prover):
            return None
        return _asked(prover, packed((work, arguments, fuel.given())), left)


def _asked(prover: Worker, question: bytes, seconds: float) -> tuple[Any, str]:
    if not seconds:
        raise OutOfTime
    try:
        answer, wants = unpacked(prover.answer(question, seconds))
    except Lost as lost:
        if lost.code is None:
            raise OutOfTime from None
        raise Died(f"the prover's process ended (code {lost.code}), perhaps out of memory") from None
    if answer is MemoryError:
        raise MemoryError(wants)
    return answer, wants


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
        return packed(_burnt(*unpacked(question)))
    except MemoryError:
        return packed((MemoryError, "the prover ran out of memory"))


def _parts(ball: arb) -> tuple[Any, ...]:
    """How a ball is pickled, which python-flint does not support: its midpoint exactly, its radius rounded up."""
    return arb, (_part(ball.mid()), _part(ball.rad()))


def _part(x: arb) -> Any:
    """A number as (m, e) for m·2**e; one that is not finite as its name."""
    return tuple(map(int, x.man_exp())) if x.is_finite() else "nan" if x.is_nan() else "inf" if x > 0 else "-inf"


copyreg.pickle(arb, _parts)
