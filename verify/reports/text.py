"""The report in a terminal: an aligned line an operation, the findings below it, one closing line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tabulate import tabulate

from verify.escape import visible
from verify.findings import Answer, Finding, Question, Verdict, told
from verify.report import OperationReport, Report

_COLOURS = {"fails": "31", "warns": "33", "passes": "32"}
_ASCII = str.maketrans({"…": "...", "±": "+-", "√": "sqrt", "π": "pi", "²": "^2", "–": "-", "∞": "inf"})


def render(report: Report) -> str:
    """The report as the terminal has it, but for the time it took: the same run gives the same bytes."""
    return visible("\n".join(lines(report, full=False, seconds=None, strict=report.strict, width=None))) + "\n"


def table(report: Report, width: int | None = None) -> str:
    """One line an operation: name, rule as written, and a verdict to each question.

    ``width``: columns of the terminal; a rule too long for it is cut there.  None cuts nothing.
    """
    asked = {q for o in report.operations for q in o.answers}
    questions = [q for q in Question if q in asked or not report.operations]
    head = ["operation", "rule as written", *(q.value for q in questions)]
    rows = [
        [o.name, " | ".join(o.rule), *(_cell(o, q) for q in questions)] for o in report.operations
    ]
    if width is not None and rows:
        padded = [f"{text}  " for text in head]  # tabulate gives a heading two columns more than it needs
        others = sum(2 + max(len(row[i]) for row in (padded, *rows)) for i in range(len(head)) if i != 1)
        room = max(12, width - others)
        for row in rows:
            row[1] = row[1] if len(row[1]) <= room else row[1][: room - 1] + "…"
    return tabulate(rows, head, tablefmt="simple", disable_numparse=True)


def _cell(operation: OperationReport, question: Question) -> str:
    answer = operation.answers.get(question)
    return answer.verdict.value if answer is not None else ""  # not asked of what cannot be read


def lines(report: Report, *, full: bool, seconds: float | None, strict: bool, width: int | None) -> Iterator[str]:
    """The whole report; ``full`` tells every witness of every operation, else only what fails or warns."""
    yield table(report, width)
    notes: list[str] = []
    for operation in report.operations:
        if full:
            yield ""
            yield from _in_full(operation)
            continue
        for answer in operation.answers.values():
            counted = [f for f in answer.findings if f.verdict is answer.verdict]
            if answer.fails(strict):
                yield ""
                yield from _first_of(answer)
            elif any(f.accepted for f in counted):
                notes += [_accepted(f) for f in counted if f.accepted]
            elif answer.verdict.warns:
                notes += map(_note, counted)
    if notes or report.stale or report.missing:
        yield ""
        yield from notes
        yield from _about_the_run(report)
    yield ""
    yield closing(report, seconds=seconds, strict=strict)


def _about_the_run(report: Report) -> Iterator[str]:
    """What is no finding: known failures that fail no more, operations that an interrupt cut off."""
    for known in report.stale:
        yield f"stale  {known}: it fails no more; --update-baseline drops it from the baseline"
    if report.missing:
        yield f"interrupted before {', '.join(report.missing)}"


def _accepted(finding: Finding) -> str:
    return f"{finding.verdict.value}  {finding.op}: {_what(finding)}   accepted: {finding.accepted}"


def _in_full(operation: OperationReport) -> Iterator[str]:
    """Every witness: a line for what agrees, the evidence for what does not."""
    yield f"{operation.name}   {operation.source}   {operation.source.text}".rstrip()
    for finding in operation.findings:
        if finding.verdict.fails or finding.verdict in (Verdict.INACCURATE, Verdict.PROBABLE):
            yield _indented(told(finding))
        else:
            yield f"  {finding.verdict.value:<11} {finding.check:<12} {_what(finding)}"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def _first_of(answer: Answer) -> Iterator[str]:
    """The first failing finding of each case and operand in full; who else saw it, in a line."""
    failing = [f for f in answer.findings if f.verdict.fails and not f.accepted] or list(answer.findings)
    told_of: dict[tuple[str, str], Finding] = {}
    others: list[str] = []
    for finding in sorted(failing, key=lambda f: f.verdict is Verdict.INCONCLUSIVE):
        if any(f.check != finding.check and f.case == finding.case for f in told_of.values()):
            others.append(finding.check)
        else:
            told_of.setdefault((finding.case, finding.operand), finding)
    for place, finding in enumerate(told_of.values()):
        if place:
            yield ""
        yield told(finding)
    if others:
        yield f"  {'also':<11} {', '.join(dict.fromkeys(others))}"


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
    outcome = f"{failed} failed" if failed else f"nothing new failed, {known} known" if known else "all verified"
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


def failures(report: Report, *, seconds: float | None, strict: bool) -> Iterator[str]:
    """For ``--quiet``: what fails, and the closing line if anything does."""
    failed = bool(report.stale or report.missing)
    yield from _about_the_run(report)
    for operation in report.operations:
        for answer in operation.answers.values():
            if answer.fails(strict):
                failed = True
                yield from _first_of(answer)
                yield ""
    if failed:
        yield closing(report, seconds=seconds, strict=strict)
