"""What the tests of the front end of JAX share: the program on floats against the real function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from backproof.verify.arrays import floats
from backproof.verify.arrays.program import Program
from backproof.verify.arrays.traced import Point, Traced
from backproof.verify.subjects.tensors.jax.step import Value
from backproof.verify.subjects.tensors.jax.walk import Walk
from backproof.verify.subjects.tensors.jax_code import JaxCode


def real(code: JaxCode, traced: Traced, at: Mapping[str, Any]) -> list[Any]:
    """The outputs and gradients of the real function at these values, and the upstream gradients of the trace."""
    inputs = {**code.inputs, **at}
    weights = [traced.program.leaves[node.parameter].value for node in traced.weights]
    return [*code.forward(inputs), *code.run(inputs, weights).gradients.values()]


def of_program(traced: Traced, at: Mapping[str, Any]) -> list[Any]:
    """The same of the program."""
    return floats.values(traced.program, [*traced.outputs, *traced.gradients.values()], at)


def beside(code: JaxCode, traced: Traced, size: float, seed: int = 0) -> dict[str, Any]:
    """A point near the one that was traced, or far from it."""
    rng = np.random.default_rng(seed)
    return {name: code.inputs[name] + size * rng.standard_normal(np.shape(code.inputs[name])) for name in traced.inputs}


def differing(found: list[Any], expected: list[Any], within: float = 1e-9) -> list[int]:
    """Which of them are not finite numbers, the same, of one shape: outputs first, then gradients."""
    pairs = enumerate(zip(found, expected, strict=True))
    return [k for k, (a, b) in pairs if a.shape != b.shape or not np.allclose(a, b, within, within)]


def replayed(code: JaxCode, seed: int = 0) -> Traced:
    """A trace, after it was found to be the function: at the point and beside it, and in what the walk computes."""
    traced = code.trace(Point(code.inputs, seed))
    for at in ({}, beside(code, traced, 1e-6)):
        assert not differing(of_program(traced, at), real(code, traced, at))
    assert not differing(walked(code), code.forward(code.inputs))
    return traced


def walked(code: JaxCode) -> list[Any]:
    """What the walk computes without any node: the floats that its decisions rest on."""
    arrays = {name: x for name, x in code.inputs.items() if isinstance(x, np.ndarray) and x.dtype.kind == "f"}

    def function(*given: Any) -> list[Any]:
        values = {**code.inputs, **dict(zip(arrays, given, strict=True))}
        outputs = map(jax.numpy.asarray, jax.tree.leaves(code.arguments.call(code.function, values)))
        return [a for a in outputs if jax.dtypes.issubdtype(a.dtype, np.floating)]

    with jax.enable_x64(True):
        jaxpr = jax.make_jaxpr(function)(*arrays.values())
        return [v.data for v in Walk(Program()).closed(jaxpr, [Value(x) for x in arrays.values()])]
