"""``render``: a saved report in other formats, without verifying again."""

from __future__ import annotations

import argparse
from dataclasses import replace

from backproof.verify.commands.codes import OK
from backproof.verify.reports.saved import load
from backproof.verify.reports.targets import targets, write
from backproof.verify.support.errors import UsageError


def run(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Write the report in the file that ``rest`` names, in every requested format, as text without any.

    The exit code says only whether the report was written, not whether the saved run failed.
    """
    if len(rest) != 1:
        raise UsageError("render needs one file, as written by --report json=FILE")
    wanted = targets(arguments.report or ["text=-"])
    report = load(rest[0])
    report = replace(report, strict=report.strict or arguments.strict)
    for target in wanted:
        write(target, report)
    return OK
