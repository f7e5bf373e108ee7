"""A tensor rule that is held to another function than its own forward: a definition, or a declared surrogate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from backproof.verify.arrays.traced import Floats, Point, Traced
from backproof.verify.results.findings import Source
from backproof.verify.subjects.tensors.code import Ran, TensorCode


class DefinedCode(TensorCode):
    """A rule beside the function whose derivative it is to be; both are traced on the same inputs.

    surrogate: the forward may compute something else, as that of a straight-through estimator does
    """

    defined = True

    def __init__(self, rule: TensorCode, meant: TensorCode, *, surrogate: bool) -> None:
        super().__init__(rule.name, rule.command, rule.inputs, rule.wrt, rule.notes)
        self.rule, self.meant, self.surrogate = rule, meant, surrogate
        self.has_layouts, self.refuses_indices = rule.has_layouts, rule.refuses_indices

    def forward(self, inputs: Mapping[str, Any]) -> list[Floats]:
        return self.rule.forward(inputs)

    def reference(self, inputs: Mapping[str, Any]) -> list[Floats]:
        return self.meant.forward(inputs)

    def run(self, inputs: Mapping[str, Any], weights: Sequence[Floats], layout: str = "contiguous") -> Ran:
        ran = self.rule.run(inputs, weights, layout)
        return replace(ran, outputs=self.meant.forward(inputs))

    def trace(self, point: Point) -> Traced:
        traced, meant = self.rule.trace(point), self.meant.trace(point)
        p = traced.program
        margins = p.grafted([one.node for one in meant.margins], meant.program)
        return replace(
            traced,
            outputs=p.grafted(meant.outputs, meant.program),
            values=meant.values,
            margins=[*traced.margins, *(replace(m, node=n) for m, n in zip(meant.margins, margins, strict=True))],
            decisions=traced.decisions + meant.decisions,
        )

    @property
    def source(self) -> Source:
        return self.rule.source

    def written(self) -> tuple[str, ...]:
        return self.rule.written()

    def code_texts(self) -> list[tuple[str, str]]:
        return [*self.rule.code_texts(), *self.meant.code_texts()]
