"""Terms at many points at once, each the very float that `verify.trace.floats` computes there."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

from verify.kinds.columns import COLUMNS, Floats, Mask, indicator, operands, plain, pointwise
from verify.trace.doubles import DOUBLES
from verify.trace.floats import FUNCTIONS, nearest
from verify.trace.term import BINARY, COMPARISONS, UNARY, Term, topological


def on_columns(
    terms: Sequence[Term], inputs: Sequence[str], columns: Sequence[Floats], *, ieee: bool = False
) -> tuple[list[Floats], Mask]:
    """Each term as a column of floats, and the points at which only the program of floats itself can say.

    ``ieee``: as `compile_floats` means it.
    """
    functions = _IEEE if ieee else _OPS
    data, doubtful = operands(columns)
    given = dict(zip(inputs, data, strict=True))
    known: dict[Term, Any] = {}
    for node in topological(*terms):
        match node.op:
            case "symbol":
                known[node] = given[node.value]
            case "const" | "special":
                known[node] = nearest(node.value)
            case op:
                known[node] = functions[op](*(known[a] for a in node.args))
    return [plain(known[term], len(doubtful)) for term in terms], doubtful


_OPS: dict[str, Callable[..., Any]] = {
    **{name: pointwise(function, function) for name, function in FUNCTIONS.items()},
    **{name: function for name in (*UNARY, *BINARY) if (function := vars(COLUMNS).get(name)) is not None},
    **{name: getattr(operator, name) for name in ("add", "sub", "mul", "neg", "abs")},
    "div": COLUMNS.divide,
    "pi": lambda: math.pi,
    "where": COLUMNS.where,
    **{name: indicator(getattr(operator, name)) for name in COMPARISONS},
    "true": lambda: 1,
    "false": lambda: 0,
    "and": operator.mul,
    "or": COLUMNS.maximum,
    "not": lambda x: 1 - x,
}
"""The function of each op."""

_OWN = {name: pointwise(function, function) for name, function in DOUBLES.items() if name not in vars(COLUMNS)}
_IEEE = {**_OPS, **_OWN, "div": COLUMNS.divide, "abs": abs}
"""The same with what IEEE's doubles do otherwise; where they only do not raise, the point is in doubt here."""
