"""Repair: other forms of a rule, each proved to be the slope, measured, bounded and ranked."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engine.arithmetic import FLOATS, arithmetic
from verify.accuracy.bounds import bound_of_band, upheld
from verify.accuracy.conditioning import BUDGET
from verify.accuracy.curve import curve
from verify.accuracy.evaluate import evaluate
from verify.accuracy.forms import FORMS
from verify.accuracy.gauge import Gauge, Measured
from verify.accuracy.rewritings import variants
from verify.accuracy.search import worst
from verify.case import Case
from verify.findings import Source
from verify.numbers.ulps import FLOAT64, Format
from verify.proof.result import Status
from verify.subjects.operation import Operation, Run
from verify.trace.floats import compile_floats
from verify.trace.term import TERMS, Term, constant, substitute, symbol, topological


class Rewritten(Operation):
    """An operation with its own forward and another rule: the terms of its slopes, run as they are written."""

    def __init__(self, original: Operation, slopes: tuple[Term, ...]) -> None:
        self.original = original
        self.name, self.inputs = original.name, original.inputs
        self.follows_rows = False
        self.command = original.command
        self.terms = slopes
        self._on_floats: Callable[..., tuple[float, ...]] | None = None

    @property
    def source(self) -> Source:
        return self.original.source

    def forward(self, *data: Any) -> Any:
        return self.original.forward(*data)

    def run(self, data: Sequence[Any], *, upstream: Any = 1.0, before: Sequence[Any] | None = None) -> Run:
        if all(type(x) is float for x in data):  # the same, compiled
            if self._on_floats is None:
                self._on_floats = compile_floats(self.terms, self.inputs)
            slopes = self._on_floats(*map(FLOATS.finite, data))
            return self._passed(data, slopes, upstream, before)
        m = arithmetic(*data)
        values = {name: m.finite(x) for name, x in zip(self.inputs, data, strict=True)}
        return self._passed(data, evaluate(self.terms, values, m), upstream, before)

    def _passed(
        self, data: Sequence[Any], slopes: Sequence[Any], upstream: Any, before: Sequence[Any] | None
    ) -> Run:
        """What a rule with these slopes leaves in the operands' gradients."""
        old = (0,) * len(slopes) if before is None else before
        gradients = tuple(a + s * upstream for a, s in zip(old, slopes, strict=True))
        out = self.original.forward(*data)
        return Run(out, gradients, tuple(data), out, upstream)


@dataclass(frozen=True)
class Candidate:
    """One way to write the rule.

    worst: the worst answer of each operand; None for an operand whose answers are all exact
    """

    name: str
    case: Case
    slopes: tuple[Term, ...]
    worst: tuple[Measured | None, ...]
    fmt: Format

    @cached_property
    def proved(self) -> bool:
        """The form is the slope, everywhere in the domain, in exact arithmetic."""
        proof = self.case.rule_proof
        return proof is not None and proof.status is Status.PROVED

    @cached_property
    def bound(self) -> float:
        """A sound bound over the points of the curve; infinite where there is none, and for two operands."""
        if len(self.slopes) > 1:
            return math.inf
        observed = [(b.low, b.high, b.worst.local) for b in curve(Gauge(self.case, self.fmt)) if b.worst is not None]
        bounds = [upheld(bound_of_band(self.case, *band, pieces=256, fmt=self.fmt), band[2]) for band in observed]
        return max(bounds, default=0.0)

    @property
    def ulps(self) -> float:
        """The worst error over the operands."""
        return max((m.local for m in self.worst if m is not None), default=0.0)

    @property
    def steps(self) -> int:
        """Operations that it takes: of two forms as good as each other the shorter one is better."""
        return sum(bool(node.args) for node in topological(*self.slopes))


def candidates(case: Case, fmt: Format = FLOAT64, seed: int = 0, budget: float = BUDGET) -> list[Candidate]:
    """The rule as it is, and every other form that is proved equal: within half an ULP the shorter first.

    budget: ULPs that are asked for; a form that nearly reaches them is looked at more closely

    Raises what the rule raised where it does not run on symbols.
    """
    found = []
    seen: set[tuple[Term, ...]] = set()
    for name, slopes in _proposed(case):
        if slopes in seen:
            continue
        seen.add(slopes)
        candidate = _measured(name, case, slopes, fmt, seed, budget)
        if candidate.proved:
            found.append(candidate)
    return sorted(found, key=lambda c: (round(2 * min(c.ulps, 1e300)), c.steps, c.ulps))


def best(found: Sequence[Candidate], budget: float) -> Candidate | None:
    """The shortest form within the budget: half of it if any form is that good."""
    for most in (budget / 2, budget):
        within = [c for c in found if c.ulps <= most]
        if within:
            return min(within, key=lambda c: (c.steps, c.ulps))
    return None


def _proposed(case: Case) -> Iterator[tuple[str, tuple[Term, ...]]]:
    if isinstance(case.trace, Exception):
        raise case.trace
    names = case.row.inputs
    plain: dict[Term, Term] = {symbol("g"): constant(1), **{symbol(f"acc_{n}"): constant(0) for n in names}}
    written = tuple(_tidied(slope) for slope in substitute(case.trace.gradients, plain))
    yield "as it is", written
    yield from variants(written)
    for form in FORMS.get(case.row.op, ()):
        yield form.name, tuple(map(_term, form.slopes(TERMS, *map(symbol, names))))


def _term(x: Any) -> Term:
    return x if isinstance(x, Term) else constant(x)


def _tidied(slope: Term) -> Term:
    """0 + s·1 is s: what is left of the wiring when upstream is 1 and nothing was accumulated."""
    while True:
        if slope.op == "add" and slope.args[0] is constant(0):
            slope = slope.args[1]
        elif slope.op == "mul" and slope.args[1] is constant(1):
            slope = slope.args[0]
        elif slope.op == "mul" and slope.args[0] is constant(1):
            slope = slope.args[1]
        else:
            return slope


def _measured(
    name: str, case: Case, slopes: tuple[Term, ...], fmt: Format, seed: int, budget: float
) -> Candidate:
    operation = case.operation if name == "as it is" else Rewritten(case.operation, slopes)
    own = Case(operation, case.row, case.options)
    gauge = Gauge(own, fmt)
    found = tuple(worst(gauge, i, seed=seed, budget=budget).worst for i in range(len(slopes)))
    return Candidate(name, own, slopes, found, fmt)
