"""Verdicts, findings, and how a finding is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from verify.lines import WIDTH, folded, labelled, located


class Question(StrEnum):
    """What is asked of each rule."""

    RIGHT = "right"  # is the rule the derivative, everywhere in the domain?
    ACCURATE = "accurate"  # does it keep its digits in floats?
    SAFE = "safe"  # does it answer sensibly where it bends, ends or overflows?
    WIRED = "wired"  # does it pass gradients on correctly?


class Verdict(StrEnum):
    """The answers, from the best to the worst for each question."""

    PROVED = "proved"
    PROBABLE = "probable"
    MATCHED = "matched"
    ACCURATE = "accurate"
    INACCURATE = "inaccurate"
    SAFE = "safe"
    WIRED = "wired"
    INCONCLUSIVE = "inconclusive"
    UNSAFE = "unsafe"
    MISWIRED = "miswired"
    REFUTED = "refuted"

    @property
    def fails(self) -> bool:
        """Fails the run."""
        return self in (Verdict.REFUTED, Verdict.UNSAFE, Verdict.MISWIRED, Verdict.INCONCLUSIVE)

    @property
    def warns(self) -> bool:
        """Fails the run only under ``--strict``."""
        return self in (Verdict.PROBABLE, Verdict.MATCHED, Verdict.INACCURATE)


_SEVERITY = {verdict: place for place, verdict in enumerate(Verdict)}


@dataclass(frozen=True)
class Source:
    """Where a rule stands: a file (relative where possible), its line, and the line's text."""

    file: str
    line: int
    text: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Finding:
    """What one check found out about one operation.

    check: the witness that speaks, for example "proof", "points", "corners"
    message: one line; details: aligned (label, text) lines of evidence
    operand: the input whose partial derivative is meant, "" for all
    case: the constants of the operation that was looked at ("n = 3"), "" if it has none
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
    accepted: str = ""  # why a baseline puts up with it, "" if none does

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """How a notebook shows it: as told, in plain text and as a Markdown block."""
        text = told(self)
        return {"text/plain": text, "text/markdown": f"```text\n{text}\n```"}

    @property
    def noteworthy(self) -> bool:
        """Told below the table; a plain success is not."""
        return self.verdict.fails or self.verdict.warns


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

    def fails(self, strict: bool = False) -> bool:
        """Fails the run: the verdict does, and no baseline accepts everything that speaks for it."""
        verdict = self.verdict
        if not (verdict.fails or (strict and verdict.warns)):
            return False
        return not self.findings or any(not f.accepted for f in self.against(strict))

    def against(self, strict: bool = False) -> tuple[Finding, ...]:
        """The findings that make it fail; under ``strict`` those that make it warn, if nothing worse stands."""
        verdict = self.verdict
        if strict and verdict.warns:
            return tuple(f for f in self.findings if f.verdict is verdict)
        return tuple(f for f in self.findings if f.verdict.fails)


def _of_case(verdicts: list[Verdict]) -> Verdict:
    """The worst, except that points which match beside a proof are a second witness, not a doubt.

    The same holds beside an identity that is all but proved.
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


def told(finding: Finding, width: int = WIDTH) -> str:
    """The finding as a person reads it: a headline, then aligned evidence.  What is to be pasted stays on its line."""
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
