"""The report as JSON: everything, versioned; numbers that matter are exact text, never a bare NaN."""

from __future__ import annotations

import json
from typing import Any

from verify.findings import Answer, Finding, Source
from verify.report import OperationReport, Report
from verify.version import version

SCHEMA_VERSION = 1


def render(report: Report) -> str:
    """The whole report as one JSON document."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "backproof", "version": version()},
        "subject": report.subject,
        "seed": report.seed,
        "points": report.points,
        "complete": report.complete,
        "summary": report.summary(),
        "operations": [_operation(o) for o in report.operations],
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _operation(operation: OperationReport) -> dict[str, Any]:
    return {
        "name": operation.name,
        "rule": list(operation.rule),
        "source": _source(operation.source),
        **{question.value: _answer(answer) for question, answer in operation.answers.items()},
    }


def _answer(answer: Answer) -> dict[str, Any]:
    return {"verdict": answer.verdict.value, "findings": [_finding(f) for f in answer.findings]}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "verdict": finding.verdict.value,
        "check": finding.check,
        "operand": finding.operand,
        "message": finding.message,
        "details": [{"label": label, "text": text} for label, text in finding.details],
        "point": finding.point,
        "source": _source(finding.source) if finding.source else None,
    }


def _source(source: Source) -> dict[str, Any]:
    return {"file": source.file, "line": source.line, "text": source.text}
