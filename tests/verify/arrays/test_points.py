"""Points drawn anew stay of the kind of the given ones; ties are tied; and the numbers of tied entries say which."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backproof.verify.arrays.points import drawn, ties
from backproof.verify.arrays.ranges import as_array, as_given, redrawn

RNG = np.random.default_rng(2)
X = RNG.normal(size=(4, 5))
COVARIANCE = np.cov(X)
LOWER = np.linalg.cholesky(COVARIANCE[:3, :3])
ONE_HOT = np.eye(3)[[0, 2, 2, 1]]

Inputs = dict[str, Any]


def of_index(value: Any, indices: int = 6, **more: Any) -> list[Any]:
    return [drawn({"x": value}, 7, index, **more)["x"] for index in range(indices)]


# ------------------------------------------------------------------------------------------------------ drawn anew


def test_floats_are_normal_at_three_scales() -> None:
    sizes = [float(np.abs(x).mean()) for x in of_index(RNG.normal(size=2000), 3)]
    np.testing.assert_allclose(sizes, np.array([1, 10, 0.1]) * np.sqrt(2 / np.pi), rtol=0.05)


def is_positive_definite(x: np.ndarray) -> bool:
    return np.array_equal(x, x.T) and bool((np.linalg.eigvalsh(x) > 0).all())


KINDS = {
    "positive": (np.array([0.5, 2.0, 7.0]), lambda x: (x > 0).all()),
    "between 0 and 1": (np.array([0.5, 0.2, 0.7]), lambda x: ((x > 0) & (x < 1)).all()),
    "rows of 1": (np.exp(X) / np.exp(X).sum(axis=1, keepdims=True), lambda x: np.allclose(x.sum(axis=1), 1)),
    "one number in each row": (ONE_HOT, lambda x: ((x == 0) | (x == 1)).all() and (x.any(axis=1)).all()),
    "symmetric": (COVARIANCE - np.eye(4), lambda x: np.array_equal(x, x.T)),
    "positive definite": (COVARIANCE, is_positive_definite),
    "triangular": (LOWER, lambda x: np.array_equal(x, np.tril(x)) and (np.diag(x) > 0).all()),
    "booleans": (X > 0.5, lambda x: x.dtype == bool and not x.all() and x.any()),
    "integers": (np.array([7, -100, 3, 3]), lambda x: set(x.tolist()) <= {7, -100, 3}),
    "integers in order": (np.array([0, 2, 5, 5, 9]), lambda x: (np.diff(x) >= 0).all() and (x[0], x[-1]) == (0, 9)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_drawn_is_of_the_given_kind(kind: str) -> None:
    given, holds = KINDS[kind]
    found = of_index(given)
    assert all(holds(x) and x.shape == given.shape and x.dtype == given.dtype for x in found), found
    assert any(not np.array_equal(x, given) for x in found)


def test_a_kind_is_no_narrower_than_it_must_be() -> None:
    assert max(x.max() for x in of_index(np.array([0.5, 2.0, 7.0]))) > 1
    assert min(x.min() for x in of_index(COVARIANCE - np.eye(4))) < 0
    assert min(x.min() for x in of_index(LOWER)) < 0
    assert min(x.min() for x in of_index(np.array([0.5, -2.0, 7.0]))) < 0


def test_what_lies_between_0_and_1_does_not_reach_them() -> None:
    found = redrawn(np.array([0.5]), (50,), np.random.default_rng(0), scale=1e3)
    assert 0 < found.min() < 0.1
    assert 0.9 < found.max() < 1


@pytest.mark.parametrize("given", [np.ones((3, 3)), 2 * np.eye(3), np.zeros((3, 3))])
def test_a_constant_or_diagonal_matrix_is_no_sign_of_symmetry(given: np.ndarray) -> None:
    """A missing transpose would not be seen."""
    assert not any(np.array_equal(x, x.T) for x in of_index(given))


def test_indices_are_repeated_on_purpose_and_permuted() -> None:
    """A rule that writes to repeated indices, where it must add, is right as long as none is repeated."""
    found = of_index(np.array([4, 1, 0, 2, 3]))
    assert [len(set(x.tolist())) < 5 for x in found] == [True, False] * 3
    assert all(len(set(drawn({"x": np.array([5, 2])}, seed, 0)["x"].tolist())) == 1 for seed in range(10))


def test_ranges_say_where_entries_lie() -> None:
    floats, integers = (of_index(given, ranges={"x": (2, 4)}) for given in (X, np.zeros(30, np.int64)))
    assert all(((x >= 2) & (x <= 4)).all() for x in floats)
    assert {n for x in integers for n in x.tolist()} == {2, 3}
    assert not all(x.all() for x in of_index(X > 0, ranges={"x": (0, 1)}))


def test_all_else_stays_and_nothing_given_is_changed() -> None:
    before = X.copy()
    inputs = {"x": X, "eps": 1e-5, "n": 3, "flag": True, "mode": "mean", "none": None, "list": [1.0], "t": 0.5}
    found = drawn(inputs, 0, 0, moved=("t",))
    assert [name for name in inputs if found[name] is not inputs[name]] == ["x", "t"]
    assert isinstance(found["t"], float)
    assert 0 < found["t"] < 1
    assert np.array_equal(X, before)


def test_equal_seeds_give_equal_points_and_others_give_others() -> None:
    inputs = {"x": X, "i": np.arange(5)[::-1], "m": X > 0}
    one, again, other, later = (drawn(inputs, seed, index) for seed, index in ((1, 2), (1, 2), (2, 2), (1, 5)))
    assert all(np.array_equal(one[name], again[name]) for name in inputs)
    assert not np.array_equal(one["x"], other["x"])
    assert not np.array_equal(one["x"], later["x"])


@pytest.mark.optional
def test_integers_of_pytorch_stay_tensors() -> None:
    torch = pytest.importorskip("torch")
    given = torch.tensor([3, 1, 2, 0], dtype=torch.int32)
    (found,) = of_index(given, 1)
    assert (type(found), found.dtype) == (torch.Tensor, torch.int32)
    assert len(set(found.tolist())) < 4
    assert as_array(torch.ones(3, requires_grad=True)) is None


@pytest.mark.optional
def test_integers_of_jax_stay_arrays() -> None:
    numpy = pytest.importorskip("jax.numpy")
    given = numpy.array([3, 1, 2, 0])
    found = as_given(given, np.array([1, 1, 0, 0]))
    assert type(found) is type(given)
    assert found.dtype == given.dtype


# ------------------------------------------------------------------------------------------------------------ ties

TIES = ["every entry is 1", "every entry is 0", "rows of zeros", "rounded to integers", "rounded to halves"]


def test_ties_are_named_one_by_one() -> None:
    texts = [text.removeprefix("a tie: ") for text, _, _ in ties({"x": X, "y": 2 * X, "b": X[0]}, 0)]
    assert texts == [*TIES, "repeated entries in each row", "y equals x"]


def test_equal_entries_of_an_array_share_a_number_and_zeros_have_none() -> None:
    for text, values, numbers in ties({"x": X, "y": 2 * X}, 0):
        for name, value in values.items():
            flat, own = value.reshape(-1), numbers[name].reshape(-1)
            assert np.array_equal(own[:, None] == own, flat[:, None] == flat), text
            assert np.array_equal(own == -1, flat == 0)
        shared = set(numbers["x"].reshape(-1).tolist()) & set(numbers["y"].reshape(-1).tolist()) - {-1}
        assert bool(shared) == (text == "a tie: y equals x")


def tie(text: str, **values: np.ndarray) -> dict[str, np.ndarray]:
    return next(found for told, found, _ in ties(values, 3) if told == f"a tie: {text}")


def test_every_tie_is_one() -> None:
    assert (tie("every entry is 1", x=X)["x"] == 1).all()
    assert not tie("every entry is 0", x=X)["x"].any()
    zeros = tie("rows of zeros", x=X)["x"]
    assert [row.any() for row in zeros].count(False) == 2
    assert np.array_equal(tie("rounded to halves", x=X)["x"], np.round(2 * X) / 2)
    repeated = tie("repeated entries in each row", x=X)["x"]
    assert [len(set(row)) for row in repeated.tolist()] == [3] * 4
    equal = tie("y equals x", x=X, y=2 * X)
    assert np.array_equal(equal["x"], equal["y"])
    assert not np.signbit(tie("rounded to integers", x=np.array([-0.2, 1.3]))["x"]).any()


def test_what_lies_in_a_range_is_tied_within_it() -> None:
    """Where a logarithm has no value nothing is to be seen."""
    positive, shares = np.array([0.1, 3.2]), np.array([[0.2, 0.3, 0.5]])
    assert tie("rounded to integers", x=positive)["x"].tolist() == [0.5, 3.0]
    assert tie("every entry is 1", x=np.array([0.1, 0.2]))["x"].tolist() == [0.5, 0.5]
    np.testing.assert_allclose(tie("rounded to halves", x=shares)["x"], np.full((1, 3), 1 / 3))


def test_single_numbers_stay_beside_arrays_and_are_tied_alone() -> None:
    eps = np.array(1e-5)
    assert all(values["eps"] == eps for _, values, _ in ties({"x": X, "eps": eps}, 0))
    alone = [values for text, values, _ in ties({"x": np.array(0.3), "y": np.array(2.0)}, 0) if text.endswith("x")]
    assert [float(values["y"]) for values in alone] == [0.3]


def test_a_few_pairs_are_made_equal() -> None:
    of_four = ties(dict.fromkeys("abcd", X), 0)
    assert [text for text, _, _ in of_four if "equals" in text] == [f"a tie: {name} equals a" for name in "bcd"]


def test_ties_of_nothing_are_no_error() -> None:
    assert len(list(ties({"x": np.zeros((2, 0))}, 0))) == 6
