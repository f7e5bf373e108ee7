"""A tensor rule that is not called outside of the bounds of its inputs, whoever asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from backproof.verify.arrays.traced import Floats, Point, Traced
from backproof.verify.numerics.working_range import Bounds
from backproof.verify.results.findings import Source
from backproof.verify.subjects.boundary import NotCalled
from backproof.verify.subjects.tensors.code import Ran, TensorCode


class BoundedCode(TensorCode):
    """The code of a rule, and the bounds of its inputs."""

    def __init__(self, code: TensorCode, bounds: Bounds) -> None:
        super().__init__(code.name, code.command, code.inputs, code.wrt, code.notes)
        self.code, self.bounds = code, bounds
        self.defined, self.surrogate, self.has_layouts = code.defined, code.surrogate, code.has_layouts
        self.has_requests, self.refuses_indices = code.has_requests, code.refuses_indices

    def _admit(self, inputs: Mapping[str, Any]) -> None:
        for name, (low, high) in self.bounds.items():
            values = np.asarray(inputs[name])
            if values.dtype.kind in "fiu" and not ((values >= low) & (values <= high)).all():
                raise NotCalled(f"not called there: {name} is outside of its bounds")

    def forward(self, inputs: Mapping[str, Any]) -> list[Floats]:
        self._admit(inputs)
        return self.code.forward(inputs)

    def reference(self, inputs: Mapping[str, Any]) -> list[Floats]:
        self._admit(inputs)
        return self.code.reference(inputs)

    def run(self, inputs: Mapping[str, Any], weights: Sequence[Floats], layout: str = "contiguous") -> Ran:
        self._admit(inputs)
        return self.code.run(inputs, weights, layout)

    def trace(self, point: Point) -> Traced:
        self._admit(point.inputs)
        return self.code.trace(point)

    def alone(self, name: str) -> TensorCode:
        return BoundedCode(self.code.alone(name), self.bounds)

    def as_given(self, weights: Sequence[Floats]) -> Ran | None:
        return self.code.as_given(weights)

    @property
    def source(self) -> Source:
        return self.code.source

    def written(self) -> tuple[str, ...]:
        return self.code.written()

    def code_texts(self) -> list[tuple[str, str]]:
        return self.code.code_texts()
