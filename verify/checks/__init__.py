"""The checks: one witness a file, each looking at one case (an operation beside its row) for one question."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from verify.findings import Finding, Question

if TYPE_CHECKING:
    from verify.case import Case


@dataclass(frozen=True)
class Check:
    """A witness: its name, the question it speaks to, and the module whose `check(case)` it is."""

    name: str
    question: Question

    def run(self, case: Case) -> Iterable[Finding]:
        """What it found out about this case."""
        check: Callable[[Case], Iterable[Finding]] = import_module(f"verify.checks.{self.name}").check
        return check(case)


# In the order in which they run: what one works out (the proof, the points) the next ones use.
CHECKS = (
    Check("proof", Question.RIGHT),  # the rule, run on symbols, is the mirror's derivative
    Check("forward", Question.RIGHT),  # the float forward is the mirror's function
    Check("points", Question.RIGHT),  # the rule against the reference at generated points
    Check("differences", Question.RIGHT),  # the rule against finite differences of the forward
    Check("accuracy", Question.ACCURATE),  # the rule's error in ULPs
    Check("corners", Question.SAFE),  # the answer at corners and ties is a valid slope
    Check("extremes", Question.SAFE),  # an answer wherever the true slope is representable
    Check("special", Question.SAFE),  # the limits at the infinities
    Check("wiring", Question.WIRED),  # upstream, accumulation, shared operands, untouched data
)

OF_LARGE_ARRAYS = (
    Check("identity", Question.RIGHT),  # the rule is the derivative at random points of finite fields, and in balls
    Check("directions", Question.RIGHT),  # the rule on floats against the trace, and against finite differences
    Check("scales", Question.SAFE),  # an answer at large entries too
    Check("passing", Question.WIRED),  # linear in what arrives, untouched data, the same answer twice
)
"""In the place of the others, for arrays that are too large for them."""


def checks_of(large: bool) -> tuple[Check, ...]:
    """The checks that an operation is put to."""
    return OF_LARGE_ARRAYS if large else CHECKS
