"""Where an adapter's functions are meant: an interval as `check` is told of it, and one that is found by an inverse."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

Interval = tuple[float, float]

_FEWEST = 8  # points that tell an interval
_FAR = 39.5  # what reaches the ends of the grid, 40, has no end
_NEAR = 0.02  # ends so near to -1, 0 or 1 are those


def domain(name: str, low: float, high: float) -> dict[str, Any]:
    """What `check` is told of an open interval, nothing of the whole line.

    It is judged 2**-50 inside of its ends: there code clips its argument to it, mostly by 2.2e-16.
    """
    below, above = math.isfinite(low), math.isfinite(high)
    parts = [f"{name} > {_beside(low, '+')}"] if below else []
    parts += [f"{name} < {_beside(high, '-')}"] if above else []
    bounds = {"bounds": {name: (low + 2.0**-50, high - 2.0**-50)}} if below and above else {}
    return {"domain": " and ".join(parts), **bounds} if parts else {}


def _beside(x: float, side: str) -> str:
    """A number with the 2**-50 beside it, as text."""
    if x:
        return f"{_text(x)} {side} 2**-50"
    return "2**-50" if side == "+" else "-2**-50"


def _text(x: float) -> str:
    return str(int(x)) if x == int(x) else repr(x)


def image(forward: Callable[[float], Any], inverse: Callable[[float], Any]) -> tuple[Interval, Interval] | None:
    """Where a function and its inverse undo each other: the arguments of the first, and those of the second.

    A function that clips its argument has a value everywhere, and is meant on the image of its inverse.  None where
    too few points are left to tell.
    """
    kept: list[tuple[float, float]] = []
    for z in _grid():
        try:
            p = float(inverse(z))
            again = float(forward(p))
        except (ArithmeticError, ValueError, TypeError):
            continue
        if math.isfinite(p) and math.isfinite(again) and abs(again - z) <= 1e-6 * (1 + abs(z)):
            kept.append((p, z))
    if len(kept) < _FEWEST:
        return None
    return _ends([p for p, _ in kept]), _ends([z for _, z in kept])


def _grid() -> list[float]:
    large = [k / 4 for k in range(-160, 161) if k]
    return sorted([*large, *(s * 10.0**-k for k in range(1, 7) for s in (1, -1))])


def _ends(values: list[float]) -> Interval:
    """The interval that values fill: ends near -1, 0, 1 are those, and ends at those of the grid infinite."""

    def end(x: float, far: float) -> float:
        if abs(x) >= _FAR:
            return far
        near = round(x)
        return float(near) if abs(near) <= 1 and abs(x - near) < _NEAR else x

    return end(min(values), -math.inf), end(max(values), math.inf)
