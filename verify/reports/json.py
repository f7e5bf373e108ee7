"""The report as JSON: everything, versioned; numbers that matter are exact text, never a bare NaN.

The schema is schema.json beside this file.  Within a schema version fields are only added.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from backproof.verify.results.findings import Answer, Finding, Source
from backproof.verify.results.report import OperationReport, PlotData, Report, Series
from backproof.verify.support.escape import as_json
from backproof.verify.support.version import version

SCHEMA_VERSION = 2


def render(report: Report) -> str:
    """The whole report as one JSON document."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "backproof", "version": version()},
        "subject": report.subject,
        "seed": report.seed,
        "points": report.points,
        "strict": report.strict,
        "whole": report.whole,
        "complete": report.complete,
        "missing": list(report.missing),
        "ok": report.ok,
        "summary": report.summary(),
        "stale": [asdict(known) for known in report.stale],
        "operations": [_operation(o) for o in report.operations],
    }
    return as_json(document)


def _operation(operation: OperationReport) -> dict[str, Any]:
    return {
        "name": operation.name,
        "operands": list(operation.operands),
        "rule": list(operation.rule),
        "source": _source(operation.source),
        "command": operation.command,
        **{question.value: _answer(answer) for question, answer in operation.answers.items()},
        "plot_data": [_plot_data(p) for p in operation.plot_data],
    }


def _answer(answer: Answer) -> dict[str, Any]:
    return {"verdict": answer.verdict.value, "findings": [_finding(f) for f in answer.findings]}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "verdict": finding.verdict.value,
        "check": finding.check,
        "operand": finding.operand,
        "case": finding.case,
        "message": finding.message,
        "details": [{"label": label, "text": text} for label, text in finding.details],
        "point": finding.point,
        "source": _source(finding.source) if finding.source else None,
        "accepted": finding.accepted,
    }


def _source(source: Source) -> dict[str, Any]:
    return {"file": source.file, "line": source.line, "text": source.text}


def _plot_data(plot_data: PlotData) -> dict[str, Any]:
    return {
        "case": plot_data.case,
        "definition": plot_data.definition,
        "partials": list(plot_data.partials),
        "domain": plot_data.domain,
        "kinks": [{"where": kink.where, "returns": list(kink.returns)} for kink in plot_data.kinks],
        "proof": plot_data.proof,
        "series": [_series(series) for series in plot_data.series],
    }


def _series(series: Series) -> dict[str, Any]:
    """A column is one text, its numbers separated by spaces: hundreds of them on a line each would be unreadable."""
    columns = {name: " ".join(numbers) for name, numbers in series.columns.items()}
    return {
        "name": series.name,
        "operand": series.operand,
        "at": series.at,
        "kinks": list(series.kinks),
        "columns": columns,
    }
