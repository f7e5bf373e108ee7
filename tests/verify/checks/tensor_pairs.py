"""Pairs of NumPy functions as cases of the tensor checks, and what each check finds: shared by their tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from backproof.verify.checks import tensor_differences, tensor_identity, tensor_safety, tensor_wiring
from backproof.verify.checks.tensor_case import TensorCase
from backproof.verify.config.options import USUAL
from backproof.verify.numerics.working_range import Bounds
from backproof.verify.results.findings import Finding, Verdict
from backproof.verify.subjects.tensors.numpy_code import numpy_code
from backproof.verify.subjects.tensors.operation import TensorOperation

CHECKS = {
    "identity": tensor_identity.check,
    "differences": tensor_differences.check,
    "safety": tensor_safety.check,
    "wiring": tensor_wiring.check,
}

RIGHT = (Verdict.PROBABLE, Verdict.PROVED)


def normal(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).standard_normal(shape)


def case_of(forward: Any, backward: Any, bounds: Bounds | None = None, **inputs: Any) -> TensorCase:
    return TensorCase(TensorOperation(numpy_code(forward, backward, inputs, "rule"), bounds), USUAL)


def fails(case: TensorCase) -> dict[str, list[Finding]]:
    """What each check finds to be wrong; a check without such a finding is left out."""
    found = {name: [one for one in check(case) if one.verdict.fails] for name, check in CHECKS.items()}
    return {name: some for name, some in found.items() if some}


def found_by(case: TensorCase, check: str) -> Finding:
    """The one finding of the one check that fails."""
    failed = fails(case)
    assert list(failed) == [check], failed
    return failed[check][0]


def identity(case: TensorCase) -> Finding:
    found = list(tensor_identity.check(case))
    return found[-1]


# ------------------------------------------------------------------------------------------------------- right rules


def square(x: Any) -> Any:
    return x * x


def square_backward(x: Any, g: Any) -> Any:
    return 2 * x * g


def softmax(x: Any) -> Any:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_backward(out: Any, g: Any) -> Any:
    return out * (g - (g * out).sum(axis=-1, keepdims=True))


def product(a: Any, b: Any) -> Any:
    return a @ b


def product_backward(a: Any, b: Any, g: Any) -> Any:
    return g @ b.T, a.T @ g


def all_maxima(x: Any, out: Any, g: Any) -> Any:
    return g[:, None] * (x == out[:, None])


def from_a_text(x: Any) -> Any:
    return np.array([float(repr(float(v))) ** 2 for v in x])
