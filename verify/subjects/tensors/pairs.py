"""Pairs of functions of NumPy arrays as rules of whole arrays: what the prover does not decide at its shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from backproof.verify.arrays.traced import Point, Unread
from backproof.verify.mirror.table import Spec
from backproof.verify.numerics.working_range import Bounds
from backproof.verify.subjects.arrays.large import LargePair
from backproof.verify.subjects.operation import Operation, Shape
from backproof.verify.subjects.tensors.code import TensorCode
from backproof.verify.subjects.tensors.numpy_code import numpy_code
from backproof.verify.subjects.tensors.operation import TensorOperation
from backproof.verify.support.errors import SubjectError, UsageError


class PairOperation(TensorOperation):
    """A pair of NumPy functions, which may run at small shapes, too, where the prover follows all of its branches."""

    def __init__(self, code: TensorCode, pair: LargePair, bounds: Bounds) -> None:
        super().__init__(code, bounds)
        self.pair = pair
        self.command = pair.command
        self.shapes = pair.shapes

    def at_shapes(self, shapes: Mapping[str, Shape]) -> tuple[Operation, Spec]:
        """The same functions entry by entry.  Raises UsageError, and what the functions raise."""
        return self.pair.at_shapes(shapes)

    def remembers(self) -> tuple[str, list[tuple[str, str]]] | None:
        return self.pair.remembers()


def as_program(pair: LargePair, seed: int = 0) -> PairOperation | None:
    """The pair as an array program; None where it is not read as one, or is held to more than its own forward."""
    if type(pair) is not LargePair or pair.problem or pair.meant is not None or pair.given_domain is not None:
        return None
    try:
        inputs = first_inputs(pair.shapes, pair.bounds, pair.values, seed)
        if inputs is None:
            return None
        code = numpy_code(*pair.functions, inputs, pair.name, pair.wrt)
        code.trace(Point(inputs))
    except (Unread, SubjectError, UsageError):
        return None
    return PairOperation(code, pair, pair.bounds)


def first_inputs(
    shapes: Mapping[str, Shape], bounds: Bounds, value: Callable[[dict[str, Any]], Any], seed: int
) -> dict[str, Any] | None:
    """Inputs in these shapes where the forward is finite: standard normal, else positive, else between 0 and 1."""
    for index, draw in enumerate((_normal, _positive, _fraction)):
        rng = np.random.default_rng([seed, 7, index])
        inputs = {name: _drawn(rng, draw, shape, bounds.get(name)) for name, shape in shapes.items()}
        try:
            with np.errstate(all="ignore"):
                out = np.asarray(value(dict(inputs)), dtype=float)
        except SubjectError:
            continue
        if np.isfinite(out).all():
            return inputs
    return None


def _drawn(rng: np.random.Generator, draw: Callable[..., Any], shape: Shape, ends: tuple[float, float] | None) -> Any:
    found = np.asarray(draw(rng, shape))
    if ends is not None:
        low, high = (np.clip(end, -1e3, 1e3) for end in ends)
        found = np.clip(low + (high - low) * rng.random(shape), *ends)
    return found if shape else float(found)


def _normal(rng: np.random.Generator, shape: Shape) -> Any:
    return rng.standard_normal(shape)


def _positive(rng: np.random.Generator, shape: Shape) -> Any:
    return 0.1 + np.abs(rng.standard_normal(shape))


def _fraction(rng: np.random.Generator, shape: Shape) -> Any:
    return rng.uniform(0.05, 0.95, shape)
