"""A proof as text: the cells, the generators, the identity on each cell, and the boundaries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from backproof.verify.checks.case import Case
from backproof.verify.proof.result import BoundaryKind, BoundaryResult, CellResult, Proof, Status, Verdict
from backproof.verify.results.findings import Source
from backproof.verify.support.layout import WIDTH, folded, labelled, located
from backproof.verify.terms.notation.code import written
from backproof.verify.terms.term import Term

_BENDS = {
    BoundaryKind.SMOOTH: "smooth: the derivatives of all sides agree, and the rule with them",
    BoundaryKind.SUBGRADIENT: "a kink: the rule returns a convex combination of the derivatives around it",
    BoundaryKind.EDGE: "an edge of the domain, with a finite derivative",
    BoundaryKind.VERTICAL: "the derivative grows without bound",
    BoundaryKind.DISCONTINUOUS: "the operation is discontinuous: it has no derivative here",
    BoundaryKind.REJECTED: "rejected",
    BoundaryKind.UNKNOWN: "not decided",
}


def explain(case: Case, width: int = WIDTH) -> str:
    """The whole proof of one case as text."""
    return _text(case.title, case.operation.source, _rows(case), width)


def format_arrays(title: str, source: Source, width: int = WIDTH) -> str:
    """The text for arrays too large for a proof."""
    why = "so large an array is tested as a whole; small shapes have a proof"
    return _text(title, source, [("not proved", why)], width)


def _text(title: str, source: Source, rows: Iterable[_Row], width: int) -> str:
    lines = located(title, source, source.text, width)
    for label, text in rows:
        lines += labelled(label, text, width, column=12) if label is not None else folded(text, width, hang=2)
    return "\n".join(lines)


_Row = tuple[str | None, str]
"""A label and its text; None for a line without a label."""


def _rows(case: Case) -> Iterator[_Row]:
    yield "definition", written(case.definition)
    yield "domain", "all reals" if case.spec.domain == True else written(case.domain)  # noqa: E712 - SymPy
    proof = case.rule_proof
    if proof is None or isinstance(case.trace, Exception):
        yield "not proved", case.untraced
        return
    yield "forward", written(case.trace.forward)
    for operand, gradient in zip(case.spec.inputs, case.trace.gradients, strict=True):
        yield f"d/d{operand}", f"{operand}.grad becomes {written(gradient)}"
    yield "to prove", "on every cell: x.grad = acc_x + g * d definition/dx, and forward = definition"
    for place, cell in enumerate(proof.cells, 1):
        yield None, ""
        yield from _cell(place, cell, case.spec.inputs)
    for boundary in proof.boundaries:
        yield None, ""
        yield from _boundary(boundary, case.spec.inputs)
    yield None, ""
    yield from _end(proof)


def _cell(place: int, cell: CellResult, inputs: Sequence[str]) -> Iterator[_Row]:
    yield None, f"cell {place}: {cell.cell}"
    if cell.outside:
        yield "outside", "the definition has no value here, so the rule is not checked"
        return
    if cell.generators:
        yield "generators", ", ".join(map(written, cell.generators))
    yield "forward", _verdict(cell.forward, "equals the definition")
    for name, verdict, partial in zip(inputs, cell.gradients, cell.derivatives, strict=True):
        yield f"d/d{name}", written(partial)
        yield "", _verdict(verdict, "rule - derivative reduces to 0")


def _verdict(verdict: Verdict, proved: str) -> str:
    if verdict.status is Status.PROVED:
        return f"proved: {proved}"
    residual = f"; left: {written(verdict.residual)}" if verdict.residual is not None else ""
    return f"open: {verdict.reason}{residual}"


def _boundary(boundary: BoundaryResult, inputs: Sequence[str]) -> Iterator[_Row]:
    place = ", ".join(f"{name} = {written(value)}" for name, value in boundary.where)
    yield None, f"boundary {place or boundary.cell}: {_BENDS[boundary.kind]}"
    if boundary.reason:
        yield "because", boundary.reason
    for limit in boundary.limits:
        yield "one-sided", _vector(limit)
    if boundary.rule is not None:
        yield "rule returns", _vector(boundary.rule)
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
