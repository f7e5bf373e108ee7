"""SARIF 2.1.0: failures only, at the line of the rule (a pass would become an alert in GitHub code scanning).

Texts and fingerprints hold no measured number, so that a failure is the same failure in the next run; the numbers
are in the help and in the properties.  A rule id is a kind of failure and the operation: BP101/tanh.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from verify.escape import as_json, on_a_line, visible
from verify.findings import Question, Source, Verdict
from verify.report import OperationReport, Portrait, Report
from verify.reports.failures import HEADLINES, Failure, failures, moment
from verify.reports.markdown import code, fenced
from verify.version import version

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "%SRCROOT%"

IDS = {
    (Question.RIGHT, Verdict.REFUTED): ("BP101", "WrongDerivative"),
    (Question.RIGHT, Verdict.INCONCLUSIVE): ("BP102", "UndecidedDerivative"),
    (Question.RIGHT, Verdict.MATCHED): ("BP103", "UnprovedDerivative"),
    (Question.RIGHT, Verdict.PROBABLE): ("BP104", "ProbableDerivative"),
    (Question.ACCURATE, Verdict.INACCURATE): ("BP201", "LostDigits"),
    (Question.ACCURATE, Verdict.INCONCLUSIVE): ("BP202", "UndecidedAccuracy"),
    (Question.SAFE, Verdict.UNSAFE): ("BP301", "InvalidAnswer"),
    (Question.SAFE, Verdict.INCONCLUSIVE): ("BP302", "UndecidedSafety"),
    (Question.WIRED, Verdict.MISWIRED): ("BP401", "WrongWiring"),
    (Question.WIRED, Verdict.INCONCLUSIVE): ("BP402", "UndecidedWiring"),
}


def render(report: Report) -> str:
    """One run, with a rule for each kind of failure of each operation, and a result for each failure."""
    found = failures(report)
    rules: dict[str, dict[str, Any]] = {}
    for failure in found:
        rules.setdefault(_id(failure), _rule(failure))
    places = {name: place for place, name in enumerate(rules)}
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "backproof",
                "semanticVersion": version(),
                "informationUri": "https://pypi.org/project/backproof/",
                "rules": list(rules.values()),
            }
        },
        "automationDetails": {"id": "backproof/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the source tree."}}},
        "invocations": [_invocation(report)],
        "results": [_result(failure, places[_id(failure)]) for failure in found],
        "properties": {"subject": visible(report.subject), "seed": report.seed, "points": report.points},
    }
    return as_json({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _invocation(report: Report) -> dict[str, Any]:
    found: dict[str, Any] = {"executionSuccessful": report.complete}
    if at := moment():
        found["endTimeUtc"] = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    notes = [f"Interrupted before {on_a_line(name)}." for name in report.missing]
    notes += [f"Stale in the baseline: {on_a_line(str(known))}." for known in report.stale]
    if notes:
        found["toolExecutionNotifications"] = [{"level": "warning", "message": {"text": note}} for note in notes]
    return found


def _kind(failure: Failure) -> tuple[str, str]:
    return IDS.get((failure.finding.question, failure.finding.verdict), ("BP000", "Failure"))


def _id(failure: Failure) -> str:
    return f"{_kind(failure)[0]}/{on_a_line(failure.finding.op)}"


def _rule(failure: Failure) -> dict[str, Any]:
    operation = failure.operation
    headline = HEADLINES.get(failure.finding.verdict, failure.finding.verdict.value)
    return {
        "id": _id(failure),
        "name": _kind(failure)[1],
        "shortDescription": {"text": f"{on_a_line(operation.name)}: {headline}."},
        "fullDescription": {"text": _asked(failure.finding.question)},
        "help": {"text": visible(_plain(operation)), "markdown": _markdown(operation)},
        "defaultConfiguration": {"level": _level(failure.finding.verdict)},
        "properties": {"tags": ["correctness", "derivative", failure.finding.question.value], "precision": "very-high"},
    }


def _asked(question: Question) -> str:
    return {
        Question.RIGHT: "The rule must be the derivative of the operation, everywhere in its domain.",
        Question.ACCURATE: "In floats the rule must keep its digits.",
        Question.SAFE: "The rule must answer sensibly where the operation bends, ends or overflows.",
        Question.WIRED: "The rule must pass gradients on correctly.",
    }[question]


def _level(verdict: Verdict) -> str:
    return "warning" if verdict.warns else "error"


def _plain(operation: OperationReport) -> str:
    lines = [f"rule: {' | '.join(operation.rule)}"]
    for portrait in operation.portraits:
        lines += [f"{label}: {formula}" for label, formula in _formulas(operation, portrait)]
    return "\n".join((*lines, f"again: {operation.command}"))


def _markdown(operation: OperationReport) -> str:
    """The derivation: what the operation is, its derivative, the rule beside it, and the proof as far as it got."""
    parts = [f"**{code(operation.name)}**, rule as written: {code(' | '.join(operation.rule))}"]
    for portrait in operation.portraits:
        parts += [f"- {label}: {code(formula)}" for label, formula in _formulas(operation, portrait)]
        parts.append(fenced(portrait.proof))
    parts.append(f"Run it again:\n\n{fenced(operation.command)}")
    return "\n\n".join(parts)


def _formulas(operation: OperationReport, portrait: Portrait) -> list[tuple[str, str]]:
    named = zip(operation.operands, portrait.slopes, strict=False)
    label = f"definition ({on_a_line(portrait.case)})" if portrait.case else "definition"
    return [(label, portrait.definition), *((f"d/d{on_a_line(operand)}", slope) for operand, slope in named)]


def _result(failure: Failure, rule: int) -> dict[str, Any]:
    finding = failure.finding
    return {
        "ruleId": _id(failure),
        "ruleIndex": rule,
        "level": _level(finding.verdict),
        "message": {"text": f"{on_a_line(failure.headline)}."},
        "locations": [_location(finding.source or failure.operation.source, failure.operation.name)],
        "partialFingerprints": {
            "primaryLocationLineHash": f"{failure.fingerprint[:16]}:1",
            "backproof/v1": failure.fingerprint,
        },
        "properties": {
            "check": visible(finding.check),
            "evidence": visible(failure.told()),
            "point": {visible(name): visible(value) for name, value in finding.point.items()},
        },
    }


def _location(source: Source, name: str) -> dict[str, Any]:
    """The rule's line; a rule without a known one is placed at the first line of an unknown file: one is asked for."""
    region: dict[str, Any] = {"startLine": max(1, source.line), "endLine": max(1, source.line)}
    if source.text:
        region["snippet"] = {"text": visible(source.text)}
    uri = quote(on_a_line(source.file).replace("\\", "/") or "unknown")
    return {
        "physicalLocation": {"artifactLocation": {"uri": uri, "uriBaseId": ROOT}, "region": region},
        "logicalLocations": [{"fullyQualifiedName": on_a_line(name), "kind": "function"}],
    }
