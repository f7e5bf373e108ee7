"""The formats a report can be written in: a name, the renderer that writes it, and what it is for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from backproof.verify.results.report import Report
from backproof.verify.support.errors import UsageError
from backproof.verify.support.spelling import suggestion


@dataclass(frozen=True)
class Format:
    """One format.

    module, function: where its renderer is, Report -> text
    pages: for a folder, the function Report -> {file name: text}; "" where the format is one file
    summary: a function (Report, bytes) -> text for the step summary of a CI job, no longer than that
    path: its default path; formulas, plots: whether it shows those of each case
    """

    name: str
    about: str
    module: str
    function: str = "render"
    pages: str = ""
    summary: str = ""
    path: str = ""
    formulas: bool = False
    plots: bool = False

    def _load(self, function: str) -> Callable[..., Any]:
        found: Callable[..., Any] = getattr(import_module(f"backproof.verify.reports.{self.module}"), function)
        return found

    def render(self, report: Report) -> str:
        """The report as one text."""
        text: str = self._load(self.function)(report)
        return text

    def folder(self, report: Report) -> dict[str, str]:
        """The report as the files of a folder, the one to open first last."""
        files: dict[str, str] = self._load(self.pages)(report)
        return files

    def step_summary(self, report: Report, room: int) -> str:
        """The report for the page of a CI job, in at most ``room`` bytes."""
        text: str = self._load(self.summary)(report, room)
        return text


FORMATS = {
    form.name: form
    for form in (
        Format("json", "everything; `render` makes the other formats from it", "json", formulas=True, plots=True),
        Format("text", "as in the terminal", "text"),
        Format("markdown", "for a comment on a pull request", "markdown"),
        Format("html", "a page an operation with formulas and plots: a folder, or one .html file", "html",
               pages="pages", formulas=True, plots=True),
        Format("junit", "JUnit XML, family xunit2: strict readers, Jenkins", "junit"),
        Format("junit-xunit1", "JUnit XML, family xunit1: file and line, GitLab", "junit", "render_xunit1"),
        Format("sarif", "SARIF 2.1.0: failures at their lines, GitHub code scanning", "sarif", formulas=True),
        Format("github", "annotations on stdout, and the step summary", "github", summary="summary", path="-"),
        Format("gitlab", "GitLab Code Quality", "gitlab"),
        Format("badge", "a shields.io endpoint", "badge"),
        Format("badge-svg", "the badge as an image", "badge", "render_svg"),
    )
}
"""Every format by its name."""


def format_named(name: str) -> Format:
    """The format of this name.

    Raises UsageError with the nearest name, or all there are.
    """
    if name in FORMATS:
        return FORMATS[name]
    raise UsageError(f"--report: {name!r} is not a format{suggestion(name, FORMATS)}")
