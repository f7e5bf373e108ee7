"""A cell that has been examined, with the facts its boundaries need."""

from __future__ import annotations

from dataclasses import dataclass

from backproof.verify.proof.field.algebra import Element
from backproof.verify.proof.field.differential_field import Field
from backproof.verify.proof.result import CellResult


@dataclass(frozen=True)
class Leaf:
    """The field of a cell, its verdicts, the definition there (None outside the domain) and its partial derivatives."""

    field: Field
    result: CellResult
    definition: Element | None
    partials: tuple[Element, ...]
