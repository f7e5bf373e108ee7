"""The report in a terminal: an aligned line an operation, the findings below it, one closing line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tabulate import tabulate

from verify.findings import Finding, Question, Verdict, told
from verify.report import OperationReport, Report

_COLOURS = {"fails": "31", "warns": "33", "passes": "32"}
_ASCII = str.maketrans({"…": "...", "±": "+-", "√": "sqrt", "π": "pi", "²": "^2", "–": "-", "∞": "inf"})


def table(report: Report, width: int | None = None) -> str:
    """One line an operation: name, rule as written, and a verdict to each question.

    ``width``: columns of the terminal; a rule too long for it is cut there.  None cuts nothing.
    """
    questions = list(report.operations[0].answers) if report.operations else list(Question)
    head = ["operation", "rule as written", *(q.value for q in questions)]
    rows = [
        [o.name, " | ".join(o.rule), *(_cell(o, q) for q in questions)] for o in report.operations
    ]
    if width is not None and rows:
        others = sum(2 + max(len(row[i]) for row in (head, *rows)) for i in range(len(head)) if i != 1)
        room = max(12, width - others)
        for row in rows:
            row[1] = row[1] if len(row[1]) <= room else row[1][: room - 1] + "…"
    return tabulate(rows, head, tablefmt="simple", disable_numparse=True)


def _cell(operation: OperationReport, question: Question) -> str:
    return operation.answers[question].verdict.value


def lines(report: Report, *, full: bool, seconds: float, strict: bool, width: int | None) -> Iterator[str]:
    """The whole report; ``full`` tells every finding with its evidence, else only those that fail."""
    yield table(report, width)
    notes: list[str] = []
    for operation in report.operations:
        for finding in operation.findings:
            warns = finding.verdict.warns and _counts(report, finding)
            if full or finding.verdict.fails or (strict and warns):
                yield ""
                yield told(finding)
            elif warns:
                notes.append(_note(finding))
    if notes:
        yield ""
        yield from notes
    yield ""
    yield closing(report, seconds=seconds, strict=strict)


def _note(finding: Finding) -> str:
    """A warning in one line: the evidence is one command away."""
    operand = f" in {finding.operand}" if finding.operand else ""
    case = f" ({finding.case})" if finding.case else ""
    return f"{finding.verdict.value}  {finding.op}{operand}{case}: {finding.message}"


def closing(report: Report, *, seconds: float, strict: bool) -> str:
    """The last line: what was counted, the seed, the time."""
    counts = ", ".join(f"{number} {verdict}" for verdict, number in report.summary().items())
    failed = sum(not operation.ok(strict) for operation in report.operations)
    outcome = f"{failed} failed" if failed else "all verified"
    interrupted = "" if report.complete else " (interrupted: incomplete)"
    operations = len(report.operations)
    return (
        f"{operations} operation{'' if operations == 1 else 's'}, {outcome}{interrupted}: {counts}; "
        f"{report.points} points each, seed {report.seed}, {seconds:.1f} s"
    )


def in_ascii(text: str) -> str:
    """The text without characters past 127."""
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


def coloured(text: str) -> str:
    """The verdicts in colour, by ANSI codes."""

    def paint(match: re.Match[str]) -> str:
        verdict = Verdict(match[0].lower())
        colour = _COLOURS["fails" if verdict.fails else "warns" if verdict.warns else "passes"]
        return f"\x1b[{colour}m{match[0]}\x1b[0m"

    words = "|".join(v.value for v in Verdict)
    return re.sub(rf"(?<![\w-])(?:{words})(?![\w-])|^(?:{words.upper()})(?=  )", paint, text, flags=re.MULTILINE)


def failures(report: Report, *, seconds: float, strict: bool) -> Iterator[str]:
    """For ``--quiet``: what fails, and the closing line if anything does."""
    failed = [
        f for f in report.findings if f.verdict.fails or (strict and f.verdict.warns and _counts(report, f))
    ]
    for finding in failed:
        yield told(finding)
        yield ""
    if failed:
        yield closing(report, seconds=seconds, strict=strict)


def _counts(report: Report, finding: Finding) -> bool:
    """The finding's own verdict is that of its answer: a match beside a proof is no warning."""
    return report[finding.op].answers[finding.question].verdict is finding.verdict
