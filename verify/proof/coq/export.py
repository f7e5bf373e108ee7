"""A proof as a file for Coq: a theorem for each cell and operand, that all has a value, and kinks of one variable."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib.resources import files

from backproof.verify.evaluate.stepwise import At, OnKink
from backproof.verify.proof.cell import Cell
from backproof.verify.proof.coq import points, scripts, statements
from backproof.verify.proof.coq.core import without_branches
from backproof.verify.proof.coq.printer import Unprintable
from backproof.verify.proof.obligation import UPSTREAM, Obligation, accumulated
from backproof.verify.proof.result import BoundaryKind, BoundaryResult, Proof, Status
from backproof.verify.terms.term import Term

PRELUDE = "Prelude.v"
LIBRARY = "Backproof"
"""The name under which a file finds the prelude: coqc -Q DIR Backproof FILE."""

HEADER = f"""\
From Coq Require Import Reals Lra Psatz.
From Coquelicot Require Import Coquelicot.
From {LIBRARY} Require Import Prelude.
Open Scope R_scope.
"""

AXIOMS = (
    "ClassicalDedekindReals.sig_not_dec",
    "ClassicalDedekindReals.sig_forall_dec",
    "FunctionalExtensionality.functional_extensionality_dep",
    "Classical_Prop.classic",
)
"""What Coq's real numbers rest on; a theorem that needs anything else is not accepted."""

ALL = "everything"
"""The last definition of a file: all its theorems together."""

ASSUMPTIONS = "Assumptions.v"
"""The file that has Coq print what the theorems of all others rest on."""


class NotProved(Exception):
    """A proof that is none; the message says why."""


@dataclass(frozen=True)
class Theorem:
    """A statement with the script that may prove it; ``word``: Theorem, or Example for that a cell is not empty."""

    name: str
    statement: str
    script: Sequence[str]
    word: str = "Theorem"

    def __str__(self) -> str:
        return f"{self.word} {self.name} : {self.statement}.\n{scripts.script(self.script)}\n"


@dataclass(frozen=True)
class Exported:
    """A file: its text, and the names of its theorems."""

    text: str
    theorems: tuple[str, ...]


def prelude() -> str:
    """The text of the file that all others build on."""
    return files("backproof.verify.proof.coq").joinpath(PRELUDE).read_text(encoding="utf-8")


def assumptions(names: Sequence[str]) -> str:
    """The text of the file that has Coq print what the theorems of these files rest on."""
    modules = [name.removesuffix(".v") for name in names]
    theorems = ", ".join(f"{module}.{ALL}" for module in modules)
    return (
        f"From {LIBRARY} Require {' '.join(modules)}.\n\nDefinition {ALL} := ({theorems}).\nPrint Assumptions {ALL}.\n"
    )


def exported(proof: Proof) -> Exported:
    """The file of a proof.  Raises NotProved, or Unprintable where it has no words; each with the reason."""
    if proof.status is not Status.PROVED:
        raise NotProved("; ".join(proof.reasons) or "nothing of it is inside the domain")
    if proof.within:
        raise NotProved("it is proved within the bounds only")
    if held := sorted(proof.obligation.held):
        raise Unprintable(f"an input by which nothing is differentiated, such as {held[0]}")
    if proof.assumptions:
        raise Unprintable(f"the proof assumes that {proof.assumptions[0]}")
    return file_of(proof.obligation, proof.boundaries, [c.cell for c in proof.cells if not c.outside])


def file_of(obligation: Obligation, boundaries: Sequence[BoundaryResult], cells: Sequence[Cell]) -> Exported:
    """The file that states an obligation on these cells, whether it is true or not.  Raises Unprintable."""
    try:
        theorems = [t for k, cell in enumerate(cells, 1) for t in _on_cell(obligation, cell, f"cell{k}")]
        left: list[str] = []
        for k, boundary in enumerate(boundaries, 1):
            found = _on_boundary(obligation, boundary, cells, f"kink{k}")
            if isinstance(found, str):
                left.append(found)
            else:
                theorems += found
    except OnKink as problem:
        raise Unprintable(str(problem)) from None
    except RecursionError:
        raise Unprintable("terms that are nested too deeply") from None
    names = tuple(t.name for t in theorems)
    comment = [f"The rule of {_plain(obligation.op)}: what the theorems say is told in docs/coq.md of Backproof."]
    comment += [f"No theorem here for {_plain(reason)}." for reason in left]
    parts = [
        "\n".join(f"(* {line} *)" for line in comment) + "\n",
        HEADER,
        *map(str, theorems),
        f"Definition {ALL} := ({', '.join(names)}).\n",
    ]
    return Exported("\n".join(parts), names)


