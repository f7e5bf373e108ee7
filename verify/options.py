"""How to verify: what a run is asked, and what it may take."""

from __future__ import annotations

import os
from dataclasses import dataclass

from verify.findings import Question


@dataclass(frozen=True)
class Options:
    """How to verify.

    points: points per operand combination; questions: which to ask; jobs: worker processes;
    seconds: the time limit of one check of one operation; gibibytes: the memory limit of a worker
    alone: no check relies on what another has found, so that each can be judged by itself
    portraits: write out formulas and proofs as well; plots: work out what is plotted of them
    """

    points: int = 1000
    seed: int = 0
    questions: tuple[Question, ...] = tuple(Question)
    jobs: int = 0
    seconds: float = 20.0
    gibibytes: float = 4.0
    alone: bool = False
    portraits: bool = False
    plots: bool = False
    point: tuple[tuple[str, float], ...] = ()

    @property
    def workers(self) -> int:
        """Worker processes: as asked, else one a core."""
        return self.jobs or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else self.jobs or 1


USUAL = Options()
"""Where nothing else is said."""
