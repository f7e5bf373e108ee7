"""``mutants``: break every rule of the engine in every known way, and check that each mutant is detected."""

from __future__ import annotations

import argparse
import sys
import time

from backproof.verify.commands.arguments import chosen
from backproof.verify.commands.codes import FAILED, NOTHING, OK
from backproof.verify.commands.verification import show
from backproof.verify.config.options import Options
from backproof.verify.mutants import matrix
from backproof.verify.mutants.generate import mutants
from backproof.verify.mutants.run import judged
from backproof.verify.subjects.engines.own import own_engine
from backproof.verify.support.progress import bar


def run(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Check the mutants of all operations, or of those that ``rest`` names; a survivor fails the run."""
    start = time.perf_counter()
    engine = own_engine()
    chosen(engine, rest)  # an unknown name is refused
    found = mutants(engine, rest)
    if not found:
        print("verify: nothing selected", file=sys.stderr)
        return NOTHING
    jobs = Options(jobs=arguments.jobs).workers
    with bar("mutants checked", len(found)) as progress:
        result = judged(found, arguments.seed, jobs, progress)
    show(matrix.lines(result, time.perf_counter() - start, jobs), arguments)
    failed = any(j.outcome.survives or j.fell for _, j in result)
    return FAILED if failed else OK

