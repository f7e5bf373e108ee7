"""Every single edit of a certificate, and an evaluation of what it says that shares nothing with the checker."""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Iterator
from typing import Any

Edit = tuple[str, tuple[Any, ...], Any]


def edits(document: Any) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """(kind, path) for every value of the JSON: delete it, double it, change it in its ways."""
    for path, value in _places(document, ()):
        for kind in ("delete", "double" if isinstance(path[-1], int) else "", *_changes(value)):
            if kind:
                yield kind, path


def edited(document: Any, kind: str, path: tuple[Any, ...]) -> Any:
    """A copy of the document with this edit."""
    result = copy.deepcopy(document)
    parent = result
    for key in path[:-1]:
        parent = parent[key]
    key = path[-1]
    if kind == "delete":
        del parent[key]
    elif kind == "double":
        parent.insert(key, parent[key])
    else:
        parent[key] = _changes(parent[key])[kind]
    return result


def _places(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if path:
        yield path, value
    for key, child in children:
        yield from _places(child, (*path, key))


def _changes(value: Any) -> dict[str, Any]:
    """Other values of the same kind, and one of another."""
    if isinstance(value, bool) or value is None:
        return {"other": 0}
    if isinstance(value, int):
        return {"one more": value + 1, "one less": value - 1, "as text": str(value)}
    if isinstance(value, str):
        number = value.lstrip("-").replace("/", "").isdecimal()
        changed = {"negated": value[1:] if value[:1] == "-" else "-" + value, "longer": value + "1"} if number else {}
        return {**changed, "other text": value + "x", "of another kind": 0}
    return {"of another kind": 0, **({"emptied": type(value)()} if value else {})}


# ------------------------------------------------------------------------------------- is what it says true?

_PLAIN = {
    "exp": (math.exp, lambda x, y: y), "expm1": (math.expm1, lambda x, y: y + 1),
    "log": (math.log, lambda x, y: 1 / x), "log1p": (math.log1p, lambda x, y: 1 / (1 + x)),
    "sqrt": (math.sqrt, lambda x, y: 1 / (2 * y)), "cbrt": (math.cbrt, lambda x, y: 1 / (3 * y * y)),
    "sin": (math.sin, lambda x, y: math.cos(x)), "cos": (math.cos, lambda x, y: -math.sin(x)),
    "tan": (math.tan, lambda x, y: 1 + y * y), "asin": (math.asin, lambda x, y: 1 / math.sqrt(1 - x * x)),
    "acos": (math.acos, lambda x, y: -1 / math.sqrt(1 - x * x)), "atan": (math.atan, lambda x, y: 1 / (1 + x * x)),
    "sinh": (math.sinh, lambda x, y: math.cosh(x)), "cosh": (math.cosh, lambda x, y: math.sinh(x)),
    "tanh": (math.tanh, lambda x, y: 1 - y * y), "asinh": (math.asinh, lambda x, y: 1 / math.sqrt(x * x + 1)),
    "acosh": (math.acosh, lambda x, y: 1 / math.sqrt(x * x - 1)), "atanh": (math.atanh, lambda x, y: 1 / (1 - x * x)),
    "erf": (math.erf, lambda x, y: 2 / math.sqrt(math.pi) * math.exp(-x * x)),
    "erfc": (math.erfc, lambda x, y: -2 / math.sqrt(math.pi) * math.exp(-x * x)),
}  # fmt: skip
_COMPARED = {
    "lt": lambda a, b: a < b, "le": lambda a, b: a <= b, "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b,
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b,
}  # fmt: skip


def evaluated(nodes: list[Any], root: int, at: dict[str, float], by: str) -> Any:
    """The value of a node and its derivative by one symbol, in floats; a truth value for a condition."""
    op, *args = nodes[root]
    if op == "const":
        top, _, bottom = args[0].partition("/")
        return int(top) / int(bottom or 1), 0.0
    if op == "symbol":
        return at[args[0]], float(args[0] == by)
    if op in ("true", "false"):
        return op == "true"
    if op == "pi":
        return math.pi, 0.0
    found = [evaluated(nodes, i, at, by) for i in args] if op != "where" else []
    if op == "where":
        return evaluated(nodes, args[1 if evaluated(nodes, args[0], at, by) else 2], at, by)
    if op in ("and", "or", "not"):
        return all(found) if op == "and" else any(found) if op == "or" else not found[0]
    (x, dx), (y, dy) = found[0], found[-1]
    match op:
        case _ if op in _COMPARED:
            return _COMPARED[op](x, y)
        case "add" | "sub":
            return (x + y, dx + dy) if op == "add" else (x - y, dx - dy)
        case "mul" | "div":
            return (x * y, dx * y + x * dy) if op == "mul" else (x / y, (dx * y - x * dy) / (y * y))
        case "neg":
            return -x, -dx
        case "abs":
            return abs(x), dx if x > 0 else -dx
        case "maximum" | "minimum":
            return (x, dx) if (x > y) == (op == "maximum") else (y, dy)
        case "hypot":
            return math.hypot(x, y), (x * dx + y * dy) / math.hypot(x, y)
        case "atan2":
            return math.atan2(x, y), (dx * y - x * dy) / (x * x + y * y)
        case "pow":
            value = x**y
            slope = y * x ** (y - 1) * dx + (value * math.log(x) * dy if dy else 0.0)
            return value, slope
    function, derivative = _PLAIN[op]
    value = function(x)
    return value, derivative(x, value) * dx


def false_at(document: Any, points: int = 1000) -> dict[str, float] | None:
    """A point of the domain where forward or gradient is not what the certificate says; None if there is none."""
    source, roots, nodes = random.Random(1), document["roots"], document["nodes"]
    names = [*document["inputs"], "g", *("acc_" + n for n in document["inputs"])]
    for _ in range(points):
        at = {name: source.uniform(-3, 3) * 10 ** source.uniform(-1, 1) for name in names}
        try:
            if not evaluated(nodes, roots["domain"], at, ""):
                continue
            value, _ = evaluated(nodes, roots["definition"], at, "")
            pairs = [(evaluated(nodes, roots["forward"], at, "")[0], value)]
            for name, node in zip(document["inputs"], roots["gradients"], strict=True):
                slope = evaluated(nodes, roots["definition"], at, name)[1]
                pairs.append((evaluated(nodes, node, at, "")[0], at["acc_" + name] + at["g"] * slope))
        except (ValueError, ArithmeticError):
            continue  # outside of what floats reach
        if any(isinstance(p, complex) for pair in pairs for p in pair):
            continue
        if not all(math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-6 * (1 + abs(at["g"]))) for a, b in pairs):
            return at
    return None
