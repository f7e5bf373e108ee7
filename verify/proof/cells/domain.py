"""The domain of an operation as cells."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from backproof.verify.proof.cell import NOT_ZERO, Cell, everywhere
from backproof.verify.proof.field.algebra import Element
from backproof.verify.proof.field.differential_field import Field, Restart
from backproof.verify.proof.field.interpret import Interpreter, Unsupported
from backproof.verify.proof.obligation import UPSTREAM, Obligation, accumulated
from backproof.verify.terms.conditions import conjuncts, is_no_whole_number
from backproof.verify.terms.term import Condition, Term, apply, topological

MOST_PARTS = 16
STRICT = ("lt", "gt", "ne")
_SIGNS = {"lt": -1, "le": -1, "gt": 1, "ge": 1, "ne": NOT_ZERO}


def domain_cells(obligation: Obligation) -> list[Cell]:
    """The interior of the domain: bounds on single symbols make a box, other comparisons give signs.

    Several cells where the domain has parts, as x < -1 or x > 1 has.  Raises Unsupported for too many of them, and for
    a domain without interior.
    """
    names = (*obligation.inputs, UPSTREAM, *map(accumulated, obligation.inputs))
    return [cell for cell in _parts([everywhere(names)], obligation.domain) if not _is_empty(cell)]


def _parts(cells: list[Cell], condition: Term) -> list[Cell]:
    """The parts of the cells where a condition holds, up to their boundaries."""
    for part in conjuncts(condition):
        if _holds_nearly_everywhere(part):
            continue
        if part.op == "or":
            cells = [cell for alternative in part.args for cell in _alternative(cells, alternative)]
        elif part.op == "false":
            return []
        elif part.op == "eq":
            raise Unsupported(f"the domain {part!r} has no interior")
        else:
            cells = [_narrowed(cell, part) for cell in cells]
        if len(cells) > MOST_PARTS:
            raise Unsupported(f"the domain has more than {MOST_PARTS} parts")
    return cells


def _alternative(cells: list[Cell], condition: Term) -> list[Cell]:
    """The same for one of several conditions, of which some may hold nowhere but on a line, as x == y does."""
    thin = (part for part in conjuncts(condition) if part.op == "eq")
    return [] if any(_is_nowhere_dense(part) for part in thin) else _parts(cells, condition)


def _is_nowhere_dense(equation: Condition) -> bool:
    """Whether two different polynomials are compared."""
    gap = apply("sub", *equation.args)
    return _is_polynomial(gap) and bool(Interpreter(Field(Cell(())), trusting=True).element(gap))


def _holds_nearly_everywhere(condition: Term) -> bool:
    """Whether a condition excludes at most integers, as the domain of gamma does: these are no cells."""
    return is_no_whole_number(condition) or (
        condition.op == "or" and any(map(_holds_nearly_everywhere, condition.args))
    )


def _is_empty(cell: Cell) -> bool:
    return any(lo is not None and hi is not None and lo >= hi for _, lo, hi in cell.box)


def open_ends(obligation: Obligation) -> set[Term]:
    """The boundary terms of the domain that are 0 nowhere in it: the differences of its strict comparisons."""
    return {apply("sub", *c.args) for c in conjuncts(obligation.domain) if c.op in STRICT}


def _narrowed(cell: Cell, condition: Term) -> Cell:
    left, right = condition.args
    gap, sign = apply("sub", left, right), _SIGNS[condition.op]
    if condition.op in ("ge", "le") and _has_no_other_sign(gap, sign):
        return cell  # no boundary: where the gap is 0 the domain is on both sides
    bound = _bound(gap) if sign != NOT_ZERO else None
    if bound is None:
        return cell.given(gap, sign)
    name, partial, at = bound
    lo, hi = cell.interval(name)
    if partial * sign > 0:
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
    """Whether the node is a power with a positive integer exponent, or a quotient by a nonzero number."""
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
