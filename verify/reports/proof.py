"""A proof, told: the cells, the functions it is a polynomial in, the identity on each cell, and the boundaries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from verify.case import Case
from verify.proof.result import Bend, BoundaryResult, CellResult, Proof, Status, Verdict
from verify.trace.term import Term
from verify.trace.text import written

_BENDS = {
    Bend.SMOOTH: "smooth: the slopes of all sides agree, and the rule with them",
    Bend.SUBGRADIENT: "a corner: the rule's answer is a mean of the slopes around it",
    Bend.EDGE: "an edge of the domain, with a finite slope",
    Bend.VERTICAL: "the slope grows without bound",
    Bend.DISCONTINUOUS: "the operation jumps: it has no slope here",
    Bend.REJECTED: "rejected",
    Bend.UNKNOWN: "not decided",
}


def told(case: Case) -> str:
    """The whole proof of one case as text."""
    return "\n".join(_lines(case))


def _lines(case: Case) -> Iterator[str]:
    name = f"{case.operation.name} ({case.row.case})" if case.row.case else case.operation.name
    yield f"{name}   {case.operation.source}   {case.operation.source.text}".rstrip()
    if case.operation.large:
        yield _row("not proved", "so large an array is tested as a whole; a small shape has a proof to tell")
        return
    yield _row("definition", str(case.row.definition))
    yield _row("domain", "all reals" if case.row.domain == True else str(case.row.domain))  # noqa: E712 - SymPy
    proof = case.rule_proof
    if proof is None or isinstance(case.trace, Exception):
        yield _row("not proved", f"the rule does not run on symbols: {case.trace}")
        return
    yield _row("forward", written(case.trace.forward))
    for operand, gradient in zip(case.row.inputs, case.trace.gradients, strict=True):
        yield _row(f"d/d{operand}", f"{operand}.grad becomes {written(gradient)}")
    yield _row("to prove", "on every cell: x.grad = acc_x + g * d definition/dx, and forward = definition")
    for place, cell in enumerate(proof.cells, 1):
        yield ""
        yield from _cell(place, cell, case.row.inputs)
    for boundary in proof.boundaries:
        yield ""
        yield from _boundary(boundary, case.row.inputs)
    yield ""
    yield from _end(proof)


def _row(label: str, text: str) -> str:
    return f"  {label:<12} {text}"


def _cell(place: int, cell: CellResult, inputs: Sequence[str]) -> Iterator[str]:
    yield f"cell {place}: {cell.cell}"
    if cell.outside:
        yield _row("outside", "the definition has no value here, so nothing is asked of the rule")
        return
    if cell.generators:
        yield _row("generators", ", ".join(map(written, cell.generators)))
    yield _row("forward", _verdict(cell.forward, "equals the definition"))
    for name, verdict, slope in zip(inputs, cell.gradients, cell.derivatives, strict=True):
        yield _row(f"d/d{name}", written(slope))
        yield _row("", _verdict(verdict, "rule - derivative reduces to 0"))


def _verdict(verdict: Verdict, proved: str) -> str:
    if verdict.status is Status.PROVED:
        return f"proved: {proved}"
    residual = f"; left: {written(verdict.residual)}" if verdict.residual is not None else ""
    return f"open: {verdict.reason}{residual}"


def _boundary(boundary: BoundaryResult, inputs: Sequence[str]) -> Iterator[str]:
    place = ", ".join(f"{name} = {written(value)}" for name, value in boundary.where)
    yield f"boundary {place or boundary.cell}: {_BENDS[boundary.bend]}"
    if boundary.reason:
        yield _row("because", boundary.reason)
    for limit in boundary.limits:
        yield _row("slope around", _vector(limit))
    if boundary.rule is not None:
        yield _row("rule answers", _vector(boundary.rule))
    if boundary.weights:
        yield _row("weights", ", ".join(map(written, boundary.weights)))


def _vector(values: Sequence[Term | None]) -> str:
    texts = ["infinite" if v is None else written(v) for v in values]
    return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"


def _end(proof: Proof) -> Iterator[str]:
    for assumption in proof.assumptions:
        yield f"assumed: {assumption}"
    if proof.status is Status.PROVED:
        yield "proved on the whole domain, in real arithmetic."
    else:
        yield "not proved: " + "; ".join(proof.reasons)
