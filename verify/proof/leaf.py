"""A cell that has been examined, with what its boundaries need of it."""

from __future__ import annotations

from dataclasses import dataclass

from verify.proof.algebra import Element
from verify.proof.field import Field
from verify.proof.result import CellResult


@dataclass(frozen=True)
class Leaf:
    """The field of a cell, its verdicts, the definition there (None outside the domain) and its slopes."""

    field: Field
    result: CellResult
    definition: Element | None
    slopes: tuple[Element, ...]
