"""Cases for the tests of accuracy: the engine's own, and engines with a rule of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine import Value, arithmetic
from verify.case import Case
from verify.mirror import MIRROR
from verify.options import Options
from verify.subjects.values import ValueEngine, ValueOperation, own_engine

Rule = Callable[[Any, Any, Any], Any]
"""From the arithmetic, x and out to the slope."""


def case_of(name: str, which: int = 0) -> Case:
    """The engine's own operation, with the constants of its row of this number."""
    operation, row = [pair for pair in own_engine().operations() if pair[0].name == name][which]
    return Case(operation, row, Options())


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
