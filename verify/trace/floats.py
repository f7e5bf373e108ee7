"""Terms as straight-line float programs: the trace, run the way the rule itself runs on floats."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from engine.arithmetic import FLOATS
from verify.trace.doubles import DOUBLES, SPECIAL
from verify.trace.term import Term, topological

_INFIX = {
    **{"add": "+", "sub": "-", "mul": "*"},
    **{"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!=", "and": "and", "or": "or"},
}


def _quiet(function: Callable[..., float]) -> Callable[..., float]:
    """NaN where the function has no value: a branch that is not taken must not raise."""

    def quiet(*x: float) -> float:
        try:
            return function(*x)
        except (ValueError, ArithmeticError):
            return math.nan

    return quiet


FUNCTIONS = {
    **{name: _quiet(f) for name, f in vars(FLOATS).items() if callable(f)},
    **SPECIAL,
    **{"div": FLOATS.divide, "abs": abs, "floor": _quiet(math.floor), "ceil": _quiet(math.ceil)},
}


def compile_floats(
    terms: Sequence[Term], inputs: Sequence[str], *, ieee: bool = False
) -> Callable[..., tuple[float, ...]]:
    """A function from floats, in the order of ``inputs``, to the terms' values as floats.

    Where a part has no value in floats it is NaN; an overflow is infinite.  Conditions come out as bools.
    ``ieee``: as NumPy's scalars have it, log 0 is -inf, and whole constants are floats too.
    """
    functions, number = (DOUBLES, _double) if ieee else (FUNCTIONS, nearest)
    constants: dict[str, Any] = {"pi": math.pi}
    names: dict[Term, str] = {}
    lines = []
    for place, node in enumerate(topological(*terms)):
        args = [names[a] for a in node.args]
        match node.op:
            case "symbol":
                names[node] = f"x{inputs.index(node.value)}"
                continue
            case "const" | "special":
                names[node] = f"c{place}"
                constants[f"c{place}"] = number(node.value)
                continue
            case "pi":
                names[node] = "pi"
                continue
            case "true" | "false":
                names[node] = node.op.title()
                continue
            case op if op in _INFIX:
                code = f"{args[0]} {_INFIX[op]} {args[1]}"
            case "neg":
                code = f"-{args[0]}"
            case "not":
                code = f"not {args[0]}"
            case "where":
                code = f"{args[1]} if {args[0]} else {args[2]}"
            case op:
                constants[op] = functions[op]
                code = f"{op}({', '.join(args)})"
        names[node] = f"t{place}"
        lines.append(f" t{place} = {code}")
    head = f"def program({', '.join(f'x{i}' for i in range(len(inputs)))}):"
    result = "".join(f"{names[t]}, " for t in terms)
    scope: dict[str, Any] = {}
    exec("\n".join([head, *lines, f" return ({result})"]), constants, scope)  # our own text, no user's
    return scope["program"]  # type: ignore[no-any-return]


def nearest(value: Any) -> float | int:
    """The float of a constant; whole numbers stay whole, as in the rule's source."""
    if isinstance(value, str):
        return float(value)
    try:
        return int(value) if value.denominator == 1 and abs(value) < 2**53 else value.numerator / value.denominator
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _double(value: Any) -> float:
    return float(nearest(value))
