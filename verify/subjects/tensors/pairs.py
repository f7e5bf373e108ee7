"""Pairs of functions of NumPy arrays as rules of whole arrays: what the prover does not decide at its shapes."""

from __future__ import annotations

from collections.abc import Mapping

from backproof.verify.arrays.traced import Point, Unread
from backproof.verify.mirror.table import Spec
from backproof.verify.numerics.working_range import Bounds
from backproof.verify.subjects.arrays.large import LargePair
from backproof.verify.subjects.operation import Operation, Shape
from backproof.verify.subjects.tensors.code import TensorCode
from backproof.verify.subjects.tensors.first_inputs import first_inputs
from backproof.verify.subjects.tensors.numpy_code import numpy_code
from backproof.verify.subjects.tensors.operation import TensorOperation
from backproof.verify.support.errors import SubjectError, UsageError


class PairOperation(TensorOperation):
    """A pair of NumPy functions, which may run at small shapes, too, where the prover follows all of its branches."""

    def __init__(self, code: TensorCode, pair: LargePair, bounds: Bounds, *, has_kind: bool) -> None:
        super().__init__(code, bounds, has_kind=has_kind)
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
        found = first_inputs(pair.shapes, pair.bounds, lambda inputs: [pair.values(inputs)], seed)
        if found is None:
            return None
        inputs, has_kind = found
        code = numpy_code(*pair.functions, inputs, pair.name, pair.wrt)
        code.trace(Point(inputs))
    except (Unread, SubjectError, UsageError):
        return None
    return PairOperation(code, pair, pair.bounds, has_kind=has_kind)
