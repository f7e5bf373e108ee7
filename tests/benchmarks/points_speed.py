"""Verified points a second, all checks on, beside torch's gradcheck and autograd's check_grads, in one run.

    python tests/benchmarks/points_speed.py [--points 200000] [--rounds 3]

One point here is everything that `verify` checks there: proof, forward, derivative against reference, ULPs, extremes
(checks done once per operation, such as wiring, are included).  The others compare one finite difference with
one derivative.  They get the points as their users give them: one at a time; gradcheck also a hundred at a time.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import autograd.numpy as anp
import autograd.scipy.special as special
import torch
from autograd.test_util import check_grads
from tabulate import tabulate

from backproof.verify.config.options import Options
from backproof.verify.run.harness import verify_here
from backproof.verify.subjects.engines.own import own_engine

SINGLE, BATCH = 50, 100
OPS: dict[str, tuple[Callable[..., Any], Callable[..., Any], int]] = {
    "tanh": (torch.tanh, anp.tanh, 1),
    "sigmoid": (torch.sigmoid, special.expit, 1),
    "softplus": (torch.nn.functional.softplus, lambda x: anp.logaddexp(x, 0.0), 1),
    "gelu": (torch.nn.functional.gelu, lambda x: x * (1 + special.erf(x / math.sqrt(2))) / 2, 1),
    "max": (torch.maximum, anp.maximum, 2),
}


def ours(op: str, points: int) -> float:
    """Points a second."""
    start = time.perf_counter()
    verify_here(own_engine(), (op,), Options(points=points))
    return points / (time.perf_counter() - start)


def gradcheck(function: Callable[..., Any], operands: int, size: int) -> float:
    """Points a second, so many in a tensor."""
    calls = max(2, SINGLE // size)
    draw = random.Random(0)

    def operand() -> Any:
        return torch.tensor([draw.gauss(0, 1) for _ in range(size)], dtype=torch.float64, requires_grad=True)

    inputs = [tuple(operand() for _ in range(operands)) for _ in range(calls)]
    start = time.perf_counter()
    for place in inputs:
        torch.autograd.gradcheck(function, place)
    return calls * size / (time.perf_counter() - start)


def grads(function: Callable[..., Any], operands: int) -> float:
    """Points a second of autograd, one at a time."""
    draw = random.Random(0)
    places = [[draw.gauss(0, 1) for _ in range(operands)] for _ in range(SINGLE)]
    start = time.perf_counter()
    for place in places:
        check_grads(function, modes=["rev"], order=1)(*place)
    return SINGLE / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--points", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rows = []
    for op, (in_torch, in_autograd, operands) in OPS.items():
        rounds = []
        for _ in range(options.rounds + 1):
            rounds.append(
                (
                    ours(op, options.points),
                    gradcheck(in_torch, operands, 1),
                    gradcheck(in_torch, operands, BATCH),
                    grads(in_autograd, operands),
                )
            )
        speeds = [statistics.median(column) for column in zip(*rounds[1:], strict=True)]  # the first one warms up
        ratios = [statistics.median([r[0] / r[k] for r in rounds[1:]]) for k in (1, 2, 3)]
        rows.append((op, *(round(s) for s in speeds), *(round(r) for r in ratios)))
    others = ("gradcheck", f"by {BATCH}", "check_grads")
    heads = ("op", "ours", *others, *(f"times {other}" for other in others))
    print(f"points a second, medians of {options.rounds} rounds; {options.points} points of ours at a time\n")
    print(tabulate(rows, headers=heads))


if __name__ == "__main__":
    main()
