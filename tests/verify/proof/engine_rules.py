"""The obligations of the engine's own operations, against the specs of the mirror."""

from __future__ import annotations

from typing import Any

from backproof.engine.value import OPS, Value
from backproof.verify.mirror.table import SPECS, Spec
from backproof.verify.proof.obligation import UPSTREAM, Obligation, accumulated
from backproof.verify.terms.from_sympy import condition_from_sympy, from_sympy
from backproof.verify.terms.term import Term, symbol, term


def obligation_of(spec: Spec) -> Obligation:
    """The operation of a spec, run on symbols."""
    forward, gradients = traced(getattr(Value, OPS[spec.op]), spec.inputs, tuple(map(_plain, spec.values)))
    definition, domain = from_sympy(spec.definition), condition_from_sympy(spec.domain)
    return Obligation(spec.op, spec.inputs, definition, domain, forward, gradients)


def traced(
    method: Any, inputs: tuple[str, ...], constants: tuple[Any, ...] = (), kind: type[Value] = Value
) -> tuple[Term, tuple[Term, ...]]:
    """The traced result of the method, and the operands' gradients after its rule."""
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
    """One for every spec of the mirror."""
    return [obligation_of(spec) for spec in SPECS]
