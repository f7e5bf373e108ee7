"""Masks for a part of a derivative: 0 for what is infinite of it, and the rest as it is.

For √x + x·y people write ``g*(y + (0.5/s if s > 0 else 0.0))`` or ``g*(y + 0.5/s) if s > 0 else g*y``.  At x = 0 that
is y, which is no derivative, but one with 0 for its infinite term.  Which term that is may be said by the rule (a
branch that is infinite in a cell and 0 on the boundary), by the definition (a summand), or by the derivative's series.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from backproof.verify.proof.cells.examined_cell import Leaf
from backproof.verify.proof.field.algebra import CONSTANT_ZERO, Element, NoValue, TooHard
from backproof.verify.proof.field.interpret import Interpreter, Undefined, Unsupported
from backproof.verify.proof.field.limits import Infinite, Transfer, Unclear
from backproof.verify.proof.obligation import UPSTREAM, accumulated
from backproof.verify.terms.term import Term, constant, substitute, symbol, topological

_NOT_READ = (Undefined, Unsupported, NoValue, TooHard)


@dataclass(frozen=True)
class Mask:
    """What an operand's derivative is masked with: all that is needed to recognise it.

    gradient: of the operand ``name``, the ``place``-th; reader: reads terms on the boundary; ways: the cells that touch
    variable: the symbol that is bound, if it is just one
    """

    name: str
    place: int
    gradient: Term
    definition: Term
    reader: Interpreter
    ways: Sequence[tuple[Leaf, Transfer]]
    variable: str | None

    def covers(self, value: Element) -> bool:
        """Whether the value is the derivative with 0 for an infinite term.  May raise Split."""
        rests = (rest for way in self.ways for rest in self._rests(*way))
        return self._has_zero_branch() or any(self.reader.field.is_zero(value - rest) for rest in rests)

    def _has_zero_branch(self) -> bool:
        given = {symbol(UPSTREAM): constant(1), symbol(accumulated(self.name)): constant(0)}
        branches = [t for t in topological(*substitute((self.gradient,), given)) if t.op == "where"]
        zeros = [t for t in branches if self._is_zero(t)]
        return any(self._limit(leaf, transfer, t, "") is None for leaf, transfer in self.ways for t in zeros)

    def _is_zero(self, branch: Term) -> bool:
        try:
            return not self.reader.element(branch)
        except _NOT_READ:
            return False

    def _rests(self, leaf: Leaf, transfer: Transfer) -> Iterator[Element]:
        """The derivative without its infinite term, and without the summands of the definition that have such."""
        if (part := transfer.finite_part(leaf.partials[self.place])) is not None:
            yield part
        limits = [self._limit(leaf, transfer, summand, self.name) for summand in _summands(self.definition)]
        finite = [u for u in limits if isinstance(u, Element)]
        if None in limits and len(finite) == len(limits) - limits.count(None):
            rest = CONSTANT_ZERO
            for u in finite:
                rest = rest + u
            yield rest

    def _limit(self, leaf: Leaf, transfer: Transfer, t: Term, by: str) -> Element | str | None:
        """The limit of a term from a cell, or of its derivative; None for an infinite one, "" for one not known."""
        try:
            u = Interpreter(leaf.field, trusting=True).element(t)
            return transfer.limit(leaf.field.reduced(leaf.field.derivative(u, by)) if by else u, self.variable)
        except Infinite:
            return None
        except (Unclear, *_NOT_READ):
            return ""


def _summands(t: Term) -> Iterator[Term]:
    """The terms whose sum it is; of a difference the second with its sign."""
    if t.op == "add":
        for part in t.args:
            yield from _summands(part)
    elif t.op == "sub":
        yield from _summands(t.args[0])
        yield from (-part for part in _summands(t.args[1]))
    else:
        yield t
