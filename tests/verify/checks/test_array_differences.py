"""Large arrays far from their sample points: finite differences on floats find a place, interval arithmetic decides."""

from __future__ import annotations

import numpy as np
import pytest

from backproof import verify
from backproof.verify.results.findings import Verdict

N = 40


def findings(forward, backward):
    return verify.check(forward, backward, shapes={"x": N}, points=60, raises=False).findings


@pytest.mark.parametrize(
    "backward",
    [
        lambda x, g: 2 * x * g if x.max() < 30 or len(x) < N else 3 * x * g,
        lambda x, g: 2 * x * g if x.max() < 300 or len(x) < N else 3 * x * g,
        lambda x, g: 2 * x * g * np.where((np.arange(N) == 37) & (x > 50), 0, 1),
    ],
)
def test_a_rule_that_is_wrong_far_out_is_refuted(backward):
    """On the sampled cells, and at all small shapes, each is right: the verdict was `probable`, and nothing else."""
    found = findings(lambda x: x * x, backward)
    assert [f.check for f in found if f.verdict is Verdict.REFUTED] == ["tensor_identity"]


@pytest.mark.parametrize(
    ("forward", "backward"),
    [
        (lambda x: np.minimum(np.abs(x), 100) ** 2, lambda x, g: 2 * x * g * (np.abs(x) < 100)),
        (lambda x: np.tanh(x), lambda out, g: g * (1 - out**2)),  # no digits are left far out
        (lambda x: np.abs(x[:-1] - x[1:]).sum(), lambda x, g: g * (np.sign(np.diff(x, prepend=x[0])) - np.sign(
            np.diff(x, append=x[-1])))),
        (lambda x: np.exp(x - x.max()) / np.exp(x - x.max()).sum(), lambda out, g: out * (g - (g * out).sum())),
    ],
)
def test_a_right_rule_has_no_finding(forward, backward):
    assert not [f for f in findings(forward, backward) if f.verdict is Verdict.REFUTED]


def at_the_largest(x: np.ndarray) -> np.ndarray:
    return np.where(np.arange(len(x)) == np.argmax(x), 1.0, 0.0)


def lossy(x: np.ndarray, g: float) -> np.ndarray:
    """1 - tanh², which has no digits left at 20."""
    return g * (1 - np.tanh(x.max()) ** 2) * at_the_largest(x)


def test_lost_digits_are_not_refuted() -> None:
    report = verify.check(lambda x: -2 / (1 + np.exp(2 * x.max())), lossy, shapes={"x": 40}, points=60, raises=False)
    assert report.operations[0].right.verdict is Verdict.PROBABLE


def test_lost_digits_at_one_point_do_not_end_the_search() -> None:
    """Wrong beyond 300, at this size only; at smaller entries 1 - tanh² loses its digits."""

    def smallest(x: np.ndarray) -> np.ndarray:
        return np.where(np.arange(len(x)) == np.argmin(x), 1.0, 0.0)

    def backward(x: np.ndarray, g: float) -> np.ndarray:
        right = -g * (1 - np.tanh(-x.min() - 8) ** 2) * smallest(x)
        return right + (g * smallest(x) if x.max() > 300 and len(x) == 40 else 0)

    def forward(x: np.ndarray) -> np.ndarray:
        return -2 / (1 + np.exp(2 * (-x.min() - 8)))

    report = verify.check(forward, backward, shapes={"x": 40}, points=60, raises=False)
    assert report.operations[0].right.verdict is Verdict.REFUTED
