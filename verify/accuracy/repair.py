"""Repair: other forms of a rule, each proved to be the derivative, measured, bounded and ranked."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backproof.engine.arithmetic import FLOATS, arithmetic
from backproof.verify.accuracy.bounds import bound_of_band, upheld
from backproof.verify.accuracy.curve import curve
from backproof.verify.accuracy.error_meter import ErrorMeter, Measured
from backproof.verify.accuracy.forms import FORMS
from backproof.verify.accuracy.rewritings import variants
from backproof.verify.accuracy.search import worst
from backproof.verify.arithmetics.ulps import FLOAT64, Format
from backproof.verify.checks.case import Case
from backproof.verify.evaluate.evaluate import evaluate
from backproof.verify.evaluate.floats import compile_floats, on_columns
from backproof.verify.numerics.conditioning import BUDGET
from backproof.verify.proof.result import Status
from backproof.verify.results.findings import Source
from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.operation import Operation, Run, Together
from backproof.verify.terms.simplify import simplify
from backproof.verify.terms.term import TERMS, Term, constant, substitute, symbol, topological


class Rewritten(Operation):
    """An operation with its own forward and another rule: the terms of its derivatives, run as written."""

    def __init__(self, original: Operation, partials: tuple[Term, ...]) -> None:
        self.original = original
        self.name, self.inputs = original.name, original.inputs
        self.matches_mirror_kinks = False
        self.command = original.command
        self.terms = partials
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
            with subject_code:  # the rule is the user's, if in another form
                partials = self._on_floats(*map(FLOATS.finite, data))
            return self._passed(data, partials, upstream, before)
        with subject_code:
            m = arithmetic(*data)
            values = {name: m.finite(x) for name, x in zip(self.inputs, data, strict=True)}
            partials = evaluate(self.terms, values, m)
        return self._passed(data, partials, upstream, before)

    def at_once(self, columns: Sequence[NDArray[np.float64]]) -> Together | None:
        found = self.original.at_once(columns)
        if found is None:
            return None
        partials, doubtful = on_columns(self.terms, self.inputs, columns)
        return Together(found.out, tuple(partials), found.doubtful | doubtful)

    def _passed(self, data: Sequence[Any], partials: Sequence[Any], upstream: Any, before: Sequence[Any] | None) -> Run:
        """The operands' gradients after a rule with these partial derivatives."""
        old = (0,) * len(partials) if before is None else before
        gradients = tuple(a + s * upstream for a, s in zip(old, partials, strict=True))
        out = self.original.forward(*data)
        return Run(out, gradients, tuple(data), out, upstream)


@dataclass(frozen=True)
class Candidate:
    """One way to write the rule.

    worst: the worst result of each operand; None for an operand whose results are all exact
    """

    name: str
    case: Case
    partials: tuple[Term, ...]
    worst: tuple[Measured | None, ...]
    fmt: Format

    @cached_property
    def proved(self) -> bool:
        """The form is the derivative, everywhere in the domain, in exact arithmetic."""
        proof = self.case.rule_proof
        return proof is not None and proof.status is Status.PROVED

    @cached_property
    def bound(self) -> float:
        """A sound bound over the points of the curve; infinite if there is none, and for two operands."""
        if len(self.partials) > 1:
            return math.inf
        bands = curve(ErrorMeter(self.case, self.fmt))
        observed = [(b.low, b.high, b.worst.local) for b in bands if b.worst is not None]
        bounds = [upheld(bound_of_band(self.case, *band, pieces=256, fmt=self.fmt), band[2]) for band in observed]
        return max(bounds, default=0.0)

    @property
    def ulps(self) -> float:
        """The worst error over the operands."""
        return max((m.local for m in self.worst if m is not None), default=0.0)

    @property
    def steps(self) -> int:
        """The number of operations: of two equally accurate forms the shorter one is better."""
        return sum(bool(node.args) for node in topological(*self.partials))


def candidates(case: Case, fmt: Format = FLOAT64, seed: int = 0, budget: float = BUDGET) -> list[Candidate]:
    """The rule as it is, and every other form that is proved equal: within half an ULP the shorter first.

    budget: the required accuracy in ULPs; a form that nearly reaches it is measured more closely

    Raises the rule's exception if it does not run on symbols.
    """
    found = []
    seen: set[tuple[Term, ...]] = set()
    for name, partials in _proposed(case):
        if partials in seen:
            continue
        seen.add(partials)
        candidate = _measured(name, case, partials, fmt, seed, budget)
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
    names = case.spec.inputs
    plain: dict[Term, Term] = {symbol("g"): constant(1), **{symbol(f"acc_{n}"): constant(0) for n in names}}
    written = tuple(simplify(partial) for partial in substitute(case.trace.gradients, plain))
    yield "as it is", written
    yield from variants(written)
    for form in FORMS.get(case.spec.op, ()):
        yield form.name, tuple(map(_term, form.partials(TERMS, *map(symbol, names))))


def _term(x: Any) -> Term:
    return x if isinstance(x, Term) else constant(x)


def _measured(name: str, case: Case, partials: tuple[Term, ...], fmt: Format, seed: int, budget: float) -> Candidate:
    operation = case.operation if name == "as it is" else Rewritten(case.operation, partials)
    own = Case(operation, case.spec, case.options)
    meter = ErrorMeter(own, fmt)
    found = tuple(worst(meter, i, seed=seed, budget=budget).worst for i in range(len(partials)))
    return Candidate(name, own, partials, found, fmt)
