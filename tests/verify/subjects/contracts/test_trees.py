"""Parameters in dictionaries, dataclasses and named tuples."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from backproof import verify
from backproof.verify.results.findings import Verdict

FEW: dict[str, Any] = {"points": 100, "raises": False}
X = np.array([[1.0, 2.0], [0.5, -1.0], [2.0, 0.25]])
W, B = np.array([0.5, -1.0]), 0.25


@dataclass(frozen=True)
class Parameters:
    w: Any
    b: Any
    kind: str = "linear"


Pair = namedtuple("Pair", "w b")


def of_dictionary(params, scale):
    return scale * ((X @ params["w"] + params["b"]) ** 2).sum()


def dictionary_jac(params, scale):
    r = 2 * scale * (X @ params["w"] + params["b"])
    return {"w": X.T @ r, "b": r.sum()}


def of_attributes(params):
    return ((X @ params.w + params.b) ** 2).sum()


def dataclass_jac(params):
    r = 2 * (X @ params.w + params.b)
    return Parameters(X.T @ r, r.sum())


def pair_jac(params):
    r = 2 * (X @ params.w + params.b)
    return Pair(X.T @ r, r.sum())


RIGHT: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "a dictionary": (of_dictionary, dictionary_jac, {"inputs": ({"w": W, "b": B}, 2.0), "wrt": "params"}),
    "and a number": (
        of_dictionary,
        lambda params, scale: (dictionary_jac(params, scale), of_dictionary(params, 1)),
        {"inputs": ({"w": W, "b": B}, 2.0)},
    ),
    "one leaf": (
        of_dictionary,
        lambda params, scale: dictionary_jac(params, scale)["w"],
        {"inputs": ({"w": W, "b": B}, 2.0), "wrt": "params_w"},
    ),
    "nested": (
        lambda p: p["a"]["x"] ** 2 * p["y"],
        lambda p: {"a": {"x": 2 * p["a"]["x"] * p["y"]}, "y": p["a"]["x"] ** 2},
        {"inputs": {"p": {"a": {"x": 1.0}, "y": 2.0}}},
    ),
    "a dataclass": (of_attributes, dataclass_jac, {"inputs": (Parameters(W, B),)}),
    "a named tuple": (of_attributes, pair_jac, {"inputs": (Pair(W, B),)}),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right(name: str) -> None:
    function, jac, options = RIGHT[name]
    (operation,) = verify.check(function, jac=jac, **options, **FEW).operations
    assert operation.ok
    assert operation.right.verdict in (Verdict.PROVED, Verdict.MATCHED)


def test_dictionaries_are_proved() -> None:
    function, jac, options = RIGHT["a dictionary"]
    (operation,) = verify.check(function, jac=jac, **options, **FEW).operations
    assert operation.right.verdict is Verdict.PROVED
    assert operation.operands == ("params_w_0", "params_w_1", "params_b")


@pytest.mark.parametrize("name", RIGHT)
def test_wrong(name: str) -> None:
    function, jac, options = RIGHT[name]

    def doubled(*given):
        return _twice(jac(*given))

    (operation,) = verify.check(function, jac=doubled, **options, **FEW).operations
    assert operation.right.verdict is Verdict.REFUTED


def _twice(result: Any) -> Any:
    if isinstance(result, dict):
        return {name: _twice(part) for name, part in result.items()}
    if isinstance(result, Parameters):
        return Parameters(2 * result.w, 2 * result.b)
    if isinstance(result, Pair):
        return Pair(2 * result.w, 2 * result.b)
    return tuple(map(_twice, result)) if isinstance(result, tuple) else 2 * result
