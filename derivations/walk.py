"""The walk: the backward pass through a graph, watched node by node.

The numbers are the engine's own: what a node adds to an operand is what its closure adds to a fresh node with the
same data, so that an operand that is used twice by one node shows both contributions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from derivations.closure import closure_of
from derivations.parse import Language, checked, read
from engine import OPS, Value
from engine.graph import reset, trace
from engine.neuron import neuron
from engine.node import Node, interior
from verify.mirror import BINARY
from verify.subjects.values import own_engine
from verify.trace.term import Term, symbol

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
    """One node, visited: its place among the nodes, the gradient that has arrived, and what it passes on."""

    node: int
    upstream: float
    passes: tuple[Pass, ...]


@dataclass(frozen=True)
class Route:
    """One way from the output to a value: the nodes on it, and the product of the local derivatives."""

    nodes: tuple[int, ...]
    locals: tuple[float, ...]
    product: float


@dataclass(frozen=True)
class Shared:
    """A value that is used more than once: every way to it, their sum, and what `=` would have left there."""

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
        """Nodes that nobody made: they have nothing to do."""
        return tuple(i for i, node in enumerate(self.nodes) if not node._prev)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """What a notebook shows: text, Markdown, LaTeX, HTML, and the picture."""
        from derivations.notebook import bundle
        from derivations.tell_walk import picture, told

        return {**bundle(told(self)), "image/svg+xml": picture(self)}


# ------------------------------------------------------------------------------------------------- the graph


def worked_example() -> Walk:
    """The walk through the neuron of `engine.neuron`."""
    return walk(neuron()["o"])


def expression(formula: str, at: Mapping[str, float]) -> Walk:
    """The walk through a user's expression, its names given values.

    Raises FormulaError for what is no expression, LookupError for a name without a value or a value without a name.
    """
    names = checked(formula, _functions())
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

    root = read(formula, Language(leaves, _functions(), lambda number: _constant(number), named=label))
    if not isinstance(root, Node):
        root = Value(float(root), label=formula)
    return walk(root)


def _constant(number: Fraction) -> int | float:
    """A number of the expression: whole where it was written so, so that x**2 is the power rule's."""
    return int(number) if number.denominator == 1 and abs(number) < 2**53 else float(number)


def _functions() -> dict[str, tuple[int, Any]]:
    def called(method: str) -> Any:
        return lambda first, *others: getattr(_value(first), method)(*others)

    return {op: (2 if op in BINARY else 1, called(OPS[op])) for op in FUNCTIONS}


def _value(x: Any) -> Value:
    return x if isinstance(x, Value) else Value(float(x), (), "constant", label=f"{x:g}")


# -------------------------------------------------------------------------------------------------- the walk


def walk(root: Node) -> Walk:
    """Watch the backward pass below ``root``.

    Raises TypeError for a graph whose data are no floats.
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
        local, adds = _slopes(node, 1.0), _slopes(node, float(node.grad))
        added[node] = local
        passes = []
        for operand, rule, slope, amount in zip(node._prev, _rules(node), local, adds, strict=True):
            after = before[operand] + amount
            passes.append(Pass(place[operand], rule, slope, amount, before[operand], after))
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


def _slopes(node: Node, upstream: float) -> list[float]:
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
    for operation, row in own_engine().operations():
        if operation.name not in found.values():
            node: Any = operation.apply(*(Value(symbol(name)) for name in row.inputs))  # type: ignore[attr-defined]
            found[node._op] = operation.name
    return found


@cache
def _closures() -> dict[str, tuple[Term, ...]]:
    """Each operation's local derivatives, as its closure has them."""
    found: dict[str, tuple[Term, ...]] = {}
    for operation, _ in own_engine().operations():
        if operation.name not in found:
            found[operation.name] = closure_of(operation, {}).slopes  # type: ignore[arg-type]
    return found


# ------------------------------------------------------------------------------------------- several ways there


def _assigned(root: Node, order: Sequence[Node]) -> dict[Node, float]:
    """The gradients that closures with `=` for `+=` leave behind."""
    grads: dict[Node, float] = {root: 1.0}
    for node in order:
        for operand, amount in zip(node._prev, _slopes(node, grads.get(node, 0.0)), strict=True):
            grads[operand] = amount
    return {node: grads.get(node, 0.0) for node in trace(root)[0]}


def _shared(
    node: Node, root: Node, place: Mapping[Node, int], local: Mapping[Node, list[float]], assigned: Mapping[Node, float]
) -> Shared:
    routes: list[Route] = []
    stack: list[tuple[Node, tuple[Node, ...], tuple[float, ...]]] = [(root, (root,), ())]
    while stack and len(routes) < MOST_PATHS:
        here, way, slopes = stack.pop()
        if here is node:
            routes.append(Route(tuple(place[n] for n in way), slopes, math.prod(slopes)))
            continue
        for operand, slope in reversed(list(zip(here._prev, local.get(here, []), strict=True))):
            if place[operand] >= place[node] and _reaches(operand, node):
                stack.append((operand, (*way, operand), (*slopes, slope)))
    return Shared(place[node], tuple(routes), _ways(root, node), float(node.grad), assigned[node])


def _reaches(start: Node, node: Node) -> bool:
    return start is node or node in trace(start)[0]


def _ways(root: Node, node: Node) -> int:
    """How many ways lead from the output to a node."""
    count = {root: 1}
    for user in reversed(interior(root)):
        for operand in user._prev:
            count[operand] = count.get(operand, 0) + count.get(user, 0)
    return count.get(node, 0)


__all__ = ["Pass", "Route", "Shared", "Visit", "Walk", "expression", "walk", "worked_example"]
