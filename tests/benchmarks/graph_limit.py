"""Where one big expression stops being a way to differentiate a graph: `SYMBOLIC_LIMIT` in verify/graph.py.

    python tests/benchmarks/graph_limit.py [--seconds 20]

For chains (v*a + b, and tanh) and for a graph whose every node is used twice: the time of mirror and symbolic
gradient by size, until one takes longer than the limit; and of the check node by node beside it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

import sympy

from backproof.engine import Value
from backproof.verify.graph import check_graph, mirror, symbols_of


def affine(nodes: int) -> tuple[Value, Value]:
    a = out = Value(0.5, label="a")
    for _ in range(nodes // 2):
        out = out * a + a
    return out, a


def tanh(nodes: int) -> tuple[Value, Value]:
    a = out = Value(0.5, label="a")
    for _ in range(nodes // 2):
        out = (out * a).tanh()
    return out, a


def shared(nodes: int) -> tuple[Value, Value]:
    a = out = Value(0.5, label="a")
    for _ in range(nodes // 2):
        out = (out * out).tanh()
    return out, a


GRAPHS: dict[str, Callable[[int], tuple[Value, Value]]] = {"affine chain": affine, "tanh chain": tanh, "shared": shared}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    limit = parser.parse_args().seconds
    sys.setrecursionlimit(100_000)
    print(f"{'graph':<14}{'nodes':>7}{'symbolic s':>12}{'node by node s':>16}")
    for name, build in GRAPHS.items():
        nodes, taken = 10, 0.0
        while taken < limit / 4 and nodes <= 640:
            root, leaf = build(nodes)
            sympy.core.cache.clear_cache()
            start = time.perf_counter()
            sympy.diff(mirror(root), symbols_of(root)[leaf])
            taken = time.perf_counter() - start
            start = time.perf_counter()
            check_graph(root)
            print(f"{name:<14}{nodes:>7}{taken:>12.2f}{time.perf_counter() - start:>16.4f}", flush=True)
            nodes *= 2


if __name__ == "__main__":
    main()
