"""Verdicts, findings, and their text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from backproof.verify.support.layout import WIDTH, folded, labelled, located


class Question(StrEnum):
    """The questions checked for each rule."""

    RIGHT = "right"  # is the rule the derivative, everywhere in the domain?
    ACCURATE = "accurate"  # does it keep its digits in floats?
    SAFE = "safe"  # does it return valid gradients at kinks, at edges and where floats overflow?
    WIRED = "wired"  # does it pass gradients on correctly?


class Verdict(StrEnum):
    """The verdicts, from the best to the worst for each question."""

    PROVED = "proved"
    PROBABLE = "probable"
    MATCHED = "matched"
    ACCURATE = "accurate"
    INACCURATE = "inaccurate"
    SAFE = "safe"
    FRAGILE = "fragile"
    WIRED = "wired"
    INCONCLUSIVE = "inconclusive"
    STOPPED = "stopped"  # no verdict: the clock, the memory or a crash ended the check, and another run may decide
    UNSAFE = "unsafe"
    MISWIRED = "miswired"
    REFUTED = "refuted"

    @property
    def fails(self) -> bool:
        """Fails the run."""
        return self in (Verdict.REFUTED, Verdict.UNSAFE, Verdict.MISWIRED, Verdict.INCONCLUSIVE, Verdict.STOPPED)

    @property
    def warns(self) -> bool:
        """Fails the run only under ``--strict``."""
        return self in (Verdict.PROBABLE, Verdict.MATCHED, Verdict.INACCURATE, Verdict.FRAGILE)


_MILD = (Question.ACCURATE, Question.SAFE)
"""Questions that may stay open: what is undecided there is a warning."""


def fails(question: Question, verdict: Verdict) -> bool:
    """Whether a verdict on a question fails the run."""
    return verdict.fails and not _is_open(question, verdict)


def warns(question: Question, verdict: Verdict) -> bool:
    """Whether a verdict on a question fails the run under ``--strict`` only."""
    return verdict.warns or _is_open(question, verdict)


def _is_open(question: Question, verdict: Verdict) -> bool:
    return verdict is Verdict.INCONCLUSIVE and question in _MILD


_SEVERITY = {verdict: place for place, verdict in enumerate(Verdict)}


@dataclass(frozen=True)
class Source:
    """The location of a rule: a file (relative where possible), its line, and the line's text."""

    file: str
    line: int
    text: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Finding:
    """What one check found for one operation.

    check: the name of the check, for example "proof", "points", "kinks"
    message: one line; details: aligned (label, text) lines of evidence
    operand: the input whose partial derivative is concerned, "" for all
    case: the constants of the operation ("n = 3"), "" if it has none
    point: the counterexample, exact: input name -> float in hex, or a fraction
    """

    op: str
    question: Question
    verdict: Verdict
    check: str
    message: str
    operand: str = ""
    case: str = ""
    details: tuple[tuple[str, str], ...] = ()
    point: dict[str, str] = field(default_factory=dict)
    source: Source | None = None
    accepted: str = ""  # why a baseline accepts it, "" if none does

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """For notebooks: its text, plain and as a Markdown block."""
        text = explain(self)
        return {"text/plain": text, "text/markdown": f"```text\n{text}\n```"}

    @property
    def fails(self) -> bool:
        """Fails the run, unless a baseline accepts it."""
        return fails(self.question, self.verdict)

    @property
    def warns(self) -> bool:
        """Fails the run under ``--strict`` only."""
        return warns(self.question, self.verdict)

    @property
    def noteworthy(self) -> bool:
        """Printed below the table; a plain success is not."""
        return self.fails or self.warns


@dataclass(frozen=True)
class Answer:
    """The verdict on one question: the worst over the cases of the operation."""

    question: Question
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        cases = dict.fromkeys(f.case for f in self.findings)
        verdicts = [_of_case([f.verdict for f in self.findings if f.case == case]) for case in cases]
        return worst(verdicts) if verdicts else Verdict.INCONCLUSIVE

    @property
    def failing(self) -> bool:
        """Its verdict fails the run, unless a baseline accepts its findings."""
        return fails(self.question, self.verdict)

    @property
    def warning(self) -> bool:
        """Its verdict fails the run under ``--strict`` only."""
        return warns(self.question, self.verdict)

    def fails(self, strict: bool = False) -> bool:
        """Fails the run: the verdict does, and no baseline accepts all its findings."""
        if not (self.failing or (strict and self.warning)):
            return False
        return not self.findings or any(not f.accepted for f in self.against(strict))

    def against(self, strict: bool = False) -> tuple[Finding, ...]:
        """The findings that make it fail; under ``strict`` those that make it warn, if there is nothing worse."""
        verdict = self.verdict
        if strict and self.warning:
            return tuple(f for f in self.findings if f.verdict is verdict)
        return tuple(f for f in self.findings if f.fails)


def _of_case(verdicts: list[Verdict]) -> Verdict:
    """The worst, except that points which match beside a proof are additional evidence, not a doubt.

    The same holds beside a `probable` identity.
    """
    found = worst(verdicts)
    stronger = (v for v in (Verdict.PROVED, Verdict.PROBABLE) if v in verdicts)
    return next(stronger, found) if found is Verdict.MATCHED else found


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of several verdicts on one question."""
    return max(verdicts, key=_SEVERITY.__getitem__)


def headline(finding: Finding) -> str:
    """What is found, in one line."""
    operand = f" in {finding.operand}" if finding.operand else ""
    case = f" ({finding.case})" if finding.case else ""
    return f"{finding.verdict.upper()}  {finding.op}{operand}: {finding.message}{case}"


def explain(finding: Finding, width: int = WIDTH) -> str:
    """The finding as text: a headline, then aligned evidence.  Code to be pasted stays on its line."""
    lines = folded(headline(finding), width, hang=len(finding.verdict) + 2)
    if finding.accepted:
        lines += labelled("accepted", finding.accepted, width)
    if finding.source is not None:
        first, *code = located("", finding.source, finding.source.text, width - 14)
        lines += [f"  {'rule':<11} {first}", *(f"  {'':<11} {line.strip()}" for line in code)]
    for label, text in finding.details:
        if label == "rerun":
            lines.append(f"  {label:<11} {text}")
        else:
            lines += labelled(label, text, width)
    return "\n".join(lines)


@dataclass(frozen=True, order=True)
class Known:
    """One accepted failure, and why."""

    operation: str
    question: str
    check: str
    case: str
    operand: str
    verdict: str
    reason: str = ""

    def __str__(self) -> str:
        operand = f" in {self.operand}" if self.operand else ""
        case = f" ({self.case})" if self.case else ""
        return f"{self.verdict} {self.operation}{operand}{case}, by the check of {self.check}"


def identity(finding: Finding) -> Known:
    """The identity of a finding."""
    return Known(
        finding.op, finding.question.value, finding.check, finding.case, finding.operand, finding.verdict.value
    )
