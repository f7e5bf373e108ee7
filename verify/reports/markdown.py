"""Markdown for a comment on a pull request or a step summary: failures first, cut to fit, what is left out counted.

All text from outside is in <code> or in a fence: names there make no links, mentions, headings or tables.
"""

from __future__ import annotations

import re
from html import escape

from backproof.verify.reports.failures import Failure, failures, worst_first
from backproof.verify.reports.text import closing
from backproof.verify.results.findings import Question, headline
from backproof.verify.results.report import OperationReport, Report
from backproof.verify.support.escape import on_a_line, visible

COMMENT = 65_000  # bytes: GitHub takes 65,536 characters, GitLab a million
_MARKS = {"fails": "❌ ", "accepted": "☑️ ", "warns": "⚠️ ", "passes": ""}


def render(report: Report) -> str:
    """The report for a comment."""
    return within(report, COMMENT)


def within(report: Report, room: int) -> str:
    """The report in at most ``room`` bytes; what does not fit is counted and left out."""
    page = _Page(room)
    page.add(f"### {_title(report)}\n\n{_inline(closing(report, seconds=None, strict=report.strict))}\n\n")
    _run(page, report)
    found = worst_first(failures(report))
    page.add_all([f"{_folded(failure)}\n" for failure in found], "failures")
    bad = {operation.name for operation in report.failing}
    ordered = sorted(report.operations, key=lambda operation: operation.name not in bad)
    if ordered:
        questions = list(ordered[0].answers)
        head = ["operation", "rule as written", *(q.value for q in questions)]
        page.add_all(
            [_row(operation, questions, report.strict) for operation in ordered],
            "operations",
            first=f"| {' | '.join(head)} |\n|{'---|' * len(head)}\n",
        )
    notes = [f"- {_note(report, operation)}\n" for operation in ordered if _note(report, operation)]
    page.add_all(notes, "warnings", first="\n<details><summary>Warnings</summary>\n\n", last="\n</details>\n")
    return page.text


class _Page:
    """Text of limited size."""

    RESERVE = 200  # bytes: for saying what was left out

    def __init__(self, room: int) -> None:
        self.text = ""
        self.left = room - self.RESERVE

    def add(self, text: str) -> bool:
        """Add the text if it fits."""
        size = len(text.encode("utf-8", "backslashreplace"))
        if size > self.left:
            return False
        self.text += text
        self.left -= size
        return True

    def add_all(self, parts: list[str], what: str, first: str = "", last: str = "") -> None:
        """Add as many of the parts as fit, between ``first`` and ``last``; say how many of ``what`` are left."""
        if not parts or not self.add(first):
            return
        self.left -= len(last)
        for place, part in enumerate(parts):
            if not self.add(part):
                self.text += f"\n… and {len(parts) - place} more {what}, which do not fit here.\n\n"
                self.left = 0
                break
        self.text += last


def _title(report: Report) -> str:
    if not report.complete:
        return "⏸️ Derivatives: interrupted"
    if report.ok and any(finding.accepted for finding in report.findings):
        return "☑️ Derivatives: nothing new failed"
    if report.only_stopped:
        return "⏱️ Derivatives: something was stopped by the limits of the machine"
    return "✅ Derivatives verified" if report.ok else "❌ Derivatives: something failed"


def _run(page: _Page, report: Report) -> None:
    if report.missing:
        page.add_all([f"{code(name)} " for name in report.missing], "operations", first="Not verified: ", last="\n\n")
    stale = [f"- {code(str(known))}, accepted for {code(known.reason)}\n" for known in report.stale]
    first = "Known failures that fail no more (drop them from the baseline):\n\n"
    page.add_all(stale, "entries", first=first, last="\n")


def _row(operation: OperationReport, questions: list[Question], strict: bool) -> str:
    cells = [code(operation.name), code(" | ".join(operation.rule))]
    for question in questions:
        answer = operation.answers[question]
        fails, warns = answer.failing or (strict and answer.warning), answer.warning
        state = ("fails" if answer.fails(strict) else "accepted") if fails else "warns" if warns else "passes"
        cells.append(_MARKS[state] + answer.verdict.value)
    return f"| {' | '.join(cells)} |\n"


def _folded(failure: Failure) -> str:
    summary = f"<b>{failure.finding.verdict.value}</b> {code(failure.place)}"
    return f"<details><summary>{summary}</summary>\n\n{fenced(failure.explain())}\n\n</details>\n"


def _note(report: Report, operation: OperationReport) -> str:
    """The warnings of an operation, in a line."""
    warned = [a for a in operation.answers.values() if a.warning and not a.fails(report.strict)]
    texts = [headline(f) for a in warned for f in a.findings if f.verdict is a.verdict]
    return "<br>".join(map(code, texts))


def code(text: str) -> str:
    """Text as inline code that Markdown never interprets."""
    shown = escape(on_a_line(text) or " ")
    return f"<code>{re.sub(r'[^A-Za-z0-9 &#;]', _entity, shown)}</code>"


def _entity(match: re.Match[str]) -> str:
    character = match[0]
    return f"&#{ord(character)};" if ord(character) < 128 else character


def fenced(text: str) -> str:
    """Text as a block, in a fence longer than any inside it."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{visible(text)}\n{fence}"


def _inline(text: str) -> str:
    return escape(on_a_line(text))
