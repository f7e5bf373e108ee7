"""The table of the checks: name, question, order.  It imports none of them: a check is imported when it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from backproof.verify.results.findings import Finding, Question, Verdict

if TYPE_CHECKING:
    from backproof.verify.subjects.operation import BaseOperation


@dataclass(frozen=True)
class Check:
    """A check: its name, the question it answers, and the module with its `check(case)`."""

    name: str
    question: Question

    def run(self, case: Any) -> Iterable[Finding]:
        """Its findings about this `Case`, or `ArrayCase`."""
        check: Callable[[Any], Iterable[Finding]] = import_module(f"backproof.verify.checks.{self.name}").check
        return check(case)

    def finding(
        self, operation: BaseOperation, case: str, verdict: Verdict, message: str, of: str = "", **more: Any
    ) -> Finding:
        """A finding of this check; ``of``: the operand whose source line is reported, if not ``operand``."""
        source = operation.source_of(of or more.get("operand", ""))
        return Finding(
            operation.name, self.question, verdict, self.name, message, case=case, source=source, **more
        )


# For scalars, in the order in which they run: what one computes (the proof, the points) the next ones use.
PROOF = Check("proof", Question.RIGHT)  # the rule, run on symbols, is the mirror's derivative
FORWARD = Check("forward", Question.RIGHT)  # the float forward is the mirror's function
POINTS = Check("points", Question.RIGHT)  # the rule against the reference at generated points
DIFFERENCES = Check("differences", Question.RIGHT)  # the rule against finite differences of the forward
ACCURACY = Check("accuracy", Question.ACCURATE)  # the rule's error in ULPs
KINKS = Check("kinks", Question.SAFE)  # the gradient at kinks and ties is a valid subgradient
EXTREMES = Check("extremes", Question.SAFE)  # a result wherever the true derivative is representable
INFINITIES = Check("infinities", Question.SAFE)  # the limits at the infinities
WIRING = Check("wiring", Question.WIRED)  # upstream gradient, accumulation, shared operands, untouched data

CHECKS = (PROOF, FORWARD, POINTS, DIFFERENCES, ACCURACY, KINKS, EXTREMES, INFINITIES, WIRING)

# Instead of the others, for operations run on whole arrays.
ARRAY_IDENTITY = Check("array_identity", Question.RIGHT)  # the derivative at random points of finite fields
ARRAY_DIFFERENCES = Check("array_differences", Question.RIGHT)  # on floats against the trace, and finite differences
ARRAY_EXTREMES = Check("array_extremes", Question.SAFE)  # finite gradients at large entries too
ARRAY_WIRING = Check("array_wiring", Question.WIRED)  # linear in the upstream gradient, untouched data, repeatable

OF_ARRAYS = (ARRAY_IDENTITY, ARRAY_DIFFERENCES, ARRAY_EXTREMES, ARRAY_WIRING)

# And for rules of whole arrays that are traced as array programs.
TENSOR_IDENTITY = Check("tensor_identity", Question.RIGHT)  # the program of the rule, at random points of finite fields
TENSOR_DIFFERENCES = Check("tensor_differences", Question.RIGHT)  # on floats, against finite differences
TENSOR_SAFETY = Check("tensor_safety", Question.SAFE)  # at ties and zeros, and for large entries
TENSOR_WIRING = Check("tensor_wiring", Question.WIRED)  # linear in the upstream gradient in any layout, untouched data

OF_TENSORS = (TENSOR_IDENTITY, TENSOR_DIFFERENCES, TENSOR_SAFETY, TENSOR_WIRING)

TABLES: Mapping[str, tuple[Check, ...]] = {"numbers": CHECKS, "arrays": OF_ARRAYS, "tensors": OF_TENSORS}
"""The checks for each kind of operation."""
