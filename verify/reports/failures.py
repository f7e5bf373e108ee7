"""What fails a report, one entry for each thing to fix: the most informative finding, and the checks that agree."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from backproof.verify.results.findings import Answer, Finding, Verdict, explain, identity
from backproof.verify.results.report import OperationReport, Report
from backproof.verify.support.errors import UsageError
from backproof.verify.support.layout import WHOLE, labelled

_SEVERITY = {verdict: place for place, verdict in enumerate(Verdict)}

HEADLINES = {
    Verdict.REFUTED: "the rule is not the derivative",
    Verdict.MISWIRED: "the rule passes gradients on wrongly",
    Verdict.UNSAFE: "the rule returns no valid gradient at a kink, an edge or an extreme",
    Verdict.FRAGILE: "the rule fails beyond the working range of its inputs",
    Verdict.INACCURATE: "the rule loses digits",
    Verdict.PROBABLE: "the rule is right with overwhelming probability, but not proved",
    Verdict.MATCHED: "the rule is right at all points, but not proved",
    Verdict.INCONCLUSIVE: "it could not be decided",
    Verdict.STOPPED: "a limit of time or memory stopped the check before it was decided",
}
"""A verdict as a sentence that stays the same while numbers change."""


@dataclass(frozen=True)
class Failure:
    """One thing to fix."""

    operation: OperationReport
    finding: Finding
    also: tuple[str, ...]

    @property
    def place(self) -> str:
        """Which operation, operand and case."""
        operand = f" in {self.finding.operand}" if self.finding.operand else ""
        case = f" ({self.finding.case})" if self.finding.case else ""
        return f"{self.finding.op}{operand}{case}"

    @property
    def headline(self) -> str:
        """What fails, without a number that could change from run to run."""
        return f"{self.place}: {HEADLINES.get(self.finding.verdict, self.finding.verdict.value)}"

    @property
    def fingerprint(self) -> str:
        """The same for the same failure in every run: no number and no line is in it."""
        known = identity(self.finding)
        parts = (known.operation, known.question, known.verdict, known.case, known.operand)
        return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def explain(self) -> str:
        """The finding as the terminal prints it, a line each, with the command that runs it again."""
        text = explain(self.finding, WHOLE)
        if self.also:
            text += "\n" + "\n".join(labelled("also", ", ".join(self.also), WHOLE))
        if all(label != "rerun" for label, _ in self.finding.details):
            text += f"\n  {'rerun':<11} {self.operation.command}"
        return text


def failures(report: Report) -> list[Failure]:
    """Everything that fails the report, in its order."""
    return [
        failure
        for operation in report.operations
        for answer in operation.answers.values()
        if answer.fails(report.strict)
        for failure in failures_of(operation, answer, report.strict)
    ]


def worst_first(found: list[Failure]) -> list[Failure]:
    """The same, what is worst first."""
    return sorted(found, key=lambda f: -_SEVERITY[f.finding.verdict])


def failures_of(operation: OperationReport, answer: Answer, strict: bool) -> Iterator[Failure]:
    """For each case the findings of the most informative check; a disproof before a doubt."""
    against = [f for f in answer.against(strict) if not f.accepted]
    against.sort(key=lambda f: f.verdict in (Verdict.INCONCLUSIVE, Verdict.STOPPED))
    if not against:
        silent = Finding(
            operation.name, answer.question, Verdict.INCONCLUSIVE, "none", "no check reported anything",
            source=operation.source,
        )
        yield Failure(operation, silent, ())
    for case in dict.fromkeys(f.case for f in against):
        of_case = [f for f in against if f.case == case]
        leads = {f.operand: f for f in reversed(of_case) if f.check == of_case[0].check}
        also = tuple(dict.fromkeys(f.check for f in of_case if f.check != of_case[0].check))
        for finding in of_case:
            if leads.get(finding.operand) is finding:
                yield Failure(operation, finding, also)


def moment() -> datetime | None:
    """The timestamp of reports: none, so that the same run gives the same bytes, unless SOURCE_DATE_EPOCH is set.

    Raises UsageError where that is not a number of seconds (https://reproducible-builds.org/specs/source-date-epoch).
    """
    seconds = os.environ.get("SOURCE_DATE_EPOCH")
    if not seconds:
        return None
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"SOURCE_DATE_EPOCH={seconds!r} is not a number of seconds since 1970") from None
