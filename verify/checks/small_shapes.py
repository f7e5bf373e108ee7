"""The same functions at shapes small enough for the prover."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import prod

from backproof.verify.checks import proof
from backproof.verify.checks.array_case import ArrayCase
from backproof.verify.checks.case import Case
from backproof.verify.checks.tensor_case import TensorCase
from backproof.verify.proof.result import Status
from backproof.verify.results.findings import Finding, Verdict
from backproof.verify.subjects.arrays.small import MOST_ENTRIES, format_shape
from backproof.verify.subjects.operation import ArrayOperation, Shape
from backproof.verify.subjects.tensors.pairs import PairOperation
from backproof.verify.support.errors import NO_TRACE, UsageError

REFUTING, PROVING = (1, 2, 3, 4), (2, 3)  # sizes
PROVED = 2  # small shapes at which a proof is reported
_MOST_TRIED = 12
FEW = 5  # shapes that are tried where no error is known


Shaped = ArrayOperation | PairOperation
"""What runs at other shapes, too."""


@dataclass(frozen=True)
class Smaller:
    """The prover's result at a small shape."""

    told: str
    findings: tuple[Finding, ...]
    partly: bool = False  # the rule is proved on some cells of this shape, so it is not written for another size

    @property
    def proved(self) -> bool:
        return bool(self.findings) and all(f.verdict is Verdict.PROVED for f in self.findings)

    @property
    def refuted(self) -> bool:
        return any(f.verdict is Verdict.REFUTED for f in self.findings)


def smaller(case: ArrayCase | TensorCase, first_refuted: bool = False, most: int = _MOST_TRIED) -> Iterator[Smaller]:
    """Small shapes that the functions accept: the two largest to prove, all from the smallest on to refute.

    A size that occurs in several places stays one size.
    """
    pair: Shaped = case.operation  # type: ignore[assignment]  # a PairOperation, of tensors
    found = 0
    for shapes in _shapes(pair, first_refuted)[:most]:
        one = _at(case, pair, shapes, refute=first_refuted)
        if one is None:
            continue
        yield one
        found += one.proved
        if not first_refuted and found == PROVED:
            return


def _shapes(pair: Shaped, ascending: bool) -> list[dict[str, Shape]]:
    sizes = list(dict.fromkeys(n for shape in pair.shapes.values() for n in shape if n > 1))
    found: list[tuple[int, dict[str, Shape]]] = []
    for chosen in product(REFUTING if ascending else PROVING, repeat=min(len(sizes), 4)):
        new = dict(zip(sizes, chosen, strict=False))
        shapes = {one: tuple(new.get(n, min(n, 2)) for n in shape) for one, shape in pair.shapes.items()}
        count = sum(map(prod, shapes.values()))
        if count < MOST_ENTRIES and shapes != pair.shapes and (ascending or any(n > 1 for n in chosen)):
            found.append((count, shapes))
    found.sort(key=lambda entry: entry[0], reverse=not ascending)
    return [shapes for _, shapes in found]


def _at(case: ArrayCase | TensorCase, pair: Shaped, shapes: dict[str, Shape], refute: bool) -> Smaller | None:
    """None for a shape that the functions do not accept, or that is too large for the prover after all.

    A refuter that finds nothing takes long: it runs only where an error is known.
    """
    told = ", ".join(f"{one}: {format_shape(shape)}" for one, shape in shapes.items() if shape)
    try:
        operation, spec = pair.at_shapes(shapes)
        if operation.problem:
            return None
        small_case = Case(operation, spec, case.options)
        if not refute and not small_case.proved:
            return None
        findings = tuple(replace(f, case=told) for f in proof.check(small_case))
        partly = _somewhere(small_case)
    except (UsageError, *NO_TRACE):  # it was not written for this shape
        return None
    return Smaller(told, findings, partly)


def _somewhere(case: Case) -> bool:
    """Whether the rule is proved on at least one cell."""
    cells = case.rule_proof.cells if case.rule_proof is not None else ()
    return any(all(v.status is Status.PROVED for v in cell.gradients) for cell in cells if not cell.outside)
