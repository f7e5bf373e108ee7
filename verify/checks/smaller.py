"""The same functions at shapes so small that the prover knows all about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import prod

from verify.case import Case
from verify.checks import proof
from verify.findings import Finding, Verdict
from verify.proof.result import Status
from verify.subjects.given import beside_row
from verify.subjects.large import LargePair, shape_told
from verify.subjects.vectors import MOST_ENTRIES, Shape, VectorPair

REFUTING, PROVING = (1, 2, 3, 4), (2, 3)  # sizes
PROVED = 2  # small shapes at which a proof is told
_MOST_TRIED = 12


@dataclass(frozen=True)
class Smaller:
    """What the prover says at a small shape."""

    told: str
    findings: tuple[Finding, ...]
    partly: bool = False  # the rule is proved on some cells of this shape, so it is not written for another size

    @property
    def proved(self) -> bool:
        return bool(self.findings) and all(f.verdict is Verdict.PROVED for f in self.findings)

    @property
    def refuted(self) -> bool:
        return any(f.verdict is Verdict.REFUTED for f in self.findings)


def smaller(case: Case, first_refuted: bool = False) -> Iterator[Smaller]:
    """Small shapes that the functions accept: to be proved the two largest, to be refuted all from the smallest on.

    A size that stands in several places stays one size.
    """
    pair = case.operation
    assert isinstance(pair, LargePair)
    found = 0
    for shapes in _shapes(pair, first_refuted):
        one = _at(case, pair, shapes, refute=first_refuted)
        if one is None:
            continue
        yield one
        found += one.proved
        if not first_refuted and found == PROVED:
            return


def _shapes(pair: LargePair, ascending: bool) -> list[dict[str, Shape]]:
    sizes = list(dict.fromkeys(n for shape in pair.shapes.values() for n in shape if n > 1))
    found: list[tuple[int, dict[str, Shape]]] = []
    for chosen in product(REFUTING if ascending else PROVING, repeat=min(len(sizes), 4)):
        new = dict(zip(sizes, chosen, strict=False))
        shapes = {one: tuple(new.get(n, min(n, 2)) for n in shape) for one, shape in pair.shapes.items()}
        count = sum(map(prod, shapes.values()))
        if count < MOST_ENTRIES and shapes != pair.shapes and (ascending or any(n > 1 for n in chosen)):
            found.append((count, shapes))
    found.sort(key=lambda entry: entry[0], reverse=not ascending)
    return [shapes for _, shapes in found[:_MOST_TRIED]]


def _at(case: Case, pair: LargePair, shapes: dict[str, Shape], refute: bool) -> Smaller | None:
    """None for a shape that the functions do not accept, or that is too large for the prover after all.

    A refuter that finds nothing looks long: it is asked only where something is known to be wrong.
    """
    told = ", ".join(f"{one}: {shape_told(shape)}" for one, shape in shapes.items() if shape)
    try:
        small = VectorPair(pair._forward, pair._backward, shapes, pair.name, pair.arrays)
        operation, row = beside_row(small, pair.meant)
        if operation.problem:
            return None
        small_case = Case(operation, row, case.options)
        if not refute and not small_case.proved:
            return None
        findings = tuple(replace(f, case=told) for f in proof.check(small_case))
        partly = _somewhere(small_case)
    except Exception:  # the user's own code may raise anything at a shape that it was not written for
        return None
    return Smaller(told, findings, partly)


def _somewhere(case: Case) -> bool:
    """Whether the rule is proved on a cell at least."""
    cells = case.rule_proof.cells if case.rule_proof is not None else ()
    return any(all(v.status is Status.PROVED for v in cell.gradients) for cell in cells if not cell.outside)
