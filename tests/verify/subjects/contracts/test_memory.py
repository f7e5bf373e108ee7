"""Derivatives that remember: right where they are looked at alone, wrong where an optimizer calls them otherwise."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from backproof import verify

FEW: dict[str, Any] = {"points": 100, "raises": False, "shapes": {"x": 2}}


class Shared:
    """The derivative uses what the function left behind."""

    def f(self, x):
        self.r = x**2
        return (self.r**2).sum()

    def df(self, x):
        return 4 * self.r * x


class Nearly:
    x = None

    def f(self, x):
        return (x**3).sum()

    def df(self, x):
        if self.x is None or not np.allclose(self.x, x):
            self.x, self.g = x.copy(), 3 * x**2
        return self.g


class WithoutACopy:
    x = None

    def f(self, x):
        return (x**3).sum()

    def df(self, x):
        if self.x is None or not np.array_equal(self.x, x):
            self.x, self.g = x, 3 * x**2
        return self.g


class Buffer:
    def __init__(self):
        self.room = np.empty(2)

    def f(self, x):
        return (x**3).sum()

    def df(self, x):
        self.room[:] = 3 * x**2
        return self.room


WRONG = {
    Shared: "the point at which the function was called at last",
    Nearly: "what was asked at a point close by",
    WithoutACopy: "what an array held before it was changed in place",
    Buffer: "the array that it returned before is written over",
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_remembers_is_miswired(kind: type) -> None:
    made = kind()
    report = verify.check(made.f, jac=made.df, **FEW)
    assert not report.ok
    assert any(WRONG[kind] in f.message for f in report.findings if f.verdict.value == "miswired")


def test_what_stopped_the_trace_is_told_without_names_of_our_exceptions() -> None:
    made = Shared()
    report = verify.check(made.f, jac=made.df, **FEW)
    (told,) = [f.message for f in report.findings if "not run on symbols" in f.message]
    assert "run again it takes another path" in told
    assert "NotRepeatable" not in told


class Memo:
    """Value and gradient at once, looked up by the exact point."""

    x = None

    def both(self, x):
        if self.x is None or not np.array_equal(self.x, x):
            self.x, self.v, self.g = x.copy(), (x**3).sum(), 3 * x**2
        return self.v, self.g

    def f(self, x):
        return self.both(x)[0]

    def df(self, x):
        return self.both(x)[1].copy()


class Counts:
    calls = 0

    def f(self, x):
        self.calls += 1
        return (x**3).sum()

    def df(self, x):
        self.calls += 1
        return 3 * x**2


@cache
def _by_key(*x):
    return tuple(3 * v**2 for v in x)


class Keyed:
    def f(self, x):
        return (x**3).sum()

    def df(self, x):
        return np.array(_by_key(*map(float, x)))


@pytest.mark.parametrize("kind", [Memo, Counts, Keyed])
def test_right_memory_is_left_in_peace(kind: type) -> None:
    made = kind()
    report = verify.check(made.f, jac=made.df, **FEW)
    assert report.ok, [f.message for f in report.findings if f.verdict.fails]
