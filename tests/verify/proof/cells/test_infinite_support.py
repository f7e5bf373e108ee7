"""Verdicts where limits are infinite, held against an oracle that knows no prover: support functions of gradients.

A point lies in the closed convex hull of some vectors if in no direction it lies beyond all of them.  The vectors are
gradients at floats near the boundary x = 0 of c(y)·h(x) + y, where h has another form on each side of it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from backproof.verify.proof.obligation import Obligation
from backproof.verify.proof.prove import prove
from backproof.verify.proof.result import BoundaryKind, Status
from backproof.verify.terms.parser import expression
from backproof.verify.terms.term import TRUE, symbol

Number = Callable[[float], float]

# h as text, h' as text, h, h', and what is left of h' at 0 without its infinite term
LEFT: dict[str, tuple[str, str, Number, Number, float]] = {
    "nothing": ("0", "0", lambda x: 0.0, lambda x: 0.0, 0.0),
    "a line": ("-x", "-1", lambda x: -x, lambda x: -1.0, 0.0),
    "a root": ("sqrt(-x)", "-1/(2*sqrt(-x))", lambda x: math.sqrt(-x), lambda x: -0.5 / math.sqrt(-x), 0.0),
    "the other": ("-sqrt(-x)", "1/(2*sqrt(-x))", lambda x: -math.sqrt(-x), lambda x: 0.5 / math.sqrt(-x), 0.0),
    "both": ("x - sqrt(-x)", "1 + 1/(2*sqrt(-x))", lambda x: x - math.sqrt(-x), lambda x: 1 + 0.5 / math.sqrt(-x), 1.0),
}
RIGHT: dict[str, tuple[str, str, Number, Number, float]] = {
    "nothing": ("0", "0", lambda x: 0.0, lambda x: 0.0, 0.0),
    "a line": ("2*x", "2", lambda x: 2 * x, lambda x: 2.0, 0.0),
    "a root": ("sqrt(x)", "1/(2*sqrt(x))", math.sqrt, lambda x: 0.5 / math.sqrt(x), 0.0),
    "the other": ("-sqrt(x)", "-1/(2*sqrt(x))", lambda x: -math.sqrt(x), lambda x: -0.5 / math.sqrt(x), 0.0),
    "both": ("x + sqrt(x)", "1 + 1/(2*sqrt(x))", lambda x: x + math.sqrt(x), lambda x: 1 + 0.5 / math.sqrt(x), 1.0),
}
FACTORS: dict[str, tuple[str, Number, Number]] = {
    "1": ("0", lambda y: 1.0, lambda y: 0.0),
    "y": ("1", lambda y: y, lambda y: 1.0),
    "(y*y + 1)": ("2*y", lambda y: y * y + 1, lambda y: 2 * y),
}
PLACES = (0.0, 0.1, -0.1, 0.3, -0.3, 1.0, -1.0, 2.0, -3.0, 7.0)
TURNS = [(math.cos(2 * math.pi * k / 72), math.sin(2 * math.pi * k / 72)) for k in range(72)]
VALUES = "0", "1", "5", "-3", "y"
CASES = [(a, b, c, v, w) for a in LEFT for b in RIGHT for c in FACTORS for v in VALUES for w in (1, 2)]


def gradients(left: str, right: str, factor: str, at: float) -> list[tuple[float, float]]:
    """Near (0, at), some of them at a distance in y that is a root of that in x."""
    found = []
    for near in (10.0**-k for k in range(8, 13)):
        for x, (_, _, h, slope, _) in ((near, RIGHT[right]), (-near, LEFT[left])):
            for s in (0.0, near, math.sqrt(near), 3 * math.sqrt(near), near**0.25):
                for y in (at + s, at - s):
                    _, c, by_y = FACTORS[factor]
                    found.append((slope(x) * c(y), h(x) * by_y(y) + 1))
    return found


def valid(left: str, right: str, factor: str, at: float, value: float, along: float) -> bool:
    found = gradients(left, right, factor, at)
    if any(abs(p[0]) < 50 for p in found):
        return all(u * value + v * along <= max(u * p[0] + v * p[1] for p in found) + 1e-2 for u, v in TURNS)
    if along != 1:
        return False
    masks = {0.0, LEFT[left][4] * FACTORS[factor][1](at), RIGHT[right][4] * FACTORS[factor][1](at)}
    return len({p[0] > 0 for p in found}) == 2 or value in masks


@pytest.mark.parametrize("case", random.Random(7).sample(CASES, 80), ids=str)
def test_the_verdict_is_that_of_the_sampled_gradients(case: tuple[str, str, str, str, int]) -> None:
    left, right, factor, value, along = case
    (h, slope, *_), (k, other, *_) = LEFT[left], RIGHT[right]
    names = ("x", "y")
    definition = expression(f"where(x < 0, {h}, {k})*{factor} + y", names)
    rules = (
        f"where(x < 0, ({slope})*{factor}, where(x > 0, ({other})*{factor}, {value}))",
        f"where(x == 0, {along}, where(x < 0, {h}, {k})*{FACTORS[factor][0]} + 1)",
    )
    added = [symbol(f"acc_{n}") + symbol("g") * expression(r, names) for n, r in zip(names, rules, strict=True)]
    found = prove(Obligation("rule", names, definition, TRUE, definition, tuple(added)))
    expected = all(valid(left, right, factor, y, y if value == "y" else float(value), along) for y in PLACES)
    assert found.status is (Status.PROVED if expected else Status.REJECTED)
    assert any(b.kind is BoundaryKind.REJECTED for b in found.boundaries) is not expected
