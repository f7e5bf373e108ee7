"""The derivation of an operation: everything that a printer shows, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from backproof.derivations.steps.check import Check, Checker
from backproof.derivations.steps.closure import Closure, closure_of
from backproof.derivations.steps.evidence import (
    Comparison,
    Curves,
    Digits,
    KinkPartials,
    comparisons,
    curves,
    digits,
    kinks,
)
from backproof.derivations.steps.saved_values import Pair, pair
from backproof.derivations.steps.worked_forms import WORKED_FORMS, WorkedForm
from backproof.derivations.steps.workings import Path, Step, path
from backproof.verify.checks.case import Case
from backproof.verify.config.options import Options
from backproof.verify.results.findings import Source
from backproof.verify.subjects.engines.own import own_engine
from backproof.verify.terms.term import Condition, Term, substitute

POINTS = 200
"""Where the digits are measured."""


@dataclass(frozen=True)
class Derived:
    """The derivative in one operand: the path, a check for each of its steps, and the closure's term.

    failure: why the path does not reach the closure; "" where it does
    """

    path: Path
    checks: tuple[Check, ...]
    closure: Term
    failure: str = ""

    @property
    def proved(self) -> bool:
        """Every step is proved, and the last one is what the closure computes."""
        return not self.failure and all(check.proved for check in self.checks)


@dataclass(frozen=True)
class Derivation:
    """One operation of the engine, derived.

    definition: as a teacher writes it; defined: whether it is proved to be the mirror's
    domain: the condition on the operands in the first case; cases: the constants that the checks were made with
    keeps: the names that the closure needs; mask: it only compares them; pair: the proof that `out` is not enough
    """

    op: str
    inputs: tuple[str, ...]
    worked_form: WorkedForm
    defined: Check
    domain: Condition
    cases: tuple[str, ...]
    derived: tuple[Derived, ...]
    rule: Closure
    keeps: tuple[str, ...]
    mask: bool
    pair: Pair | None
    pair_case: str
    comparisons: tuple[Comparison, ...]
    digits: Digits
    kinks: tuple[KinkPartials, ...]
    curves: Curves = field(repr=False)

    @property
    def definition(self) -> Term:
        return self.worked_form.definition

    @property
    def source(self) -> Source:
        """The location of the closure."""
        return Source(self.rule.file, self.rule.line, self.rule.source[0])

    @property
    def proved(self) -> bool:
        """Definition and every step of every operand are proved."""
        return self.defined.proved and all(d.proved for d in self.derived)

    @cached_property
    def steps(self) -> int:
        return sum(len(d.path.steps) for d in self.derived)


def derive(op: str) -> Derivation:
    """The derivation of one of the engine's operations.

    Raises KeyError for an unknown name.
    """
    return derivation(op, cases_of()[op])


def cases_of() -> dict[str, list[Case]]:
    """Every operation of the engine with its specs."""
    found: dict[str, list[Case]] = {}
    for operation, spec in own_engine().operations():
        found.setdefault(operation.name, []).append(Case(operation, spec, Options(points=POINTS)))
    return found


def derivation(op: str, cases: Sequence[Case]) -> Derivation:
    """The derivation of an operation whose cases (one for each spec in the mirror) are given."""
    first = cases[0]
    worked_form = WORKED_FORMS.get(op) or WorkedForm(first.definition)
    operation: Any = first.operation
    rule = closure_of(operation, worked_form.constants)
    checker = Checker(cases, worked_form.constants)
    inputs = first.spec.inputs
    keeps = rule.keeps(inputs)
    pair_found, pair_case = _pair(cases) if set(keeps) & set(inputs) else (None, "")
    return Derivation(
        op,
        inputs,
        worked_form,
        checker.definition(worked_form.definition),
        first.domain,
        tuple(case.spec.case for case in cases if case.spec.case),
        tuple(_operand(worked_form, checker, rule, i, name) for i, name in enumerate(inputs)),
        rule,
        keeps,
        rule.is_mask,
        pair_found,
        pair_case,
        comparisons(first),
        digits(first, worked_form.keeps_digits),
        tuple(kink for case in cases for kink in kinks(case)),
        curves(first),
    )


def _pair(cases: Sequence[Case]) -> tuple[Pair | None, str]:
    for case in cases:
        found = pair(case)
        if found is not None:
            return found, case.spec.case
    return None, ""


def _operand(worked_form: WorkedForm, checker: Checker, rule: Closure, i: int, name: str) -> Derived:
    found = path(worked_form, name, worked_form.closings.get(name, ()))
    named = {meaning: symbol for symbol, meaning in found.names.items() if symbol.value in ("s", "t")}
    closure = substitute((rule.partials[i],), {**named, **worked_form.written_as})[0]
    failure = found.failure
    because = worked_form.written_for(name)
    if not failure and closure is not found.result:
        if because:
            found = replace(found, steps=(*found.steps, Step("as-written", "as written", closure, because)))
        else:
            failure = f"no algebra is known from {found.result} to the closure's {closure}"
    checks = tuple(checker.line(i, step.line, found.names, found.conditions) for step in found.steps)
    return Derived(found, checks, closure, failure)
