"""How long one pair of functions takes from a warm process, and what the plugin costs a session that does not use it.

    python tests/benchmarks/pair_speed.py
"""

from __future__ import annotations

import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np

from backproof import verify

ROOT = Path(__file__).parents[2]
PAIRS = {
    "tanh": (math.tanh, lambda out, g: g * (1 - out**2), "tanh(x)", ("x",)),
    "gelu": (
        lambda x: x * math.erfc(-x / math.sqrt(2)) / 2,
        lambda x, g: g * (math.erfc(-x / math.sqrt(2)) / 2 + x * math.exp(-x * x / 2) / math.sqrt(2 * math.pi)),
        "gelu(x)",
        (),
    ),
    "hypot": (np.hypot, lambda x, y, out, g: (g * x / out, g * y / out), "sqrt(x**2 + y**2)", ("x", "y")),
    "relu": (lambda x: max(x, 0.0), lambda x, g: g * (x > 0), "max(x, 0)", ()),
    "wrong": (math.tanh, lambda out, g: g * (1 + out**2), "tanh(x)", ("x",)),
}
SESSIONS = 15


def pairs() -> None:
    """Proof, 1,000 points and all other checks: the median of several, after one that warms up."""
    for name, (forward, backward, definition, inputs) in PAIRS.items():
        times = []
        for _ in range(8):
            start = time.perf_counter()
            verify.check(forward, backward, definition, names=inputs, raises=False)
            times.append(time.perf_counter() - start)
        print(f"{name:<8} {1e3 * statistics.median(times[1:]):6.1f} ms   (first: {1e3 * times[0]:.0f} ms)")


def sessions() -> None:
    """CPU time of collecting one empty test, without and with the plugin."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_nothing.py").write_text("def test_nothing():\n    pass\n", encoding="utf-8")
        load = () if entry_points(group="pytest11", name="backproof") else ("-p", "backproof.verify.pytest_plugin")
        without, plugin = [], []
        for _ in range(SESSIONS):
            without.append(_seconds(folder, "-p", "no:backproof"))
            plugin.append(_seconds(folder, *load))
    more = statistics.median(plugin) - statistics.median(without)
    print(f"pytest   {1e3 * more:6.1f} ms more with the plugin ({1e3 * statistics.median(without):.0f} ms without)")


def _seconds(folder: str, *arguments: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "pytest", "-q", "--collect-only", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    pairs()
    sessions()
