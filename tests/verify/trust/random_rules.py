"""Random rules from seeds: a function, its right backward, and a wrong one that differs from it by one edit.

A function is a random expression of one or two inputs.  Its backward is made here, by a reverse mode of 30 lines which
shares nothing with the verifier, and both are written out as the straight code that people write.  What is right and
wrong is not taken from there: an oracle asks mpmath for one-sided differences of the expression, with 50 digits.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from typing import Any

import mpmath

Point = tuple[float, ...]

BOUND = 3.0  # the inputs lie between -3 and 3: what overflows beyond is not in question
_LARGE = 1e6  # values and derivatives within the bounds
_CONSTANTS = ("0.5", "2.0", "3.0", "1.5", "0.25", "0.75", "1.25")
_KINKED = ("abs", "max", "min", "where")
_PLAIN_UNARY = ("sqrt", "exp", "log", "sin", "tanh", "neg")
_BINARY = ("add", "sub", "mul", "mul", "div")
_MOST_KINKS = 2
_DIGITS, _STEP = 50, mpmath.mpf(10) ** -20
_POINTS = 40

# ------------------------------------------------------------------------------------------------------- expressions


@dataclass(frozen=True)
class Node:
    """An operation; ``name``: of an input, or a constant as it is written."""

    op: str
    args: tuple[Node, ...] = ()
    name: str = ""


_TEXTS = {
    **{"add": "{} + {}", "sub": "{} - {}", "mul": "{}*{}", "div": "{}/{}", "neg": "-{}"},
    **{"abs": "abs({})", "max": "max({}, {})", "min": "min({}, {})"},
}
_MATHS = {name: f"math.{name}({{}})" for name in ("sqrt", "exp", "log", "sin", "tanh")}


def formula(node: Node) -> str:
    """An expression in the language of formulas."""
    parts = [f"({formula(part)})" if part.args else formula(part) for part in node.args]
    if node.op in ("input", "const"):
        return node.name
    if node.op == "where":
        return "where({} < {}, {}, {})".format(*parts)
    return _TEXTS[node.op].format(*parts) if node.op in _TEXTS else f"{node.op}({formula(node.args[0])})"


def with_digits(node: Node, at: dict[str, Any]) -> Any:
    """The value with 50 digits; raises what mpmath does where there is none."""
    if node.op == "input":
        return at[node.name]
    if node.op == "const":
        return mpmath.mpf(node.name)
    parts = [with_digits(part, at) for part in node.args]
    match node.op:
        case "where":
            return parts[2] if parts[0] < parts[1] else parts[3]
        case "add" | "sub" | "mul" | "div":
            a, b = parts
            return {"add": a + b, "sub": a - b, "mul": a * b}[node.op] if node.op != "div" else a / b
        case "neg":
            return -parts[0]
        case "max" | "min" | "abs":
            return {"max": max, "min": min, "abs": abs}[node.op](*parts)
    found = getattr(mpmath, node.op)(*parts)
    if not isinstance(found, mpmath.mpf):
        raise ValueError(f"{node.op} of {parts[0]} is not a real number")
    return found


class _Random:
    """Draws an expression with few kinks; an operation without a value everywhere is guarded, or there is a domain."""

    def __init__(self, dice: random.Random, inputs: Sequence[str]) -> None:
        self.dice = dice
        self.inputs = inputs
        self.kinks = 0
        self.domain: list[str] = []

    def draw(self, depth: int) -> Node:
        if depth == 0 or self.dice.random() < 0.1:
            return self._leaf()
        kind = self.dice.random()
        if kind < 0.2 and self.kinks < _MOST_KINKS:
            return self._kinked(self.dice.choice(_KINKED), depth)
        if kind < 0.55:
            return self._unary(self.dice.choice(_PLAIN_UNARY), depth)
        op = self.dice.choice(_BINARY)
        a, b = self.draw(depth - 1), self.draw(depth - 1)
        return Node("div", (a, self._nonzero(b))) if op == "div" else Node(op, (a, b))

    def _leaf(self) -> Node:
        if self.dice.random() < 0.75:
            return Node("input", name=self.dice.choice(self.inputs))
        return self._constant()

    def _constant(self) -> Node:
        return Node("const", name=self.dice.choice(_CONSTANTS))

    def _kinked(self, op: str, depth: int) -> Node:
        self.kinks += 1
        count = {"abs": 1, "max": 2, "min": 2, "where": 4}[op]
        return Node(op, tuple(self.draw(depth - 1) for _ in range(count)))

    def _unary(self, op: str, depth: int) -> Node:
        inner = self.draw(depth - 1)
        return Node(op, (self._positive(inner) if op in ("sqrt", "log") else inner,))

    def _positive(self, inner: Node) -> Node:
        if self.dice.random() < 0.5:
            return Node("add", (Node("mul", (inner, inner)), self._constant()))
        self.domain.append(f"{formula(inner)} > 0")
        return inner

    def _nonzero(self, inner: Node) -> Node:
        if inner.op == "const":
            return inner
        if self.dice.random() < 0.5:
            return Node("add", (Node("mul", (inner, inner)), self._constant()))
        self.domain.append(f"{formula(inner)} != 0")
        return inner


# ----------------------------------------------------------------------------------------------------- the backward


@dataclass(frozen=True)
class Part:
    """What an operation adds to the derivative by one of its operands: ``factor`` times its own derivative.

    condition: under which it does, "" for always
    """

    target: int
    source: int
    factor: str
    condition: str = ""

    def __str__(self) -> str:
        product = f"d{self.source}*({self.factor})" if self.factor else f"d{self.source}"
        return f"({product} if {self.condition} else 0.0)" if self.condition else product


def _factors(node: Node, out: str, a: list[str]) -> list[tuple[int, str, str]]:
    """For each operand that counts: its place, the factor, the condition."""
    match node.op:
        case "add":
            return [(0, "", ""), (1, "", "")]
        case "sub":
            return [(0, "", ""), (1, "-1.0", "")]
        case "mul":
            return [(0, a[1], ""), (1, a[0], "")]
        case "div":
            return [(0, f"1.0/{a[1]}", ""), (1, f"-{a[0]}/({a[1]}*{a[1]})", "")]
        case "neg":
            return [(0, "-1.0", "")]
        case "abs":
            return [(0, f"1.0 if {a[0]} > 0 else -1.0 if {a[0]} < 0 else 0.0", "")]
        case "max":
            return [(0, "", f"{a[0]} >= {a[1]}"), (1, "", f"{a[0]} < {a[1]}")]
        case "min":
            return [(0, "", f"{a[0]} <= {a[1]}"), (1, "", f"{a[0]} > {a[1]}")]
        case "where":
            return [(2, "", f"{a[0]} < {a[1]}"), (3, "", f"{a[0]} >= {a[1]}")]
    inner = {"exp": out, "log": f"1.0/{a[0]}", "sqrt": f"0.5/{out}", "sin": f"math.cos({a[0]})"}
    return [(0, inner.get(node.op, f"1.0 - {out}*{out}"), "")]


@dataclass(frozen=True)
class RandomRule:
    """A function and a backward for it.

    parts: what the backward adds up, in order; edit: what makes it wrong, "" if it is right
    """

    name: str
    inputs: tuple[str, ...]
    root: Node
    domain: str
    parts: tuple[Part, ...] = field(default=())
    edit: str = ""

    @cached_property
    def nodes(self) -> list[Node]:
        """All operations, operands first, each once."""
        found: dict[Node, None] = {}

        def visit(node: Node) -> None:
            for part in node.args:
                visit(part)
            found.setdefault(node)

        visit(self.root)
        return list(found)

    @property
    def is_smooth(self) -> bool:
        """Whether it has no kink and no branch."""
        return not any(node.op in _KINKED for node in self.nodes)

    def _name(self, node: Node) -> str:
        return node.name if not node.args else f"t{self.nodes.index(node)}"

    def derived(self) -> RandomRule:
        """With the right backward: for each operation, last first, what it passes to its operands."""
        place = {node: k for k, node in enumerate(self.nodes)}
        parts = [
            Part(place[node.args[i]], place[node], factor, condition)
            for node in reversed(self.nodes)
            if node.args
            for i, factor, condition in _factors(node, self._name(node), [self._name(part) for part in node.args])
            if node.args[i].op != "const"
        ]
        return replace(self, parts=tuple(parts))

    def source(self, forward: str, backward: str) -> str:
        """The code of both, as a text."""
        arguments = ", ".join(self.inputs)
        values = [f"    {self._name(node)} = {self._code(node)}" for node in self.nodes if node.args]
        lines = [f"def {forward}({arguments}):", *values, f"    return {self._name(self.root)}", ""]
        lines += ["", f"def {backward}({arguments}, g):", *values]
        last = len(self.nodes) - 1
        for k in range(last, -1, -1):
            added = " + ".join(str(part) for part in self.parts if part.target == k)
            lines.append(f"    d{k} = {'g' if k == last else added or '0.0'}")
        places = [next((k for k, n in enumerate(self.nodes) if n.name == name), -1) for name in self.inputs]
        partials = ", ".join(f"d{k}" if k >= 0 else "0.0*g" for k in places)
        return "\n".join([*lines, f"    return {partials}", "", ""])

    def _code(self, node: Node) -> str:
        names = [self._name(part) for part in node.args]
        if node.op == "where":
            return "{2} if {0} < {1} else {3}".format(*names)
        return {**_TEXTS, **_MATHS}[node.op].format(*names)

    # --------------------------------------------------------------------------------------------------- the oracle

    def slopes(self, point: Point) -> list[tuple[Any, Any]] | None:
        """The derivatives from the left and the right by each input, with 20 digits; None where there is no value."""
        with mpmath.workdps(_DIGITS):
            at = {name: mpmath.mpf(x) for name, x in zip(self.inputs, point, strict=True)}
            try:
                here = with_digits(self.root, at)
                found = []
                for name in self.inputs:
                    below, above = (with_digits(self.root, {**at, name: at[name] + s * _STEP}) for s in (-1, 1))
                    found.append(((here - below) / _STEP, (above - here) / _STEP))
            except (ZeroDivisionError, ValueError):
                return None
        return found if all(mpmath.isfinite(x) for pair in found for x in pair) else None

    @cached_property
    def known(self) -> list[tuple[Point, tuple[float, ...]]]:
        """Points of the domain with the derivatives there, where left and right are the same."""
        dice = random.Random(f"points of {self.name}")
        found = []
        for _ in range(_POINTS):
            point = tuple(dice.uniform(-BOUND, BOUND) for _ in self.inputs)
            slopes = self.slopes(point)
            if slopes is not None and all(abs(a - b) <= 1e-12 * (1 + abs(a)) for a, b in slopes):
                found.append((point, tuple(float(a) for a, _ in slopes)))
        return found

    def off(self, backward: Callable[..., Any], least: float) -> float:
        """The largest error of a backward at the known points, relative to the derivative or ``least``."""
        worst = 0.0
        for point, true in self.known:
            ours = partials(backward, point)
            worst = max(worst, *(abs(a - b) / max(abs(b), least) for a, b in zip(ours, true, strict=True)))
        return worst


    def is_valid_at_kinks(self, backward: Callable[..., Any]) -> bool:
        """Whether a backward lies between the one-sided derivatives where kinks may meet.

        A chain rule is right at one kink; where two meet, 0 at the one and a side of the other need not be.
        """
        alone = (0.0, *(sign * float(c) for c in _CONSTANTS for sign in (1, -1)))
        for point in product(alone if len(self.inputs) == 1 else (0.0, 1.5, -0.5), repeat=len(self.inputs)):
            slopes = self.slopes(point)
            if slopes is None or any(abs(x) > _LARGE for pair in slopes for x in pair):  # no value, or a jump
                continue
            for x, pair in zip(partials(backward, point), slopes, strict=True):
                if not min(pair) - 1e-9 <= x <= max(pair) + 1e-9:
                    return False
        return True


def partials(backward: Callable[..., Any], point: Point) -> tuple[float, ...]:
    """What a backward returns, also of one input."""
    found = backward(*point, 1.0)
    return found if isinstance(found, tuple) else (found,)


# ---------------------------------------------------------------------------------------------------- what is drawn

_EDITS = ("sign", "factor", "dropped", "branch")


def _edited(rule: RandomRule, dice: random.Random) -> RandomRule | None:
    """The rule with one edit in one part; None if there is none of that kind."""
    kind = dice.choice(_EDITS)
    places = [k for k, part in enumerate(rule.parts) if kind != "branch" or part.condition]
    if not places:
        return None
    place = dice.choice(places)
    part = rule.parts[place]
    factor = f"({part.factor})" if part.factor else "1.0"
    match kind:
        case "sign":
            new = replace(part, factor=f"-{factor}")
        case "factor":
            new = replace(part, factor=f"{dice.choice(('2.0', '0.5', '1.01'))}*{factor}")
        case "dropped":
            new = replace(part, factor="0.0")
        case _:
            new = replace(part, condition=f"not ({part.condition})")
    return replace(rule, parts=(*rule.parts[:place], new, *rule.parts[place + 1 :]), edit=f"{kind} of {part}")


def executed(source: str, name: str) -> Any:
    """A function of a source, on floats; what is verified is imported from a file instead."""
    names: dict[str, Any] = {"math": math}
    exec(source, names)
    return names[name]


def _is_usable(rule: RandomRule) -> bool:
    """Whether it has enough points, no large numbers, and a derivative that is not 0."""
    if len(rule.known) < _POINTS // 3:
        return False
    slopes = [x for _, true in rule.known for x in true]
    return max(map(abs, slopes)) < _LARGE and any(slopes) and rule.root.op not in ("input", "const")


def random_rules(seed: int, count: int) -> Iterator[tuple[RandomRule, RandomRule]]:
    """Right rules, each with a wrong one, both confirmed by the oracle."""
    dice = random.Random(f"random rules, {seed}")
    drawn = found = 0
    while found < count:
        drawn += 1
        inputs = ("x",) if dice.random() < 0.6 else ("x", "y")
        tree = _Random(dice, inputs)
        root = tree.draw(dice.randint(2, 4))
        rule = RandomRule(f"r{seed}_{drawn}", inputs, root, " and ".join(dict.fromkeys(tree.domain)))
        if not _is_usable(rule):
            continue
        right = rule.derived()
        backward = executed(right.source("f", "b"), "b")
        error = right.off(backward, 1.0)
        assert error < 1e-6, f"the generator is wrong by {error}: {formula(root)}"
        if not right.is_smooth and not right.is_valid_at_kinks(backward):
            continue
        wrong = next(filter(None, (_confirmed(_edited(right, dice)) for _ in range(8))), None)
        if wrong is not None:
            found += 1
            yield right, wrong


def _confirmed(rule: RandomRule | None) -> RandomRule | None:
    """The rule, if the oracle says that it is wrong by more than digits at a point."""
    if rule is None or rule.off(executed(rule.source("f", "b"), "b"), 1e-3) < 1e-3:
        return None
    return rule
