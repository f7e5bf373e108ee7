"""Right by proof: the rule, run on symbols, is the derivative of the mirror's function, cell by cell."""

from __future__ import annotations

from collections.abc import Iterator

from verify.case import Case
from verify.findings import Finding, Verdict
from verify.proof.result import Bend, BoundaryResult, Proof, Status


def check(case: Case) -> Iterator[Finding]:
    """What is proved, what is refuted, and what stays open and why."""
    proof = case.proof
    if proof is None:
        message = f"not proved: the rule does not run on symbols ({_reason(case.trace)})"
        yield case.finding("proof", Verdict.MATCHED, message)
    elif proof.status is Status.PROVED:
        yield case.finding("proof", Verdict.PROVED, _summary(proof))
    else:
        yield from _open(case, proof)


def _reason(stopped: object) -> str:
    return f"{type(stopped).__name__}: {stopped}".splitlines()[0]


def _summary(proof: Proof) -> str:
    inside = [cell for cell in proof.cells if not cell.outside]
    parts = [f"proved on {len(inside)} cell{'' if len(inside) == 1 else 's'}"]
    corners = sum(b.bend is Bend.SUBGRADIENT for b in proof.boundaries)
    if corners:
        parts.append(f"{corners} corner{'' if corners == 1 else 's'}")
    if proof.assumptions:
        parts.append("assuming " + "; ".join(proof.assumptions))
    return ", ".join(parts)


def _open(case: Case, proof: Proof) -> Iterator[Finding]:
    for boundary in proof.boundaries:
        if boundary.bend is Bend.REJECTED:
            yield case.finding(
                "proof", Verdict.REFUTED, f"no valid slope {_where(boundary)}: {boundary.reason}"
            )
            return
    yield case.finding("proof", Verdict.INCONCLUSIVE, "not decided: " + "; ".join(proof.reasons))


def _where(boundary: BoundaryResult) -> str:
    at = ", ".join(f"{name} = {value}" for name, value in boundary.where)
    return f"at {at}" if at else "on a boundary"
