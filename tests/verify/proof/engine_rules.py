"""The obligations of the engine's own operations, against the rows of the mirror."""

from __future__ import annotations

from typing import Any

from engine.value import OPS, Value
from verify.mirror import ROWS, Row
from verify.proof.obligation import UPSTREAM, Obligation, accumulated
from verify.trace.from_sympy import condition_from_sympy, from_sympy
from verify.trace.term import Term, symbol, term


def obligation_of(row: Row) -> Obligation:
    """The operation of a row, run on symbols."""
    forward, gradients = traced(getattr(Value, OPS[row.op]), row.inputs, tuple(map(_plain, row.values)))
    definition, domain = from_sympy(row.definition), condition_from_sympy(row.domain)
    return Obligation(row.op, row.inputs, definition, domain, forward, gradients)


def traced(
    method: Any, inputs: tuple[str, ...], constants: tuple[Any, ...] = (), kind: type[Value] = Value
) -> tuple[Term, tuple[Term, ...]]:
    """What the method computes, and what its rule makes of the operands' gradients."""
    operands = [kind(symbol(name)) for name in inputs]
    for name, operand in zip(inputs, operands, strict=True):
        operand.grad = symbol(accumulated(name))
    out = method(*operands, *constants)
    out.grad = symbol(UPSTREAM)
    forward = term(out.data)
    out._backward()
    return forward, tuple(term(operand.grad) for operand in operands)


def _plain(value: Any) -> Any:
    """A constant as an exact number that a trace can hold."""
    exact = from_sympy(value) if hasattr(value, "p") else term(value)
    return int(exact.value) if exact.value.denominator == 1 else exact


def all_obligations() -> list[Obligation]:
    """One for every row of the mirror."""
    return [obligation_of(row) for row in ROWS]
