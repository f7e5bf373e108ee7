"""A term as a program: run, operation by operation as it was written, in any arithmetic of the engine."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from engine.arithmetic import Arithmetic
from verify.trace.term import Term, topological

_OPERATORS: dict[str, Callable[..., Any]] = {
    **{name: getattr(operator, name) for name in ("add", "sub", "mul", "neg", "abs")},
    "div": operator.truediv,
}
_LOGIC: dict[str, Callable[..., Any]] = {"and": lambda a, b: a * b, "not": lambda a: 1 - a}


def evaluate(terms: tuple[Term, ...], values: Mapping[str, Any], m: Arithmetic) -> tuple[Any, ...]:
    """The terms at ``values``, the numbers of an arithmetic; constants become its own, rounded as it rounds them.

    Raises NotImplementedError for a function that the arithmetic lacks.
    """
    known: dict[Term, Any] = {}
    for node in topological(*terms):
        known[node] = _node(node, [known[a] for a in node.args], values, m)
    return tuple(known[term] for term in terms)


def _node(node: Term, args: list[Any], values: Mapping[str, Any], m: Arithmetic) -> Any:
    match node.op:
        case "symbol":
            return values[node.value]
        case "const":
            whole = node.value.denominator == 1
            return int(node.value) if whole else m.ratio(node.value.numerator, node.value.denominator)
        case "special":
            return float(node.value)
        case "pi":
            return m.pi
        case "true" | "false":
            return int(node.op == "true")
        case "eq" | "ne":
            same = m.ge(*args) * m.le(*args)
            return same if node.op == "eq" else 1 - same
        case "or":
            return 1 - (1 - args[0]) * (1 - args[1])
        case "div" if all(isinstance(a, (int, float)) for a in args):
            return m.divide(*args)
        case "pow" if hasattr(args[0], "dtype"):  # NumPy squares faster than it raises to a power
            return args[0] ** args[1]
        case op if op in _OPERATORS:
            return _OPERATORS[op](*args)
        case op if op in _LOGIC:
            return _LOGIC[op](*args)
        case op:
            return getattr(m, op)(*args)
