"""Evaluates many mutants, in processes that can be killed."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from backproof.verify.config.options import Options
from backproof.verify.mutants.generate import Mutant
from backproof.verify.mutants.judge import POINTS, Judge, Judgement, Outcome
from backproof.verify.subjects.engines.own import own_engine
from backproof.verify.support.errors import OUT_OF_ROOM
from backproof.verify.support.pool import LOST, Pool
from backproof.verify.support.worker import DONE, Handler, Say, Worker

SECONDS = 60.0
"""Time limit for one mutant: a dozen times that of the slowest, since the machine may be busy."""

CHUNK = 40
"""Mutants per task: neighbours are mutants of one operation, whose spec a process computes only once."""


def judged(
    mutants: Sequence[Mutant],
    seed: int = 0,
    jobs: int = 2,
    progress: Callable[[int], None] = lambda _: None,
) -> list[tuple[Mutant, Judgement]]:
    """Every mutant of our engine with its outcome, in order.

    ``progress`` is called with the number done.  A mutant that exceeds its time or memory is undecided.
    """
    found: dict[int, Judgement] = {}
    pool = Pool(partial(Worker, _begin, seed), mutants.__getitem__, range(len(mutants)), jobs, SECONDS, chunk=CHUNK)
    for place, kind, content in pool.words():
        found[place] = content if kind == DONE else Judgement(Outcome.UNDECIDED, _reason(kind, content))
        progress(len(found))
    return [(mutant, found[place]) for place, mutant in enumerate(mutants)]


def _reason(kind: str, content: Any) -> str:
    """Why there is no outcome."""
    if kind != LOST:
        return f"an internal error, please report it: {content}"
    ended = f"its process ended with code {content.code}"
    return f"it ran longer than {SECONDS:g} s and was stopped" if content.code is None else ended


def _begin(seed: int) -> Handler:
    judge = Judge(own_engine(), Options(points=POINTS, seed=seed, alone=True))
    gc.freeze()  # existing objects are permanent: the collector need not scan them again

    def answer(mutant: Mutant, _: Say) -> Judgement:
        try:
            return judge(mutant)
        except OUT_OF_ROOM as error:
            return Judgement(Outcome.UNDECIDED, f"{type(error).__name__} while evaluating it")

    return answer
