"""A rule that is meant to be the derivative of another function than its forward: of a declared surrogate.

Straight-through estimators pass the gradient of a rounding or a sign on as if it were the identity; a gradient reversal
negates it; a step has the slope of a ramp.  Such a rule is no derivative of its forward, and its author says of what it
is: ``surrogate="x"``.  It is then held to that function everywhere; the forward only gives ``out``.

Y. Bengio, N. Leonard, A. Courville, Estimating or propagating gradients through stochastic neurons for conditional
computation (2013), section 2; Y. Ganin, V. Lempitsky, Unsupervised domain adaptation by backpropagation (2015).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backproof.verify.results.findings import Source
from backproof.verify.subjects.operation import Operation, Run, Together, Traced, terms_of
from backproof.verify.terms.term import symbol
from backproof.verify.tracing.branches import explore


class WithSurrogate(Operation):
    """An operation whose value, to all checks, is that of its surrogate.

    original: the operation as it is; value: the surrogate, on any kind of number; shown: as a reader knows it
    """

    def __init__(self, original: Operation, value: Callable[..., Any], shown: str) -> None:
        self.original, self._value, self.surrogate = original, value, shown
        self.name, self.inputs = original.name, original.inputs
        self.constants, self.compiled, self.command = original.constants, original.compiled, original.command
        self.problem, self.stopped, self.bounds = original.problem, original.stopped, original.bounds
        self.keeps_policy, self.arriving = original.keeps_policy, original.arriving

    def run(self, data: Sequence[Any], *, upstream: Any = 1.0, before: Sequence[Any] | None = None) -> Run:
        found = self.original.run(data, upstream=upstream, before=before)
        value = self._value(*data)
        changed = found.out_after is not found.out and found.out_after != found.out
        return replace(found, out=value, out_after=found.out_after if changed else value)

    def traced(self) -> Traced:
        (value,) = explore(lambda: terms_of(self._value(*map(symbol, self.inputs))))
        return replace(self.original.traced(), forward=value)

    def forward(self, *data: Any) -> Any:
        return self._value(*data)

    def at_once(self, columns: Sequence[NDArray[np.float64]]) -> Together | None:
        return None  # the surrogate and the rule need not raise at the same points

    @property
    def source(self) -> Source:
        return self.original.source

    def source_of(self, operand: str) -> Source:
        return self.original.source_of(operand)

    def written(self) -> tuple[str, ...]:
        return self.original.written()

    def rerun(self, seed: int, point: Mapping[str, str]) -> str:
        self.original.command = self.command
        return self.original.rerun(seed, point)

    def code_texts(self) -> list[tuple[str, str]]:
        return [*self.original.code_texts(), ("surrogate", self.surrogate)]

    def constants_of_code(self) -> tuple[float, ...]:
        return self.original.constants_of_code()

    def format_of_results(self) -> str:
        return self.original.format_of_results()
