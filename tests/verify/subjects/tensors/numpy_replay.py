"""The oracle of the tests of the NumPy front end: a program on floats is the function that was traced."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from backproof.verify.arrays import floats
from backproof.verify.arrays.traced import Point, Traced
from backproof.verify.subjects.tensors.numpy_code import NumpyCode, numpy_code

CLOSE = 1e-9


def of_function(function: Callable[..., Any], *arrays: Any) -> NumpyCode:
    """The code of a function alone, whose rule returns nothing."""
    names = list(inspect.signature(function).parameters)[: len(arrays)]
    return numpy_code(function, lambda g: (None,) * len(arrays), dict(zip(names, arrays, strict=True)))


def farthest(traced: Traced, code: NumpyCode, values: Mapping[str, Any], layout: str = "contiguous") -> float:
    """How far the program is from the functions at other values of the leaves, relative to 1 and to their size."""
    roots = [*traced.outputs, *traced.weights, *(n for n in traced.gradients.values() if n is not None)]
    outputs, weights, *gradients = floats.values(traced.program, roots, values)
    ran = code.run({**code.inputs, **{name: values[name] for name in traced.inputs}}, [weights], layout)
    wanted = [*ran.outputs, *(slope for slope in ran.gradients.values() if slope is not None)]
    assert [got.shape for got in (outputs, *gradients)] == [want.shape for want in wanted]
    return max(_distance(got, want) for got, want in zip((outputs, *gradients), wanted, strict=True))


def _distance(got: Any, want: Any) -> float:
    same = (got == want) | (np.isnan(got) & np.isnan(want))
    with np.errstate(invalid="ignore"):
        found = np.where(same, 0.0, np.abs(got - want) / (1 + np.abs(want)))
    return float(np.max(np.where(np.isnan(found), np.inf, found), initial=0.0))


def shifted(traced: Traced, by: float = 1e-7, seed: int = 0) -> dict[str, Any]:
    """The values of the leaves at the point, moved a little at random."""
    rng = np.random.default_rng(seed)
    leaves = {name: leaf.value for name, leaf in traced.program.leaves.items()}
    return {name: value * (1 + by * rng.standard_normal(np.shape(value))) for name, value in leaves.items()}


def replayed(code: NumpyCode, layout: str = "contiguous", by: float = 1e-7) -> Traced:
    """The code, traced; at its point and at another the program has the values of the functions."""
    traced = code.trace(Point(code.inputs, 0, layout))
    assert farthest(traced, code, shifted(traced, 0.0), layout) <= CLOSE
    assert farthest(traced, code, shifted(traced, by), layout) <= CLOSE
    return traced
