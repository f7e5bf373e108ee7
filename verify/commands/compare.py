"""``compare``: what got better, worse, new or gone between two saved reports."""

from __future__ import annotations

import argparse

from backproof.verify.commands.codes import FAILED, OK
from backproof.verify.reports.changes import WORSE, Change, changes
from backproof.verify.reports.output import to_stdout
from backproof.verify.reports.saved import load
from backproof.verify.results.report import Report
from backproof.verify.support.errors import UsageError
from backproof.verify.support.escape import visible
from backproof.verify.support.layout import columns, folded, table

HEAD = ["", "operation", "operand", "question", "before", "after"]


def run(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Compare the report in the first file that ``rest`` names with that in the second; 1 if anything is worse."""
    if len(rest) != 2:
        raise UsageError("compare needs two files, as written by --report json=FILE: the old one, then the new one")
    old, new = map(load, rest)
    found = list(changes(old, new))
    shown = [change for change in found if not arguments.quiet or change.kind == WORSE]
    to_stdout(visible(_told(shown, old, new, found)) + "\n")
    return FAILED if any(change.kind == WORSE for change in found) else OK


def _told(shown: list[Change], old: Report, new: Report, found: list[Change]) -> str:
    rows = [[c.kind, c.operation, c.operand, c.question.value, c.before, c.after] for c in shown]
    parts = [table(rows, HEAD, columns(), fold=(1, 2))] if rows else []
    for name, report in (("old", old), ("new", new)):
        if not report.complete:
            note = f"the {name} report was interrupted: operations missing from it count as neither gone nor new"
            parts.append("\n".join(folded(note, columns())))
    kinds = [change.kind for change in found]
    counted = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds)) or "no change"
    parts.append(f"{counted}; {len(old.operations)} operations before, {len(new.operations)} after")
    return "\n\n".join(parts)