def _plain(text: str) -> str:
    """For a comment, which must not end where a name says so."""
    return re.sub(r"[^A-Za-z0-9 ,.:;=<>/+-]", "_", text)


# ------------------------------------------------------------------------------------------------------- theorems


def _on_cell(obligation: Obligation, cell: Cell, name: str) -> Iterator[Theorem]:
    subject = statements.on_cell(obligation, cell)
    generic, simple = points.generic(cell), points.simple(subject, cell)
    point = generic or simple
    if point is None:
        raise Unprintable(f"no point of a cell was found: {cell}")
    at = points.at({UPSTREAM: Fraction(1), **{accumulated(n): Fraction(1) for n in obligation.inputs}, **point})
    for operand in obligation.inputs:
        statement = statements.derivative(subject, operand)
        yield Theorem(f"{name}_{operand}", statement, scripts.derivative(subject, operand, cell, at))
    computes = statements.forward(subject)
    if computes:
        yield Theorem(f"{name}_forward", computes, scripts.forward(subject, cell, at))
    value = statements.has_value(subject)
    if value:
        yield Theorem(f"{name}_value", value, scripts.has_value())
    some = statements.inhabited(subject)
    if some:
        yield Theorem(f"{name}_inhabited", some, scripts.inhabited(subject, simple or point), "Example")


_WORDS = {
    BoundaryKind.EDGE: "an edge of the domain",
    BoundaryKind.VERTICAL: "a place where the derivative grows without bound",
    BoundaryKind.DISCONTINUOUS: "a jump",
}


def _on_boundary(
    obligation: Obligation, boundary: BoundaryResult, cells: Sequence[Cell], name: str
) -> list[Theorem] | str:
    """The theorems, or for what there are none."""
    place = ", ".join(f"{symbol} = {value!r}" for symbol, value in boundary.where) or "a boundary"
    if boundary.kind in _WORDS:
        return f"{place}, {_WORDS[boundary.kind]}"
    if len(obligation.inputs) != 1 or len(boundary.where) != 1 or boundary.where[0][1].op != "const":
        return f"{place}, a kink of more variables or not at a rational number"
    if boundary.cell.signs or any(lo is not None or hi is not None for _, lo, hi in boundary.cell.box):
        return f"{place}, a kink for part of the upstream gradients"
    ((operand, bound),) = boundary.where
    at: Fraction = bound.value
    left = next((c for c in cells if c.interval(operand)[1] == at and not c.signs), None)
    right = next((c for c in cells if c.interval(operand)[0] == at and not c.signs), None)
    if left is None or right is None:
        return f"{place}, which is not between two intervals"
    sides = _piece(obligation, left), _piece(obligation, right)
    reach = _inside(left, operand, at), _inside(right, operand, at)
    said = statements.value_at(obligation, at)
    value = [Theorem(f"{name}_value", said, scripts.has_value())] if said else []
    if boundary.kind is BoundaryKind.SMOOTH:
        script = scripts.seam(obligation, at, sides, reach)
        return [Theorem(name, statements.seam(obligation, at), script), *value]
    weight = boundary.weights[0]
    if weight.op != "const":
        return f"{place}, a kink with the weight {weight!r}"
    script = scripts.kink(weight.value, at, operand)
    return [Theorem(name, statements.kink(obligation, at, sides, reach), script), *value]


def _piece(obligation: Obligation, cell: Cell) -> Term:
    """The definition on a cell, without branches."""
    return without_branches(obligation.definition, _at(cell))


def _at(cell: Cell) -> At:
    point = points.generic(cell)
    if point is None:
        raise Unprintable(f"no point of a cell was found: {cell}")
    return points.at(point)


def _inside(cell: Cell, operand: str, at: Fraction) -> Fraction:
    """The other end of the interval, one away where it has none."""
    lo, hi = cell.interval(operand)
    if hi == at:
        return at - 1 if lo is None else lo
    return at + 1 if hi is None else hi
