"""How a rule is planted in an engine, and which checks then speak up.

A planted rule is a method with an ordinary `_backward` closure, put in place of the engine's own method in a
subclass of Value.  The checks meet it as they meet anybody's engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from backproof.engine import OPS, Value
from backproof.engine.arithmetic import FLOATS, arithmetic
from backproof.verify.checks.case import Case
from backproof.verify.checks.table import CHECKS
from backproof.verify.config.options import Options
from backproof.verify.mirror.table import BINARY
from backproof.verify.results.findings import Finding, Verdict, explain
from backproof.verify.subjects.engines.own import ValueEngine

Method = Callable[..., Any]
Formula = Callable[..., Any]

REFUTED, INACCURATE, UNSAFE, MISWIRED = Verdict.REFUTED, Verdict.INACCURATE, Verdict.UNSAFE, Verdict.MISWIRED
FRAGILE = Verdict.FRAGILE
QUESTION = {check.name: check.question for check in CHECKS}


@dataclass(frozen=True)
class Wrong:
    """A planted wrong rule.

    op, mistake: where it is planted, and what is wrong; method: the operation with this rule
    check, verdict: who catches it, and says what
    alone: no other check fails the run over it (the accuracy, which only warns, may)
    more: other attributes of the class, such as a `__radd__`; declares: the engine answers for its rows' kinks
    """

    op: str
    mistake: str
    method: Method
    check: str
    verdict: Verdict
    alone: bool = False
    more: tuple[tuple[str, Any], ...] = ()
    declares: bool = False

    def __str__(self) -> str:
        return f"{self.op}: {self.mistake}"


@dataclass(frozen=True)
class Right:
    """An unusual right rule: none of its verdicts may fail; it is ``inaccurate`` where that is true of it.

    undecided: what the prover cannot do yet, where it leaves the rule open
    """

    op: str
    form: str
    method: Method
    inaccurate: bool = False
    undecided: str = ""
    more: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        return f"{self.op}: {self.form}"


def rule(op: str, *slopes: Formula, forward: Formula | None = None) -> Method:
    """The method of ``op`` with these slopes, one an operand, and the engine's forward unless another is given.

    A formula takes (m, x, out) and the constants, or (m, x, y, out) with two operands; a forward the same
    without out.
    """
    size = 2 if op in BINARY else 1

    def method(self: Any, *others: Any) -> Any:
        operands = (self, *map(self.operand, others[: size - 1]))
        constants = others[size - 1 :]
        data = tuple(operand.data for operand in operands)
        m = arithmetic(*data)
        value = forward(m, *data, *constants) if forward else forward_of(op, *data, *constants)
        out = type(self)(value, operands, op)

        def _backward() -> None:
            for operand, slope in zip(operands, slopes, strict=True):
                operand.grad += slope(m, *data, out.data, *constants) * out.grad

        out._backward = _backward
        return out

    return method


def on_floats(x: Any) -> bool:
    """Whether a rule runs on floats, and not on symbols, asked in a way that the trace does not see."""
    return arithmetic(x) is FLOATS


def forward_of(op: str, *data: Any) -> Any:
    """The engine's own forward."""
    size = 2 if op in BINARY else 1
    return getattr(Value, OPS[op])(*map(Value, data[:size]), *data[size:]).data


def findings(op: str, method: Method, more: tuple[tuple[str, Any], ...] = (), declares: bool = False) -> list[Finding]:
    """What all checks find out about the engine with this method in place of its own, over all rows of ``op``."""
    kind = type("Planted", (Value,), {OPS[op]: method, **dict(more)})
    subject = ValueEngine(kind, {op: OPS[op]}, matches_mirror_kinks=declares)
    return list(_all(subject))


def _all(subject: ValueEngine) -> Iterator[Finding]:
    for operation, spec in subject.operations():
        case = Case(operation, spec, Options())
        for check in CHECKS:
            yield from check.run(case)


def counterexamples(found: list[Finding]) -> dict[str, Verdict]:
    """The checks that speak up, and the worst that each says; ``matched`` is no complaint."""
    complaints = [f for f in found if f.noteworthy and f.verdict is not Verdict.MATCHED]
    return {f.check: f.verdict for f in sorted(complaints, key=lambda f: f.verdict.fails)}


def shown(found: list[Finding]) -> str:
    """All complaints, for the message of an assertion."""
    caught = ", ".join(f"{check} ({verdict})" for check, verdict in counterexamples(found).items())
    return "\n".join([f"caught by: {caught or 'nobody'}", *(explain(f) for f in found if f.noteworthy)])
