"""Wrong rules that no check catches, and why: what the verdicts do not claim.

Each is expected to slip; one that is caught some day moves to the tables of wrong rules.
"""

# ruff: noqa: E501 - the table is aligned, a rule a line

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tests.verify.rules.plant import Method, on_floats, rule
from tests.verify.rules.wrong_wiring import unary


class BlindSpot(NamedTuple):
    """A wrong rule, and why nobody sees that it is."""

    op: str
    mistake: str
    method: Method
    why: str

    def __str__(self) -> str:
        return f"{self.op}: {self.mistake}"


def sin_rarely_wrong() -> Callable[..., None]:
    dice = random.Random(1)

    def backward(m: Any, self: Any, out: Any) -> None:
        lucky = not isinstance(self.data, float) or dice.random() > 1e-5
        self.grad += m.cos(self.data) * out.grad * (1 if lucky else 2)

    return backward


def sin_once(m: Any, self: Any, out: Any) -> None:
    self.grad += m.cos(self.data) * out.grad
    out._backward = lambda: None


# fmt: off
BLIND_SPOTS = (
    # matched with a bound, and not refuted: the difference is below the rounding of the derivative's size
    BlindSpot("tanh",       "1 on (1e-9, 2e-9)",                rule("tanh", lambda m, x, out: m.where(m.gt(x, m.ratio(1, 10**9)) * m.lt(x, m.ratio(2, 10**9)), 1, 1 - out**2)), "1 - out**2 rounds to 1 there"),
    BlindSpot("tanh",       "0 beyond 30",                      rule("tanh", lambda m, x, out: m.where(m.gt(abs(x), 30), 0, 1 - out**2)), "1 - out**2 rounds to 0 there"),
    # what is traced is proved everywhere; code that asks for its kind of number is another rule on another kind
    BlindSpot("atan",       "7 at 0.1, on floats",              rule("atan", lambda m, x, out: 7.0 if on_floats(x) and x == 0.1 else 1 / (1 + x * x)), "one float among 2**64, on floats only"),
    BlindSpot("atan",       "7 on (1e-9, 1.1e-9), floats only", rule("atan", lambda m, x, out: 7.0 if 1e-9 < float(x) < 1.1e-9 else 1 / (1 + float(x) * x)),       "a rule that no symbol gets through is only matched at points, and says so"),
    BlindSpot("square",     "wrong on arrays",                  rule("square", lambda m, x, out: x if isinstance(x, np.ndarray) else 2 * x),                       "no check runs on arrays"),
    BlindSpot("sin",        "wrong once in 100,000 calls",      unary("sin", sin_rarely_wrong()),                                                                  "nothing is called so often"),
    # what a row does not say
    BlindSpot("sin",        "passes its gradient on once only", unary("sin", sin_once),                                                                            "what a second backward() does is for the engine to decide"),
)
# fmt: on
