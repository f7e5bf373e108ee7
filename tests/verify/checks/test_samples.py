"""Evaluation of an operation at the sample points: vectorised where that is the same, otherwise one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backproof.engine import Value
from backproof.engine.arithmetic import arithmetic
from backproof.verify.checks.case import Case
from backproof.verify.checks.samples import Samples, sample, sampled
from backproof.verify.config.options import Options
from backproof.verify.mirror.table import MIRROR
from backproof.verify.subjects.engines.own import ValueEngine


def _case(backward: Any, forward: Any = None, n: int = 1000) -> Case:
    """tanh with another rule, or another forward."""

    class Other(Value):
        def tanh(self) -> Any:
            out = Other((forward or (lambda x: arithmetic(x).tanh(x)))(self.data), (self,), "tanh")
            out._backward = lambda: backward(self, out)
            return out

    ((operation, spec),) = ValueEngine(Other, {"tanh": "tanh"}, matches_mirror_kinks=True).operations()
    assert spec is MIRROR["tanh"][0]
    return Case(operation, spec, Options(points=n))


def _right(x: Any, out: Any) -> None:
    x.grad += (1 - out.data**2) * out.grad


def _on_floats(x: Any, out: Any) -> None:
    """Right for everything except floats."""
    x.grad += ((1 + out.data**2) if isinstance(x.data, float) else (1 - out.data**2)) * out.grad


def _branching(x: Any, out: Any) -> None:
    x.grad += (1 - out.data**2 if x.data < 3 else 4 * arithmetic(x.data).exp(-2 * x.data)) * out.grad


def _touching(x: Any, out: Any) -> None:
    x.grad += (1 - out.data**2) * out.grad
    x.data = x.data + 1


@pytest.mark.parametrize("rule", [_right, _on_floats, _branching, _touching])
def test_a_vectorised_run_returns_what_floats_return(rule: Any) -> None:
    case = _case(rule)
    found = case.samples
    for k in range(0, len(found), 7):
        assert repr(found[k]) == repr(sample(case.operation, case.points[k]))


def test_user_code_is_evaluated_point_by_point() -> None:
    """It may branch on the type of its data, and be wrong where floats are not evaluated again."""
    class Theirs(Value):
        pass

    ((operation, _),) = ValueEngine(Theirs, {"tanh": "tanh"}).operations()
    assert operation.at_once([np.linspace(0, 1, 1000)]) is None


def test_only_what_can_be_is_vectorised() -> None:
    assert _case(_right).operation.at_once(_case(_right).points.columns) is not None
    assert _case(_branching).operation.at_once(_case(_branching).points.columns) is None
    assert _case(_touching).operation.at_once(_case(_touching).points.columns) is None
    assert _case(_touching).samples.touched


def test_exceptions_keep_their_places() -> None:
    def forward(x: Any) -> Any:
        m = arithmetic(x)
        return m.tanh(x) + 0 * m.sqrt(4 - x)

    case = _case(_right, forward)
    beyond = case.points.columns[0] > 4
    assert sorted(case.samples.errors) == np.flatnonzero(beyond).tolist()
    assert case.samples.returned.tolist() == (~beyond).tolist()
    assert np.isnan(case.samples.out).tolist() == np.isnan(case.samples.partials[0]).tolist() == beyond.tolist()
    assert all(case.samples[k].error.raised(ValueError) for k in case.samples.errors)


def test_a_sequence_of_samples() -> None:
    case = _case(_right, n=20)
    found = sampled(case.operation, case.points)
    assert isinstance(found, Samples)
    assert len(found) == len(list(found)) == len(found[:]) == 20
    assert found[-1] == found[19]
    with pytest.raises(IndexError):
        found[20]
