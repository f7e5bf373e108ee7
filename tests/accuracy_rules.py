"""Cases for the tests of accuracy: the engine's own, and engines with a rule of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backproof.engine import Value, arithmetic
from backproof.verify.checks.case import Case
from backproof.verify.config.options import Options
from backproof.verify.mirror.table import MIRROR
from backproof.verify.subjects.engines.own import ValueEngine, ValueOperation, own_engine

Rule = Callable[[Any, Any, Any], Any]
"""From the arithmetic, x and out to the derivative."""


def case_of(name: str, which: int = 0) -> Case:
    """The engine's own operation, with the constants of its spec of this number."""
    operation, spec = [pair for pair in own_engine().operations() if pair[0].name == name][which]
    return Case(operation, spec, Options())


def case_with(name: str, rule: Rule) -> Case:
    """A one-operand operation of the engine whose rule is ``rule`` instead."""

    def method(self: Value) -> Value:
        m = arithmetic(self.data)
        out = getattr(Value(self.data), name)()
        mine = Value(out.data, (self,), name)

        def _backward() -> None:
            self.grad += rule(m, self.data, mine.data) * mine.grad

        mine._backward = _backward
        return mine

    kind = type("Changed", (Value,), {name: method, "__slots__": ()})
    engine = ValueEngine(kind, {name: name})
    return Case(ValueOperation(engine, name, name), MIRROR[name][0], Options())
