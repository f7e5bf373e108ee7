"""The one evaluator: terms run, operation by operation as they were written, over any arithmetic.

An operation is looked up in the kind's `Arithmetic`, under the name that the table of primitives gives it.  Where it
is missing, Python's operator is used, a rule that holds for every kind (`_FOR_EVERY_KIND`), or the primitive's
definition in terms of others.  An arithmetic may also define
  - its constants, truth values and branches: const, special, pi, true, false, where;
 - to_power(exponent): a constant power, as a function of the base; None where `pow` is as good;
  - of_itself: for each comparison, its result between a number and itself, where its value alone does not decide.

`verify.evaluate.compiled` writes the same operations as straight-line Python.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

from backproof.engine.arithmetic import Arithmetic
from backproof.verify.terms.definitions import definition
from backproof.verify.terms.ops import PRIMITIVES
from backproof.verify.terms.term import Term, symbol, topological

Function = Callable[..., Any]


def evaluate(terms: Sequence[Term], values: Mapping[str, Any], m: Arithmetic | Operations) -> tuple[Any, ...]:
    """The terms at ``values``, the numbers of an arithmetic; constants become its own, rounded as it rounds them.

    Raises NotImplementedError for a function that the arithmetic lacks.
    """
    return evaluator(terms, m)(values)


def evaluator(
    terms: Sequence[Term], m: Arithmetic | Operations
) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """`evaluate` for terms that are evaluated more than once."""
    ops = m if isinstance(m, Operations) else operations(m)
    steps = [(node, *ops.of(node)) for node in topological(*terms)]
    symbols = [(node, node.value) for node, *_ in steps if node.op == "symbol"]

    def evaluated(values: Mapping[str, Any]) -> tuple[Any, ...]:
        known = {node: values[name] for node, name in symbols if name in values}
        for node, function, operands in steps:
            if node not in known:
                known[node] = function(*[known[a] for a in operands])
        return tuple(known[term] for term in terms)

    return evaluated


class Operations(dict[str, Function]):
    """The function of each op in one arithmetic, looked up on first use."""

    def __init__(self, m: Arithmetic) -> None:
        self._m = m
        own = vars(m)
        self._to_power: Function | None = own.get("to_power")
        self._of_itself: Mapping[str, Any] = own.get("of_itself", {})

    def __missing__(self, op: str) -> Function:
        found = self[op] = self._found(op)
        return found

    def knows(self, op: str) -> bool:
        """Whether the arithmetic has the op itself, without its definition in terms of others."""
        return callable(vars(self._m).get(op)) or op in _OPERATORS or op in _FOR_EVERY_KIND

    def _found(self, op: str) -> Function:
        own = vars(self._m).get(op)
        if callable(own):
            return own  # type: ignore[no-any-return]
        if op in _OPERATORS:
            return _OPERATORS[op]
        if op in _FOR_EVERY_KIND:
            return partial(_FOR_EVERY_KIND[op], self._m)
        if op in PRIMITIVES and (by_others := definition(op)) is not None:
            return self._written_out(op, by_others)
        return getattr(self._m, op)  # type: ignore[no-any-return]

    def _written_out(self, op: str, by_others: Function) -> Function:
        names = PRIMITIVES[op].operands
        evaluated = evaluator((by_others(*map(symbol, names)),), self)
        return lambda *x: evaluated(dict(zip(names, x, strict=True)))[0]

    def of(self, node: Term) -> tuple[Function, tuple[Term, ...]]:
        """The function of a node and its operands: of x**3 the cube, and x; of a constant no operands."""
        op, args = node.op, node.args
        if not args:
            return (self[op] if node.value is None else partial(self[op], node.value)), ()
        if op == "pow" and self._to_power is not None and args[1].op == "const":
            function = self._to_power(args[1].value)
            if function is not None:
                return function, args[:1]
        elif op in self._of_itself and args[0] is args[1]:
            return partial(_value, self._of_itself[op]), ()
        return self[op], args


@cache
def operations(m: Arithmetic) -> Operations:
    """The operations of an arithmetic."""
    return Operations(m)


def _value(x: Any) -> Any:
    return x


def _missing(_: Arithmetic, name: str) -> Any:
    raise KeyError(f"no value is given for {name!r}")


_OPERATORS: dict[str, Function] = {name: getattr(operator, name) for name in ("add", "sub", "mul", "neg", "abs")}

_FOR_EVERY_KIND: dict[str, Callable[..., Any]] = {
    "const": lambda m, value: int(value) if value.denominator == 1 else m.ratio(value.numerator, value.denominator),
    "special": lambda m, value: float(value),
    "symbol": _missing,
    "pi": lambda m: m.pi,
    "true": lambda m: 1,
    "false": lambda m: 0,
    "div": lambda m, a, b: m.divide(a, b),
    "eq": lambda m, a, b: m.ge(a, b) * m.le(a, b),
    "ne": lambda m, a, b: 1 - m.ge(a, b) * m.le(a, b),
    "and": lambda m, a, b: a * b,
    "or": lambda m, a, b: 1 - (1 - a) * (1 - b),
    "not": lambda m, a: 1 - a,
}
"""Conditions are indicators, 1 or 0, unless an arithmetic defines them otherwise."""
