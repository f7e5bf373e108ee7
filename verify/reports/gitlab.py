"""GitLab Code Quality: the failures as issues (https://docs.gitlab.com/ci/testing/code_quality/)."""

from __future__ import annotations

from verify.escape import as_json, on_a_line
from verify.findings import Verdict
from verify.report import Report
from verify.reports.failures import failures

SEVERITIES = {
    Verdict.REFUTED: "critical",
    Verdict.MISWIRED: "critical",
    Verdict.UNSAFE: "major",
    Verdict.INCONCLUSIVE: "major",
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
