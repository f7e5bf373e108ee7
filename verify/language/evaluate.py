"""Terms run on any kind of number: IEEE doubles, terms, and whatever has an arithmetic (arrays, balls)."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from engine.arithmetic import arithmetic
from verify.trace.floats import compile_floats
from verify.trace.term import Condition, Term, substitute, symbol, term, topological

_NUMBERS = {float, int, bool}


class Formulas:
    """Some terms in named inputs, as one function of data of any kind."""

    def __init__(self, terms: Sequence[Term], inputs: Sequence[str]) -> None:
        self.terms = tuple(terms)
        self.inputs = tuple(inputs)
        self._doubles: Callable[..., tuple[float, ...]] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_doubles": None}  # compiled again in another process

    def __call__(self, *data: Any) -> tuple[Any, ...]:
        """The values: IEEE doubles for floats and ints, which never raise; terms for terms."""
        if set(map(type, data)) <= _NUMBERS:
            if self._doubles is None:
                self._doubles = compile_floats(self.terms, self.inputs, ieee=True)
            return self._doubles(*map(float, data))
        if any(isinstance(x, Term) for x in data):
            replaced = {symbol(n): term(x) for n, x in zip(self.inputs, data, strict=True)}
            return substitute(self.terms, replaced)
        return self._interpreted(data)

    def _interpreted(self, data: Sequence[Any]) -> tuple[Any, ...]:
        m = arithmetic(*data)
        at = dict(zip(self.inputs, data, strict=True))
        values: dict[Term, Any] = {}
        for node in topological(*self.terms):
            values[node] = at[node.value] if node.op == "symbol" else _value(m, node, [values[a] for a in node.args])
        return tuple(values[t] for t in self.terms)


_SIGNS: dict[str, Callable[..., Any]] = {
    **{"add": operator.add, "sub": operator.sub, "mul": operator.mul, "neg": operator.neg, "abs": abs},
    **{"and": operator.mul, "or": lambda a, b: a + b - a * b, "not": lambda a: 1 - a},
}


def _value(m: Any, node: Term, args: list[Any]) -> Any:
    """One node in the arithmetic ``m``; a condition is its indicator, 1 or 0."""
    match node.op:
        case "const":
            return int(node.value) if node.value.denominator == 1 else m.ratio(*node.value.as_integer_ratio())
        case "special":
            return float(node.value)
        case "pi":
            return m.pi
        case "true" | "false":
            return int(node.op == "true")
        case "div":
            return m.divide(*args)
        case "eq" | "ne":
            equal = m.ge(*args) * m.le(*args)
            return equal if node.op == "eq" else 1 - equal
        case op if op in _SIGNS:
            return _SIGNS[op](*(a * 1 if isinstance(n, Condition) else a for a, n in zip(args, node.args, strict=True)))
        case op:
            return getattr(m, op)(*args)
