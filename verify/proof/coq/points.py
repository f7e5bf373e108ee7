"""Points of a cell: one on no border between branches, for the scripts, and a simple one, for the reader."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice, product

from flint import arb, ctx

from backproof.verify.evaluate.balls import holds
from backproof.verify.evaluate.stepwise import BITS, At
from backproof.verify.proof.cell import Cell, Split
from backproof.verify.proof.coq.printer import Unprintable
from backproof.verify.proof.coq.statements import Point, Subject
from backproof.verify.proof.field.algebra import NoValue, TooHard
from backproof.verify.proof.field.differential_field import Field, Restart
from backproof.verify.proof.field.halfspaces import Empty
from backproof.verify.proof.field.interpret import Interpreter, Undefined, Unsupported
from backproof.verify.proof.field.samples import sample_point
from backproof.verify.proof.field.signs import between, learn
from backproof.verify.proof.prove import MOST_RESTARTS
from backproof.verify.terms.term import symbol

HARD = (Split, TooHard, Unsupported, Undefined, NoValue, Unprintable, Empty, ZeroDivisionError)
"""What the prover's functions raise where they have no normal form, or the printer no words for it."""

MOST_CANDIDATES = 2_000
_SIMPLE = tuple(Fraction(p, q) for p, q in ((0, 1), (1, 1), (-1, 1), (1, 2), (-1, 2), (2, 1), (-2, 1), (3, 1), (-3, 1)))


def generic(cell: Cell) -> Point | None:
    """The point at which the prover looks at a cell; None if it finds none."""
    hints: dict[str, Fraction] = {}
    for _ in range(MOST_RESTARTS):
        try:
            return sample_point(known(Field(cell, hints)).field)
        except Restart as finer:
            hints[finer.name] = finer.grain
        except HARD:
            break
    return None


def known(field: Field) -> Interpreter:
    """What reads terms on the field's cell, once all that is given there is known.  Raises Restart, and `HARD`."""
    reader = Interpreter(field, trusting=True)
    for name, _, _ in field.cell.box:
        field.symbol(name)
    for term, sign in field.cell.signs:
        learn(field, reader.element(term), sign)
    return reader


def simple(subject: Subject, cell: Cell) -> Point | None:
    """A point of the cell with small numbers; None if none of the candidates is in it."""
    names = subject.symbols
    candidates = product(*(list(_candidates(cell, name)) for name in names))
    for numbers in islice(candidates, MOST_CANDIDATES):
        at = {name: ball(value) for name, value in zip(names, numbers, strict=True)}
        if all(holds(hypothesis, at) for hypothesis in subject.hypotheses):
            return dict(zip(names, numbers, strict=True))
    return None


def _candidates(cell: Cell, name: str) -> Iterator[Fraction]:
    lo, hi = cell.interval(name)
    for value in (*_SIMPLE, between(lo, hi)):
        if (lo is None or lo < value) and (hi is None or value < hi):
            yield value


def at(point: Point) -> At:
    """For the evaluation of terms there."""
    return At({symbol(name): ball(value) for name, value in point.items()})


def ball(value: Fraction) -> arb:
    """An interval of the number that is narrow enough for comparisons."""
    with ctx.workprec(BITS):
        return arb(value.numerator) / value.denominator
