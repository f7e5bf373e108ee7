"""GitLab Code Quality: the failures as issues (https://docs.gitlab.com/ci/testing/code_quality/)."""

from __future__ import annotations

from backproof.verify.reports.failures import failures
from backproof.verify.results.findings import Verdict
from backproof.verify.results.report import Report
from backproof.verify.support.escape import as_json, on_a_line

SEVERITIES = {
    Verdict.REFUTED: "critical",
    Verdict.MISWIRED: "critical",
    Verdict.UNSAFE: "major",
    Verdict.INCONCLUSIVE: "major",
    Verdict.STOPPED: "major",
}


def render(report: Report) -> str:
    """A list of issues; without a failure it is empty."""
    return as_json(
        [
            {
                "description": on_a_line(failure.headline),
                "check_name": f"backproof/{failure.finding.question.value}",
                "fingerprint": failure.fingerprint,
                "severity": SEVERITIES.get(failure.finding.verdict, "minor"),
                "location": {
                    "path": on_a_line((failure.finding.source or failure.operation.source).file) or "unknown",
                    "lines": {"begin": max(1, (failure.finding.source or failure.operation.source).line)},
                },
            }
            for failure in failures(report)
        ]
    )
