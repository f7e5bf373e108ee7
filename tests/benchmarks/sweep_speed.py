"""A sweep of tanh's rule over float32 beside a bare np.tanh over the same numbers, in one run.

    python tests/benchmarks/sweep_speed.py [--every 32] [--op tanh]

One chunk in so many is swept, evenly over the whole range (``--every 1`` sweeps all 2**32 numbers), and np.tanh
runs over the numbers of the same chunks, in blocks of the same size.  Both are counted in processor time, on one core.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

from verify.accuracy.formats import from_ordinals
from verify.accuracy.sweep import BLOCK, Job, chunk_size, chunks, swept
from verify.numbers.ulps import FLOAT32

GOAL = 60.0  # times np.tanh: what the project promises


def bare(chunk: int, size: int) -> float:
    """Seconds that np.tanh takes for the numbers of a chunk."""
    end = FLOAT32.ordinal(FLOAT32.largest)
    first = -end + chunk * size
    total = 0.0
    for start in range(first, min(first + size, end + 1), BLOCK):
        column = from_ordinals(FLOAT32, np.arange(start, min(start + BLOCK, end + 1))).astype(np.float32)
        began = time.process_time()
        np.tanh(column)
        total += time.process_time() - began
    return total


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--every", type=int, default=32)
    parser.add_argument("--op", default="tanh")
    arguments = parser.parse_args()
    job, size = Job("", arguments.op, 0, "float32", 8.0), chunk_size(FLOAT32)
    numbers = range(arguments.every // 2, chunks(FLOAT32, size), arguments.every)
    swept(job, numbers[0])  # what is made once is not the sweep's
    sweep = alone = 0.0
    for chunk in numbers:
        began = time.process_time()
        swept(job, chunk)
        sweep += time.process_time() - began
        alone += bare(chunk, size)
    count = len(numbers) * size
    print(f"{count:,} of 2**32 numbers of float32, one core")
    print(f"np.tanh         {alone / count * 1e9:6.2f} ns a number")
    print(f"sweep of {arguments.op:<6} {sweep / count * 1e9:6.2f} ns a number, {sweep / alone:.0f} times as long")
    print(f"goal: {GOAL:g} times; " + ("met" if sweep <= GOAL * alone else "short"))
    return 0 if sweep <= GOAL * alone else 1


if __name__ == "__main__":
    sys.exit(main())
