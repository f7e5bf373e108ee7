"""The report that a run returns: the model of `verify.results.report`, with text, JSON and notebook representations."""

from __future__ import annotations

from dataclasses import dataclass

from backproof.verify.results import report


@dataclass(frozen=True)
class Report(report.Report):
    """A whole run, with its text for a terminal, its JSON and its Markdown.

    The renderers are loaded when they are needed: a run loads them while its workers are busy.
    """

    def __str__(self) -> str:
        """As the terminal shows it: a row for each operation, the findings below."""
        from backproof.verify.reports.text import printable, render

        return printable(render(self).rstrip())

    def to_json(self) -> str:
        """The report as ``--report json`` writes it."""
        from backproof.verify.reports.json import render

        return render(self)

    def _repr_markdown_(self) -> str:
        """For notebooks."""
        from backproof.verify.reports.markdown import render

        return render(self)
