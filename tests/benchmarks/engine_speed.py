"""Forward plus backward per node: our engine beside micrograd, interleaved in one run.

    python tests/benchmarks/engine_speed.py [--rounds 15]

Each round times both engines on the same graph, one right after the other and in alternating order, with the
garbage collector on (as users have it) and a full collection between, so that neither pays for the other's
garbage.  The figure is the median of the rounds' ratios.  Before anything is timed both engines must give the
same gradients, bit for bit.  micrograd orders its graph by recursion: the benchmark runs in a thread with a
deep stack, or its chain could not run at all.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import micrograd.engine

from backproof import engine

Build = Callable[[Any], tuple[Any, list[Any]]]


def chain(value: Any, nodes: int = 900) -> tuple[Any, list[Any]]:
    """x*w + b, again and again: ``nodes`` operations, one after the other."""
    x, w, b = value(0.5), value(0.999), value(0.001)
    out = x
    for _ in range(nodes // 2):
        out = out * w + b
    return out, [x, w, b]


def shared(value: Any, nodes: int = 10_000) -> tuple[Any, list[Any]]:
    """Half the sum of the newest node and an earlier one: most nodes are used more than once."""
    leaves = [value(0.1 * (i + 1)) for i in range(10)]
    half, seen, draw = value(0.5), list(leaves), 12345
    for _ in range(nodes // 2):
        draw = (1103515245 * draw + 12345) % 2**31  # the C standard's own example of a generator
        seen.append((seen[-1] + seen[draw % len(seen)]) * half)
    return seen[-1], leaves


def neuron(value: Any, inputs: int = 100) -> tuple[Any, list[Any]]:
    """relu(x·w + b), the last function because micrograd has no tanh."""
    xs = [value(0.01 * i) for i in range(inputs)]
    ws = [value(1 - 0.02 * i) for i in range(inputs)]
    out = value(20.0)
    for x, w in zip(xs, ws, strict=True):
        out = out + x * w
    return out.relu(), xs + ws


GRAPHS: dict[str, tuple[Build, int, int]] = {
    #                           build   nodes   repetitions in one timing
    "chain of 900":            (chain,    900, 20),
    "shared graph of 10,000":  (shared, 10_000, 2),
    "neuron of 100 inputs":    (neuron,   201, 80),
}  # fmt: skip


def once(build: Build, value: Any) -> list[Any]:
    """The gradients of the leaves."""
    out, leaves = build(value)
    out.backward()
    return [leaf.grad for leaf in leaves]


def seconds(build: Build, value: Any, repeats: int) -> float:
    gc.collect()
    start = time.perf_counter()
    for _ in range(repeats):
        once(build, value)
    return time.perf_counter() - start


def compare(rounds: int) -> None:
    print(f"nanoseconds a node, medians of {rounds} rounds\n")
    print(f"{'graph':24} {'ours':>10} {'micrograd':>10} {'ratio':>7}")
    for name, (build, nodes, repeats) in GRAPHS.items():
        if once(build, engine.Value) != once(build, micrograd.engine.Value):
            raise SystemExit(f"{name}: the two engines disagree, so their times mean nothing")
        ours, theirs = [], []
        for i in range(rounds):
            both = [(ours, engine.Value), (theirs, micrograd.engine.Value)]
            for times, value in both if i % 2 else reversed(both):
                times.append(seconds(build, value, repeats) / (nodes * repeats) * 1e9)
        ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
        print(f"{name:24} {statistics.median(ours):10.0f} {statistics.median(theirs):10.0f} {ratio:7.2f}")


def scale(largest: int = 1_000_000) -> None:
    """Our own chain, longer and longer: the time of a node should not grow with the length."""
    print(f"\n{'our chain of':>24} {'ns a node':>10}")
    nodes = 1_000
    while nodes <= largest:
        taken = seconds(lambda value, n=nodes: chain(value, n), engine.Value, max(1, 10_000 // nodes))
        print(f"{nodes:24,} {taken / (nodes * max(1, 10_000 // nodes)) * 1e9:10.0f}")
        nodes *= 10


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    sys.setrecursionlimit(100_000)
    threading.stack_size(512 * 2**20)
    deep = threading.Thread(target=lambda: (compare(rounds), scale()))
    deep.start()
    deep.join()


if __name__ == "__main__":
    main()
