"""The main job, cold, beside the imports it cannot do without, interleaved in one run.

    python tests/benchmarks/cold_start.py [--rounds 7]

The figure is the median of the rounds' ratios: the time of `python -m verify all` from process start to exit,
over that of `python -c "import sympy, numpy, flint"`.  Every round runs both, in alternating order.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
JOB = ["-m", "verify", "all"]
FLOOR = ["-c", "import sympy, numpy, flint"]


def seconds(arguments: list[str]) -> float:
    """Wall-clock time of one process, started and waited for."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, check=False)
    taken = time.perf_counter() - start
    if done.returncode not in (0, 1):  # 1: verified, and something failed
        raise SystemExit(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stderr.decode()}")
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    for arguments in (JOB, FLOOR):
        seconds(arguments)  # once, so that every file is compiled and in memory
    job, floor = [], []
    for i in range(rounds):
        both = [(job, JOB), (floor, FLOOR)]
        for times, arguments in both if i % 2 else reversed(both):
            times.append(seconds(arguments))
    ratios = [a / b for a, b in zip(job, floor, strict=True)]
    print(f"seconds, medians of {rounds} rounds\n")
    print(f"{'python -m verify all':40} {statistics.median(job):7.3f}")
    print(f"{'import sympy, numpy, flint':40} {statistics.median(floor):7.3f}")
    print(f"{'ratio':40} {statistics.median(ratios):7.2f}   ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main()
