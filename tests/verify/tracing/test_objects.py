"""Symbols in records, in objects that are called, and in functions chosen by type: followed, and no way to hide."""

from __future__ import annotations

import collections
import functools
import math
from typing import Any

import numpy as np
import pytest

from backproof import verify
from backproof.verify.results.findings import Verdict

AT = 0.640625  # a window of one float

Moments = collections.namedtuple("Moments", "mean variance")


def with_record(x: float, y: float) -> float:
    s = Moments((x + y) / 2, (x - y) ** 2 / 4)
    return s.mean * s.variance


def with_record_backward(x: float, y: float, g: float) -> tuple[float, float]:
    s = Moments((x + y) / 2, (x - y) ** 2 / 4)
    return g * (s.variance / 2 + s.mean * (x - y) / 2), g * (s.variance / 2 - s.mean * (x - y) / 2)


@functools.singledispatch
def squared(x: Any) -> Any:
    return x * x


@squared.register
def _(x: int) -> int:
    return x**2


class Linear:
    def __init__(self, slope: float) -> None:
        self.slope = slope

    def __call__(self, x: float) -> float:
        return self.slope * x


linear = Linear(2.5)

RIGHT: dict[str, tuple[Any, Any]] = {
    "a record": (with_record, with_record_backward),
    "chosen by type": (lambda x: squared(x), lambda x, g: 2 * x * g),
    "an object that is called": (lambda x: linear(x) ** 2, lambda x, g: 2 * linear(x) * linear.slope * g),
    "a pair by a truth value": (lambda x: (0.1 * x, x)[x > 0], lambda x, g: g * (0.1, 1.0)[x > 0]),
    "a sum rounded once": (lambda x: math.fsum([x, x * x, 1.0]), lambda x, g: g * (1 + 2 * x)),
    "a distance": (
        lambda x, y: math.dist((x, 0.0), (0.0, y)),
        lambda x, y, out, g: (g * x / out, g * y / out) if out > 0 else (0.0, 0.0),
    ),
    "polynomials": (
        lambda x: np.polyval([1.0, -3.0, 2.0], x),
        lambda x, g: g * np.polyval(np.polyder([1.0, -3.0, 2.0]), x),
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_ordinary_code_is_proved(name: str) -> None:
    forward, backward = RIGHT[name]
    report = verify.check(forward, backward, points=40)
    assert report.operations[0].right.verdict is Verdict.PROVED


class Sly(Moments):
    """A record that stores another number at one float."""

    __slots__ = ()

    def __new__(cls, mean: float, variance: float) -> Sly:
        return super().__new__(cls, mean, variance if mean != AT else variance * 1.5)


class Odd(Moments):
    @property
    def hidden(self) -> float:
        return self.variance if self.mean != AT else 1.5 * self.variance


Patched = collections.namedtuple("Patched", "a b")
_made = Patched.__new__
Patched.__new__ = lambda cls, a, b: _made(cls, a, b if str(a) != "0.640625" else 1.5 * b)  # type: ignore[method-assign]


@functools.singledispatch
def chosen(x: Any) -> Any:
    return x


@chosen.register
def _(x: float) -> float:
    return x if str(x) != "0.640625" else 1.5 * x


@functools.singledispatch
def forged(x: Any) -> Any:
    return x if str(x) != "0.640625" else 1.5 * x


@functools.singledispatch
def same(x: Any) -> Any:
    return x


forged.dispatch = same.dispatch  # which is not what it asks


class Meta(type):
    def __call__(cls, x: Any) -> Any:
        return 2 * x if str(x) != "0.640625" else 3 * x


class Made(metaclass=Meta):
    pass


class Called:
    __call__ = functools.partial(lambda x: 2 * x if str(x) != "0.640625" else 3 * x)


called = Called()

WRONG: dict[str, Any] = {
    "a constructor of a record": lambda x, g: g * 2 * Sly(x, x).variance,
    "a property of a record": lambda x, g: g * 2 * Odd(x, x).hidden,
    "a record whose constructor was replaced": lambda x, g: g * 2 * Patched(x, x).b,
    "chosen by type": lambda x, g: g * 2 * chosen(x),
    "a table of types that is not asked": lambda x, g: g * 2 * forged(x),
    "a metaclass": lambda x, g: g * Made(x),
    "an object that calls another": lambda x, g: g * called(x),
    "a pair by a truth value": lambda x, g: g * (2 * x, 3 * x)[x == AT],
    "a sum rounded once": lambda x, g: g * math.fsum([x, x, x if str(x) == "0.640625" else 0.0]),
}


@pytest.mark.parametrize("name", WRONG)
def test_nothing_hides_in_it(name: str) -> None:
    report = verify.check(lambda x: x * x, WRONG[name], points=40, raises=False)
    assert report.operations[0].right.verdict is Verdict.REFUTED
    assert not any(f.verdict is Verdict.PROVED for f in report.findings)


def test_an_attribute_of_the_object_is_not_what_is_called() -> None:
    """Python looks for `__call__` in the class."""
    twice = Linear(2.0)
    twice.__call__ = lambda x: 3 * x  # type: ignore[method-assign, assignment]
    report = verify.check(lambda x: x * x, lambda x, g: g * twice(x), points=40)
    assert report.operations[0].right.verdict is Verdict.PROVED


def test_a_forward_on_floats_only_may_overflow_beyond_the_working_range() -> None:
    """inf*0 at 1.8e308 is no other function."""

    def forward(x: float, y: float) -> float:
        return (x + y) * (x - y) if f"{x}" else 0.0

    report = verify.check(forward, lambda x, y, g: (g * 2 * x, -2 * g * y), "x**2 - y**2", points=40)
    assert report.operations[0].right.verdict is Verdict.MATCHED


def test_a_kink_beyond_the_working_range_is_fragile() -> None:
    """round(inf) raises there."""
    report = verify.check(lambda x: round(x * 4) / 4 * 0 + x, lambda g: g, points=40)
    assert report.operations[0].safe.verdict is Verdict.FRAGILE
