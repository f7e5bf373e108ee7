"""Terms in balls at one point, one at a time as they are made: what decides the branches of code while it runs.

`BallProgram` compiles terms that are all there already; here every term is worked out once, when it is first asked
for, however many hang together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, cached_property
from typing import Any

from flint import arb, ctx

from verify.trace.balls import HELPERS, SOURCE, constant_ball
from verify.trace.term import COMPARISONS, Condition, Term, apply, compare, constant

BITS = 192
MOST_BITS = 3072  # where a comparison is given up


class OnCorner(Exception):
    """Two numbers that are compared are equal at the point (and not elsewhere too), or nearer than `MOST_BITS` tell."""


class At:
    """Terms at a point: ``of`` gives the ball of one, ``decide`` the truth of a condition.

    It is an oracle (`verify.trace.term.asking`): code that runs under it follows the branch of the point.
    decided: every condition that was asked for, and its truth
    elsewhere: another point, which tells numbers that are always equal (a 0 beside a 0) from those that are so here
    """

    def __init__(
        self, point: Mapping[Term, arb], bits: int = BITS, elsewhere: Mapping[Term, arb] | None = None
    ) -> None:
        self._point, self._bits, self._elsewhere = dict(point), bits, elsewhere
        self._known: dict[Term, Any] = dict(point)
        self.decided: dict[Condition, bool] = {}

    def of(self, root: Term) -> arb:
        """The ball of a term; of a `where` the branch that holds.  Raises OnCorner for one that is not decided."""
        known = self._known
        if root not in known:
            with ctx.workprec(self._bits):
                self._work_out(root)
        found: arb = known[root]
        return found

    def _work_out(self, root: Term) -> None:
        known, stack = self._known, [root]
        while stack:
            node = stack[-1]
            if node in known:
                stack.pop()
                continue
            args = node.args
            if node.op == "where":
                unknown = [a for a in _compared(args[0]) if a not in known]
                if unknown:
                    stack += unknown
                    continue
                args = (args[1] if self.decide(_as_condition(args[0])) else args[2],)
            missing = [a for a in args if a not in known]
            if missing:
                stack += missing
                continue
            known[node] = known[args[0]] if node.op == "where" else _value(node, [known[a] for a in args])
            stack.pop()

    def decide(self, condition: Condition) -> bool:
        """Raises OnCorner where it cannot be told."""
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
            raise OnCorner("two numbers that the code compares are equal there")
        answer = _truth(condition.op, x, y)
        return self._closer().decide(condition) if answer is None else answer

    @cached_property
    def _other(self) -> At:
        return At(self._elsewhere or {}, self._bits)

    def _equal_elsewhere(self, a: Term, b: Term) -> bool:
        return bool(self._other.of(a) == self._other.of(b))

    def _closer(self) -> At:
        if self._bits >= MOST_BITS:
            raise OnCorner("two numbers that the code compares are equal there, as far as can be told")
        return At(self._point, 4 * self._bits, self._elsewhere)


def _compared(condition: Term) -> list[Term]:
    """The numbers that a condition compares."""
    if condition.op in COMPARISONS:
        return list(condition.args)
    return [number for part in condition.args for number in _compared(part)]


def _as_condition(c: Term) -> Condition:
    assert isinstance(c, Condition)
    return c


_OF_EQUALS = ("le", "ge", "eq")  # what holds between equal numbers

_TRUTHS: dict[str, Callable[[arb, arb], bool | None]] = {
    "lt": lambda a, b: True if a < b else False if a >= b else None,
    "le": lambda a, b: True if a <= b else False if a > b else None,
    "gt": lambda a, b: True if a > b else False if a <= b else None,
    "ge": lambda a, b: True if a >= b else False if a < b else None,
    "eq": lambda a, b: True if a == b else False if a != b else None,
    "ne": lambda a, b: True if a != b else False if a == b else None,
}


def _truth(op: str, a: arb, b: arb) -> bool | None:
    """Comparisons with NaN do not hold, as on floats."""
    if a.is_nan() or b.is_nan():
        return op == "ne"
    return _TRUTHS[op](a, b)


def _value(node: Term, args: list[arb]) -> Any:
    if not args:
        return constant_ball(node)
    if node.op == "pow" and node.args[1].op == "const" and node.args[1].value.denominator == 1:
        return args[0] ** int(node.args[1].value)
    return _function(node.op, len(args))(*args)


@cache
def _function(op: str, count: int) -> Callable[..., arb]:
    names = [f"x{i}" for i in range(count)]
    source = SOURCE[op].format(*names) if op in SOURCE else f"x0.{op}()"
    function: Callable[..., arb] = eval(f"lambda {', '.join(names)}: {source}", dict(HELPERS))  # the ops' own source
    return function


# ------------------------------------------------------------------------------------------------ without branches


class Smooth:
    """Terms without their branches: on the cell of the point ``at`` they are the same function.

    ``bends`` is how many places of a comparison, an absolute value, a maximum or a rounding were met.
    Raises OnCorner for a point that is on one of them.
    """

    def __init__(self, at: At) -> None:
        self.at = at
        self._new: dict[Term, Term] = {}
        self.bends: set[Term] = set()

    def __call__(self, root: Term) -> Term:
        new, stack = self._new, [root]
        while stack:
            node = stack[-1]
            if node in new:
                stack.pop()
                continue
            args = self._needed(node)
            missing = [a for a in args if a not in new]
            if missing:
                stack += missing
                continue
            new[node] = self._made(node, args)
            stack.pop()
        return new[root]

    def _needed(self, node: Term) -> tuple[Term, ...]:
        """What the node is made of here: of a branch the side that the point is on."""
        match node.op:
            case "where":
                condition, yes, no = node.args
                return (yes if self._holds(_as_condition(condition)) else no,)
            case "maximum" | "minimum":
                first = self._holds(compare("ge" if node.op == "maximum" else "le", *node.args))
                return (node.args[0] if first else node.args[1],)
            case "abs":
                self._holds(compare("ge", node.args[0], 0))
                return node.args
            case "floor" | "ceil":
                return ()
        return node.args

    def _made(self, node: Term, args: tuple[Term, ...]) -> Term:
        match node.op:
            case "where" | "maximum" | "minimum":
                return self._new[args[0]]
            case "abs":
                inner = self._new[args[0]]
                return inner if self._holds(compare("ge", node.args[0], 0)) else -inner
            case "floor" | "ceil":
                return self._whole(node)
        inner_args = tuple(self._new[a] for a in args)
        same = all(a is b for a, b in zip(inner_args, args, strict=True))
        return node if same else apply(node.op, *inner_args)

    def _holds(self, condition: Condition) -> bool:
        if condition.op not in ("true", "false"):
            self.bends.add(condition)
        return self.at.decide(condition)

    def _whole(self, node: Term) -> Term:
        """floor and ceil are constant on the cell.  Raises OnCorner on a step of theirs."""
        found = self.at.of(node)
        whole = found.unique_fmpz()
        if whole is None or not found.is_integer():
            raise OnCorner(f"a step of {node.op}")
        self.bends.add(node)
        return constant(int(whole))


