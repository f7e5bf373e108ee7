"""The walk: the backward pass through a graph, watched node by node.

The numbers are the engine's own: what a node adds to an operand is what its closure adds to a fresh node with the
same data, so that an operand that is used twice by one node shows both contributions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Any

from backproof.derivations.steps.closure import closure_of
from backproof.derivations.steps.letters import LETTERS
from backproof.engine import OPS, Value
from backproof.engine.graph import reset, trace
from backproof.engine.neuron import neuron
from backproof.engine.node import Node, interior
from backproof.verify.mirror.table import BINARY
from backproof.verify.subjects.engines.own import own_engine
from backproof.verify.terms.functions import Function
from backproof.verify.terms.parser import Language, names_in, read
from backproof.verify.terms.term import Term, symbol

MOST_PATHS = 32
FUNCTIONS = tuple(op for op in OPS if op not in ("add", "sub", "mul", "div", "neg", "power"))
"""What a user's expression may call."""


@dataclass(frozen=True)
class Pass:
    """What a node passes to one of its operands.

    operand: the operand's place among the nodes; rule: the local derivative as the closure has it
    before, after: the operand's gradient around this addition
    """

    operand: int
    rule: Term
    local: float
    adds: float
    before: float
    after: float


@dataclass(frozen=True)
class Visit:
    """One node, visited: its place among the nodes, its upstream gradient, and what it passes on."""

    node: int
    upstream: float
    passes: tuple[Pass, ...]


@dataclass(frozen=True)
class Route:
    """One path from the output to a value: the nodes on it, and the product of the local derivatives."""

    nodes: tuple[int, ...]
    locals: tuple[float, ...]
    product: float


@dataclass(frozen=True)
class Shared:
    """A value that is used more than once: every path to it, their sum, and what `=` would have left there."""

    node: int
    routes: tuple[Route, ...]
    ways: int
    grad: float
    assigned: float


@dataclass(frozen=True)
class Walk:
    """A backward pass.

    root: the output; nodes: operands before results; visits: in the order of `backward`
    shared: the values that are used more than once; assigned: every gradient, had the closures written `=`
    """

    root: Node
    nodes: tuple[Node, ...]
    labels: tuple[str, ...]
    visits: tuple[Visit, ...]
    shared: tuple[Shared, ...]
    assigned: tuple[float, ...]

    @property
    def leaves(self) -> tuple[int, ...]:
        """Nodes that no operation made: they pass nothing on."""
        return tuple(i for i, node in enumerate(self.nodes) if not node._prev)

# ------------------------------------------------------------------------------------------------- the graph


def worked_example() -> Walk:
    """The walk through the neuron of `engine.neuron`."""
    return walk(neuron()["o"])


def expression(formula: str, at: Mapping[str, float]) -> Walk:
    """The walk through a user's expression, its names given values.

    Raises ExpressionError for text that is not an expression, LookupError if names and values\n    do not match.
    """
    names = _inputs(formula)
    missing = [name for name in names if name not in at]
    if missing:
        raise LookupError(f"{', '.join(missing)} needs a value: add " + " ".join(f"--at {m}=1" for m in missing))
    unused = [name for name in at if name not in names]
    if unused:
        raise LookupError(f"{', '.join(unused)} is not in {formula}: it has {', '.join(names) or 'no names'}")
    leaves = {name: Value(float(at[name]), label=name) for name in names}

    def label(node: Any, text: str) -> None:
        if isinstance(node, Node) and not node.label:
            node.label = text

    root = read(formula, replace(LANGUAGE, names=leaves, named=label))
    if not isinstance(root, Node):
        root = Value(float(root), label=formula)
    return walk(root)


def _constant(number: Fraction) -> int | float:
    """A number of the expression: whole where it was written so, so that x**2 is the power rule's."""
    return int(number) if number.denominator == 1 and abs(number) < 2**53 else float(number)


def _power(a: Any, b: Any) -> Any:
    """Of two numbers as floats work it out: an exact one may have more digits than there is room for."""
    if isinstance(a, Node) or isinstance(b, Node):
        return a**b
    found = math.pow(a, b)
    return int(found) if found.is_integer() and abs(found) < 2**53 else found


def _called(op: str) -> Function:
    """A method of the engine, of Values and of numbers."""
    return Function(2 if op in BINARY else 1, lambda first, *others: getattr(_value(first), OPS[op])(*others))


def _value(x: Any) -> Value:
    return x if isinstance(x, Value) else Value(float(x), (), "constant", label=f"{x:g}")


LANGUAGE = Language(
    names={},
    functions={op: _called(op) for op in FUNCTIONS},
    number=_constant,
    power=_power,
    letters=LETTERS,
    conditions=False,
    longest=1000,
    failures=(ArithmeticError, ValueError, TypeError),
)
"""What a user's expression is made of: its names are inputs, whichever they are."""


