"""Where cells meet: every boundary between them, and every end of the domain, found and judged (`judgement`)."""

from __future__ import annotations

from fractions import Fraction

from verify.proof.algebra import TooHard
from verify.proof.cells import NOT_ZERO, Cell, Split, everywhere
from verify.proof.domain import open_ends
from verify.proof.field import Field, Restart
from verify.proof.halfspaces import Empty
from verify.proof.interpret import Interpreter, Undefined, Unsupported
from verify.proof.judgement import Judgement
from verify.proof.leaf import Leaf
from verify.proof.limits import Infinite, Unclear
from verify.proof.obligation import Obligation
from verify.proof.result import Bend, BoundaryResult
from verify.proof.signs import learn
from verify.proof.strata import Stratum, ends, zeros
from verify.trace.term import Term

MOST_STRATA = 64
MOST_RESTARTS = 12


def boundary_results(obligation: Obligation, leaves: list[Leaf]) -> tuple[list[BoundaryResult], str]:
    """Every boundary between the cells, and every end of the domain that belongs to it, judged.

    With them comes the reason why there may be more, if there may.
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
            if found is not None:
                results.append(found)
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
    return BoundaryResult(stratum.where, stratum.cell, Bend.UNKNOWN, reason)


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


def _judged(obligation: Obligation, leaves: list[Leaf], stratum: Stratum) -> BoundaryResult | None:
    """The verdict on one stratum, None if it is no boundary; raises Split where its parts differ."""
    hints: dict[str, Fraction] = {}
    for _ in range(MOST_RESTARTS):
        try:
            return Judgement(obligation, leaves, stratum, Field(stratum.cell, hints)).result()
        except Restart as finer:
            hints[finer.name] = finer.grain
        except Empty:
            return None
        except (Unclear, Unsupported, Undefined, TooHard) as problem:
            return _unknown(stratum, str(problem))
        except Infinite:
            return _unknown(stratum, "the cells that meet here have faces of infinite slope")
        except ZeroDivisionError:
            return _unknown(stratum, "a denominator is 0 here in a way that was not seen before")
        except RecursionError:
            return _unknown(stratum, "the terms are nested too deeply")
    return _unknown(stratum, f"more than {MOST_RESTARTS} refinements")
