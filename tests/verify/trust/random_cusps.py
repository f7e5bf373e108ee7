"""Domains with a cusp, from seeds: d <= y <= d + k*(x - c)**m, and rules that are wrong at the tip alone.

No direction from the tip leads into such a domain, only an arc does: a prover that looks along directions finds
nothing to judge there.  The tip is a float, so that the wrong answer is one that code gives.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Slopes = Callable[[Any, Any], tuple[Any, Any]]
Backward = Callable[[Any, Any, Any], tuple[Any, Any]]

FUNCTIONS: dict[str, tuple[Callable[[Any, Any], Any], Slopes]] = {
    "x*y": (lambda x, y: x * y, lambda x, y: (y, x)),
    "x*x + 3*y": (lambda x, y: x * x + 3 * y, lambda x, y: (2 * x, 3.0)),
    "sin(x) + y*y": (lambda x, y: math.sin(x) + y * y, lambda x, y: (math.cos(x), 2 * y)),
    "x*x*y - y": (lambda x, y: x * x * y - y, lambda x, y: (2 * x * y, x * x - 1)),
    "y*tanh(x)": (lambda x, y: y * math.tanh(x), lambda x, y: (y * (1 - math.tanh(x) ** 2), math.tanh(x))),
}
"""Of two inputs, each with its derivatives."""


@dataclass(frozen=True)
class Cusp:
    """A function on a domain with its tip at (c, d), and the slopes that a wrong rule answers there."""

    function: str
    c: float
    d: float
    k: float
    m: int
    wrong: tuple[float, float]

    @property
    def domain(self) -> str:
        c, d = (f"({x})" for x in (self.c, self.d))
        return f"y >= {d} and y <= {d} + {self.k}*(x - {c})**{self.m}"

    @property
    def forward(self) -> Callable[[Any, Any], Any]:
        return FUNCTIONS[self.function][0]

    def backward(self, right: bool) -> Backward:
        """A rule with a branch at the tip, with the right answer there or the wrong one."""
        slopes = FUNCTIONS[self.function][1]
        c, d, wrong = self.c, self.d, self.wrong

        def backward(x: Any, y: Any, g: Any) -> tuple[Any, Any]:
            if x == c and y == d and not right:
                return wrong[0] * g, wrong[1] * g
            by_x, by_y = slopes(x, y)
            return by_x * g, by_y * g

        return backward

    def __str__(self) -> str:
        return f"{self.function} on {self.domain}, {self.wrong} at the tip"


def cusps(seed: int, count: int) -> Iterator[Cusp]:
    """Random cusps, with exponents from 2 to 5 and a tip at eighths."""
    dice = random.Random(f"cusps, {seed}")
    for _ in range(count):
        c, d = (dice.randint(-16, 16) / 8 for _ in range(2))
        wrong = dice.choice(((55.0, -44.0), (0.0, 1000.0), (-7.5, 12.25)))
        yield Cusp(dice.choice(list(FUNCTIONS)), c, d, dice.choice((0.5, 1.0, 2.0, 3.0)), dice.randint(2, 5), wrong)
