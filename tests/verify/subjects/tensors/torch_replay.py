"""What the tests of the front end of PyTorch share: the program on floats against the real function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from backproof.verify.arrays.floats import values
from backproof.verify.arrays.layouts import values_in
from backproof.verify.arrays.traced import Point, Traced, upstream
from backproof.verify.subjects.tensors.torch_code import TorchCode, torch_code

CLOSE = 1e-9
SHIFT = 1e-5  # so little that no comparison of the cases turns
SEED = 3  # of the upstream gradients


def numbers(*shape: int, seed: int = 0) -> Any:
    """A tensor of standard normal numbers, always the same ones of a shape."""
    rng = np.random.default_rng([seed, len(shape), *shape])
    return torch.from_numpy(np.array(rng.standard_normal(shape)))


def beside(traced: Traced, shift: float, seed: int = 0) -> dict[str, Any]:
    """Values for all leaves, not far from those of the point."""
    rng = np.random.default_rng(seed)
    leaves = {name: np.asarray(leaf.value) for name, leaf in traced.program.leaves.items()}
    return {name: value + shift * rng.standard_normal(value.shape) for name, value in leaves.items()}


def replayed(code: TorchCode, layout: str = "contiguous", shift: float = SHIFT) -> float:
    """The largest difference of the program and the function, at the point and beside it."""
    traced = code.trace(Point(code.inputs, SEED, layout))
    return max(apart(code, traced, there, layout) for there in ({}, beside(traced, shift)))


def apart(code: TorchCode, traced: Traced, there: Mapping[str, Any], layout: str = "contiguous") -> float:
    """The same where leaves have other values; relative to the largest entry of each array, if that is above 1."""
    drawn = upstream([np.shape(one) for one in traced.values], SEED)
    names = [name for name in traced.program.leaves if name not in traced.inputs]
    weights = [there.get(name, weight) for name, weight in zip(names, drawn, strict=True)]
    inputs = {**code.inputs, **{name: there[name] for name in traced.inputs if name in there}}
    ran = code.run(inputs, weights, layout)
    laid = {name: values_in(weight, layout) for name, weight in zip(names, weights, strict=True)}
    present = {name: node for name, node in traced.gradients.items() if node is not None}
    real = {name: one for name, one in ran.gradients.items() if one is not None}
    assert list(present) == list(real)
    found = values(traced.program, [*traced.outputs, *present.values()], {**there, **laid})
    pairs = list(zip(found, [*ran.outputs, *real.values()], strict=True))
    assert all(a.shape == b.shape for a, b in pairs)
    return max((_gap(a, b) for a, b in pairs), default=0.0)


def _gap(a: Any, b: Any) -> float:
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    gap = np.abs(np.where(same, 0, a) - np.where(same, 0, b))
    return float(gap.max(initial=0) / np.abs(b[np.isfinite(b)]).max(initial=1))


def check(function: Any, *inputs: Any, layouts: Sequence[str] = ("contiguous", "transposed")) -> None:
    """Asserts that they are the same in these layouts of the upstream gradients."""
    code = torch_code(function, inputs)
    for layout in layouts:
        assert replayed(code, layout) < CLOSE, layout
