"""The options of a run: what it checks, and its limits."""

from __future__ import annotations

import os
from dataclasses import dataclass

from backproof.verify.results.findings import Question
from backproof.verify.support.fuel import FUEL


@dataclass(frozen=True)
class Options:
    """The options of a run.

    points: points per operand combination; questions: which to check; jobs: worker processes;
    fuel: units of work for one question to the prover, on which alone it depends what is decided
    seconds: the last guard, a time limit for one check of one operation; gibibytes: the memory limit of a worker
    alone: no check relies on the findings of another, so that each can be evaluated by itself
    plot_data: write out formulas and proofs as well; plots: compute what is plotted of them
    """

    points: int = 1000
    seed: int = 0
    questions: tuple[Question, ...] = tuple(Question)
    jobs: int = 0
    fuel: int = FUEL
    seconds: float = 60.0
    gibibytes: float = 4.0
    alone: bool = False
    plot_data: bool = False
    plots: bool = False
    point: tuple[tuple[str, float], ...] = ()

    @property
    def workers(self) -> int:
        """Worker processes: as requested, else one per core."""
        return self.jobs or cores()


def cores() -> int:
    """Cores that this process may use, as far as the system reports them."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


USUAL = Options()
"""The defaults."""