def _inputs(formula: str) -> list[str]:
    """The names of an expression whose form is right: nothing is computed.

    Raises ExpressionError.
    """
    names = [name for name in names_in(formula, LANGUAGE) if name not in LANGUAGE.functions]
    known = {name: symbol(name) for name in names}
    functions = {op: Function(of.arity, lambda *x: x[0]) for op, of in LANGUAGE.functions.items()}
    read(formula, Language(known, functions, letters=LETTERS, conditions=False, longest=LANGUAGE.longest))
    return names


# -------------------------------------------------------------------------------------------------- the walk


def walk(root: Node) -> Walk:
    """Watch the backward pass below ``root``.

    Raises TypeError for a graph whose data are not floats.
    """
    nodes, _ = trace(root)
    for node in nodes:
        if not isinstance(node.data, (int, float)):
            raise TypeError(f"a walk shows plain numbers: {node!r} holds {type(node.data).__name__} data")
    place = {node: i for i, node in enumerate(nodes)}
    order = list(reversed(interior(root)))
    reset(root, "gradients")
    root.grad = 1.0
    added = {}
    visits = []
    for node in order:
        before = {operand: float(operand.grad) for operand in node._prev}
        local, adds = _partials(node, 1.0), _partials(node, float(node.grad))
        added[node] = local
        passes = []
        for operand, rule, partial, amount in zip(node._prev, _rules(node), local, adds, strict=True):
            after = before[operand] + amount
            passes.append(Pass(place[operand], rule, partial, amount, before[operand], after))
            before[operand] = after
        visits.append(Visit(place[node], float(node.grad), tuple(passes)))
        node._backward()
    assigned = _assigned(root, order)
    shared = tuple(
        _shared(node, root, place, added, assigned)
        for node in nodes
        if sum(user._prev.count(node) for user in order) > 1
    )
    return Walk(
        root,
        tuple(nodes),
        tuple(_label(node) for node in nodes),
        tuple(visits),
        shared,
        tuple(assigned[node] for node in nodes),
    )


def _label(node: Node) -> str:
    return node.label or f"{node.data:.6g}"


def _partials(node: Node, upstream: float) -> list[float]:
    """What the node's closure adds to each operand, were they all different nodes."""
    fresh = [type(node)(operand.data) for operand in node._prev]
    again = getattr(fresh[0], _method(node))(*fresh[1:], *node._constants)
    again.grad = upstream
    again._backward()
    return [float(leaf.grad) for leaf in fresh]


def _method(node: Node) -> str:
    return OPS[_names()[node._op]]


def _rules(node: Node) -> Sequence[Term]:
    return _closures()[_names()[node._op]]


@cache
def _names() -> dict[str, str]:
    """The operation behind each symbol that a node may bear."""
    found: dict[str, str] = {}
    for operation, spec in own_engine().operations():
        if operation.name not in found.values():
            node: Any = operation.apply(*(Value(symbol(name)) for name in spec.inputs))  # type: ignore[attr-defined]
            found[node._op] = operation.name
    return found


@cache
def _closures() -> dict[str, tuple[Term, ...]]:
    """Each operation's local derivatives, as its closure has them."""
    found: dict[str, tuple[Term, ...]] = {}
    for operation, _ in own_engine().operations():
        if operation.name not in found:
            found[operation.name] = closure_of(operation, {}).partials  # type: ignore[arg-type]
    return found


# ------------------------------------------------------------------------------------------- several ways there


def _assigned(root: Node, order: Sequence[Node]) -> dict[Node, float]:
    """The gradients that closures with `=` for `+=` leave behind."""
    grads: dict[Node, float] = {root: 1.0}
    for node in order:
        for operand, amount in zip(node._prev, _partials(node, grads.get(node, 0.0)), strict=True):
            grads[operand] = amount
    return {node: grads.get(node, 0.0) for node in trace(root)[0]}


def _shared(
    node: Node, root: Node, place: Mapping[Node, int], local: Mapping[Node, list[float]], assigned: Mapping[Node, float]
) -> Shared:
    routes: list[Route] = []
    stack: list[tuple[Node, tuple[Node, ...], tuple[float, ...]]] = [(root, (root,), ())]
    while stack and len(routes) < MOST_PATHS:
        here, way, partials = stack.pop()
        if here is node:
            routes.append(Route(tuple(place[n] for n in way), partials, math.prod(partials)))
            continue
        for operand, partial in reversed(list(zip(here._prev, local.get(here, []), strict=True))):
            if place[operand] >= place[node] and _reaches(operand, node):
                stack.append((operand, (*way, operand), (*partials, partial)))
    return Shared(place[node], tuple(routes), _ways(root, node), float(node.grad), assigned[node])


def _reaches(start: Node, node: Node) -> bool:
    return start is node or node in trace(start)[0]


def _ways(root: Node, node: Node) -> int:
    """How many paths lead from the output to a node."""
    count = {root: 1}
    for user in reversed(interior(root)):
        for operand in user._prev:
            count[operand] = count.get(operand, 0) + count.get(user, 0)
    return count.get(node, 0)


__all__ = ["Pass", "Route", "Shared", "Visit", "Walk", "expression", "walk", "worked_example"]
