"""Right pairs as people write them: none may lose its proof to the ledger of leaks, and none may fail."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Pair = tuple[Callable[..., Any], Callable[..., Any]]

SQRT2 = math.sqrt(2.0)
TABLE = {"relu": 0.0, "leaky": 0.01}
COEFFICIENTS = [1.0, -0.5, 0.25]


def softplus(x: Any) -> Any:
    return max(x, 0) + math.log1p(math.exp(-abs(x)))


def sigmoid(x: Any) -> Any:
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    e = math.exp(x)
    return e / (1 + e)


def huber(x: Any, delta: float = 1.5) -> Any:
    return 0.5 * x * x if abs(x) <= delta else delta * (abs(x) - 0.5 * delta)


def huber_slope(x: Any, g: Any, delta: float = 1.5) -> Any:
    if abs(x) <= delta:
        return g * x
    return g * delta if x > 0 else -g * delta


def sinc(x: Any) -> Any:
    return 1.0 if x == 0 else math.sin(x) / x


def sinc_slope(x: Any, g: Any) -> Any:
    if x == 0:
        return 0.0
    return g * (math.cos(x) - math.sin(x) / x) / x


def polynomial(x: Any) -> Any:
    total = 0.0
    for c in reversed(COEFFICIENTS):
        total = total * x + c
    return total


def polynomial_slope(x: Any, g: Any) -> Any:
    return g * sum(k * c * x ** (k - 1) for k, c in enumerate(COEFFICIENTS) if k)


def checked(x: Any) -> Any:
    if not isinstance(x, (int, float)):
        raise TypeError(f"a number is needed, not {x!r}")
    return x * x


class Scaled:
    """A function with a parameter, and what it keeps for its backward."""

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self.saved: Any = None

    def forward(self, x: Any) -> Any:
        self.saved = math.tanh(self.scale * x)
        return self.saved

    def backward(self, x: Any, g: Any) -> Any:
        return g * self.scale * (1 - self.saved**2)


def make_power(n: int) -> Pair:
    def forward(x: Any) -> Any:
        out = 1
        for _ in range(n):
            out = out * x
        return out

    return forward, lambda x, g: g * n * x ** (n - 1)


def sigmoid_slope(x: Any, out: Any, g: Any) -> Any:
    return g * out * (1 - out)


def clipped(x: Any) -> Any:
    return min(max(x, -1.0), 1.0)


def hypot_slopes(x: Any, y: Any, out: Any, g: Any) -> Any:
    return {"x": g * x / out, "y": g * y / out} if out != 0 else {"x": 0.0, "y": 0.0}


_SCALED = Scaled(0.5)
_CUBE = make_power(3)

PAIRS: dict[str, Pair] = {
    "softplus": (softplus, lambda x, g: g * sigmoid(x)),
    "sigmoid": (sigmoid, sigmoid_slope),
    "huber": (huber, huber_slope),
    "sinc": (sinc, sinc_slope),
    "polynomial": (polynomial, polynomial_slope),
    "a checked argument": (checked, lambda x, g: 2 * x * g),
    "an object that saves": (_SCALED.forward, _SCALED.backward),
    "a power by a loop": _CUBE,
    "clip": (clipped, lambda x, g: g if -1.0 < x < 1.0 else 0.0),
    "leaky relu": (lambda x: x if x > 0 else TABLE["leaky"] * x, lambda x, g: g if x > 0 else TABLE["leaky"] * g),
    "numpy where": (lambda x: np.where(x > 0, x, 0.0), lambda x, g: np.where(x > 0, g, 0.0)),
    "numpy maximum": (lambda x: np.maximum(x, 0.0), lambda x, g: g * (x > 0)),
    "tanh by exp": (lambda x: 1 - 2 / (np.exp(2 * x) + 1), lambda x, out, g: g * (1 - out * out)),
    "gaussian": (lambda x: np.exp(-0.5 * x**2), lambda x, out, g: -x * out * g),
    "log cosh": (lambda x: np.logaddexp(x, -x) - np.log(2.0), lambda x, g: g * np.tanh(x)),
    "product": (lambda x, y: x * y, lambda x, y, g: (g * y, g * x)),
    "ratio": (lambda x, y: x / y, lambda x, y, g: (g / y, -g * x / (y * y))),
    "atan2": (math.atan2, lambda y, x, g: (g * x / (x * x + y * y), -g * y / (x * x + y * y))),
    "a dictionary of gradients": (lambda x, y: x * x + y, lambda x, y, g: dict(x=2 * x * g, y=g)),  # noqa: C408
    "a list of gradients": (lambda x, y: x - y, lambda g: [g, -g]),
    "squared difference": (lambda a, b: (a - b) ** 2, lambda a, b, g: (2 * (a - b) * g, -2 * (a - b) * g)),
    "binary cross entropy": (
        lambda p, t: -(t * math.log(p) + (1 - t) * math.log(1 - p)),
        lambda p, t, g: (g * (p - t) / (p * (1 - p)), -g * (math.log(p) - math.log(1 - p))),
    ),
    "swish": (lambda x: x * sigmoid(x), lambda x, g: g * sigmoid(x) * (1 + x * sigmoid(-x))),
    "gelu": (
        lambda x: x * 0.5 * (1 + math.erf(x / SQRT2)),
        lambda x, g: (
            g * (0.5 * (1 + math.erf(x / SQRT2)) + x * math.exp(-x * x / 2) / math.sqrt(2 * math.pi))
        ),
    ),
    "sorted pair": (lambda x, y: sorted((x, y))[1], lambda x, y, g: (g, 0.0) if x >= y else (0.0, g)),
    "max of a list": (lambda x, y: max([x, y]), lambda x, y, g: (g * (x >= y), g * (x < y))),
    "a unit step of a table": (lambda x: {True: 2 * x, False: x}[bool(x > 0)], lambda x, g: 2 * g if x > 0 else g),
    "type of the result": (lambda x: 3.0 * x, lambda x, g: float(3.0 * g)),
    "asserted": (lambda x: x + 1.0, lambda x, g: _asserted(x, g)),
    "sum of a generator": (lambda x: sum(x**k for k in range(4)), lambda x, g: g * (1 + 2 * x + 3 * x * x)),
    "any": (lambda x: x if any([x > 0, x < -1]) else 0 * x, lambda x, g: g if x > 0 or x < -1 else 0.0),
    "zip and map": (
        lambda x, y: sum(map(lambda a, b: a * b, (x, y), (2.0, 3.0))),
        lambda g: tuple(g * w for _, w in zip("xy", (2.0, 3.0), strict=True)),
    ),
    "a walrus": (lambda x: (s := x * x) + s * s, lambda x, g: g * (2 * x + 4 * (s := x * x) * x + 0 * s)),
    "is None": (lambda x, scale=None: x * (2.0 if scale is None else scale), lambda x, g: 2.0 * g),
    "a conditional import": (lambda x: _imported(x), lambda x, g: g * math.cos(x)),
}
DOMAINS = {"ratio": "y != 0", "binary cross entropy": "p > 0 and p < 1", "atan2": "x > 0"}


def _asserted(x: Any, g: Any) -> Any:
    assert x is not None, f"no operand {x}"
    return 1.0 * g


def _imported(x: Any) -> Any:
    import math as m

    return m.sin(x)


def sinc_by_handler(x: Any, g: Any) -> Any:
    """Loses its digits near 0, and is right."""
    try:
        return g * (math.cos(x) / x - math.sin(x) / (x * x))
    except ZeroDivisionError:
        return 0.0


MATCHED: dict[str, Pair] = {
    "sinc by a handler": (sinc, sinc_by_handler),
    "printed": (lambda x: x * x, lambda x, g: (str(x), 2 * x * g)[1]),
    "by numpy.round": (lambda x: x * x, lambda x, g: g * (2 * x + 0 * np.round(x))),
}
"""Right pairs that are not traced, or not relied on: `matched`, and none fails."""
