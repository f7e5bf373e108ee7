"""The law of domains: no check calls a user's function outside of the domain and the bounds, at any shape.

A sentinel records every number that it is called with, on the way into forward and backward alike.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from backproof import verify
from backproof.verify.results.findings import Verdict

Given = Mapping[str, Any]


class Sentinel:
    """Notes each float that the functions receive, and whether it may be there."""

    def __init__(self, allowed: Callable[..., Any]) -> None:
        self.allowed, self.calls, self.outside = allowed, 0, list[Any]()

    def look(self, *values: Any) -> None:
        self.calls += 1
        if any(np.asarray(v).dtype.kind == "O" for v in values):
            return  # symbols
        if not np.all(self.allowed(*(np.asarray(v, dtype=float) for v in values))):
            self.outside.append(values)


def of_one(sentinel: Sentinel, kind: str, factor: float) -> tuple[Any, Any]:
    """x·log x of numbers above 0: traced, on floats alone, or entry by entry."""

    def forward(x: Any) -> Any:
        sentinel.look(x)
        if kind == "opaque":
            return float(f"{float(x):.17g}") * np.log(float(x)) if np.ndim(x) == 0 else _opaque(x) * np.log(_opaque(x))
        return x * np.log(x)

    def backward(x: Any, g: Any) -> Any:
        sentinel.look(x)
        return g * factor * (np.log(x) + 1)

    return forward, backward


def _opaque(x: Any) -> Any:
    return np.array([float(f"{float(v):.17g}") for v in np.ravel(x)]).reshape(np.shape(x))


def above(x: Any) -> Any:
    return x > 0


def between(x: Any) -> Any:
    return (x >= 0.5) & (x <= 3)


WAYS: dict[str, tuple[Given, Callable[..., Any]]] = {
    "a domain": ({"domain": "x > 0"}, above),
    "bounds": ({"bounds": {"x": (0.5, 3)}}, between),
    "a narrow domain": ({"domain": "x >= 0.5 and x <= 3"}, between),
    "both": ({"domain": "x > 0", "bounds": {"x": (-1, 3)}}, lambda x: (x > 0) & (x <= 3)),
    "far from one": ({"domain": "x > 1000 and x < 1001"}, lambda x: (x > 1000) & (x < 1001)),
    "with a hole": ({"domain": "x > 0 and x != 1"}, lambda x: (x > 0) & (x != 1)),
    "by a function": ({"domain": "x > 0 and x*exp(x) < 20"}, lambda x: (x > 0) & (x < 2.25)),
}
SHAPES: tuple[Given, ...] = ({}, {"shapes": {"x": 2}}, {"shapes": {"x": 40}})


@pytest.mark.parametrize("factor", [1.0, 1.001])
@pytest.mark.parametrize("kind", ["traced", "opaque"])
@pytest.mark.parametrize("shape", SHAPES, ids=["a number", "two", "forty"])
@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_called_outside(way: str, shape: Given, kind: str, factor: float) -> None:
    given, allowed = WAYS[way]
    sentinel = Sentinel(allowed)
    report = verify.check(*of_one(sentinel, kind, factor), **given, **shape, points=60, raises=False)
    assert sentinel.calls > 5
    assert sentinel.outside == []
    found = report.operations[0].right.verdict
    if factor != 1:
        assert found is Verdict.REFUTED
    else:
        assert found in (Verdict.PROVED, Verdict.PROBABLE, Verdict.MATCHED)


@pytest.mark.parametrize("kind", ["traced", "opaque"])
@pytest.mark.parametrize("definition", ["x*log(x)", None])
def test_with_a_definition_and_a_kink(kind: str, definition: str | None) -> None:
    """Kinks, extremes, wiring with whole numbers and infinities ask the same question."""
    sentinel = Sentinel(lambda x: (x >= 0.25) & (x <= 2))

    def forward(x: Any) -> Any:
        sentinel.look(x)
        return abs(x - 1) if kind == "traced" else abs(float(f"{float(x):.17g}") - 1)

    def backward(x: Any, g: Any) -> Any:
        sentinel.look(x)
        return g * (1.0 if x > 1 else -1.0)

    meant = None if definition is None else "abs(x - 1)"
    given = {"bounds": {"x": (0.25, 2)}, "kinks": [1] if meant else [], "points": 100}
    report = verify.check(forward, backward, meant, **given, raises=False)
    assert sentinel.outside == []
    assert not report.operations[0].right.verdict.fails


@pytest.mark.parametrize("kind", ["traced", "opaque"])
@pytest.mark.parametrize("shapes", [None, {"x": 2, "y": 2}, {"x": 30, "y": 30}])
def test_pairs_of_entries(kind: str, shapes: Given | None) -> None:
    """x > y for two arrays holds entry by entry, and joins them: no box says it."""
    sentinel = Sentinel(lambda x, y: x > y)

    def forward(x: Any, y: Any) -> Any:
        sentinel.look(x, y)
        if kind == "opaque":
            return np.sqrt(_opaque(x) - y) if np.ndim(x) else float(np.sqrt(_opaque(x) - y))
        return np.sqrt(x - y)

    def backward(x: Any, y: Any, g: Any) -> Any:
        sentinel.look(x, y)
        return g / (2 * np.sqrt(x - y)), -g / (2 * np.sqrt(x - y))

    given: dict[str, Any] = {} if shapes is None else {"shapes": shapes}
    if shapes is not None and shapes["x"] == 30:
        given["bounds"] = {"x": (0, 2), "y": (-3, 1)}  # else no point is found by drawing
    report = verify.check(forward, backward, domain="x > y", points=60, raises=False, **given)
    assert sentinel.outside == []
    assert report.operations[0].right.verdict in (
        Verdict.PROVED, Verdict.PROBABLE, Verdict.MATCHED, Verdict.INCONCLUSIVE
    )  # fmt: skip


def test_one_entry_alone_may_be_meant() -> None:
    sentinel = Sentinel(lambda x: x[..., 2] > 0)

    def forward(x: Any) -> Any:
        sentinel.look(x)
        return np.log(x[2]) + (x * x).sum()

    def backward(x: Any, g: Any) -> Any:
        sentinel.look(x)
        found = 2 * x * g
        found[2] = found[2] + g / x[2]
        return found

    for size in (3, 30):
        report = verify.check(forward, backward, shapes={"x": size}, domain="x_2 > 0", points=60, raises=False)
        assert report.operations[0].right.verdict in (Verdict.PROVED, Verdict.PROBABLE)
    assert sentinel.outside == []


def test_an_opaque_rule_that_is_right_only_inside_is_left_in_peace() -> None:
    """|x| with the slope 1: outside of x > 0 it is wrong, and nobody looks there."""

    def forward(x: Any) -> Any:
        return np.abs(_opaque(x))

    for size, domain in itertools.product((1, 2, 20), ("x > 0", "x > 0 and x < 1e-3", "x >= 0.999 and x < 1")):
        report = verify.check(forward, lambda x, g: g * 1.0, shapes={"x": size}, domain=domain, raises=False)
        assert report.operations[0].right.verdict is Verdict.MATCHED
    report = verify.check(forward, lambda x, g: g * 1.0, shapes={"x": 2}, domain="x > -1", raises=False)
    assert report.operations[0].right.verdict is Verdict.REFUTED


@pytest.mark.parametrize("more", [{}, {"shapes": {"x": 30}}])
def test_a_domain_without_a_point_is_said(more: Any) -> None:
    """Nothing is called, not even for a shape."""
    called: list[Any] = []

    def forward(x: Any) -> Any:
        called.append(x)
        return _opaque(x).sum() + float(f"{0.0:.17g}")

    report = verify.check(forward, lambda x, g: g + 0 * x, domain="x > 1 and x < 0", raises=False, **more)
    assert report.operations[0].right.verdict is Verdict.INCONCLUSIVE
    assert "no point of the domain was found" in str(report.findings)
    assert not [x for x in called if np.asarray(x).dtype.kind == "f"]


def test_a_point_that_is_asked_for_outside_is_not_called() -> None:
    sentinel = Sentinel(above)
    forward, backward = of_one(sentinel, "traced", 1.0)
    report = verify.check(forward, backward, domain="x > 0", point={"x": -1.0}, points=40)
    assert sentinel.outside == []
    assert "x = -1.0 is outside the domain x > 0 or the bounds: nothing is called there" in str(report.findings)
