"""An array program on floats: whether it is the function that was traced, and where its comparisons turn."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backproof.verify.arithmetics.arrays import ARRAYS
from backproof.verify.arrays.functions import formula
from backproof.verify.arrays.program import PI, Node, Program
from backproof.verify.evaluate.floats import compile_floats
from backproof.verify.terms.ops import ENGINE

Floats = NDArray[np.float64]


def values(program: Program, roots: Sequence[Node], leaves: Mapping[str, Any]) -> list[Floats]:
    """The values of the roots for these values of the leaves, those of the point where a name is missing.

    Each array is kept until its last use only.
    """
    order = program.below(roots)
    uses = Counter(a.index for node in order for a in node.operands)
    uses.update(root.index for root in roots)
    found: dict[int, Floats] = {}
    with np.errstate(all="ignore"):
        for node in order:
            found[node.index] = np.asarray(_value(program, node, [found[a.index] for a in node.operands], leaves))
            for a in node.operands:
                uses[a.index] -= 1
                if not uses[a.index]:
                    found.pop(a.index, None)
    return [found[root.index] for root in roots]


def _value(program: Program, node: Node, operands: list[Floats], leaves: Mapping[str, Any]) -> Any:
    parameter = node.parameter
    match node.kind:
        case "leaf":
            given = leaves.get(parameter)
            known = program.leaves[parameter].value if given is None else given
            return np.zeros(node.shape) if known is None else np.asarray(known, dtype=float)
        case "constant":
            return parameter if isinstance(parameter, np.ndarray) else np.broadcast_to(number(parameter), node.shape)
        case "add":
            return operands[0] + operands[1]
        case "negative":
            return -operands[0]
        case "multiply":
            return operands[0] * operands[1]
        case "power":
            return _power(operands[0], parameter)
        case "function":
            return _function(parameter)(operands[0])
        case "take":
            return taken(operands, parameter)
        case "view":
            return viewed(operands[0], node)
        case "collect":
            return np.bincount(_from_one(parameter), _flat(operands[0]), node.size + 1)[1:]
        case "sum":
            return operands[0].sum(axis=parameter)
        case "dot":
            return operands[0] @ operands[1]
        case "inverse":
            return _inverse(operands[0])
        case "determinant":
            return np.linalg.det(operands[0])
    raise TypeError(f"no floats of a node of kind {node.kind}")


def number(exact: Fraction | float | str) -> float:
    """The float of a constant."""
    return math.pi if exact == PI else float(exact)


def taken(operands: Sequence[NDArray[Any]], numbers: NDArray[np.int64], fill: Any = 0) -> NDArray[Any]:
    """The entries with these numbers; ``fill`` for -1."""
    flat = _flat(operands[0]) if len(operands) == 1 else np.concatenate([_flat(a) for a in operands])
    if numbers.size and numbers.min() < 0:
        flat = np.concatenate([flat, np.array([fill], flat.dtype)])
    return flat[numbers]


def viewed(a: NDArray[Any], node: Node) -> NDArray[Any]:
    """The entries that a view consists of."""
    offset, strides = node.parameter
    flat = _flat(a)
    if not node.size:
        return np.zeros(node.shape, flat.dtype)
    step = flat.itemsize
    return np.lib.stride_tricks.as_strided(flat[offset:], node.shape, [step * s for s in strides], writeable=False)


def _flat(a: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(a).reshape(-1)


def _from_one(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    return numbers.reshape(-1) + 1


def _power(base: Floats, exponent: Fraction) -> Floats:
    if exponent == Fraction(1, 2):
        return np.asarray(np.sqrt(base))
    if exponent == Fraction(-1, 2):
        return np.asarray(1 / np.sqrt(base))
    return np.asarray(np.power(base, float(exponent)))


@cache
def _function(parameter: Any) -> Callable[[Floats], Any]:
    """A function of the table of primitives: NumPy's, or number by number where NumPy has none."""
    if parameter in ENGINE:
        return getattr(ARRAYS, str(parameter))  # type: ignore[no-any-return]
    one = compile_floats((formula(parameter),), ("x0",))
    return np.vectorize(lambda x: one(x)[0], otypes=[float])


def _inverse(a: Floats) -> Floats:
    try:
        return np.asarray(np.linalg.inv(a), dtype=float)
    except np.linalg.LinAlgError:
        return np.full(a.shape, np.nan)
