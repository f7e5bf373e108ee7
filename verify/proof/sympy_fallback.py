"""The last resort: SymPy, with a time limit, where the prover's normal form does not reach.

SymPy simplifies by rules of its own and does not say where they hold.  So its result is not a proof here: it
turns "not decided" into "matched", together with the sampled points, and the verdict names SymPy as its evidence.
"""

from __future__ import annotations

from backproof.verify.proof.obligation import UPSTREAM, accumulated
from backproof.verify.proof.result import Proof, Status
from backproof.verify.support.limits import OutOfTime, alarm, rings
from backproof.verify.terms.term import Term, apply, symbol
from backproof.verify.terms.to_sympy import to_sympy

SECONDS = 5.0
_GIVES_UP = (ArithmeticError, NotImplementedError, TypeError, ValueError)
"""What SymPy raises where it does not know: PrecisionExhausted of a floor in some orders of its sets, for example."""


def settled(proof: Proof, seconds: float = SECONDS) -> bool:
    """Whether SymPy finds every identity that the prover left open, in time; False where a boundary is open, too."""
    if not rings() or proof.failure or any(b.status is not Status.PROVED for b in proof.boundaries):
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
    try:
        with alarm(seconds):
            return bool(differences) and all(_vanishes(d) for d in differences)
    except (OutOfTime, *_GIVES_UP):
        return False


def _vanishes(difference: Term) -> bool:
    from sympy import simplify

    return bool(simplify(to_sympy(difference).rewrite("exp")) == 0)
