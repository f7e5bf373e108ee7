"""Rules of arrays run on floats, and their gradients held against central differences along random directions.

It knows nothing of what verifies them: the rules in tensor_rules_*.py are tried by it, by PyTorch's gradcheck and by
JAX's check_grads before anything of ours is tried by them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arrays.layouts import laid_out, values_in

Arrays = list[NDArray[np.float64]]
Upstream = Callable[[Arrays], Arrays]
Ran = tuple[Arrays, Arrays]
Run = Callable[[Any, Mapping[str, Any], Sequence[str], Upstream | None], Ran]
"""Runs a rule: the outputs that are differentiated, and the gradients of the named inputs, 0 where there is none.

Without an upstream gradient it is the forward alone, and there are no gradients.
"""

STEP = 1e-6
TOLERANCE = 1e-6  # of the size of what is compared, far above the truncation and rounding of such a step


def run_torch(function: Any, inputs: Mapping[str, Any], wrt: Sequence[str], upstream: Upstream | None) -> Ran:
    import torch

    given = {name: v.detach().requires_grad_(name in wrt) if torch.is_tensor(v) else v for name, v in inputs.items()}
    returned = applied(function)(*given.values())
    outputs = [out for out in (returned if isinstance(returned, tuple) else (returned,)) if out.requires_grad]
    floats = [out.detach().numpy().copy() for out in outputs]
    if upstream is None:
        return floats, []
    laid = map(torch.from_numpy, upstream(floats))
    leaves = [given[name] for name in wrt]
    gradients = torch.autograd.grad(outputs, leaves, list(laid), allow_unused=True)
    return floats, [
        np.zeros(leaf.shape) if g is None else g.numpy() for leaf, g in zip(leaves, gradients, strict=True)
    ]


def run_jax(function: Any, inputs: Mapping[str, Any], wrt: Sequence[str], upstream: Upstream | None) -> Ran:
    import jax

    def of_floats(*values: Any) -> Any:
        return function(*{**inputs, **dict(zip(wrt, values, strict=True))}.values())

    leaves = [inputs[name] for name in wrt]
    if upstream is None:
        return [np.asarray(out) for out in jax.tree.leaves(of_floats(*leaves))], []
    returned, pull = jax.vjp(of_floats, *leaves)
    outputs, structure = jax.tree.flatten(returned)
    floats = [np.asarray(out) for out in outputs]
    return floats, [np.asarray(g) for g in pull(jax.tree.unflatten(structure, upstream(floats)))]


def run_numpy(pair: Any, inputs: Mapping[str, Any], wrt: Sequence[str], upstream: Upstream | None) -> Ran:
    """A backward takes (g, cache), or by name any inputs and ``out``; what else it takes is the upstream gradient."""
    forward, backward = pair
    returned = forward(*inputs.values())
    parameters = inspect.signature(backward).parameters
    with_cache = "cache" in parameters
    out = np.asarray(returned[0] if with_cache else returned, dtype=float)
    if upstream is None:
        return [out], []
    (g,) = upstream([out])
    if with_cache:
        gradients = backward(g, returned[1])
    else:
        known = {**inputs, "out": out}
        gradients = backward(**{name: known.get(name, g) for name in parameters})
    return [out], _in_order(gradients, tuple(inputs), wrt)


def _in_order(gradients: Any, inputs: Sequence[str], wrt: Sequence[str]) -> Arrays:
    """The gradients of ``wrt`` among what a backward returned: one for each input, or for each of these."""
    if not isinstance(gradients, Mapping):
        several = gradients if isinstance(gradients, (tuple, list)) else (gradients,)
        gradients = dict(zip(wrt if len(several) == len(wrt) else inputs, several, strict=True))
    return [np.asarray(gradients[name], dtype=float) for name in wrt]


RUN: dict[str, Run] = {"torch": run_torch, "jax": run_jax, "numpy": run_numpy}


def applied(function: Any) -> Any:
    """What is called of PyTorch: a subclass of Function by its apply."""
    is_class = isinstance(function, type)
    return function.apply if is_class else function


def agrees(
    run: Run,
    function: Any,
    inputs: Mapping[str, Any],
    wrt: Sequence[str],
    layout: str = "contiguous",
    scale: float = 1.0,
    along_ones: bool = False,
) -> bool:
    """Whether Σ gradient·direction is Σ upstream·difference, along three random directions or that of ones.

    Raises AssertionError for a gradient of another shape than its input's.
    """
    rng = np.random.default_rng(7)
    weights: Arrays = []

    def upstream(outputs: Arrays) -> Arrays:
        drawn = [scale * rng.uniform(0.5, 1.5, out.shape) * rng.choice([-1.0, 1.0], out.shape) for out in outputs]
        weights.extend(values_in(g, layout) for g in drawn)
        return [laid_out(g, layout).array for g in weights]

    shapes = [np.shape(inputs[name]) for name in wrt]
    own = _moved(inputs, wrt, list(map(np.zeros, shapes)), 0)  # it may write into them
    _, gradients = run(function, own, wrt, upstream)
    assert [g.shape for g in gradients] == shapes
    for _ in range(1 if along_ones else 3):
        directions = [np.ones(shape) if along_ones else rng.standard_normal(shape) for shape in shapes]
        ahead, behind = (run(function, _moved(inputs, wrt, directions, h), wrt, None)[0] for h in (STEP, -STEP))
        wanted = sum(float((g * (a - b)).sum()) for g, a, b in zip(weights, ahead, behind, strict=True)) / (2 * STEP)
        found = sum(float((g * direction).sum()) for g, direction in zip(gradients, directions, strict=True))
        if not abs(found - wanted) <= TOLERANCE * max(scale, abs(wanted)):  # so written for NaN
            return False
    return True


def _moved(inputs: Mapping[str, Any], wrt: Sequence[str], directions: Arrays, step: float) -> dict[str, Any]:
    moved = dict(inputs)
    for name, direction in zip(wrt, directions, strict=True):
        moved[name] = inputs[name] + step * _like(inputs[name], direction)
    return moved


def _like(value: Any, array: NDArray[np.float64]) -> Any:
    """The array as a tensor where the value is one."""
    if isinstance(value, (np.ndarray, float)):
        return array
    import torch

    return torch.from_numpy(np.array(array))


def writes(run: Run, function: Any, inputs: Mapping[str, Any], wrt: Sequence[str]) -> bool:
    """Whether a pass of the rule changes an array of its inputs or its upstream gradient."""
    before = {name: np.asarray(value).copy() for name, value in inputs.items() if hasattr(value, "shape")}
    given: Arrays = []
    copies: Arrays = []

    def upstream(outputs: Arrays) -> Arrays:
        given.extend(np.linspace(1.0, 2.0, out.size).reshape(out.shape) for out in outputs)
        copies.extend(g.copy() for g in given)
        return given

    run(function, inputs, wrt, upstream)
    same = all(np.array_equal(array, np.asarray(inputs[name])) for name, array in before.items())
    return not (same and all(map(np.array_equal, given, copies)))


def same_gradients(run: Run, function: Any, definition: Any, inputs: Mapping[str, Any], wrt: Sequence[str]) -> bool:
    """Whether a rule's gradients are those of its definition by automatic differentiation."""

    def upstream(outputs: Arrays) -> Arrays:
        return [np.linspace(1.0, 2.0, out.size).reshape(out.shape) for out in outputs]

    found, wanted = (run(f, inputs, wrt, upstream)[1] for f in (function, definition))
    return all(np.allclose(a, b, rtol=1e-9, atol=1e-12) for a, b in zip(found, wanted, strict=True))
