"""A proof, told: the cells, the functions it is a polynomial in, the identity on each cell, and the boundaries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from verify.case import Case
from verify.lines import WIDTH, folded, labelled, located
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


def told(case: Case, width: int = WIDTH) -> str:
    """The whole proof of one case as text."""
    name = f"{case.operation.name} ({case.row.case})" if case.row.case else case.operation.name
    lines = located(name, case.operation.source, case.operation.source.text, width)
    for label, text in _rows(case):
        lines += labelled(label, text, width, column=12) if label is not None else folded(text, width, hang=2)
    return "\n".join(lines)


_Row = tuple[str | None, str]
"""A label with what it says; None before a line that has no label."""


def _rows(case: Case) -> Iterator[_Row]:
    if case.operation.large:
        yield "not proved", "so large an array is tested as a whole; a small shape has a proof to tell"
        return
    yield "definition", written(case.definition)
    yield "domain", "all reals" if case.row.domain == True else written(case.domain)  # noqa: E712 - SymPy
    proof = case.rule_proof
    if proof is None or isinstance(case.trace, Exception):
        yield "not proved", case.untraced
        return
    yield "forward", written(case.trace.forward)
    for operand, gradient in zip(case.row.inputs, case.trace.gradients, strict=True):
        yield f"d/d{operand}", f"{operand}.grad becomes {written(gradient)}"
    yield "to prove", "on every cell: x.grad = acc_x + g * d definition/dx, and forward = definition"
    for place, cell in enumerate(proof.cells, 1):
        yield None, ""
        yield from _cell(place, cell, case.row.inputs)
    for boundary in proof.boundaries:
        yield None, ""
        yield from _boundary(boundary, case.row.inputs)
    yield None, ""
    yield from _end(proof)


def _cell(place: int, cell: CellResult, inputs: Sequence[str]) -> Iterator[_Row]:
    yield None, f"cell {place}: {cell.cell}"
    if cell.outside:
        yield "outside", "the definition has no value here, so nothing is asked of the rule"
        return
    if cell.generators:
        yield "generators", ", ".join(map(written, cell.generators))
    yield "forward", _verdict(cell.forward, "equals the definition")
    for name, verdict, slope in zip(inputs, cell.gradients, cell.derivatives, strict=True):
        yield f"d/d{name}", written(slope)
        yield "", _verdict(verdict, "rule - derivative reduces to 0")


def _verdict(verdict: Verdict, proved: str) -> str:
    if verdict.status is Status.PROVED:
        return f"proved: {proved}"
    residual = f"; left: {written(verdict.residual)}" if verdict.residual is not None else ""
    return f"open: {verdict.reason}{residual}"


def _boundary(boundary: BoundaryResult, inputs: Sequence[str]) -> Iterator[_Row]:
    place = ", ".join(f"{name} = {written(value)}" for name, value in boundary.where)
    yield None, f"boundary {place or boundary.cell}: {_BENDS[boundary.bend]}"
    if boundary.reason:
        yield "because", boundary.reason
    for limit in boundary.limits:
        yield "slope around", _vector(limit)
    if boundary.rule is not None:
        yield "rule answers", _vector(boundary.rule)
    if boundary.weights:
        yield "weights", ", ".join(map(written, boundary.weights))


def _vector(values: Sequence[Term | None]) -> str:
    texts = ["infinite" if v is None else written(v) for v in values]
    return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"


def _end(proof: Proof) -> Iterator[_Row]:
    for assumption in proof.assumptions:
        yield None, f"assumed: {assumption}"
    if proof.status is Status.PROVED:
        yield None, "proved on the whole domain, in real arithmetic."
    else:
        yield None, "not proved: " + "; ".join(proof.reasons)
