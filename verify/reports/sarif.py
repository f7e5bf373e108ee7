"""SARIF 2.1.0: failures only, at the line of the rule (a pass would become an alert in GitHub code scanning).

Texts and fingerprints hold no measured number, so that a failure is the same failure in the next run; the numbers
are in the help and in the properties.  A rule id is a kind of failure and the operation: BP101/tanh.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from backproof.verify.reports.failures import HEADLINES, Failure, failures, moment
from backproof.verify.reports.markdown import code, fenced
from backproof.verify.results.findings import Finding, Question, Source, Verdict
from backproof.verify.results.report import OperationReport, PlotData, Report
from backproof.verify.support.escape import as_json, on_a_line, visible
from backproof.verify.support.version import version

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "%SRCROOT%"

IDS = {
    (Question.RIGHT, Verdict.REFUTED): ("BP101", "WrongDerivative"),
    (Question.RIGHT, Verdict.INCONCLUSIVE): ("BP102", "UndecidedDerivative"),
    (Question.RIGHT, Verdict.MATCHED): ("BP103", "UnprovedDerivative"),
    (Question.RIGHT, Verdict.PROBABLE): ("BP104", "ProbableDerivative"),
    (Question.RIGHT, Verdict.STOPPED): ("BP105", "StoppedBeforeRight"),
    (Question.ACCURATE, Verdict.INACCURATE): ("BP201", "LostDigits"),
    (Question.ACCURATE, Verdict.INCONCLUSIVE): ("BP202", "UndecidedAccuracy"),
    (Question.ACCURATE, Verdict.STOPPED): ("BP203", "StoppedBeforeAccurate"),
    (Question.SAFE, Verdict.UNSAFE): ("BP301", "InvalidAnswer"),
    (Question.SAFE, Verdict.INCONCLUSIVE): ("BP302", "UndecidedSafety"),
    (Question.SAFE, Verdict.FRAGILE): ("BP303", "FragileBeyondWorkingRange"),
    (Question.SAFE, Verdict.STOPPED): ("BP304", "StoppedBeforeSafe"),
    (Question.WIRED, Verdict.MISWIRED): ("BP401", "WrongWiring"),
    (Question.WIRED, Verdict.INCONCLUSIVE): ("BP402", "UndecidedWiring"),
    (Question.WIRED, Verdict.STOPPED): ("BP403", "StoppedBeforeWired"),
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
        "defaultConfiguration": {"level": _level(failure.finding)},
        "properties": {"tags": ["correctness", "derivative", failure.finding.question.value], "precision": "very-high"},
    }


def _asked(question: Question) -> str:
    return {
        Question.RIGHT: "The rule must be the derivative of the operation, everywhere in its domain.",
        Question.ACCURATE: "In floats the rule must keep its digits.",
        Question.SAFE: "The rule must return valid gradients at kinks, at edges and where floats overflow.",
        Question.WIRED: "The rule must pass gradients on correctly.",
    }[question]


def _level(finding: Finding) -> str:
    return "warning" if finding.warns else "error"


def _plain(operation: OperationReport) -> str:
    lines = [f"rule: {' | '.join(operation.rule)}"]
    for plot_data in operation.plot_data:
        lines += [f"{label}: {formula}" for label, formula in _formulas(operation, plot_data)]
    return "\n".join((*lines, f"rerun: {operation.command}"))


def _markdown(operation: OperationReport) -> str:
    """The derivation: the operation, its derivative, the rule, and the proof as far as it got."""
    parts = [f"**{code(operation.name)}**, rule as written: {code(' | '.join(operation.rule))}"]
    for plot_data in operation.plot_data:
        parts += [f"- {label}: {code(formula)}" for label, formula in _formulas(operation, plot_data)]
        parts.append(fenced(plot_data.proof))
    parts.append(f"Run it again:\n\n{fenced(operation.command)}")
    return "\n\n".join(parts)


def _formulas(operation: OperationReport, plot_data: PlotData) -> list[tuple[str, str]]:
    named = zip(operation.operands, plot_data.partials, strict=False)
    label = f"definition ({on_a_line(plot_data.case)})" if plot_data.case else "definition"
    return [(label, plot_data.definition), *((f"d/d{on_a_line(operand)}", partial) for operand, partial in named)]


def _result(failure: Failure, rule: int) -> dict[str, Any]:
    finding = failure.finding
    return {
        "ruleId": _id(failure),
        "ruleIndex": rule,
        "level": _level(finding),
        "message": {"text": f"{on_a_line(failure.headline)}."},
        "locations": [_location(finding.source or failure.operation.source, failure.operation.name)],
        "partialFingerprints": {
            "primaryLocationLineHash": f"{failure.fingerprint[:16]}:1",
            "backproof/v1": failure.fingerprint,
        },
        "properties": {
            "check": visible(finding.check),
            "evidence": visible(failure.explain()),
            "point": {visible(name): visible(value) for name, value in finding.point.items()},
        },
    }


def _location(source: Source, name: str) -> dict[str, Any]:
    """The rule's line; one without a known line is placed at the first line of an unknown file: SARIF requires one."""
    region: dict[str, Any] = {"startLine": max(1, source.line), "endLine": max(1, source.line)}
    if source.text:
        region["snippet"] = {"text": visible(source.text)}
    uri = quote(on_a_line(source.file).replace("\\", "/") or "unknown")
    return {
        "physicalLocation": {"artifactLocation": {"uri": uri, "uriBaseId": ROOT}, "region": region},
        "logicalLocations": [{"fullyQualifiedName": on_a_line(name), "kind": "function"}],
    }
