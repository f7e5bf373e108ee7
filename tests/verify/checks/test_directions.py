"""Large arrays far from where they were looked at: differences of floats point at a place, and balls judge it."""

from __future__ import annotations

import numpy as np
import pytest

import verify
from verify.findings import Verdict

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
    """On the cells that were looked at, and at all small shapes, each is right: it was `probable`, and nothing else."""
    found = findings(lambda x: x * x, backward)
    assert [f.check for f in found if f.verdict is Verdict.REFUTED] == ["directions"]


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
def test_a_right_one_is_left_in_peace(forward, backward):
    assert not [f for f in findings(forward, backward) if f.verdict is Verdict.REFUTED]
