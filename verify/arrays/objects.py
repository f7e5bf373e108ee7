"""A cone of an array program on numbers of any kind: intervals, terms.

The numbers are the entries of arrays of objects; what is done with them is given by an arithmetic, a table of
functions of single numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arrays.cone import Cone, exactly
from backproof.verify.arrays.floats import taken
from backproof.verify.arrays.program import Node, Number

Objects = NDArray[np.object_]

Matrix = list[list[Any]]


@dataclass(frozen=True)
class Arithmetic:
    """Numbers of one kind.

    constant: of a constant of a program; add, negative, multiply: of numbers
    power, function: given the parameter of the node, a function of a number
    inverse, determinant: of a square matrix, in rows
    """

    constant: Callable[[Number], Any]
    add: Callable[[Any, Any], Any]
    negative: Callable[[Any], Any]
    multiply: Callable[[Any, Any], Any]
    power: Callable[[Fraction], Callable[[Any], Any]]
    function: Callable[[Any], Callable[[Any], Any]]
    inverse: Callable[[Matrix], Matrix]
    determinant: Callable[[Matrix], Any]


def entries_of(cone: Cone, leaves: Mapping[str, Objects], m: Arithmetic) -> list[Any]:
    """The entries that the cone was made for, in its order; ``leaves``: the parts of its leaves, by name."""
    found: dict[int, Objects] = {}
    for node in cone.program.below([cone.entries]):
        value = _value(node, [found[a.index] for a in node.operands], leaves, m)
        found[node.index] = np.asarray(value, dtype=object).reshape(node.shape)
    return list(found[cone.entries.index])


def _value(node: Node, operands: list[Objects], leaves: Mapping[str, Objects], m: Arithmetic) -> Any:
    parameter = node.parameter
    match node.kind:
        case "leaf":
            return leaves[parameter]
        case "constant":
            return _constant(node, m)
        case "add":
            return np.frompyfunc(m.add, 2, 1)(*operands)
        case "negative":
            return _each(m.negative, operands[0])
        case "multiply":
            return np.frompyfunc(m.multiply, 2, 1)(*operands)
        case "power":
            return _each(m.power(parameter), operands[0])
        case "function":
            return _each(m.function(parameter), operands[0])
        case "take":
            return taken(operands, parameter, m.constant(Fraction(0)))
        case "view":  # a reshape: others are takes in a cone
            return operands[0].reshape(node.shape)
        case "collect":
            return _collected(node, operands[0], m)
        case "sum":
            return _summed(node, operands[0], m)
        case "inverse":
            return list(map(m.inverse, _matrices(operands[0])))
        case "determinant":
            return list(map(m.determinant, _matrices(operands[0])))
    raise TypeError(f"no value of a node of kind {node.kind} in a cone")


def _each(function: Callable[[Any], Any], a: Objects) -> Any:
    return np.frompyfunc(function, 1, 1)(a)


def _constant(node: Node, m: Arithmetic) -> list[Any]:
    if node.is_uniform:
        return [m.constant(node.parameter)] * node.size
    return [m.constant(exactly(x)) for x in node.parameter.reshape(-1).tolist()]


def _matrices(a: Objects) -> list[Matrix]:
    *lead, rows, columns = a.shape
    return a.reshape(math.prod(lead), rows, columns).tolist()


def _summed(node: Node, a: Objects, m: Arithmetic) -> Any:
    axes = node.parameter
    count = math.prod(a.shape[k] for k in axes)
    rows = np.moveaxis(a, axes, range(len(axes))).reshape(count, *node.shape)
    return reduce(np.frompyfunc(m.add, 2, 1), rows) if count else [m.constant(Fraction(0))] * node.size


def _collected(node: Node, a: Objects, m: Arithmetic) -> list[Any]:
    found = [m.constant(Fraction(0))] * node.size
    for place, x in zip(node.parameter.reshape(-1).tolist(), a.reshape(-1), strict=True):
        if place >= 0:
            found[place] = m.add(found[place], x)
    return found
