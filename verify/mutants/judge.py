"""Evaluates a mutant: the result of each check alone, and the outcome of all together.

An outcome needs two independent pieces of evidence.  A mutant is refuted by the proof's point with its certificate from
the mean value theorem, and by its own closure on intervals there; it is equivalent by proof, and by agreeing with the
engine's rule in interval arithmetic at many points.  Without the second piece it is undecided, and a survivor.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from backproof.verify.checks.case import Case
from backproof.verify.checks.table import CHECKS, Check
from backproof.verify.config.options import Options
from backproof.verify.mutants.agreement import (
    disagreement,
    no_result,
    seen_wrong,
    wrong_in_a_cell,
    wrong_on_a_boundary,
)
from backproof.verify.mutants.baseline import gradcheck, gradcheck_points
from backproof.verify.mutants.generate import Mutant
from backproof.verify.mutants.subject import cases, own_cases
from backproof.verify.numerics.points import Point
from backproof.verify.proof.result import Proof, Status
from backproof.verify.results.findings import Finding, Verdict
from backproof.verify.subjects.engines.own import ValueEngine
from backproof.verify.support.errors import in_a_line

POINTS = 200
"""Points per spec at which the checks evaluate: fewer than the thousand of a verification."""


class Outcome(StrEnum):
    """The classification of a mutant."""

    REFUTED = "refuted"  # wrong at a point: certified, and confirmed by the closure on intervals
    UNSAFE = "unsafe"  # right, except at a kink, an edge or in the range of floats
    MISWIRED = "miswired"  # right, but not propagated correctly
    EQUIVALENT = "equivalent"  # proved, and agrees with the engine's rule
    NEGLIGIBLE = "negligible"  # wrong by less than any float shows, and bounded: a threshold of 1e-15 for 0
    UNDECIDED = "undecided"
    FALSE_PROOF = "false proof"

    @property
    def survives(self) -> bool:
        """It is not decided, or it has been decided wrongly."""
        return self in (Outcome.UNDECIDED, Outcome.FALSE_PROOF)

    @property
    def bad(self) -> bool:
        """A rule that should be killed."""
        return self in (Outcome.REFUTED, Outcome.UNSAFE, Outcome.MISWIRED)


@dataclass(frozen=True)
class Judgement:
    """The outcome of one mutant.

    evidence: the finding or the open question that decided it, in a line
    killers: the checks each of which alone would have killed it
    fell: the checks that raised an exception of their own, with that exception
    gradcheck: the baseline caught it; certified: the mean value theorem alone shows it wrong
    seconds: how long the evaluation took
    """

    outcome: Outcome
    evidence: str = ""
    killers: tuple[str, ...] = ()
    fell: tuple[str, ...] = ()
    gradcheck: bool = False
    seconds: float = 0.0
    certified: bool = False


@dataclass
class _Own:
    """The engine's own rule under one spec: the reference for its mutants."""

    case: Case
    inaccurate: frozenset[str]  # operands
    points: list[Point]  # of the baseline


@dataclass
class Judge:
    """Evaluates mutants of one engine; what depends on the specs is computed once per operation."""

    engine: ValueEngine
    options: Options
    checks: tuple[Check, ...] = CHECKS
    _own: dict[str, list[_Own]] = field(default_factory=dict)

    def __call__(self, mutant: Mutant) -> Judgement:
        start = time.perf_counter()
        own = self._rows(mutant.operation)
        hearings = []
        dead: set[str] = set()  # checks that have killed it under an earlier spec
        caught = False
        for before, case in zip(own, cases(mutant, self.engine, [o.case for o in own]), strict=True):
            hearing = _Hearing(case, before)
            hearing.hold([c for c in self.checks if c.name not in dead])
            dead |= hearing.killers
            hearings.append(hearing)
            caught = caught or not gradcheck(case, before.points)
        outcome, evidence = _decided(hearings)
        killers = tuple(c.name for c in self.checks if c.name in dead)
        fell = tuple(dict.fromkeys(text for h in hearings for text in h.fell))
        certified = outcome is Outcome.REFUTED and any(_certified(f) for h in hearings for f in h.findings)
        return Judgement(outcome, evidence, killers, fell, caught, time.perf_counter() - start, certified)

    def _rows(self, operation: str) -> list[_Own]:
        found = self._own.get(operation)
        if found is None:
            found = []
            for case in own_cases(self.engine, operation, self.options):
                findings = [f for c in self.checks if c.name == "accuracy" for f in c.run(case)]
                inaccurate = frozenset(f.operand for f in findings if f.verdict is Verdict.INACCURATE)
                found.append(_Own(case, inaccurate, gradcheck_points(case, self.options.seed)))
            self._own[operation] = found
        return found


