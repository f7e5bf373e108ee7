"""The report in a terminal: an aligned line an operation, the findings below it, one closing line."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from backproof.verify.results.findings import Answer, Finding, Question, Verdict, explain, headline
from backproof.verify.results.report import OperationReport, Report
from backproof.verify.support.escape import visible
from backproof.verify.support.layout import WIDTH, folded, labelled, located
from backproof.verify.support.layout import table as aligned

_COLOURS = {"fails": "31", "warns": "33", "passes": "32"}
_ASCII = str.maketrans({"…": "...", "±": "+-", "√": "sqrt", "π": "pi", "²": "^2", "–": "-", "∞": "inf"})


def render(report: Report) -> str:
    """The report as the terminal has it, without the time it took: the same run gives the same bytes."""
    return visible("\n".join(lines(report, full=False, seconds=None, strict=report.strict))) + "\n"


def table(report: Report, width: int = WIDTH) -> str:
    """A row for each operation: name, rule as written, and the verdict on each question."""
    asked = {q for o in report.operations for q in o.answers}
    questions = [q for q in Question if q in asked or not report.operations]
    head = ["operation", "rule as written", *(q.value for q in questions)]
    rows = [
        [o.name, " | ".join(o.rule), *(_cell(o, q) for q in questions)] for o in report.operations
    ]
    return aligned(rows, head, width, fold=(0, 1))


def _cell(operation: OperationReport, question: Question) -> str:
    answer = operation.answers.get(question)
    return answer.verdict.value if answer is not None else ""  # not checked where the rule cannot be read


def lines(report: Report, *, full: bool, seconds: float | None, strict: bool, width: int = WIDTH) -> Iterator[str]:
    """The whole report; ``full`` prints every finding of every operation, else only what fails or warns."""
    yield table(report, width)
    notes: list[str] = []
    for operation in report.operations:
        if full:
            yield ""
            yield from _in_full(operation, width)
            continue
        before: set[str] = set()
        for answer in operation.answers.values():
            counted = [f for f in answer.findings if f.verdict is answer.verdict]
            if answer.fails(strict):
                blocks = list(_first_of(answer, width, before))
                yield from ["", *blocks] if blocks else []
            elif any(f.accepted for f in counted):
                first = {(f.case, f.operand): f for f in reversed(counted) if f.accepted}  # several may have seen it
                notes += [_accepted(f) for f in counted if first.get((f.case, f.operand)) is f]
            elif answer.warning:
                notes += map(_note, counted)
    if notes or report.stale or report.missing:
        yield ""
        for note in notes:
            yield from folded(note, width, hang=len(note.partition(" ")[0]) + 2)
        yield from _about_the_run(report, width)
    yield ""
    yield from _closing(report, seconds, strict, width)


def _closing(report: Report, seconds: float | None, strict: bool, width: int) -> list[str]:
    """The closing line; where it is folded, numbers stay with what they count, and the options of the run together."""
    text = closing(report, seconds=seconds, strict=strict)
    counted, mark, how = text.rpartition("; ")
    kept = re.sub(r"(?<=\d) (?=\w)", "\N{NO-BREAK SPACE}", counted + mark) + how.replace(" ", "\N{NO-BREAK SPACE}")
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in folded(kept, width, hang=2)]


def _about_the_run(report: Report, width: int) -> Iterator[str]:
    """What is not a finding: known failures that fail no more, operations that an interrupt cut off."""
    for known in report.stale:
        note = f"stale  {known}: it fails no more; --update-baseline drops it from the baseline"
        yield from folded(note, width, hang=7)
    if report.missing:
        yield from folded(f"interrupted before {', '.join(report.missing)}", width, hang=2)


def _accepted(finding: Finding) -> str:
    return f"{finding.verdict.value}  {finding.op}: {_what(finding)}   accepted: {finding.accepted}"


def _in_full(operation: OperationReport, width: int) -> Iterator[str]:
    """Every finding: a line for what agrees, the evidence for what does not."""
    yield from located(operation.name, operation.source, operation.source.text, width)
    before: set[str] = set()  # what several checks leave undecided for one reason is reported once
    for finding in operation.findings:
        if finding.verdict.fails or finding.verdict in (Verdict.INACCURATE, Verdict.PROBABLE, Verdict.FRAGILE):
            text = explain(finding, width - 2)
            if text not in before:
                yield _indented(text)
            before.add(text)
        else:
            yield from labelled(f"{finding.verdict.value:<11} {finding.check}", _what(finding), width, column=24)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _first_of(answer: Answer, width: int, before: set[str]) -> Iterator[str]:
    """The first failing finding of each operand in full, those of its other cases and of other checks in a line.

    before: what has been printed for the operation already, under another question; nothing is printed twice
    """
    failing = [f for f in answer.findings if f.fails and not f.accepted] or list(answer.findings)
    format_of: dict[tuple[str, str], Finding] = {}
    others: list[str] = []
    for finding in sorted(failing, key=lambda f: f.verdict in (Verdict.INCONCLUSIVE, Verdict.STOPPED)):
        if any(f.check != finding.check and f.case == finding.case for f in format_of.values()):
            others.append(finding.check)
        else:
            format_of.setdefault((finding.case, finding.operand), finding)
    kinds: dict[tuple[Any, ...], list[Finding]] = {}
    for finding in format_of.values():
        if headline(finding) not in before:
            kinds.setdefault((finding.verdict, finding.check, finding.operand, finding.source), []).append(finding)
        before.add(headline(finding))
    for place, (first, *more) in enumerate(kinds.values()):
        if place:
            yield ""
        yield explain(first, width)
        cases: dict[str, list[str]] = {}
        for finding in more:
            cases.setdefault(finding.message, []).append(finding.case)
        for message, named in cases.items():
            what = "" if message == first.message else f": {message}"
            yield from labelled("likewise", ", ".join(named) + what, width)
    if others and kinds:
        yield from labelled("also", ", ".join(dict.fromkeys(others)), width)


def _what(finding: Finding) -> str:
    operand = f"{finding.operand}: " if finding.operand else ""
    case = f" ({finding.case})" if finding.case else ""
    return f"{operand}{finding.message}{case}"


def _note(finding: Finding) -> str:
    """A warning in one line: the evidence is one command away."""
    return f"{finding.verdict.value}  {finding.op}: {_what(finding)}"


def closing(report: Report, *, seconds: float | None, strict: bool) -> str:
    """The last line: what was counted, the seed, the time."""
    counts = ", ".join(f"{number} {verdict}" for verdict, number in report.summary().items())
    failed = sum(not operation.passes(strict) for operation in report.operations)
    known = sum(bool(finding.accepted) for finding in report.findings)
    what = "stopped by the limits of this machine" if report.only_stopped else "failed"
    outcome = f"{failed} {what}" if failed else f"nothing new failed, {known} known" if known else "all verified"
    if report.stale:
        outcome += f", {len(report.stale)} stale in the baseline"
    took = "" if seconds is None else f", {seconds:.1f} s"
    interrupted = "" if report.complete else " (interrupted: incomplete)"
    operations = len(report.operations)
    return (
        f"{operations} operation{'' if operations == 1 else 's'}, {outcome}{interrupted}: {counts}; "
        f"{report.points} points each, seed {report.seed}{took}"
    )


def in_ascii(text: str) -> str:
    """The text without characters past 127."""
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


def printable(text: str) -> str:
    """The text, without characters that stdout cannot encode, for example on a console of cp1252."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
        return text
    except UnicodeEncodeError:
        return in_ascii(text)


