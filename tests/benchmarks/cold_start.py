"""The main job, cold, alone and with a report, and a million points of one operation, each beside the imports it needs.

    python tests/benchmarks/cold_start.py [--rounds 7]

The figures are medians of the rounds' ratios: the time of a job from process start to exit, over that of its floor.
Every round runs all six, in alternating order.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
JOBS = {
    "verify all": (["-m", "verify", "all"], ["-c", "import sympy, numpy, flint"]),
    "verify all --report json": (
        ["-m", "verify", "all", "--report", f"json={os.devnull}"],
        ["-c", "import sympy, numpy, flint"],
    ),
    "verify tanh --points 1000000": (["-m", "verify", "tanh", "--points", "1000000"], ["-c", "import sympy"]),
}
"""What is promised: at most three times the second command, each of them."""

ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}  # or ours is compiled each time

def seconds(arguments: list[str]) -> float:
    """Wall-clock time of one process, started and waited for."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, env=ENVIRONMENT, capture_output=True, check=False)
    taken = time.perf_counter() - start
    if done.returncode not in (0, 1):  # 1: verified, and something failed
        raise SystemExit(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stderr.decode()}")
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    commands = [command for both in JOBS.values() for command in both]
    for command in commands:
        seconds(command)  # once, so that every file is compiled and in memory
    taken: list[list[float]] = [[] for _ in commands]
    for i in range(rounds):
        for k in range(len(commands)) if i % 2 else reversed(range(len(commands))):
            taken[k].append(seconds(commands[k]))
    print(f"seconds, medians of {rounds} rounds\n")
    print(f"{'python -m ...':32} {'takes':>7} {'imports':>8} {'ratio':>7}")
    for name, job, floor in zip(JOBS, taken[::2], taken[1::2], strict=True):
        ratios = [a / b for a, b in zip(job, floor, strict=True)]
        spread = f"({min(ratios):.2f} to {max(ratios):.2f})"
        times = f"{statistics.median(job):7.3f} {statistics.median(floor):8.3f} {statistics.median(ratios):7.2f}"
        print(f"{name:32} {times}   {spread}")


if __name__ == "__main__":
    main()
