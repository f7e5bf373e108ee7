"""Likely causes: each is named for the gradient that it makes, and for no right one."""

import numpy as np
import pytest

from backproof.verify.arrays.likely import cause

RNG = np.random.default_rng(3)
G = RNG.normal(size=(4, 4))
OTHER = RNG.normal(size=(4, 4))
OVERWRITTEN = np.where(np.arange(4)[:, None] == 2, 0.25 * G + 1, G)

CAUSES = {
    "its sign is wrong": -G,
    "it is transposed": G.T,
    "axis 1 is reversed": G[:, ::-1],
    "it is shifted by 1 along axis 0": np.roll(G, 1, 0),
    "it is the sum over axis 0, repeated": np.broadcast_to(G.sum(0), G.shape),
    "it is 1/4 of the derivative: a mean over 4 entries in place of a sum": G / 4,
    "it is 7 times the derivative: a sum over 7 entries in place of a mean": 7 * G,
    "it is 2/3 times the derivative": 2 * G / 3,
    "it is the gradient of y: they are returned in the wrong order": OTHER,
    "the rule returns 0": 0 * G,
    "only at 2 of axis 0, the others are right: are contributions overwritten there?": OVERWRITTEN,
}


@pytest.mark.parametrize(("text", "rule"), CAUSES.items(), ids=CAUSES)
def test_a_cause_is_named(text: str, rule: np.ndarray) -> None:
    assert cause({"x": rule, "y": OTHER}, {"x": G, "y": OTHER}, "x", (7,)) == text


def test_no_cause_is_named_where_none_fits() -> None:
    assert cause({"x": G * (1 + 0.1 * G)}, {"x": G}, "x") == ""
    assert cause({"x": G + 0.1}, {"x": G}, "x") == ""
