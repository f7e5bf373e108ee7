"""Points past comparisons: each is on the other side of one, and thin bands are not passed over."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np
import pytest

from backproof.verify.arrays import crossings
from backproof.verify.arrays import margin_text as margin_text_module
from backproof.verify.arrays.crossings import past_margins
from backproof.verify.arrays.floats import values
from backproof.verify.arrays.functions import applied
from backproof.verify.arrays.margin_text import margin_text
from backproof.verify.arrays.program import Node, Program
from backproof.verify.arrays.traced import Margin, Traced

X = np.random.default_rng(4).normal(size=(4, 5))


def traced(p: Program, margins: Mapping[str, Node], inputs: tuple[str, ...] = ("x",)) -> Traced:
    """A rule that made these comparisons, by a word for each."""
    found = [Margin(node, what) for what, node in margins.items()]
    return Traced(p, {name: p.leaves[name].node for name in inputs}, [], [], {}, [], [], found, len(found))


def changed(of: Traced, point: Mapping[str, np.ndarray]) -> list[str]:
    """Which comparisons have another sign at a point somewhere."""
    nodes = [margin.node for margin in of.margins]
    before, there = (values(of.program, nodes, leaves) for leaves in ({}, point))
    pairs = zip(of.margins, before, there, strict=True)
    return [margin.what for margin, a, b in pairs if ((a < 0) != (b < 0)).any()]


def test_each_point_is_past_a_comparison_and_told_in_entries() -> None:
    p = Program()
    x, y = p.leaf("x", X), p.leaf("y", X[::-1])
    of = traced(p, {"relu": x, "less": p.subtract(p.subtract(x, y), p.number(0.25))}, ("x", "y"))
    points = list(past_margins(of, 1, 12))
    assert len(points) == 12
    assert all(changed(of, point) for _, point in points)
    told = [text for text, _ in points]
    assert any(text.startswith("past x[") and text.endswith("] < 0: its comparison turns there") for text in told)
    assert any("] - 1/4 > 0" in text and " - y[" in text for text in told)
    assert all(set(point) == {"x", "y"} and point["x"].shape == X.shape for _, point in points)


def test_each_comparison_has_its_turn_before_any_has_another() -> None:
    p = Program()
    x = p.leaf("x", X)
    of = traced(p, {"many": x, "one": p.sum(x, [0, 1]), "far": p.subtract(p.sum(x, [0]), p.number(9))})
    first = {what for _, point in list(past_margins(of, 0))[:5] for what in changed(of, point)}
    assert first == {"many", "one", "far"}


def masked_maximum(squared: bool, width: float) -> Traced:
    """|x - max x| < width along rows: the difference has no sign where its square is taken."""
    p = Program()
    x = p.leaf("x", X)
    won = X.argmax(axis=1) + 5 * np.arange(4)
    greatest = p.take([x], np.repeat(won, 5).reshape(4, 5))
    apart = p.subtract(greatest, x)
    size = p.power(p.multiply(apart, apart), Fraction(1, 2)) if squared else apart
    return traced(p, {"maximum": apart, "less": p.subtract(size, p.number(width))})


def test_the_nearest_is_crossed_first_and_alone() -> None:
    """Beyond others the path has changed before, and another number may be the maximum there."""
    of = masked_maximum(squared=False, width=0.01)
    order = np.argsort(X, axis=1)
    row = int(np.diff(np.sort(X, axis=1)[:, -2:], axis=1).argmin())
    second, first = order[row, -2:].tolist()
    text, point = next(past_margins(of, 0))
    assert text == f"past x[{row}, {first}] - x[{row}, {second}] < 0: its comparison turns there"
    assert sorted(np.flatnonzero(point["x"] != X)) == sorted([5 * row + first, 5 * row + second])


@pytest.mark.parametrize("width", [1e-2, 1e-4, 1e-6])
@pytest.mark.parametrize("squared", [False, True])
def test_the_thin_band_beside_a_maximum_is_found(squared: bool, width: float) -> None:
    """Lines pass over it: the difference is smaller there than before and after, and within one step at that."""
    found = []
    for _, point in past_margins(masked_maximum(squared, width), 3):
        behind = np.sort(point["x"].max(axis=1, keepdims=True) - point["x"], axis=1)[:, 1]
        found.append(((0 < behind) & (behind < width)).any())
    assert any(found)


def test_without_a_search_between_the_steps_the_band_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    p = Program()
    x = p.leaf("x", X)
    of = traced(p, {"less": p.subtract(p.multiply(x, x), p.number(1e-10))})
    assert [changed(of, point) for _, point in past_margins(of, 1)] == [["less"]] * crossings.DIPS
    monkeypatch.setattr(crossings, "DIPS", 0)
    monkeypatch.setattr(crossings, "AIMED", ())
    assert list(past_margins(of, 1)) == []


def test_a_point_lies_between_two_comparisons_that_turn_close_together() -> None:
    p = Program()
    x = p.leaf("x", X)
    margins = {"low": p.subtract(x, p.number(0.5)), "high": p.subtract(x, p.number(0.5 + 1e-9))}
    points = list(past_margins(traced(p, margins), 2))
    assert any(((point["x"] > 0.5) & (point["x"] < 0.5 + 1e-9)).any() for _, point in points)


def test_what_no_line_crosses_is_aimed_at_and_what_never_turns_is_counted() -> None:
    p = Program()
    x, g = p.leaf("x", X), p.leaf("g0", X)
    p.leaf("y", X)
    margins = {
        "far": p.subtract(p.sum(p.take([x], [7, 7, 9]), [0]), p.number(5000)),
        "never": p.add(p.multiply(x, x), p.number(1)),
        "upstream": p.subtract(g, p.number(1)),
        "constant": p.number(2.5, (3,)),
    }
    found = past_margins(traced(p, margins, ("x", "y")), 0)
    ((text, point),) = found
    assert text == "past x[1, 2] + x[1, 2] + x[1, 4] - 5000 > 0: its comparison turns there"
    assert np.flatnonzero(point["x"] != X).tolist() == [7, 9]  # along the gradient
    assert np.array_equal(point["y"], X)
    assert found.labels == {"crossed": 1, "never flipped": 2, "not followed": 0}


def test_a_comparison_of_everything_is_crossed_too() -> None:
    """Its cone is too large, so that each step of the bisection takes the whole program."""
    p = Program()
    x = p.leaf("x", np.random.default_rng(0).normal(size=100_001) - 1e-3)
    of = traced(p, {"sum": p.sum(x, [0])})
    points = list(past_margins(of, 0, 2))
    assert points
    assert all(changed(of, point) for _, point in points)


def test_of_very_many_comparisons_some_are_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crossings, "MOST_MARGINS", 20)
    p = Program()
    x = p.leaf("x", X)
    loop = {f"round {k}": p.subtract(p.take([x], [k % 20]), p.number(Fraction(k, 30))) for k in range(30)}
    found = past_margins(traced(p, loop), 0, 5)
    assert found.labels == {"crossed": 20, "never flipped": 0, "not followed": 10}


def test_equal_seeds_give_equal_points_and_others_give_others() -> None:
    of = masked_maximum(squared=True, width=0.1)
    one, again, other = ([(text, point["x"].tolist()) for text, point in past_margins(of, seed)] for seed in (5, 5, 6))
    assert one == again
    assert one != other


def test_where_nothing_is_compared_there_is_no_point() -> None:
    p = Program()
    p.leaf("x", X)
    found = past_margins(traced(p, {}), 0)
    assert list(found) == []
    assert found.labels == {"crossed": 0, "never flipped": 0, "not followed": 0}
    empty = Program()
    x = empty.leaf("x", np.zeros((0, 3)))
    assert list(past_margins(traced(empty, {"none": x}), 0)) == []


def test_points_where_other_comparisons_have_no_value_come_last() -> None:
    p = Program()
    of = traced(p, {"log": applied(p, "log", p.leaf("x", np.linspace(0.01, 3, 30)))})
    lost = [("<" in text, bool((point["x"] <= 0).any())) for text, point in past_margins(of, 1)]
    for sign in (True, False):
        own = [is_lost for negative, is_lost in lost if negative == sign]
        assert own == sorted(own)
        assert set(own) == {True, False}


def test_points_past_many_comparisons_at_once_come_last() -> None:
    p = Program()
    of = traced(p, {"relu": p.leaf("x", X)})
    changes = [int(((point["x"] < 0) != (X < 0)).sum()) for _, point in past_margins(of, 0)]
    assert changes[:4] == [1, 1, 1, 1]
    assert min(changes[-4:]) > 3


def test_what_rounding_leaves_of_nothing_has_no_sign() -> None:
    p = Program()
    x, y = p.leaf("x", X), p.leaf("y", X[::-1])
    nothing = p.subtract(p.subtract(p.add(x, y), x), y)
    assert list(past_margins(traced(p, {"equal": nothing}, ("x", "y")), 0)) == []


def test_formulas_are_told_as_one_writes_them() -> None:
    p = Program()
    less, x, y = p.number(-0.25), p.leaf("x", 1.0), p.leaf("y", 2.0)
    margins = p.add(less, x), p.add(y, less), p.negative(p.subtract(x, y)), p.subtract(y, x)
    told = [margin_text(p, Margin(margin, "less"), 0, negative=True) for margin in margins]
    formulas = ["x - 1/4", "y - 1/4", "y - x", "y - x"]
    assert told == [f"past {formula} < 0: its comparison turns there" for formula in formulas]


def test_a_long_formula_is_told_by_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    p = Program()
    x = p.leaf("x", X)
    product = p.dot(x, p.transpose(x))
    assert margin_text(p, Margin(product, "less"), 6, negative=True) == "past a comparison (less[1, 2]): it turns there"
    scaled = p.subtract(p.number(1), p.multiply(x, x))
    assert margin_text(p, Margin(scaled, "less"), 7, negative=False).startswith("past 1 - x[1, 2]*x[1, 2] > 0")
    monkeypatch.setattr(margin_text_module, "terms_of", None)  # of a large cone no formula is made
    large = p.sum(p.take([x], np.arange(200) % 20), [0])
    assert margin_text(p, Margin(large, "less"), 0, negative=True) == "past a comparison (less): it turns there"
