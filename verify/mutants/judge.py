"""Judge a mutant: what each check alone says of it, and what all of them together come to.

An outcome needs two witnesses.  A mutant is refuted by the proof's point with its certificate from the mean value
theorem, and by its own closure on balls there; it is equivalent by proof, and by agreeing with the engine's rule
in balls at many points.  Whatever lacks its second witness is undecided, and a survivor.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from verify.case import Case
from verify.checks import CHECKS, Check
from verify.errors import in_a_line
from verify.findings import Finding, Verdict
from verify.mutants.agreement import (
    disagreement,
    no_answer,
    seen_wrong,
    wrong_in_a_cell,
    wrong_on_a_boundary,
)
from verify.mutants.baseline import gradcheck, gradcheck_points
from verify.mutants.generate import Mutant
from verify.mutants.subject import cases, own_cases
from verify.numbers.points import Point
from verify.options import Options
from verify.proof.result import Proof, Status
from verify.subjects.values import ValueEngine

POINTS = 200
"""Points of each row at which the checks look: fewer than a verification's thousand."""


class Outcome(StrEnum):
    """What a mutant turned out to be."""

    REFUTED = "refuted"  # wrong at a point: certified, and seen by the closure on balls
    UNSAFE = "unsafe"  # right, but for a corner, an edge or the range of floats
    MISWIRED = "miswired"  # right, but not passed on rightly
    EQUIVALENT = "equivalent"  # proved, and agrees with the engine's rule
    UNDECIDED = "undecided"
    FALSE_PROOF = "false proof"

    @property
    def survives(self) -> bool:
        """Nobody has decided it, or it has been decided wrongly."""
        return self in (Outcome.UNDECIDED, Outcome.FALSE_PROOF)

    @property
    def bad(self) -> bool:
        """A rule that ought to be killed."""
        return self in (Outcome.REFUTED, Outcome.UNSAFE, Outcome.MISWIRED)


@dataclass(frozen=True)
class Judgement:
    """What became of one mutant.

    evidence: the finding or the doubt that decided it, in a line
    killers: the checks each of which alone would have killed it
    fell: the checks that raised an exception of their own, with it
    gradcheck: the baseline caught it; certified: the mean value theorem alone shows it wrong
    seconds: how long the judgement took
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
    """The engine's own rule under one row: what its mutants are measured against."""

    case: Case
    inaccurate: frozenset[str]  # operands
    points: list[Point]  # of the baseline


@dataclass
class Judge:
    """Judges mutants of one engine; what belongs to the rows is worked out once an operation."""

    engine: ValueEngine
    options: Options
    checks: tuple[Check, ...] = CHECKS
    _own: dict[str, list[_Own]] = field(default_factory=dict)

    def __call__(self, mutant: Mutant) -> Judgement:
        start = time.perf_counter()
        own = self._rows(mutant.operation)
        hearings = []
        dead: set[str] = set()  # checks that have killed it under an earlier row
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
    """One mutant under one row: the findings of the checks, and which of them kill."""

    def __init__(self, case: Case, own: _Own) -> None:
        self.case = case
        self.own = own
        self.findings: list[Finding] = []
        self.fell: list[str] = []

    def hold(self, checks: list[Check]) -> None:
        for check in checks:
            try:
                self.findings += check.run(self.case)
            except Exception as error:  # no rule, however wrong, may take a check down: the run tells of it
                self.fell.append(f"{check.name}: {in_a_line(error)}")

    @property
    def killers(self) -> set[str]:
        return {f.check for f in self.findings if self._kills(f)}

    def _kills(self, finding: Finding) -> bool:
        if finding.verdict is Verdict.INACCURATE:
            return finding.operand not in self.own.inaccurate
        return finding.verdict in (Verdict.REFUTED, Verdict.UNSAFE, Verdict.MISWIRED)

    def first(self, verdict: Verdict, such: Callable[[Finding], bool] = lambda _: True) -> Finding | None:
        """The first finding with this verdict that is such."""
        return next((f for f in self.findings if f.verdict is verdict and such(f)), None)

    # ------------------------------------------------------------------------------------------ two witnesses

    def refuted(self) -> str:
        """A point that two witnesses have seen."""
        found = self.first(Verdict.REFUTED, lambda f: _certified(f) and seen_wrong(self.case, f.point))
        found = found or self.first(Verdict.REFUTED, lambda f: seen_wrong(self.case, f.point))
        found = found or self.first(Verdict.REFUTED, lambda f: f.check == "forward")
        if found is not None:
            return _told(found)
        at = wrong_on_a_boundary(self.case, self.rule_proof) if self.rule_proof else ""
        return f"proof: no valid slope at {at}" if at else ""

    def refuted_far_out(self) -> str:
        """The last resort, which takes a while."""
        at = wrong_in_a_cell(self.case, self.rule_proof) if self.rule_proof else ""
        return f"balls: the closure is not the derivative at {at}" if at else ""

    def unsafe(self) -> str:
        """A place without a valid answer: a check on floats says so, or the proof and a run there."""
        found = self.first(Verdict.UNSAFE)
        found = found or self.first(Verdict.REFUTED, lambda f: no_answer(self.case, f.point))
        return _told(found)

    def miswired(self) -> str:
        return _told(self.first(Verdict.MISWIRED))

    def false_proof(self) -> str:
        """What contradicts a proof, if something does."""
        if _proved(self.case.rule_proof):
            # at a corner and beyond the range of floats a proof says nothing: those are not contradictions
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
        """Why it is not decided."""
        bad = [f for f in self.findings if f.verdict.fails]
        return _told(bad[0]) if bad else "nothing was found, and nothing is proved"


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
