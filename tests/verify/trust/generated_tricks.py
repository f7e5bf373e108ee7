"""Wrong rules by the thousand: every trick of tricks.py in rules for ten functions, each with a place and a value.

A rule is named by the kind of its trick, its function and a seed, and these alone decide what it is: where the trick
sits (backward, forward, both), where its window is, and what the rule answers there.  A window is moved by asking
about ``scale*x + shift`` in place of ``x``, with numbers for which floats compute that exactly.

Rules are closures of this file, so that their source is found, and a leak is due to the trick alone.  Two controls show
it: the same code with the right value in the window, and the same code without a trick.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.verify.trust.tricks import HIDDEN, TRICKS, C, D, P, Window, forget

Function = Callable[[Any], Any]

KINDS: dict[str, Window] = {**TRICKS, **{f"hidden {name}": window for name, window in HIDDEN.items()}}
"""All tricks by their names; those of `HIDDEN` are called ``hidden ...`` here."""


@dataclass(frozen=True)
class Smooth:
    """A function and its derivative as code, and the function once more in the language of formulas.

    positive: it is defined for positive numbers only
    """

    value: Function
    slope: Function
    definition: str
    positive: bool = False

    @property
    def domain(self) -> str | None:
        return "x > 0" if self.positive else None


def _sigmoid(x: Any) -> Any:
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    e = math.exp(x)
    return e / (1 + e)


def _softplus(x: Any) -> Any:
    return max(x, 0) + math.log1p(math.exp(-abs(x)))


SMOOTH: dict[str, Smooth] = {
    "tanh": Smooth(math.tanh, lambda x: 1 - math.tanh(x) ** 2, "tanh(x)"),
    "exp": Smooth(math.exp, math.exp, "exp(x)"),
    "log": Smooth(lambda x: math.log(x), lambda x: 1 / x, "log(x)", positive=True),
    "sqrt": Smooth(math.sqrt, lambda x: 0.5 / math.sqrt(x), "sqrt(x)", positive=True),
    "square": Smooth(lambda x: x * x, lambda x: 2 * x, "x**2"),
    "sigmoid": Smooth(_sigmoid, lambda x: _sigmoid(x) * _sigmoid(-x), "1/(1 + exp(-x))"),
    "softplus": Smooth(_softplus, _sigmoid, "log(1 + exp(x))"),
    "polynomial": Smooth(lambda x: x**3 - 0.5 * x + 0.25, lambda x: 3 * x**2 - 0.5, "x**3 - 0.5*x + 0.25"),
    "x sin x": Smooth(lambda x: x * math.sin(x), lambda x: math.sin(x) + x * math.cos(x), "x*sin(x)"),
    "swish": Smooth(
        lambda x: x * _sigmoid(x), lambda x: _sigmoid(x) * (1 + x * _sigmoid(-x)), "x/(1 + exp(-x))"
    ),
}  # fmt: skip

WRONG: dict[str, Callable[[Function], Function]] = {
    "0": lambda right: lambda x: 0.0,
    "a constant": lambda right: lambda x: 7.5,
    "a factor": lambda right: lambda x: 1.5 * right(x),
    "a small factor": lambda right: lambda x: 1.001 * right(x),
    "the other sign": lambda right: lambda x: -right(x),
    "another function": lambda right: lambda x: math.cos(x) + 3,
}
"""What a rule answers in its window, made of the right function."""

WHERE = ("backward", "forward", "both")
"""Where the trick sits, by the seed; a forward is held to the definition, as a text."""

_MOVED = ((1.0, 0.0), (2.0, 0.0), (0.5, 0.0), (1.0, 0.25), (1.0, 2.0), (-1.0, 2.0), (-1.0, 0.0), (0.25, -0.5))
"""Scales and shifts; with ``scale*x + shift`` at the place of a window ``x`` is a float."""

_CENTRES = (C, D + 5e-5, D, P, 0.3 ** (1 / 3))
"""A place in the window of each trick, on floats; that of the counter is everywhere in the end."""

_CALLS = 50  # more than the counter of tricks.py counts to


def planted(right: Function, wrong: Function, window: Window, scale: float, shift: float) -> Function:
    """The right function, and in the window, moved, the wrong one."""

    def function(x: Any) -> Any:
        return wrong(x) if window(scale * x + shift) else right(x)

    return function


def multiplied(slope: Function) -> Callable[[Any, Any], Any]:
    """The backward that a derivative makes."""

    def backward(x: Any, g: Any) -> Any:
        return g * slope(x)

    return backward


@dataclass(frozen=True)
class TrickyRule:
    """A forward and a backward with a trick in one of them or in both; ``what``: a key of `WRONG`, "" for a control."""

    kind: str
    function: str
    where: str
    what: str
    scale: float
    shift: float

    @property
    def smooth(self) -> Smooth:
        return SMOOTH[self.function]

    def _made(self, right: Function, sits: str) -> Function:
        if self.where not in (sits, "both"):
            return right
        wrong = WRONG[self.what](right) if self.what else right
        return planted(right, wrong, KINDS[self.kind], self.scale, self.shift)

    @property
    def value(self) -> Function:
        """The forward."""
        return self._made(self.smooth.value, "forward")

    @property
    def slope(self) -> Function:
        """What the backward multiplies with."""
        return self._made(self.smooth.slope, "backward")

    @property
    def definition(self) -> str | None:
        """None where the forward is right and may define the function itself."""
        return None if self.where == "backward" else self.smooth.definition

    def witness(self) -> float | None:
        """A float at which the forward or the backward answers something wrong; None if there is none."""
        for centre in _CENTRES:
            x = (centre - self.shift) / self.scale
            if self.smooth.positive and x <= 0:
                continue
            pairs = ((self.smooth.value, self.value), (self.smooth.slope, self.slope))
            if any(_differs(right, found, x) for right, found in pairs):
                return x
        return None

    def __str__(self) -> str:
        return (
            f"{self.kind}, in {self.where} of {self.function}: {self.what or 'right'} at {self.scale}*x + {self.shift}"
        )


def _differs(right: Function, found: Function, x: float) -> bool:
    """Whether floats show it, at the first call or after many: some tricks keep a state."""
    forget()
    expected = right(x)
    with np.errstate(all="ignore"):
        answers = [found(x) for _ in range(_CALLS)]
    return any(not math.isclose(answer, expected, rel_tol=1e-6, abs_tol=1e-12) for answer in answers)


def tricky(kind: str, function: str, seed: int) -> TrickyRule:
    """The wrong rule of this name."""
    dice = random.Random(f"{kind}, {function}, {seed}")
    centre = next((c for c in _CENTRES if _is_open(KINDS[kind], c)), C)
    moved = [
        (scale, shift) for scale, shift in _MOVED if not SMOOTH[function].positive or (centre - shift) / scale > 0
    ]
    return TrickyRule(kind, function, WHERE[seed], dice.choice(list(WRONG)), *dice.choice(moved))


def _is_open(window: Window, x: float) -> bool:
    forget()
    with np.errstate(all="ignore"):
        return any(window(x) for _ in range(_CALLS))


def tricky_rules(kind: str) -> Iterator[TrickyRule]:
    """All rules with this trick: ten functions, and each of the places where it can sit."""
    for function in SMOOTH:
        for seed in range(len(WHERE)):
            yield tricky(kind, function, seed)


def controls(kind: str) -> Iterator[TrickyRule]:
    """The same code for each function, in the backward or in the forward, right in the window as well."""
    for place, function in enumerate(SMOOTH):
        rule = tricky(kind, function, place % 2)
        yield TrickyRule(kind, function, rule.where, "", rule.scale, rule.shift)