class _Hearing:
    """One mutant under one spec: the findings of the checks, and which of them kill."""

    def __init__(self, case: Case, own: _Own) -> None:
        self.case = case
        self.own = own
        self.findings: list[Finding] = []
        self.fell: list[str] = []

    def hold(self, checks: list[Check]) -> None:
        for check in checks:
            try:
                self.findings += check.run(self.case)
            except Exception as error:  # no rule, however wrong, may crash a check: the run reports it
                self.fell.append(f"{check.name}: {in_a_line(error)}")

    @property
    def killers(self) -> set[str]:
        return {f.check for f in self.findings if self._kills(f)}

    def _kills(self, finding: Finding) -> bool:
        if finding.verdict is Verdict.INACCURATE:
            return finding.operand not in self.own.inaccurate
        return finding.verdict in (Verdict.REFUTED, Verdict.UNSAFE, Verdict.FRAGILE, Verdict.MISWIRED)

    def first(self, verdict: Verdict, such: Callable[[Finding], bool] = lambda _: True) -> Finding | None:
        """The first finding with this verdict that satisfies the condition."""
        return next((f for f in self.findings if f.verdict is verdict and such(f)), None)

    # ------------------------------------------------------------------------------- two independent checks

    def refuted(self) -> str:
        """A point confirmed by two independent checks."""
        found = self.first(Verdict.REFUTED, lambda f: _certified(f) and seen_wrong(self.case, f.point))
        found = found or self.first(Verdict.REFUTED, lambda f: seen_wrong(self.case, f.point))
        found = found or self.first(Verdict.REFUTED, lambda f: f.check == "forward")
        if found is not None:
            return _told(found)
        at = wrong_on_a_boundary(self.case, self.rule_proof) if self.rule_proof else ""
        return f"proof: not a valid subgradient at {at}" if at else ""

    def refuted_far_out(self) -> str:
        """The last resort, which is slow."""
        at = wrong_in_a_cell(self.case, self.rule_proof) if self.rule_proof else ""
        return f"intervals: the closure is not the derivative at {at}" if at else ""

    def unsafe(self) -> str:
        """A place without a valid result, found by a check on floats, or by the proof and a run there."""
        found = self.first(Verdict.UNSAFE) or self.first(Verdict.FRAGILE)
        found = found or self.first(Verdict.REFUTED, lambda f: no_result(self.case, f.point))
        return _told(found)

    def miswired(self) -> str:
        return _told(self.first(Verdict.MISWIRED))

    def false_proof(self) -> str:
        """A contradiction to a proof, if there is one."""
        if _proved(self.case.rule_proof):
            # a proof does not cover kinks and the range of floats: findings there are not contradictions
            against = self.first(Verdict.REFUTED, lambda f: f.check in ("points", "differences"))
            if against is not None and seen_wrong(self.case, against.point):
                return _told(against)
        if _proved(self.case.proof):
            return disagreement(self.case, self.own.case)
        return ""

    @property
    def rule_proof(self) -> Proof | None:
        return self.case.rule_proof

    @property
    def proved(self) -> bool:
        return _proved(self.case.proof)

    def doubt(self) -> str:
        """The reason why it is not decided."""
        bad = [f for f in self.findings if f.verdict.fails]
        return _told(bad[0]) if bad else "no error was found, and no proof"


def _decided(hearings: list[_Hearing]) -> tuple[Outcome, str]:
    for hearing in hearings:
        if text := hearing.false_proof():
            return Outcome.FALSE_PROOF, text
    for outcome, told in (
        (Outcome.REFUTED, _Hearing.refuted),
        (Outcome.MISWIRED, _Hearing.miswired),
        (Outcome.UNSAFE, _Hearing.unsafe),
        (Outcome.REFUTED, _Hearing.refuted_far_out),
    ):
        for hearing in hearings:
            if text := told(hearing):
                return outcome, text
    open_ones = [h for h in hearings if not h.proved]
    if open_ones and all(h.case.negligible for h in open_ones):
        return Outcome.NEGLIGIBLE, _told(open_ones[0].first(Verdict.MATCHED, lambda f: f.check == "proof"))
    if open_ones:
        return Outcome.UNDECIDED, open_ones[0].doubt()
    return Outcome.EQUIVALENT, ""


def _proved(proof: Proof | None) -> bool:
    return proof is not None and proof.status is Status.PROVED


def _certified(finding: Finding) -> bool:
    return any(label == "certified" for label, _ in finding.details)


def _shown(point: Mapping[str, str]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in point.items())


def _told(finding: Finding | None) -> str:
    if finding is None:
        return ""
    at = _shown(finding.point)
    case = f" ({finding.case})" if finding.case else ""
    return f"{finding.check}: {finding.message}{case}" + (f", at {at}" if at else "")
