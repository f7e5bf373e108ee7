"""The last resort: SymPy, on a limited number of calls, where the prover's normal form does not reach.

SymPy simplifies by rules of its own and does not say where they hold.  So its result is not a proof here: it
turns "not decided" into "matched", together with the sampled points, and the verdict names SymPy as its evidence.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from backproof.verify.proof.obligation import UPSTREAM, accumulated
from backproof.verify.proof.result import Proof, Status
from backproof.verify.support.fuel import charge
from backproof.verify.terms.term import Term, apply, symbol
from backproof.verify.terms.to_sympy import to_sympy

_GIVES_UP = (ArithmeticError, NotImplementedError, TypeError, ValueError)
"""What SymPy raises where it does not know: PrecisionExhausted of a floor in some orders of its sets, for example."""


def settled(proof: Proof) -> bool:
    """Whether SymPy finds every identity that the prover left open; False where a boundary is open, too.

    Raises OutOfFuel: a call of a function of Python is a unit.
    """
    from sympy.core.cache import clear_cache

    if proof.failure or any(b.status is not Status.PROVED for b in proof.boundaries):
        return False
    cells = [cell for cell in proof.cells if not cell.outside]
    obligation = proof.obligation
    differences: list[Term] = []
    for cell in cells:
        if cell.forward.status is not Status.PROVED:
            differences.append(apply("sub", obligation.forward, obligation.definition))
        for name, verdict, gradient, partial in zip(
            obligation.inputs, cell.gradients, obligation.gradients, cell.derivatives, strict=False
        ):
            if verdict.status is not Status.PROVED:
                expected = symbol(accumulated(name)) + symbol(UPSTREAM) * partial
                differences.append(apply("sub", gradient, expected))
    clear_cache()  # what is cached is not called, so that the count would depend on earlier questions
    try:
        with _calls_charged():
            return bool(differences) and all(_vanishes(d) for d in differences)
    except _GIVES_UP:
        return False


@contextmanager
def _calls_charged() -> Iterator[None]:
    """Charge every call of a function of Python in this block: SymPy has no doors of its own."""

    def call(_frame: object, event: str, _argument: object) -> None:
        if event == "call":
            charge("SymPy", 1)

    before = sys.getprofile()
    sys.setprofile(call)
    try:
        yield
    finally:
        sys.setprofile(before)


def _vanishes(difference: Term) -> bool:
    from sympy import simplify

    return bool(simplify(to_sympy(difference).rewrite("exp")) == 0)
