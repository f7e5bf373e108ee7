"""Boundaries: find and check (`judgement`) every boundary between cells, and every end of the domain."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from backproof.verify.proof.cell import NOT_ZERO, Cell, Split, everywhere
from backproof.verify.proof.cells.domain import open_ends
from backproof.verify.proof.cells.examined_cell import Leaf
from backproof.verify.proof.cells.judgement import Judgement
from backproof.verify.proof.cells.strata import Stratum, ends, zeros
from backproof.verify.proof.field.algebra import TooHard
from backproof.verify.proof.field.differential_field import Field, Restart
from backproof.verify.proof.field.halfspaces import Empty
from backproof.verify.proof.field.interpret import Interpreter, Undefined, Unsupported
from backproof.verify.proof.field.limits import Infinite, Unclear
from backproof.verify.proof.field.signs import learn
from backproof.verify.proof.obligation import Obligation
from backproof.verify.proof.result import BoundaryKind, BoundaryResult
from backproof.verify.terms.term import Term

MOST_STRATA = 64
MOST_RESTARTS = 12


def boundary_results(
    obligation: Obligation, leaves: list[Leaf], enough: Callable[[BoundaryResult], bool] = lambda _: False
) -> tuple[list[BoundaryResult], str]:
    """Check every boundary between the cells, and every end of the domain that belongs to it.

    enough: of a boundary, whether the others need not be checked

    Also returns the reason why the list may be incomplete, or "".
    """
    names = tuple(name for name, _, _ in leaves[0].field.cell.box) if leaves else ()
    waiting, results = _first_strata(obligation, leaves, names)
    seen: set[Stratum] = set()
    while waiting:
        stratum = waiting.pop(0)
        if stratum in seen:
            continue
        seen.add(stratum)
        if len(seen) > MOST_STRATA:
            return results, f"more than {MOST_STRATA} boundaries"
        try:
            found = _judged(obligation, leaves, stratum)
        except Split as split:
            waiting += [Stratum(stratum.where, cell) for cell in stratum.cell.parts(split)]
            inner = _zeros_on(stratum, split.boundary)
            if inner is None:
                results.append(_unknown(stratum, f"the zeros of {split.boundary!r} on it are not solved for"))
            waiting += inner or []
        else:
            if found.kind.bounds:
                results.append(found)
            if enough(found):
                return results, "the other boundaries were not requested"
    return results, ""


def _first_strata(
    obligation: Obligation, leaves: list[Leaf], names: tuple[str, ...]
) -> tuple[list[Stratum], list[BoundaryResult]]:
    """The sets that bound the cells, in order of first appearance, and those that could not be solved for."""
    found: dict[Stratum, None] = {}
    unsolved: dict[Term, None] = {}
    whole = Stratum((), everywhere(names))
    beyond = open_ends(obligation)
    for leaf in leaves:
        for binding in ends(leaf.field.cell):
            found[whole.bound(binding)] = None
        for term, s in leaf.field.cell.signs:
            if s == NOT_ZERO:
                continue
            try:
                solutions = zeros(leaf.field, Interpreter(leaf.field, trusting=True).element(term))
            except (Split, Restart, Undefined, TooHard):
                solutions = None
            if solutions is None and term not in beyond:
                unsolved[term] = None
            for binding in solutions or ():
                found[whole.bound(binding)] = None
    results = [_unknown(whole, f"the zeros of {term!r} are not solved for") for term in unsolved]
    return list(found), results


def _unknown(stratum: Stratum, reason: str) -> BoundaryResult:
    return BoundaryResult(stratum.where, stratum.cell, BoundaryKind.UNKNOWN, reason)


def _zeros_on(stratum: Stratum, boundary: Term) -> list[Stratum] | None:
    """The parts of the stratum where a term vanishes."""
    field = Field(Cell(stratum.cell.box))
    try:
        for name, _, _ in stratum.cell.box:
            field.symbol(name)
        for term, known in stratum.cell.signs:
            learn(field, Interpreter(field, trusting=True).element(term), known)
        solutions = zeros(field, Interpreter(field, trusting=True).element(boundary))
    except (Split, Empty, Undefined, Unsupported, Restart, TooHard, ZeroDivisionError):
        return None
    return None if solutions is None else [stratum.bound(binding) for binding in solutions]


def _judged(obligation: Obligation, leaves: list[Leaf], stratum: Stratum) -> BoundaryResult:
    """The verdict on one stratum; raises Split where its parts differ."""
    hints: dict[str, Fraction] = {}
    for _ in range(MOST_RESTARTS):
        try:
            return Judgement(obligation, leaves, stratum, Field(stratum.cell, hints)).result()
        except Restart as finer:
            hints[finer.name] = finer.grain
        except Empty:
            return BoundaryResult(stratum.where, stratum.cell, BoundaryKind.EMPTY)
        except (Unclear, Unsupported, Undefined, TooHard) as problem:
            return _unknown(stratum, str(problem))
        except Infinite:
            return _unknown(stratum, "the cells that meet here have faces with an infinite derivative")
        except ZeroDivisionError:
            return _unknown(stratum, "a denominator turns out to be 0 here")
        except RecursionError:
            return _unknown(stratum, "the terms are nested too deeply")
    return _unknown(stratum, f"more than {MOST_RESTARTS} refinements")
