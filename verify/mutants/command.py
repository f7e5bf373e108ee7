"""``mutants``: break every rule of the engine in every way we know, and see that each is told from a right one."""

from __future__ import annotations

import argparse
import sys
import time

from verify.commands.codes import FAILED, NOTHING, OK
from verify.commands.verification import chosen, show
from verify.mutants import matrix
from verify.mutants.generate import mutants
from verify.mutants.run import judged
from verify.options import Options
from verify.progress import bar
from verify.subjects.values import own_engine


def run(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Judge the mutants of all operations, or of those that ``rest`` names; a survivor fails the run."""
    start = time.perf_counter()
    engine = own_engine()
    chosen(engine, rest)  # an unknown name is refused
    found = mutants(engine, rest)
    if not found:
        print("verify: nothing selected", file=sys.stderr)
        return NOTHING
    jobs = Options(jobs=arguments.jobs).workers
    with bar("mutants judged", len(found)) as progress:
        result = judged(found, arguments.seed, jobs, progress)
    show(matrix.lines(result, time.perf_counter() - start, jobs), arguments)
    failed = any(j.outcome.survives or j.fell for _, j in result)
    return FAILED if failed else OK

