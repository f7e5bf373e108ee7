"""Points that can be typed: exact, apart from 0 and from one another, the same for the same seed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from backproof.verify.numerics.lattices import NoRoom, Sample, samples

SHAPES = {"x": (768,), "a": (16, 8), "z": (), "w": (768,)}


@pytest.mark.parametrize("far", [False, True])
def test_the_printed_formula_makes_the_point(far: bool) -> None:
    for sample in samples("f", SHAPES, 0, far):
        for (name, values), line in zip(sample.arrays.items(), sample.lines(), strict=True):
            told, _, formula = line.partition(" = ")
            assert told == name
            assert np.array_equal(eval(formula, {"numpy": np}), values)
            assert np.shape(values) == SHAPES[name]


def test_no_entry_is_zero_or_equal_to_another() -> None:
    for sample in samples("f", SHAPES, 3):
        entries = np.concatenate([np.ravel(v) for v in sample.arrays.values()])
        assert 0 not in entries
        assert len(set(np.abs(entries))) == len(entries) or min(entries) < 0 < max(entries)
        assert len(set(entries)) == len(entries)


def test_both_sides_and_one_side_of_zero() -> None:
    ends = [(min(s.arrays["x"]), max(s.arrays["x"])) for s in samples("f", SHAPES, 0)]
    assert any(low < 0 < high for low, high in ends)
    assert any(0 < low and high < 1 for low, high in ends)
    assert any(-1 < low and high < 0 for low, high in ends)
    far = [(min(s.arrays["x"]), max(s.arrays["x"])) for s in samples("f", SHAPES, 0, far=True)]
    assert any(low < -900 and high > 900 for low, high in far)


def test_seeds() -> None:
    def told(seed: int) -> list[list[str]]:
        return [s.lines() for s in samples("f", SHAPES, seed)]

    assert told(0) == told(0)
    assert told(0) != told(1)


def test_the_arrays_are_fresh_each_time() -> None:
    sample: Sample = next(iter(samples("f", SHAPES, 0)))
    sample.arrays["x"][:] = 0
    assert sample.arrays["x"].all()


@pytest.mark.parametrize("far", [False, True])
@pytest.mark.parametrize(
    ("low", "high"),
    [(6, 8), (0.3, 0.4), (0, 1e10), (-math.inf, -5), (-5, math.inf), (1, 1 + 1e-9), (-1e300, 1e300), (1e-12, 1e-9)],
)
def test_within_bounds(low: float, high: float, far: bool) -> None:
    for sample in samples("f", SHAPES, 0, far, {"x": (low, high), "z": (2, 3)}):
        values = sample.arrays["x"]
        assert ((low <= values) & (values <= high)).all()
        assert 2 <= sample.arrays["z"] <= 3
        assert 0 not in values
        assert len(set(values)) == len(values)
        for name, formula in (line.split(" = ", 1) for line in sample.lines()):
            assert np.array_equal(eval(formula, {"numpy": np}), sample.arrays[name])


def test_far_points_reach_the_ends_of_the_bounds() -> None:
    ends = [(min(s.arrays["x"]), max(s.arrays["x"])) for s in samples("f", SHAPES, 0, True, {"x": (1, 1e10)})]
    assert any(high > 0.95e10 for _, high in ends)
    assert any(low > 0.8e10 for low, _ in ends)
    assert any(high < 0.2e10 for _, high in ends)


@pytest.mark.parametrize(("low", "high"), [(1, 1 + 1e-14), (0, 5e-324), (1e300, 1.0000001e300)])
def test_bounds_without_room(low: float, high: float) -> None:
    if low == 1e300:  # far from 0, but with room
        assert list(samples("f", SHAPES, 0, bounds={"x": (low, high)}))
        return
    with pytest.raises(NoRoom, match="too few floats"):
        list(samples("f", SHAPES, 0, bounds={"x": (low, high)}))
