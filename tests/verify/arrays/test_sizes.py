"""Other sizes: axes that fit each other still do, and those of squares are told apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from backproof.verify.arrays.points import other_sizes
from backproof.verify.arrays.sizes import FEW, MOST_GROWTH

RNG = np.random.default_rng(0)


def shapes(inputs: Mapping[str, Any], runs: Any = None) -> list[dict[str, tuple[int, ...]]]:
    return [{name: np.shape(x) for name, x in found.items()} for found in other_sizes(inputs, 1, runs)]


def test_the_axes_of_a_product_stay_consistent() -> None:
    found = shapes({"a": RNG.normal(size=(4, 5)), "b": RNG.normal(size=(5, 3))})
    assert all(one["a"][1] == one["b"][0] for one in found)
    assert all(len({*one["a"], *one["b"]}) == 3 for one in found)  # square nowhere
    assert found[0] == {"a": (5, 9), "b": (9, 4)}
    assert sum(1 in (*one["a"], *one["b"]) for one in found) == 3  # each of the three axes


def accepts(function: Any) -> Any:
    def runs(inputs: Mapping[str, Any]) -> bool:
        try:
            function(*inputs.values())
        except (ValueError, IndexError):
            return False
        return True

    return runs


SQUARE = RNG.normal(size=(8, 8))
LABELS = np.array([3, 1, 0, 7, 7, 2, 4, 5])
FITS = {
    "a product": ((SQUARE, SQUARE), lambda x, y: x @ y),
    "a product and a bias": ((SQUARE, SQUARE, SQUARE[0]), lambda x, y, b: x @ y + b),
    "a layer": ((SQUARE, SQUARE), lambda x, w: x @ w.T),
    "a sum": ((SQUARE, SQUARE), lambda x, y: x + y),
    "a bias": ((SQUARE, SQUARE[0]), lambda x, b: x + b),
    "labels": ((SQUARE, LABELS), lambda x, t: x[np.arange(len(t)), t] + x.sum(axis=1)),
    "batches": ((RNG.normal(size=(4, 4, 4)),) * 2, lambda x, y: x @ y.transpose(0, 2, 1)),
}


@pytest.mark.parametrize("name", FITS)
def test_the_axes_of_a_square_are_told_apart_as_the_code_takes_them(name: str) -> None:
    arrays, function = FITS[name]
    inputs = dict(zip("xyz", arrays, strict=False))
    first, _ = shapes(inputs, accepts(function))
    assert len(set(first["x"])) == len(first["x"])


def test_rows_of_a_layer_are_told_apart_from_its_batch() -> None:
    layer = accepts(lambda x, w, b: x @ w.T + b)
    assert shapes({"x": SQUARE, "w": SQUARE, "b": SQUARE[0]}, layer)[0] == {"x": (9, 15), "w": (16, 15), "b": (16,)}


def test_labels_along_the_wrong_axis_are_refused_by_the_code_itself() -> None:
    """Were they too few, the code would run, and divide by the number of something else."""
    inputs = {"x": SQUARE, "t": LABELS}
    found = shapes(inputs, accepts(lambda x, t: x[np.arange(len(t)), t]))
    assert all(one["x"][0] == one["t"][0] for one in found)


def test_a_matrix_that_must_be_square_stays_so() -> None:
    found = shapes({"x": SQUARE}, accepts(np.linalg.inv))
    assert [one["x"] for one in found] == [(9, 9), (15, 15)]
    sizes = [one["x"] for one in shapes({"x": SQUARE})]
    assert sizes == [(9, 15), (9, 9), (15, 15), (1, 1), (16, 16)]  # none twice


def test_only_so_many_on_which_the_code_runs_are_returned() -> None:
    inputs = {"x": RNG.normal(size=(4, 6))}
    assert len(shapes(inputs, lambda _: True)) == 2
    assert len(list(other_sizes(inputs, 1, lambda _: True, most=3))) == 3
    assert shapes(inputs, lambda _: False) == []
    assert {"x": (8, 18)} in shapes(inputs)  # for code that halves an axis


def test_values_are_of_the_given_kind_and_numbers_stay() -> None:
    inputs = {"x": RNG.normal(size=(4, 5)), "t": np.array([2, 0, 1, 2]), "p": np.full((4, 5), 0.2), "n": 4, "eps": 0.1}
    for found in other_sizes(inputs, 1):
        assert set(found["t"].tolist()) <= {0, 1, 2}
        np.testing.assert_allclose(found["p"].sum(axis=1), 1)
        assert (found["n"], found["eps"]) == (4, 0.1)


def test_large_arrays_grow_by_little() -> None:
    rows = 3 * FEW
    assert [one["x"][0] for one in shapes({"x": np.ones((rows, 3))})][:2] == [rows + 1, rows + 1]
    grown = shapes({"x": np.ones((20, 20, 20, 5))})
    assert all(np.prod(one["x"]) <= MOST_GROWTH * 40_000 for one in grown)


def test_what_has_no_free_axis_has_no_other_size() -> None:
    assert shapes({"x": np.array(0.5), "y": np.ones((1, 1)), "n": 3}) == []
    assert shapes({"x": np.zeros((0, 3))})[0] == {"x": (0, 4)}


def test_equal_seeds_give_equal_inputs() -> None:
    one, again, other = (next(other_sizes({"x": SQUARE}, seed))["x"] for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
