"""Common code with arrays and scalars: comparisons with a maximum, booleans times a gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backproof import verify
from backproof.verify.results.findings import Verdict

RIGHT = {
    "an equal share at ties": (lambda x: x.max(), lambda x, g: g * (x == x.max()) / (x == x.max()).sum()),
    "one of the largest": (lambda x: x.max(), lambda x, g: g * (np.arange(len(x)) == x.argmax())),
    "a range of two": (lambda x: x.max() - x.min(), lambda x, g: g * ((x == x.max()) * 1.0 - (x == x.min()))),
    "booleans times a number": (lambda x: np.maximum(0, 1 - x).sum(), lambda x, g: -g * (x < 1)),
    "a mask that is negated": (lambda x: np.abs(x).sum(), lambda x, g: g * (x > 0) - g * ~(x > 0)),
    "a ramp times a number": (lambda x: (x * np.arange(len(x))).sum(), lambda x, g: g * np.arange(len(x))),
    "0 where all is 0": (
        lambda x: np.sqrt((x * x).sum()),
        lambda x, out, g: g * x / out if (x != 0).any() else 0 * x,
    ),
}
WRONG = {
    "all of it to each of the largest": (lambda x: x.max(), lambda x, g: g * (x == x.max())),
    "the wrong half": (lambda x: np.abs(x).sum(), lambda x, g: g * (x > 0) + g * (x < 0)),
    "another threshold": (lambda x: np.maximum(0, 1 - x).sum(), lambda x, g: -g * (x < 2)),
    "a ramp that begins at 1": (lambda x: (x * np.arange(len(x))).sum(), lambda x, g: g * np.arange(1, len(x) + 1)),
}
"""The first is wrong only at ties, and was matched at points without ties."""


class Relu:
    """A layer: the forward saves data on the object for the backward."""

    mask: Any = None

    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, g):
        return g * self.mask


class LeakyBelow(Relu):
    """Wrong: it returns a third of the gradient below 0."""

    def backward(self, g):
        return g * self.mask + g * ~self.mask / 3


class Softmax:
    out: Any = None

    def forward(self, x):
        e = np.exp(x - x.max())
        self.out = e / e.sum()
        return self.out

    def backward(self, g):
        return self.out * (g - (g * self.out).sum())


class FirstMask(Relu):
    """Keeps the mask of its first call for ever."""

    def forward(self, x):
        if self.mask is None:
            self.mask = x > 0
        return x * (x > 0)


def verdicts(pair, size):
    report = verify.check(*pair, shapes={"x": size}, points=60, raises=False)
    return {f.verdict for f in report.findings if f.check in ("proof", "array_identity", "tensor_identity")}


@pytest.mark.parametrize("size", [2, 40])
@pytest.mark.parametrize("name", RIGHT)
def test_runs_on_symbols_and_is_right(name, size):
    found = verdicts(RIGHT[name], size)
    assert found <= {Verdict.PROVED, Verdict.PROBABLE}
    assert found


@pytest.mark.parametrize("size", [2, 40])
@pytest.mark.parametrize("name", WRONG)
def test_is_refuted(name, size):
    assert Verdict.REFUTED in verdicts(WRONG[name], size)


@pytest.mark.parametrize("size", [2, 40])
@pytest.mark.parametrize("layer", [Relu, Softmax])
def test_methods_that_share_an_object_are_proved(layer, size):
    one = layer()
    assert verdicts((one.forward, one.backward), size) <= {Verdict.PROVED, Verdict.PROBABLE}


@pytest.mark.parametrize("size", [2, 40])
def test_wrong_methods_that_share_an_object_are_refuted(size):
    one = LeakyBelow()
    assert Verdict.REFUTED in verdicts((one.forward, one.backward), size)


@pytest.mark.parametrize(("layer", "ok"), [(Relu, True), (FirstMask, False)])
def test_a_layer_on_scalars(layer, ok):
    one = layer()
    assert verify.check(one.forward, one.backward, raises=False).ok is ok


def test_a_small_shape_with_too_many_branches_is_checked_as_a_large_one():
    assert verdicts(RIGHT["a range of two"], 3) == {Verdict.PROVED, Verdict.PROBABLE}  # proved for two entries


@pytest.mark.optional
@pytest.mark.parametrize(("factor", "verdict"), [(1, Verdict.PROVED), (2, Verdict.REFUTED)])
def test_functions_of_scipy_run_on_symbols(factor, verdict):
    special = pytest.importorskip("scipy.special", reason="SciPy is not installed: pip install scipy")

    def backward(x, g):
        s = special.expit(x)
        return factor * g * s * (1 - s)

    (found,) = verify.check(special.expit, backward, names=("x",), shapes={"x": 3}, raises=False).operations
    assert found.right.verdict is verdict
