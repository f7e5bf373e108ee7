"""Where reports go: each ``FORMAT=PATH`` of the command line, and the step summary of a CI job."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from backproof.verify.reports.formats import Format, format_named
from backproof.verify.reports.output import append_text, write_folder, write_text
from backproof.verify.results.report import Report
from backproof.verify.support.errors import UsageError

SUMMARY = "GITHUB_STEP_SUMMARY"
SUMMARY_BYTES = 1024 * 1024 - 1024  # the size limit of a step summary, less a margin
ONE_FILE = (".html", ".htm")


@dataclass(frozen=True)
class Target:
    """A format and the path it goes to, ``-`` for stdout."""

    form: Format
    path: str

    @property
    def is_folder(self) -> bool:
        """A format of several pages goes to a folder, unless the path names one file."""
        return bool(self.form.pages) and self.path != "-" and Path(self.path).suffix.lower() not in ONE_FILE


def targets(texts: Sequence[str]) -> list[Target]:
    """Each ``FORMAT=PATH``, or ``FORMAT`` alone where it has a usual place.

    Raises UsageError for an unknown format, a missing path, or two reports in one place.
    """
    found: list[Target] = []
    for text in texts:
        name, _, path = text.partition("=")
        form = format_named(name)
        path = path or form.path
        if not path:
            raise UsageError(f"--report {text!r} needs a path: --report {name}=PATH, or {name}=- for stdout")
        for other in found:
            if _same(other.path, path):
                place = "stdout" if path == "-" else path
                raise UsageError(f"--report: {other.form.name} and {name} both go to {place}; give each its own")
        found.append(Target(form, path))
    return found


def _same(a: str, b: str) -> bool:
    return a == b or ("-" not in (a, b) and os.path.abspath(a) == os.path.abspath(b))


def to_stdout(wanted: Iterable[Target]) -> bool:
    """Whether stdout is taken by a report."""
    return any(target.path == "-" for target in wanted)


def formulas(wanted: Iterable[Target]) -> bool:
    """Whether a format shows the formulas of the cases, which are written out only then."""
    return any(target.form.formulas for target in wanted)


def plots(wanted: Iterable[Target]) -> bool:
    """Whether a format shows plots, which are computed only then."""
    return any(target.form.plots for target in wanted)


def write(target: Target, report: Report) -> None:
    """Render the report and write it to its target.

    Raises OutputError, naming the path and the reason, where it cannot be written.
    """
    if target.is_folder:
        write_folder(target.path, target.form.folder(report))
    else:
        write_text(target.path, target.form.render(report))
    place = os.environ.get(SUMMARY)
    if target.form.summary and place:
        room = SUMMARY_BYTES - (Path(place).stat().st_size if Path(place).is_file() else 0)
        append_text(place, target.form.step_summary(report, room))
