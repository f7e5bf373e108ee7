"""The domain of an operation as cells."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from verify.proof.algebra import Element
from verify.proof.cells import NOT_ZERO, Cell, everywhere
from verify.proof.field import Field, Restart
from verify.proof.interpret import Interpreter, Unsupported
from verify.proof.obligation import UPSTREAM, Obligation, accumulated
from verify.trace.term import Term, apply, topological

STRICT = ("lt", "gt", "ne")
_SIGNS = {"lt": -1, "le": -1, "gt": 1, "ge": 1, "ne": NOT_ZERO}


def domain_cells(obligation: Obligation) -> list[Cell]:
    """The interior of the domain: bounds on single symbols make a box, other comparisons are given signs.

    Raises Unsupported for a domain that is no conjunction of comparisons, or is one that only points satisfy.
    """
    if obligation.domain.op == "false":
        return []
    names = (*obligation.inputs, UPSTREAM, *map(accumulated, obligation.inputs))
    cell = everywhere(names)
    for condition in conjuncts(obligation.domain):
        cell = _narrowed(cell, condition)
    empty = any(lo is not None and hi is not None and lo >= hi for _, lo, hi in cell.box)
    return [] if empty else [cell]


def open_ends(obligation: Obligation) -> set[Term]:
    """What bounds the domain and is 0 nowhere in it: the sides of its strict comparisons, one taken from the other."""
    return {apply("sub", *c.args) for c in conjuncts(obligation.domain) if c.op in STRICT}


def conjuncts(condition: Term) -> Iterator[Term]:
    """The comparisons that must all hold."""
    if condition.op == "and":
        for part in condition.args:
            yield from conjuncts(part)
    elif condition.op not in ("true", "false"):
        if condition.op not in _SIGNS:
            raise Unsupported(f"the domain {condition!r} is no conjunction of comparisons")
        yield condition


def _narrowed(cell: Cell, condition: Term) -> Cell:
    left, right = condition.args
    gap, sign = apply("sub", left, right), _SIGNS[condition.op]
    if condition.op in ("ge", "le") and _has_no_other_sign(gap, sign):
        return cell  # it ends nowhere: where the gap is 0 the domain lies on both sides
    bound = _bound(gap) if sign != NOT_ZERO else None
    if bound is None:
        return cell.given(gap, sign)
    name, slope, at = bound
    lo, hi = cell.interval(name)
    if slope * sign > 0:
        return cell.within(name, at if lo is None else max(lo, at), hi)
    return cell.within(name, lo, at if hi is None else min(hi, at))


def _has_no_other_sign(gap: Term, sign: int) -> bool:
    """Whether a polynomial in the symbols is 0, or a square times a number of this sign, as x·x·y·y is."""
    if not _is_polynomial(gap):
        return False
    field = Field(Cell(()))
    u = Interpreter(field, trusting=True).element(gap)
    if not u:
        return True
    content, found = field.factors(u.num)
    return content * sign > 0 and all(multiplicity % 2 == 0 for _, multiplicity in found)


def _is_polynomial(term: Term) -> bool:
    plain = ("symbol", "const", "add", "sub", "mul", "neg")
    return all(node.op in plain or _is_by_a_number(node) for node in topological(term))


def _is_by_a_number(node: Term) -> bool:
    """A whole power, or a part: what a polynomial has of those."""
    if node.op not in ("pow", "div") or node.args[1].op != "const":
        return False
    by = node.args[1].value
    return bool(by) if node.op == "div" else by.denominator == 1 <= by


def _bound(gap: Term) -> tuple[str, Fraction, Fraction] | None:
    """(x, c, r) for c·(x - r), a linear expression in one symbol; None for any other."""
    if any(node.op not in ("symbol", "const", "add", "sub", "mul", "div", "neg") for node in _nodes(gap)):
        return None
    field = Field(Cell(()))
    try:
        u: Element = Interpreter(field, trusting=True).element(gap)
    except Restart:
        return None
    linear = field.linear(u)
    if linear is None:
        return None
    name, c, d = linear
    return name, c, -d / c


def _nodes(root: Term) -> Iterator[Term]:
    yield root
    for child in root.args:
        yield from _nodes(child)
