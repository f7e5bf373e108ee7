"""Terms in ball arithmetic at one point, evaluated as they are made: this decides the branches of code while it runs.

`BallProgram` compiles terms that exist already; here every term is evaluated once, on first use, however many depend
on it, and of a `where` only the branch that holds: the other one may have no value.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any

from flint import arb, ctx

from backproof.verify.arithmetics.balls import DECIDED
from backproof.verify.evaluate.balls import ENCLOSURES
from backproof.verify.evaluate.evaluate import operations
from backproof.verify.support.errors import NotTraced
from backproof.verify.terms.definitions import definition
from backproof.verify.terms.ops import COMPARISONS, IN_PIECES
from backproof.verify.terms.term import Condition, Term, apply, compare, constant

Plan = tuple[Callable[..., Any], tuple[Term, ...]]
"""The function that computes a term's value, and the terms whose values it takes."""

BITS = 192
MOST_BITS = 3072  # where a comparison is given up
_OPERATIONS = operations(ENCLOSURES)


class OnKink(NotTraced):
    """Two compared numbers are equal at the point (not elsewhere too), or too close to separate with `MOST_BITS`."""


class At:
    """Terms at a point: ``of`` gives the interval of a term, ``decide`` the truth value of a condition.

    It is an oracle (`verify.terms.term.asking`): code that runs under it follows the branch of the point.
    decided: every condition that was evaluated, and its truth value
    elsewhere: another point, to separate numbers that are always equal (a 0 and a 0) from those that are so only here
    """

    def __init__(
        self, point: Mapping[Term, arb], bits: int = BITS, elsewhere: Mapping[Term, arb] | None = None
    ) -> None:
        self._point, self._bits, self._elsewhere = dict(point), bits, elsewhere
        self._known: dict[Term, Any] = dict(point)
        self.decided: dict[Condition, bool] = {}

    def of(self, root: Term) -> arb:
        """The interval of a term; of a `where` the branch that holds.  Raises OnKink for an undecided one."""
        known = self._known
        if root not in known:
            with ctx.workprec(self._bits):
                _work_out(root, self._known, self._plan)
        found: arb = known[root]
        return found

    def _plan(self, node: Term) -> Plan:
        if node.op != "where":
            return _OPERATIONS.of(node)
        compared = [number for number in _compared(node.args[0]) if number not in self._known]
        branch = () if compared else (node.args[1] if self.decide(_as_condition(node.args[0])) else node.args[2],)
        return _itself, (*compared, *branch)

    def decide(self, condition: Condition) -> bool:
        """The truth value of the condition; raises OnKink where it cannot be decided."""
        found = self.decided.get(condition)
        if found is None:
            found = self.decided[condition] = self._decide(condition)
        return found

    def _decide(self, condition: Condition) -> bool:
        match condition.op:
            case "true" | "false":
                return condition.op == "true"
            case "not":
                return not self.decide(_as_condition(condition.args[0]))
            case "and":
                return all(self.decide(_as_condition(c)) for c in condition.args)
            case "or":
                return any(self.decide(_as_condition(c)) for c in condition.args)
        a, b = condition.args
        if a is b:
            return condition.op in _OF_EQUALS
        x, y = self.of(a), self.of(b)
        if x == y and self._elsewhere is not None and not self._equal_elsewhere(a, b):
            raise OnKink("two numbers that the code compares are equal there")
        nan = x.is_nan() or y.is_nan()  # every comparison is false, as on floats
        result = condition.op == "ne" if nan else DECIDED[condition.op](x, y)
        return self._closer().decide(condition) if result is None else result

    @cached_property
    def _other(self) -> At:
        return At(self._elsewhere or {}, self._bits)

    def _equal_elsewhere(self, a: Term, b: Term) -> bool:
        return bool(self._other.of(a) == self._other.of(b))

    def _closer(self) -> At:
        if self._bits >= MOST_BITS:
            raise OnKink("two numbers that the code compares are equal there, or too close to separate")
        return At(self._point, 4 * self._bits, self._elsewhere)


def _compared(condition: Term) -> list[Term]:
    """The numbers that a condition compares."""
    if condition.op in COMPARISONS:
        return list(condition.args)
    return [number for part in condition.args for number in _compared(part)]


def _as_condition(c: Term) -> Condition:
    assert isinstance(c, Condition)
    return c


_OF_EQUALS = ("le", "ge", "eq")  # comparisons that hold between equal numbers


def _work_out(root: Term, known: dict[Term, Any], plan: Callable[[Term], Plan]) -> None:
    """Put the value of ``root``, and of every term it needs, into ``known``: iterative, for deep terms."""
    stack = [root]
    while stack:
        node = stack[-1]
        if node in known:
            stack.pop()
            continue
        function, needed = plan(node)
        missing = [a for a in needed if a not in known]
        if missing:
            stack += missing
            continue
        known[node] = function(*[known[a] for a in needed])
        stack.pop()


def _itself(x: Any) -> Any:
    return x


# ------------------------------------------------------------------------------------------------ without branches


class Smooth:
    """Terms without their branches: on the cell of the point ``at`` they are the same function.

    ``bends`` counts the comparisons, absolute values, maxima, minima and roundings that were met.
    Raises OnKink for a point that is on one of them.
    """

    def __init__(self, at: At) -> None:
        self.at = at
        self._new: dict[Term, Term] = {}
        self.bends: set[Term] = set()

    def __call__(self, root: Term) -> Term:
        _work_out(root, self._new, self._plan)
        return self._new[root]

    def _plan(self, node: Term) -> Plan:
        """The node without branches: of a branch the side that the point is on."""
        match node.op:
            case "where":
                condition, yes, no = node.args
                return _itself, (yes if self._holds(_as_condition(condition)) else no,)
            case "maximum" | "minimum":
                first = self._holds(compare("ge" if node.op == "maximum" else "le", *node.args))
                return _itself, (node.args[0] if first else node.args[1],)
            case "abs":
                return (_itself if self._holds(compare("ge", node.args[0], 0)) else operator.neg), node.args
            case "floor" | "ceil":
                return partial(self._whole, node), ()
            case op if op in IN_PIECES and (by_others := definition(op)) is not None:
                return _itself, (by_others(*node.args),)
        return partial(_made_of, node), node.args

    def _holds(self, condition: Condition) -> bool:
        if condition.op not in ("true", "false"):
            self.bends.add(condition)
        return self.at.decide(condition)

    def _whole(self, node: Term) -> Term:
        """floor and ceil are constant on the cell.  Raises OnKink on one of their steps."""
        found = self.at.of(node)
        whole = found.unique_fmpz()
        if whole is None or not found.is_integer():
            raise OnKink(f"a step of {node.op}")
        self.bends.add(node)
        return constant(int(whole))


def _made_of(node: Term, *args: Term) -> Term:
    same = all(a is b for a, b in zip(args, node.args, strict=True))
    return node if same else apply(node.op, *args)