def spelled(report: Report) -> Report:
    """The report in ASCII, which may take more characters."""

    def of_finding(finding: Finding) -> Finding:
        details = tuple((label, in_ascii(text)) for label, text in finding.details)
        op, message, accepted = map(in_ascii, (finding.op, finding.message, finding.accepted))
        return replace(finding, op=op, message=message, accepted=accepted, details=details)

    def of_operation(operation: OperationReport) -> OperationReport:
        answers = {
            question: replace(answer, findings=tuple(map(of_finding, answer.findings)))
            for question, answer in operation.answers.items()
        }
        rule = tuple(map(in_ascii, operation.rule))
        return replace(operation, name=in_ascii(operation.name), rule=rule, answers=answers)

    return replace(report, operations=tuple(map(of_operation, report.operations)))


def coloured(text: str) -> str:
    """The verdicts in colour, by ANSI codes."""

    def paint(match: re.Match[str]) -> str:
        verdict = Verdict(match[0].strip().lower())
        colour = _COLOURS["fails" if verdict.fails else "warns" if verdict.warns else "passes"]
        return f"\x1b[{colour}m{match[0]}\x1b[0m"

    words = "|".join(v.value for v in Verdict)
    in_a_column = rf"(?<=  )(?:{words})(?=  |$)|^ *(?:{words.upper()})(?=  )|^(?:{words})(?=  )"
    lines = text.split("\n")
    return "\n".join(line if line.startswith("operation ") else re.sub(in_a_column, paint, line) for line in lines)


def failures(report: Report, *, seconds: float | None, strict: bool, width: int = WIDTH) -> Iterator[str]:
    """For ``--quiet``: what fails, and the closing line if anything does."""
    failed = bool(report.stale or report.missing)
    yield from _about_the_run(report, width)
    for operation in report.operations:
        before: set[str] = set()
        for answer in operation.answers.values():
            if answer.fails(strict):
                failed = True
                blocks = list(_first_of(answer, width, before))
                yield from [*blocks, ""] if blocks else []
    if failed:
        yield from _closing(report, seconds, strict, width)
