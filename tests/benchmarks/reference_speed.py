"""Reference points per second: mpmath at 50 digits, intervals, and the screening tier, interleaved in one run.

    python tests/benchmarks/reference_speed.py [--rounds 7]

All three take floats and evaluate the same formula, the mirror's derivative in its stable form; mpmath through SymPy's
lambdify with common subexpressions taken out, as anyone would.  Before anything is timed they must agree, to the
digits that each claims.  The figure is the median of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable

import mpmath
import numpy as np
import sympy
from mpmath import mp, mpf

from backproof.verify.arithmetics.ulps import decimal
from backproof.verify.evaluate.screen import Screen
from backproof.verify.mirror.table import MIRROR
from backproof.verify.numerics.reference import Reference
from backproof.verify.terms.from_sympy import from_sympy

NAMES = ("tanh", "sigmoid", "softplus", "gelu")
GOALS = {"balls": 5.0, "screen": 50.0}  # times mpmath: what the project promises


def compare(name: str, rounds: int, points: int = 2000) -> tuple[float, dict[str, float]]:
    """mpmath's points per second, and how many times more the others do."""
    mp.dps = 50
    spec = MIRROR[name][0]
    terms = [from_sympy(partial) for partial in spec.stable_derivatives]
    balls, screen = Reference(terms, spec.inputs), Screen(terms, spec.inputs)
    form = sympy.lambdify(list(spec.stable_derivatives[0].free_symbols), spec.stable_derivatives[0], "mpmath", cse=True)
    x = np.random.default_rng(0).uniform(-8.0, 8.0, points)
    many = np.random.default_rng(0).uniform(-8.0, 8.0, 50 * points)
    floats = x.tolist()
    plain = [(v,) for v in floats]
    for (expected,), high, low, error, v in zip(balls.many(plain), *screen.at(x)[0], floats, strict=True):
        close = mpf(decimal(expected.ball, 50))
        room = mpf(float(expected.ball.rad())) + abs(close) * mpf(10) ** -30
        assert abs(form(mpf(v)) - close) <= 2 * room + mpf(10) ** -40, (name, v)
        assert abs(mpf(float(high)) + mpf(float(low)) - close) <= mpf(float(error)) + 2 * room, (name, v)
    base, ratios = [], {"balls": [], "screen": []}
    for _ in range(rounds):
        mpmath_rate = points / _seconds(lambda: [form(mpf(v)) for v in floats])
        base.append(mpmath_rate)
        ratios["balls"].append(points / _seconds(lambda: balls.many(plain)) / mpmath_rate)
        ratios["screen"].append(len(many) / _seconds(lambda: screen.at(many)) / mpmath_rate)
    return statistics.median(base), {kind: statistics.median(found) for kind, found in ratios.items()}


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    print(f"mpmath {mpmath.__version__} on {mpmath.libmp.BACKEND} integers, 50 digits; medians of {rounds} rounds\n")
    print(f"{'partial of':<10}{'mpmath, points/s':>18}{'balls':>10}{'screen':>10}")
    short = []
    for name in NAMES:
        rate, ratios = compare(name, rounds)
        print(f"{name:<10}{rate:>18,.0f}{ratios['balls']:>9.1f}x{ratios['screen']:>9.0f}x")
        short += [f"{name}: {kind} {ratios[kind]:.1f}x" for kind, goal in GOALS.items() if ratios[kind] < goal]
    print("\ngoals: balls 5x, screen 50x: " + ("met" if not short else "short in " + ", ".join(short)))
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
