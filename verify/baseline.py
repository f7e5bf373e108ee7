"""Baselines: failures that are known and put up with, each for a reason, so that only new ones fail a run.

A failure is known by who says what about which operation, operand and case: no numbers, no lines, so that it
stays known while the code around it moves.  Known failures that fail no more are stale: debt can only shrink.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.errors import UsageError
from verify.escape import as_json
from verify.findings import Answer, Finding

if TYPE_CHECKING:
    from verify.report import Report

VERSION = 1
UNEXPLAINED = "stood when the baseline was made"


@dataclass(frozen=True, order=True)
class Known:
    """One failure that is put up with, and why."""

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
    """What a finding is known by."""
    return Known(
        finding.op, finding.question.value, finding.check, finding.case, finding.operand, finding.verdict.value
    )


def apply(report: Report, baseline: Iterable[Known], *, allow_stale: bool = False) -> Report:
    """The report with the known failures accepted, and with those that are stale.

    What the run did not look at (other operations, other questions) is neither known nor stale.
    """
    reasons = {replace(known, reason=""): known.reason for known in baseline}
    seen: set[Known] = set()

    def accepted(finding: Finding) -> Finding:
        key = identity(finding)
        seen.add(key)
        return replace(finding, accepted=reasons[key]) if key in reasons else finding

    operations = tuple(
        replace(
            operation,
            answers={q: Answer(q, tuple(map(accepted, a.findings))) for q, a in operation.answers.items()},
        )
        for operation in report.operations
    )
    stale = [] if allow_stale else [
        replace(key, reason=reason) for key, reason in reasons.items() if key not in seen and _looked_at(report, key)
    ]
    return replace(report, operations=operations, stale=tuple(sorted(stale)))


def updated(report: Report, baseline: Iterable[Known]) -> list[Known]:
    """The baseline that lets this report pass: reasons kept, what fails no more dropped, what was not run kept."""
    reasons = {replace(known, reason=""): known.reason for known in baseline}
    failing = {
        identity(finding)
        for operation in report.operations
        for answer in operation.answers.values()
        if answer.verdict.fails or (report.strict and answer.verdict.warns)
        for finding in answer.against(report.strict)
    }
    kept = {key for key in reasons if not _looked_at(report, key)}
    return sorted(replace(key, reason=reasons.get(key, UNEXPLAINED)) for key in failing | kept)


def _looked_at(report: Report, known: Known) -> bool:
    """Whether the run would have met this failure: the operation's question was asked, or the operation is gone."""
    for operation in report.operations:
        if operation.name == known.operation:
            return any(question.value == known.question for question in operation.answers)
    return report.whole and report.complete


def dumps(baseline: Iterable[Known]) -> str:
    """The baseline as its file: sorted, a failure an entry, to be read and edited by people."""
    return as_json({"baseline_version": VERSION, "known": [asdict(known) for known in sorted(baseline)]})


def load(path: str) -> list[Known]:
    """Read a baseline.

    Raises UsageError, naming the entry and what is wrong with it.
    """
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        way = "; --update-baseline makes one" if isinstance(error, FileNotFoundError) else ""
        raise UsageError(f"--baseline {path}: {error.strerror}{way}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--baseline {path}: not JSON: {error}") from error
    if not isinstance(document, dict) or document.get("baseline_version") != VERSION:
        raise UsageError(f"--baseline {path}: not a baseline of version {VERSION}, as --update-baseline writes it")
    entries = document.get("known")
    if not isinstance(entries, list):
        raise UsageError(f'--baseline {path}: "known" is missing, the list of known failures')
    return [_entry(entry, f"--baseline {path}: known failure {place}") for place, entry in enumerate(entries, 1)]


def _entry(entry: Any, place: str) -> Known:
    fields = tuple(Known.__dataclass_fields__)
    if not isinstance(entry, dict) or set(entry) != set(fields):
        raise UsageError(f"{place} must have exactly {', '.join(fields)}")
    if not all(isinstance(value, str) for value in entry.values()):
        raise UsageError(f"{place}: every value is text")
    if not entry["reason"].strip():
        raise UsageError(f"{place} ({entry['operation']}) has no reason: say why it is put up with")
    return Known(**entry)
