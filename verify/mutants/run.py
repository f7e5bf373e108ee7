"""Judge many mutants, in processes that can be killed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from verify.mutants.generate import Mutant
from verify.mutants.judge import POINTS, Judge, Judgement, Outcome
from verify.mutants.pool import Pool
from verify.options import Options
from verify.subjects.values import own_engine


def judged(
    mutants: Sequence[Mutant],
    seed: int = 0,
    jobs: int = 2,
    progress: Callable[[int], None] = lambda _: None,
) -> list[tuple[Mutant, Judgement]]:
    """Every mutant of our engine beside its judgement, in their order.

    ``progress`` is told how many are done.  A mutant that could not be judged in time or memory is undecided.
    """
    found: dict[int, Judgement] = {}
    for place, answer in Pool(partial(_judge, seed), mutants, jobs).answers():
        found[place] = Judgement(Outcome.UNDECIDED, answer) if isinstance(answer, str) else answer
        progress(len(found))
    return [(mutant, found[place]) for place, mutant in enumerate(mutants)]


def _judge(seed: int) -> Judge:
    return Judge(own_engine(), Options(points=POINTS, seed=seed, alone=True))
