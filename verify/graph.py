"""The mirror of a whole graph: its SymPy expression, its symbolic gradient, and the check node by node.

A small graph is mirrored as one expression.  Differentiating one big expression grows without bound (a chain of
1,000 nodes takes seconds, 100 shared nodes never end), so a large graph is verified node by node: each rule
against its spec, and the total against a tangent pushed forward through the mirror's derivatives, in linear time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import sympy

from backproof.engine.node import Node, interior
from backproof.verify.evaluate.floats import compile_floats
from backproof.verify.mirror.table import MIRROR, Spec, constant
from backproof.verify.terms.from_sympy import from_sympy

SYMBOLIC_LIMIT = 100  # nodes; tests/benchmarks/graph_limit.py shows what one expression costs past it
_OF_SYMBOL = {"+": "add", "-": "sub", "*": "mul", "/": "div", "**": "pow", "**n": "power"}


def spec_of(node: Node) -> Spec:
    """The mirror's spec of the operation that made ``node``.

    Raises LookupError for an operation that the mirror does not have.
    """
    name = _OF_SYMBOL.get(node._op, node._op)
    if name not in MIRROR:
        raise LookupError(f"{node._op!r} has no spec in verify/mirror/table.py, so {node!r} cannot be mirrored")
    return MIRROR[name][0]


def symbols_of(root: Node) -> dict[Node, sympy.Expr]:
    """A symbol for each leaf below ``root``: its label where it has one that is free, else v1, v2, ...

    A plain number combined with a Value in an expression stays a number.
    """
    names: dict[Node, sympy.Expr] = {}
    taken: set[str] = set()
    for node in (child for parent in interior(root) for child in parent._prev) if root._prev else (root,):
        if node._prev or node in names:
            continue
        if node._op == "constant":
            names[node] = constant(node.data)
            continue
        name = node.label if node.label and node.label not in taken else f"v{len(names) + 1}"
        taken.add(name)
        names[node] = sympy.Symbol(name, real=True)
    return names


def mirror(root: Node) -> sympy.Expr:
    """The expression of the graph below ``root``, built node by node from the specs; shared nodes are shared."""
    built: dict[Node, sympy.Expr] = symbols_of(root)
    for node in interior(root):
        spec = spec_of(node)
        constants = [(name, constant(v)) for (name, _), v in zip(spec.constants, node._constants, strict=False)]
        operands = [(sympy.Symbol(name, real=True), built[p]) for name, p in zip("xy", node._prev, strict=False)]
        built[node] = spec.form.subs(constants).subs(operands, simultaneous=True)
    return built[root]


def mirror_gradient(root: Node, leaf: Node) -> sympy.Expr:
    """The symbolic derivative of `mirror(root)` by the symbol of ``leaf``.

    Raises ValueError for a graph past `SYMBOLIC_LIMIT` nodes (see `check_graph`), or a leaf that is not in it.
    """
    size = len(interior(root))
    if size > SYMBOLIC_LIMIT:
        raise ValueError(
            f"a graph of {size} nodes is too large to differentiate as one expression (past {SYMBOLIC_LIMIT}); "
            "check_graph(root) verifies it node by node"
        )
    symbols = symbols_of(root)
    if leaf not in symbols or not isinstance(symbols[leaf], sympy.Symbol):
        raise ValueError(f"{leaf!r} is not a leaf of this graph")
    return sympy.diff(mirror(root), symbols[leaf])


@dataclass(frozen=True)
class GraphCheck:
    """What the check of a graph found.

    nodes: how many rules were checked; wrong: the nodes whose rule is not the mirror's derivative there, with both
    pushed: d(root) along the tangent by the mirror; pulled: the same by the gradients; tolerance: their round-off
    """

    nodes: int
    wrong: tuple[tuple[Node, tuple[float, ...], tuple[float, ...]], ...]
    pushed: float
    pulled: float
    tolerance: float

    @property
    def ok(self) -> bool:
        """Every rule agrees, and so does the total."""
        return not self.wrong and abs(self.pushed - self.pulled) <= self.tolerance


@cache
def _partials(spec: Spec, constants: tuple[Any, ...]) -> Callable[..., tuple[float, ...]]:
    """The spec's partial derivatives as a float program."""
    form = spec.form.subs([(name, constant(v)) for (name, _), v in zip(spec.constants, constants, strict=False)])
    stable = spec.stable_form if spec.stable_form is not None else form
    partials = [sympy.diff(stable, sympy.Symbol(name, real=True)) for name in spec.inputs]
    return compile_floats([from_sympy(s) for s in partials], spec.inputs)


def check_graph(root: Node, relative: float = 1e-9) -> GraphCheck:
    """Verify a graph of floats: each node's rule alone, then the whole backward pass.

    ``relative``: how far a rule may be off, relative to the derivative and to 1, before it counts as wrong here;
    `python -m verify` checks the rules themselves much more strictly.  The gradients are as after `backward()`.
    """
    order = interior(root)
    wrong = []
    tangents: dict[Node, float] = {}
    sizes: dict[Node, float] = {}  # the same sum with absolute values: what round-off scales with
    for node in order:
        partials = _partials(spec_of(node), node._constants)(*(p.data for p in node._prev))
        expected: dict[Node, float] = {}  # an operand in both places has the sum of both partial derivatives
        for operand, partial in zip(node._prev, partials, strict=True):
            expected[operand] = expected.get(operand, 0.0) + partial
        ours = _local(node, list(expected))
        pairs = zip(ours, expected.values(), strict=True)
        if not all(math.isclose(a, b, rel_tol=relative, abs_tol=relative) for a, b in pairs):
            wrong.append((node, ours, tuple(expected.values())))
        for leaf in expected:
            if leaf not in tangents:
                tangents[leaf] = _direction(len(tangents))
                sizes[leaf] = abs(tangents[leaf])
        tangents[node] = math.fsum(partial * tangents[operand] for operand, partial in expected.items())
        sizes[node] = math.fsum(abs(partial) * sizes[operand] for operand, partial in expected.items())
    leaves = [node for node in tangents if not node._prev]
    for leaf in leaves:
        leaf.grad = 0
    root.backward()
    pulled = math.fsum(leaf.grad * tangents[leaf] for leaf in leaves)
    tolerance = 4 * len(order) * 2.0**-52 * sizes.get(root, 1.0)
    return GraphCheck(len(order), tuple(wrong), tangents.get(root, 1.0), pulled, tolerance)


def _local(node: Node, operands: list[Node]) -> tuple[float, ...]:
    """What the node's closure alone passes to each operand for an upstream gradient of 1; their gradients are kept."""
    kept = [operand.grad for operand in operands]
    for operand in operands:
        operand.grad = 0.0
    node.grad = 1.0
    node._backward()
    partials = tuple(operand.grad for operand in operands)
    for operand, grad in zip(operands, kept, strict=True):
        operand.grad = grad
    return partials


def _direction(index: int) -> float:
    """The tangent of the leaf with this index: a fixed, irregular number in [1/2, 3/2)."""
    return 0.5 + (index * 0.6180339887498949) % 1.0
