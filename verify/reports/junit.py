"""JUnit XML: one testcase an operation, operand and question.

There is no single schema.  The family xunit2 is what strict readers accept (Jenkins' junit-10.xsd: no file, line or
properties on a testcase); xunit1 has file and line on each testcase, which GitLab shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from backproof.verify.reports.failures import failures_of, moment
from backproof.verify.results.findings import Verdict, explain
from backproof.verify.results.report import Cell, OperationReport, Report
from backproof.verify.support.escape import on_a_line, visible
from backproof.verify.support.version import version


def render(report: Report) -> str:
    """The family xunit2."""
    return _document(report, with_lines=False)


def render_xunit1(report: Report) -> str:
    """The family xunit1."""
    return _document(report, with_lines=True)


def _document(report: Report, *, with_lines: bool) -> str:
    cases = list(_cases(report, with_lines))
    kinds = ("failure", "error", "skipped")
    counts = {kind: str(sum(case.find(kind) is not None for case in cases)) for kind in kinds}
    total = {"tests": str(len(cases)), "failures": counts["failure"], "errors": counts["error"]}
    root = Element("testsuites", {"name": "backproof", **total})
    suite = SubElement(root, "testsuite", {"name": "backproof", **total, "skipped": counts["skipped"]})
    if at := moment():
        suite.set("timestamp", at.strftime("%Y-%m-%dT%H:%M:%S"))
    properties = SubElement(suite, "properties")
    about = {"subject": report.subject, "seed": report.seed, "points": report.points, "version": version()}
    for name, value in about.items():
        SubElement(properties, "property", {"name": name, "value": on_a_line(str(value))})
    suite.extend(cases)
    indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _cases(report: Report, with_lines: bool) -> Iterator[Element]:
    for operation in report.operations:
        for cell in operation.cells():
            case = _case(operation.name, f"{cell.operand}-{cell.question.value}")
            if with_lines:
                _place(case, operation)
            _outcome(case, cell, report.strict)
            yield case
    for name in report.missing:
        case = _case(name, "interrupted")
        _add(case, "error", "interrupted", "the run was interrupted before this operation", "")
        yield case
    for known in report.stale:
        case = _case("baseline", str(known))
        _add(case, "failure", "stale", "a known failure that fails no more", f"{known}\naccepted: {known.reason}")
        yield case


def _case(operation: str, name: str) -> Element:
    return Element("testcase", {"classname": f"verify.{on_a_line(operation)}", "name": on_a_line(name)})


def _place(case: Element, operation: OperationReport) -> None:
    """File and line, and as properties what else a reader may want: only in the family xunit1."""
    case.set("file", on_a_line(operation.source.file))
    case.set("line", str(operation.source.line))
    properties = SubElement(case, "properties")
    SubElement(properties, "property", {"name": "rule", "value": on_a_line(" | ".join(operation.rule))})


def _outcome(case: Element, cell: Cell, strict: bool) -> None:
    answer = cell.answer
    if answer is None:
        _add(case, "skipped", "not reached", "another operand had failed before the checks came to this one", "")
    elif answer.fails(strict):
        found = list(failures_of(cell.operation, answer, strict))
        text = "\n\n".join(failure.explain() for failure in found)
        tag = "error" if answer.verdict is Verdict.STOPPED else "failure"
        _add(case, tag, answer.verdict.value, found[0].finding.message, text)
    elif answer.failing or (strict and answer.warning):
        against = answer.against(strict)
        _add(case, "skipped", "accepted", f"accepted: {against[0].accepted}", "\n\n".join(map(explain, against)))
    elif answer.warning:
        SubElement(case, "system-out").text = visible("\n\n".join(map(explain, answer.against(strict=True))))


def _add(case: Element, tag: str, kind: str, message: str, text: str) -> None:
    SubElement(case, tag, {"type": kind, "message": on_a_line(message)}).text = visible(text)
