"""Forward mode on array programs: tangents, as further nodes of the same program.

It is what a rule is judged by: <g, J·v> for a direction v.  Of a node that moves or adds up entries the tangent is
the same node of the tangents, so that only the product rule and the slopes of functions are beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from backproof.verify.arrays.functions import slope
from backproof.verify.arrays.program import Node, Program


def tangents(program: Program, roots: Sequence[Node], directions: Mapping[Node, Node]) -> list[Node]:
    """The tangents of the roots, where the leaves move in these directions and the others stay.

    Of A**-1 it is -A**-1·dA·A**-1, of det A it is det A·tr(A**-1·dA) (Griewank and Walther, Evaluating Derivatives,
    chapter 3; Giles 2008, An extended collection of matrix derivative results).
    """
    found = {leaf.index: direction for leaf, direction in directions.items()}
    for node in program.below(roots):
        if node.index not in found and any(a.index in found for a in node.operands):
            moved = [found.get(a.index) or program.number(0, a.shape) for a in node.operands]
            found[node.index] = _tangent(program, node, moved)
    return [found.get(root.index) or program.number(0, root.shape) for root in roots]


def _tangent(p: Program, node: Node, moved: Sequence[Node]) -> Node:
    operands, parameter = node.operands, node.parameter
    match node.kind:
        case "add":
            return p.add(*moved)
        case "negative":
            return p.negative(moved[0])
        case "multiply" | "dot":
            product = p.multiply if node.kind == "multiply" else p.dot
            return p.add(product(moved[0], operands[1]), product(operands[0], moved[1]))
        case "power":
            return p.multiply(power_slope(p, node), moved[0])
        case "function":
            return p.multiply(slope(p, node), moved[0])
        case "take":
            return p.take(moved, parameter)
        case "view":
            offset, strides = parameter
            return p.view(moved[0], offset, node.shape, strides)
        case "collect":
            return p.collect(moved[0], parameter, node.size)
        case "sum":
            return p.sum(moved[0], parameter)
        case "inverse":
            return p.negative(p.dot(p.dot(node, moved[0]), node))
        case "determinant":
            return p.multiply(node, _trace_of_product(p, p.inverse(operands[0]), moved[0]))
    raise TypeError(f"no tangent of a node of kind {node.kind}")


def power_slope(p: Program, node: Node) -> Node:
    """The derivative of a power by its base: c·a**(c-1)."""
    exponent: Fraction = node.parameter
    return p.scaled(p.power(node.operands[0], exponent - 1), exponent)


def _trace_of_product(p: Program, a: Node, b: Node) -> Node:
    """tr(a·b), for each index of the axes before the last two."""
    axes = (len(a.shape) - 2, len(a.shape) - 1)
    return p.sum(p.multiply(a, p.transpose(b)), axes)
