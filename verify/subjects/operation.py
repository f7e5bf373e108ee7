"""An operation under verification, whoever wrote it: a forward, a rule, and a way to run both on any kind of number."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from verify.findings import Source
from verify.trace.explore import explore
from verify.trace.term import Condition, Term, symbol, term
from verify.trace.text import written


@dataclass(frozen=True)
class Run:
    """One forward and one backward pass through an operation.

    out: the forward value; gradients: each operand's gradient afterwards (what was there before included)
    data, out_after, upstream_after: the operands' data, the forward value and the gradient of the output
        afterwards, which a rule must leave alone
    """

    out: Any
    gradients: tuple[Any, ...]
    data: tuple[Any, ...]
    out_after: Any
    upstream_after: Any


@dataclass(frozen=True)
class Traced:
    """An operation run on symbols, over all its branches.

    forward: the value in terms of the inputs
    gradients: each operand's gradient after the rule has run on upstream `g`, with `acc_<input>` there before
    """

    inputs: tuple[str, ...]
    forward: Term
    gradients: tuple[Term, ...]


@dataclass(frozen=True)
class Together:
    """An operation at many points, run once: its values and slopes as columns of floats.

    doubtful: the points where floats may raise an exception instead, and are to be asked
    """

    out: NDArray[np.float64]
    slopes: tuple[NDArray[np.float64], ...]
    doubtful: NDArray[np.bool_]


class Operation(ABC):
    """One operation of a subject, with its constants fixed."""

    name: str
    inputs: tuple[str, ...]
    constants: tuple[Any, ...] = ()
    command = "python -m verify"  # how a user verifies this operation again
    problem = ""  # why it cannot be verified at all, such as a text that does not parse
    stopped = False  # it hung or ended its process when it was run first, and is not run again
    own_definition = False  # its row says what its forward does, for want of somebody who says what it should do
    compiled = False  # its floats come from another program than its trace: a kernel, which is audited
    flushes = 0.0  # a number below it may become 0 on the way: floats without subnormal numbers
    within: Condition | None = None  # where it is looked at on floats, if that is not its whole domain
    keeps_policy = False  # a user said what it is to answer at its corners
    arriving: tuple[str, ...] = ()  # inputs that stand for the gradient that arrives: a 0 there is no corner of its own
    large = False  # too large an array for the checks of single numbers: it has checks of its own
    follows_rows = False  # at corners it answers what its row declares, not just something valid

    @property
    @abstractmethod
    def source(self) -> Source:
        """Where the rule stands."""

    @abstractmethod
    def run(
        self, data: Sequence[Any], *, upstream: Any = 1.0, before: Sequence[Any] | None = None
    ) -> Run:
        """The operation on ``data``, its rule fed ``upstream``, with ``before`` in the operands' gradients.

        Raises whatever the subject's own code raises.
        """

    def source_of(self, operand: str) -> Source:
        """Where the rule for one operand stands, if that is known."""
        return self.source

    def written(self) -> tuple[str, ...]:
        """The rule as written, one formula an operand; from the trace where the source does not say it."""
        data = [symbol(name) for name in self.inputs]
        try:
            rules = explore(lambda: tuple(map(term, self.run(data, upstream=1).gradients)))
            return tuple(written(rule, READABLE) for rule in rules)
        except Exception as error:  # the subject's own code may raise anything
            return (f"(does not run on symbols: {type(error).__name__})",) * len(self.inputs)

    def rerun(self, seed: int, point: Mapping[str, str]) -> str:
        """How a user looks at this point again; the point is exact, an operand's name -> its float in hex."""
        at = " ".join(f"--point {name}={value}" for name, value in point.items())
        return f"{self.command} --seed {seed} {at}"

    def at_once(self, columns: Sequence[NDArray[np.float64]]) -> Together | None:
        """What `run` answers at many points, bit for bit; None where only `run` itself can say."""
        return None

    def batch(self, columns: Sequence[Any], dtype: str) -> tuple[Any, tuple[Any, ...]]:
        """Values and slopes at a batch of points by a compiled kernel for ``dtype``, all as arrays of float64."""
        raise NotImplementedError(f"{self.name} has no kernel")

    def forward(self, *data: Any) -> Any:
        """The forward value alone."""
        return self.run(data).out

    def slopes(self, *data: Any) -> tuple[Any, ...]:
        """The local derivatives at a point: the gradients for an upstream of one."""
        return self.run(data).gradients

    def run_shared(self, value: Any, *, upstream: Any = 1.0) -> Any:
        """The gradient of one leaf that serves as every operand; None where the subject has no such thing."""
        return None

    def run_among(self, data: Sequence[Any], others: Sequence[Any], *, upstream: Any = 1.0) -> Run | None:
        """`run` on ``data``, but the operation is applied to ``others`` between the forward and the rule.

        None where the subject keeps nothing between the two that could be lost.
        """
        return None

    def unreached(self) -> tuple[str, ...]:
        """The operands that a walk back from the result would not come to."""
        return ()

    def through(self, *data: Any) -> tuple[Any, ...] | None:
        """The operands' gradients by the subject's own backward pass; None where it has none."""
        return None

    def diamond(self, *data: Any) -> tuple[Any, ...] | None:
        """The operands' gradients after a backward pass through a graph in which they meet again.

        The graph is f(s, f(s, x)) with s = f(x, y) for a two-operand f; None where the subject has no graphs.
        """
        return None

    def reflected(self, number: float, value: Any) -> tuple[Any, Any] | None:
        """Forward and gradient of ``number`` f leaf (2 - x); None where the subject has no such form."""
        return None

    def beside(self, value: Any, number: float) -> tuple[Any, Any] | None:
        """Forward and gradient of leaf f ``number`` (x - 2); None where the subject has no such form."""
        return None

    def traced(self) -> Traced:
        """The operation on symbols.

        Raises what the subject's code raises where it leaves the tracer, TooManyPaths for a loop on a symbol.
        """
        data = [symbol(name) for name in self.inputs]
        before = [symbol(f"acc_{name}") for name in self.inputs]

        def run() -> tuple[Term, ...]:
            result = self.run(data, upstream=symbol("g"), before=before)
            return term(result.out), *map(term, result.gradients)

        forward, *gradients = explore(run)
        return Traced(self.inputs, forward, tuple(gradients))


READABLE = 150
"""Steps of a formula that a line of a report can still show; a loop unrolled has thousands."""


INPUT_NAMES = ("x", "y", "z", "u", "v", "w")
"""The operands of an operation, in order, wherever it has no names of its own."""
