"""``render``: a saved report in other formats, without verifying again."""

from __future__ import annotations

import argparse
from dataclasses import replace

from verify.commands.codes import OK
from verify.errors import UsageError
from verify.reports.saved import load
from verify.reports.targets import targets, write


def run(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Write the report in the file that ``rest`` names, in every format asked for, as text without any.

    What it says was the exit code of its own run; this one only says whether it was written.
    """
    if len(rest) != 1:
        raise UsageError("render needs one file, as written by --report json=FILE")
    wanted = targets(arguments.report or ["text=-"])
    report = load(rest[0])
    report = replace(report, strict=report.strict or arguments.strict)
    for target in wanted:
        write(target, report)
    return OK
