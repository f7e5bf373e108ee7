"""The last resort: SymPy, with a time limit, where the prover's normal form does not reach.

SymPy simplifies by rules of its own and does not say where they hold.  What it finds is therefore no proof here: it
turns "not decided" into "matched", beside the points, and the verdict names SymPy as its witness.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from verify.proof.obligation import UPSTREAM, accumulated
from verify.proof.result import Proof, Status
from verify.trace.term import Term, apply, symbol
from verify.trace.to_sympy import to_sympy

SECONDS = 5.0


class OutOfTime(Exception):
    """SymPy was still at it when its time was over."""


def settled(proof: Proof, seconds: float = SECONDS) -> bool:
    """Whether SymPy finds every identity that the prover left open; False where a boundary is open, too."""
    if proof.failure or any(b.status is not Status.PROVED for b in proof.boundaries):
        return False
    cells = [cell for cell in proof.cells if not cell.outside]
    obligation = proof.obligation
    differences: list[Term] = []
    for cell in cells:
        if cell.forward.status is not Status.PROVED:
            differences.append(apply("sub", obligation.forward, obligation.definition))
        for name, verdict, gradient, slope in zip(
            obligation.inputs, cell.gradients, obligation.gradients, cell.derivatives, strict=False
        ):
            if verdict.status is not Status.PROVED:
                expected = symbol(accumulated(name)) + symbol(UPSTREAM) * slope
                differences.append(apply("sub", gradient, expected))
    try:
        with _limit(seconds):
            return bool(differences) and all(_vanishes(d) for d in differences)
    except (OutOfTime, TypeError):
        return False


def _vanishes(difference: Term) -> bool:
    from sympy import simplify

    return bool(simplify(to_sympy(difference).rewrite("exp")) == 0)


@contextmanager
def _limit(seconds: float) -> Iterator[None]:
    """Raise OutOfTime in this block after so many seconds; in a thread, where no timer reaches, at once."""
    if threading.current_thread() is not threading.main_thread():
        raise OutOfTime

    def ring(_: int, __: FrameType | None) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
