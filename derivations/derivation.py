"""The derivation of an operation: everything that a printer shows, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from derivations.check import Check, Checker
from derivations.closure import Closure, closure_of
from derivations.evidence import CornerSlopes, Curves, Digits, Witness, corners, curves, digits, witnesses
from derivations.needs import Pair, pair
from derivations.roads import ROADS, Road
from derivations.steps import Path, Step, path
from verify.case import Case
from verify.findings import Source
from verify.options import Options
from verify.subjects.values import own_engine
from verify.trace.term import Condition, Term, substitute

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
    road: Road
    defined: Check
    domain: Condition
    cases: tuple[str, ...]
    derived: tuple[Derived, ...]
    rule: Closure
    keeps: tuple[str, ...]
    mask: bool
    pair: Pair | None
    pair_case: str
    witnesses: tuple[Witness, ...]
    digits: Digits
    corners: tuple[CornerSlopes, ...]
    curves: Curves = field(repr=False)

    @property
    def definition(self) -> Term:
        return self.road.definition

    @property
    def source(self) -> Source:
        """Where the closure stands."""
        return Source(self.rule.file, self.rule.line, self.rule.source[0])

    @property
    def proved(self) -> bool:
        """Definition and every step of every operand are proved."""
        return self.defined.proved and all(d.proved for d in self.derived)

    @cached_property
    def steps(self) -> int:
        return sum(len(d.path.steps) for d in self.derived)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What a notebook shows: plain text, Markdown, LaTeX and HTML."""
        from derivations.notebook import bundle
        from derivations.tell import told

        return bundle(told(self))


def derive(op: str) -> Derivation:
    """The derivation of one of the engine's operations.

    Raises KeyError for a name that is none.
    """
    return derivation(op, cases_of()[op])


def cases_of() -> dict[str, list[Case]]:
    """Every operation of the engine with its rows."""
    found: dict[str, list[Case]] = {}
    for operation, row in own_engine().operations():
        found.setdefault(operation.name, []).append(Case(operation, row, Options(points=POINTS)))
    return found


def derivation(op: str, cases: Sequence[Case]) -> Derivation:
    """The derivation of an operation whose cases (one for each row of the mirror) are given."""
    first = cases[0]
    road = ROADS.get(op) or Road(first.definition)
    operation: Any = first.operation
    rule = closure_of(operation, road.constants)
    checker = Checker(cases, road.constants)
    inputs = first.row.inputs
    keeps = rule.keeps(inputs)
    pair_found, pair_case = _pair(cases) if set(keeps) & set(inputs) else (None, "")
    return Derivation(
        op,
        inputs,
        road,
        checker.definition(road.definition),
        first.domain,
        tuple(case.row.case for case in cases if case.row.case),
        tuple(_operand(road, checker, rule, i, name) for i, name in enumerate(inputs)),
        rule,
        keeps,
        rule.is_mask,
        pair_found,
        pair_case,
        witnesses(first),
        digits(first, road.keeps_digits),
        tuple(corner for case in cases for corner in corners(case)),
        curves(first),
    )


def _pair(cases: Sequence[Case]) -> tuple[Pair | None, str]:
    for case in cases:
        found = pair(case)
        if found is not None:
            return found, case.row.case
    return None, ""


def _operand(road: Road, checker: Checker, rule: Closure, i: int, name: str) -> Derived:
    found = path(road, name, road.closings.get(name, ()))
    named = {meaning: symbol for symbol, meaning in found.names.items() if symbol.value in ("s", "t")}
    closure = substitute((rule.slopes[i],), {**named, **road.written_as})[0]
    failure = found.failure
    because = road.written_for(name)
    if not failure and closure is not found.result:
        if because:
            found = replace(found, steps=(*found.steps, Step("as-written", "as written", closure, because)))
        else:
            failure = f"no algebra is known from {found.result} to the closure's {closure}"
    checks = tuple(checker.line(i, step.line, found.names, found.conditions) for step in found.steps)
    return Derived(found, checks, closure, failure)
