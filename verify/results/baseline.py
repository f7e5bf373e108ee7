"""Baselines: known failures that are accepted, each for a reason, so that only new ones fail a run.

A failure is identified by check, verdict, operation, operand and case: no numbers, no lines, so that it
stays known while the code around it moves.  Known failures that fail no more are stale: the list can only shrink.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from backproof.verify.results.findings import Answer, Finding, Known, Verdict, identity
from backproof.verify.results.report import AnyReport, Report
from backproof.verify.support.errors import UsageError
from backproof.verify.support.escape import as_json

VERSION = 1
UNEXPLAINED = "existed when the baseline was made"






def apply(report: AnyReport, baseline: Iterable[Known], *, allow_stale: bool = False) -> AnyReport:
    """The report with the known failures accepted, and with those that are stale.

    What the run did not check (other operations, other questions) is neither known nor stale.
    """
    reasons = {replace(known, reason=""): known.reason for known in baseline}
    seen: set[Known] = set()

    def accepted(finding: Finding) -> Finding:
        key = identity(finding)
        seen.add(key)
        known = key in reasons and finding.verdict is not Verdict.STOPPED  # which is no verdict that could be known
        return replace(finding, accepted=reasons[key]) if known else finding

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
        if answer.failing or (report.strict and answer.warning)
        for finding in answer.against(report.strict)
        if finding.verdict is not Verdict.STOPPED
    }
    kept = {key for key in reasons if not _looked_at(report, key)}
    return sorted(replace(key, reason=reasons.get(key, UNEXPLAINED)) for key in failing | kept)


def _looked_at(report: Report, known: Known) -> bool:
    """Whether the run would have met this failure: the operation's question was checked, or the operation is gone."""
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
        document = json.loads(Path(path).read_text(encoding="utf-8-sig"))
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
        raise UsageError(f"{place} ({entry['operation']}) has no reason: say why it is accepted")
    return Known(**entry)
