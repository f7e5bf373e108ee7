"""How a node keeps its closure without keeping itself.

A rule is written as a closure over the node that it serves:

    def _backward() -> None:
        self.grad += other.data * out.grad
        other.grad += self.data * out.grad

    out._backward = _backward

Stored directly, `out` would hold the closure and the closure would hold `out`: a reference cycle in every
node, so that no graph could be freed before the garbage collector had walked all of it, which is more than
half of the running time.  A node therefore keeps the rule, which all nodes of the operation share, and what
the closure's cells held, without itself.  When `_backward` is read, it puts the same closure together again.

This is done for the closures named `_backward` in the methods marked with `op`: once attached, nothing that
they close over may be rebound.  Any other function assigned to `_backward` is kept as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from opcode import opmap
from types import CellType, CodeType, FunctionType
from typing import Any

Closure = Callable[[], None]
Kept = tuple[Any, ...]
"""A rule, and after it what the closure's cells held, all but the node itself (or the closure as it is)."""
Run = Callable[[Any, Kept], None]
"""Runs a rule for a node, given what the node kept."""


class Rule:
    """The code of an operation's `_backward`, shared by every node that the operation makes."""

    __slots__ = ("code", "own", "scope")

    def __init__(self, code: CodeType, scope: dict[str, Any]) -> None:
        self.code = code
        self.scope = scope
        self.own = code.co_freevars.index("out")  # which of the closure's cells holds the node itself

    def __deepcopy__(self, _: object) -> Rule:
        return self  # a copied node has the same rule

    def keep(self, closure: Any, node: Any) -> Kept:
        """What ``node`` has to keep of its closure: all but itself.  Another node's it keeps whole."""
        cells = closure.__closure__
        if cells[self.own].cell_contents is not node:
            return WHOLE, closure
        return self, *[cell.cell_contents for cell in self._others(cells)]

    def closure(self, node: Any, kept: Kept) -> Closure:
        """The closure that ``node`` was given, put together again."""
        contents = list(kept[1:])
        contents.insert(self.own, node)
        return self._over(*[CellType(x) for x in contents])

    def runner(self) -> Run:
        """A function that runs the rule for one node after another, in one and the same closure."""
        cells = self._cells()
        out, others, closure = cells[self.own], self._others(cells), self._over(*cells)

        def run(node: Any, kept: Kept) -> None:
            out.cell_contents = node
            for cell, contents in zip(others, kept[1:], strict=True):
                cell.cell_contents = contents
            closure()

        return run

    def _cells(self) -> list[CellType]:
        return [CellType() for _ in self.code.co_freevars]

    def _others(self, cells: Sequence[CellType]) -> Sequence[CellType]:
        return [*cells[: self.own], *cells[self.own + 1 :]]

    def _over(self, *cells: CellType) -> Closure:
        return FunctionType(self.code, self.scope, self.code.co_name, None, cells)


class UnaryRule(Rule):
    """The usual closure of one operand, over (out, self): `Rule`, spelled out, in half the time."""

    __slots__ = ()

    def keep(self, closure: Any, node: Any) -> Kept:
        out, operand = closure.__closure__
        return (self, operand.cell_contents) if out.cell_contents is node else (WHOLE, closure)

    def closure(self, node: Any, kept: Kept) -> Closure:
        return self._over(CellType(node), CellType(kept[1]))

    def runner(self) -> Run:
        out, operand = cells = self._cells()
        closure = self._over(*cells)

        def run(node: Any, kept: Kept) -> None:
            out.cell_contents = node
            _, operand.cell_contents = kept
            closure()

        return run


class BinaryRule(Rule):
    """The usual closure of two operands, over (other, out, self), or of one over (m, out, self); likewise."""

    __slots__ = ()

    def keep(self, closure: Any, node: Any) -> Kept:
        a, out, b = closure.__closure__
        return (self, a.cell_contents, b.cell_contents) if out.cell_contents is node else (WHOLE, closure)

    def closure(self, node: Any, kept: Kept) -> Closure:
        return self._over(CellType(kept[1]), CellType(node), CellType(kept[2]))

    def runner(self) -> Run:
        a, out, b = cells = self._cells()
        closure = self._over(*cells)

        def run(node: Any, kept: Kept) -> None:
            out.cell_contents = node
            _, a.cell_contents, b.cell_contents = kept
            closure()

        return run


class WholeRule(Rule):
    """Not a known rule: the closure is kept as it is."""

    __slots__ = ()

    def __init__(self) -> None: ...

    def keep(self, closure: Any, node: Any) -> Kept:
        return self, closure

    def closure(self, node: Any, kept: Kept) -> Closure:
        return kept[1]  # type: ignore[no-any-return]

    def runner(self) -> Run:
        return lambda node, kept: kept[1]()


WHOLE = WholeRule()


class Runners(dict[Rule, Run]):
    """One runner for each rule met in a backward pass."""

    def __missing__(self, rule: Rule) -> Run:
        run = self[rule] = rule.runner()
        return run


RULES: dict[int, Rule] = {}
"""The known rules by the id of their code (its hash is slow); a Rule keeps its code, so no id returns."""


def know(method: Any) -> None:
    """Register the rule of a marked method: the closure `_backward` over `out` and its operands."""
    for code in method.__code__.co_consts:
        if isinstance(code, CodeType) and code.co_name == "_backward" and _is_rule(code):
            shape = _SHAPES.get((len(code.co_freevars), code.co_freevars.index("out")), Rule)
            RULES[id(code)] = shape(code, method.__globals__)


_SHAPES = {(2, 0): UnaryRule, (3, 1): BinaryRule}
"""The usual closures by how many cells they have and which one holds the node itself."""


def _is_rule(code: CodeType) -> bool:
    """Whether the code closes over `out` and something else, and binds none of it anew (`nonlocal`)."""
    names = code.co_freevars
    return "out" in names and len(names) > 1 and opmap["STORE_DEREF"] not in code.co_code[::2]
