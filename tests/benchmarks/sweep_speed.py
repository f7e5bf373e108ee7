"""A sweep of tanh's rule over float32 beside a bare np.tanh over the same numbers, in one run.

    python tests/benchmarks/sweep_speed.py [--every 32] [--op tanh]
    python tests/benchmarks/sweep_speed.py --full

One chunk in so many is swept, evenly over the whole range, and np.tanh runs over the numbers of the same chunks, in
blocks of the same size.  With ``--full`` the command `verify sweep` runs over all 2**32 numbers, is killed halfway
and takes itself up again; np.tanh runs over all 2**32 before it and after it, and the faster of the two counts.
All is counted in processor time, on one core.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from backproof.verify.accuracy.formats import from_ordinals
from backproof.verify.accuracy.sweep import BLOCK, Job, chunk_size, chunks, swept
from backproof.verify.arithmetics.ulps import FLOAT32

GOAL = 60.0  # times np.tanh: what the project promises
SIZE = chunk_size(FLOAT32)
COUNT = chunks(FLOAT32, SIZE)


def bare(numbers: Iterable[int]) -> float:
    """Seconds that np.tanh takes for the numbers of these chunks."""
    end = FLOAT32.ordinal(FLOAT32.largest)
    total = 0.0
    for chunk in numbers:
        first = -end + chunk * SIZE
        for start in range(first, min(first + SIZE, end + 1), BLOCK):
            column = from_ordinals(FLOAT32, np.arange(start, min(start + BLOCK, end + 1))).astype(np.float32)
            began = time.process_time()
            np.tanh(column)
            total += time.process_time() - began
    return total


def sampled(op: str, every: int) -> tuple[int, float, float]:
    """How many numbers, and the seconds of the sweep and of np.tanh, for one chunk in ``every``."""
    job = Job("", op, 0, "float32", 8.0)
    numbers = range(every // 2, COUNT, every)
    swept(job, numbers[0])  # what is made once is not the sweep's
    sweep = alone = 0.0
    for chunk in numbers:
        began = time.process_time()
        swept(job, chunk)
        sweep += time.process_time() - began
        alone += bare([chunk])
    return len(numbers) * SIZE, sweep, alone


def full(op: str) -> tuple[int, float, float]:
    """The same for all of them; the sweep is the command in a process of its own, killed once and resumed."""
    before = bare(range(COUNT))
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "sweep.jsonl"
        killed = command(op, journal, until=COUNT // 2)
        print(f"killed after {done(journal)} of {COUNT} chunks, {killed:.1f} s", flush=True)
        resumed = command(op, journal)
    after = bare(range(COUNT))
    print(f"np.tanh before and after: {before:.2f} s, {after:.2f} s")
    return 2 * FLOAT32.ordinal(FLOAT32.largest) + 1, killed + resumed, min(before, after)


def command(op: str, journal: Path, until: int = 0) -> float:
    """The processor's seconds that `verify sweep` takes; killed when ``until`` chunks are done, if that is not 0."""
    words = ["sweep", op, "--dtype", "float32", "--backend", "sequential", "--journal", str(journal)]
    before = seconds_of_children()
    process = subprocess.Popen([sys.executable, "-m", "verify", *words])
    peaks: list[int] = []
    while process.poll() is None and not (until and done(journal) > until):
        peaks += peak(process.pid)
        time.sleep(0.2)
    if until:
        process.kill()
    process.wait()
    if peaks:
        print(f"peak memory: {peaks[len(peaks) // 4]} MB after a quarter of it, {peaks[-1]} MB at the end", flush=True)
    return seconds_of_children() - before


def seconds_of_children() -> float:
    """Processor time of all processes that this one has waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def done(journal: Path) -> int:
    """How many chunks the journal has."""
    return journal.read_bytes().count(b"\n") - 1 if journal.exists() else 0


def peak(process: int) -> list[int]:
    """The most memory a process has had so far, in MB, where the system says (Linux); nothing elsewhere."""
    status = Path(f"/proc/{process}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return [int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM:")]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=int, default=32)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--op", default="tanh")
    arguments = parser.parse_args()
    count, sweep, alone = full(arguments.op) if arguments.full else sampled(arguments.op, arguments.every)
    print(f"{count:,} of 2**32 numbers of float32, one core")
    for name, seconds in (("np.tanh", alone), (f"sweep of {arguments.op}", sweep)):
        print(f"{name:<16} {seconds:7.2f} s  {seconds / count * 1e9:6.2f} ns a number")
    print(f"{sweep / alone:.1f} times np.tanh; goal: {GOAL:g} times; " + ("met" if sweep <= GOAL * alone else "short"))
    return 0 if sweep <= GOAL * alone else 1


if __name__ == "__main__":
    sys.exit(main())
