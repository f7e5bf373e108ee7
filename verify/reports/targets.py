"""Where a report goes: ``FORMAT=PATH``, written whole or not at all."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from verify.errors import OutputError, UsageError
from verify.report import Report


def targets(texts: Sequence[str]) -> list[tuple[str, str]]:
    """Each ``FORMAT=PATH`` as its two parts.

    Raises UsageError for an unknown format or a missing path.
    """
    found = []
    for text in texts:
        form, _, path = text.partition("=")
        if form != "json":
            raise UsageError(f"--report {text!r}: the format is json, as in --report json=report.json")
        if not path:
            raise UsageError(f"--report {text!r} needs a path: --report {form}=PATH, or {form}=- for stdout")
        found.append((form, path))
    return found


def write(form: str, path: str, report: Report) -> None:
    """Render the report and put it where it belongs.

    Raises OutputError, naming the path and the reason, where it cannot be written.
    """
    from verify.reports import json

    write_text(path, json.render(report))


def write_text(path: str, content: str) -> None:
    """Write a file whole or not at all: beside its place first, then renamed.  ``-`` is stdout."""
    if path == "-":
        sys.stdout.write(content)
        return
    target = Path(path)
    partial = target.with_name(target.name + ".partial")
    try:
        partial.write_text(content, encoding="utf-8")
        partial.replace(target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise OutputError(f"{path} cannot be written: {error.strerror}") from error
