"""GitHub Actions: annotations at the lines of the rules, and a step summary.

A step shows ten annotations at most, so the worst come first and the tenth says how many are left.
"""

from __future__ import annotations

from backproof.verify.reports import markdown
from backproof.verify.reports.failures import Failure, failures, worst_first
from backproof.verify.results.findings import Source
from backproof.verify.results.report import Report
from backproof.verify.support.escape import visible

MOST = 10


def render(report: Report) -> str:
    """Workflow commands, one a line."""
    found = worst_first(failures(report))
    notes = [f"stale in the baseline: {known}" for known in report.stale]
    if report.missing:
        notes.append(f"interrupted before {', '.join(report.missing)}")
    lines = [_annotation(failure) for failure in found]
    lines += [f"::error title=backproof::{_data(note)}" for note in notes]
    if len(lines) > MOST:
        left = len(lines) - MOST + 1
        pointer = f"::error title=backproof::and {left} more: see the step summary, or the log of this step"
        lines = [*lines[: MOST - 1], pointer]
    return "".join(f"{line}\n" for line in lines)


def summary(report: Report, room: int) -> str:
    """The Markdown report, in at most ``room`` bytes."""
    return markdown.within(report, room)


def _annotation(failure: Failure) -> str:
    finding = failure.finding
    source: Source = finding.source or failure.operation.source
    level = "warning" if finding.warns else "error"
    title = f"{finding.verdict.value}: {failure.place}"
    where = f"file={_property(source.file)},line={max(1, source.line)}," if source.file else ""
    return f"::{level} {where}title={_property(title)}::{_data(failure.explain())}"


def _data(text: str) -> str:
    return visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
