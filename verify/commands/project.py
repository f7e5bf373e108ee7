"""``all`` and names of operations: of the subjects that the project's pyproject.toml names, else of our own engine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from verify.commands.codes import FAILED, OK
from verify.commands.verification import in_workers, verified
from verify.config import Config, unused, waived
from verify.errors import UsageError
from verify.options import Options
from verify.report import Report
from verify.subjects.subject import Subject


def run(arguments: argparse.Namespace, rest: list[str]) -> int:
    """All of it, or the operations that ``rest`` names."""
    config: Config | None = arguments.config
    if "all" in rest and len(rest) > 1:
        others = " ".join(name for name in rest if name != "all")
        raise UsageError(f"`all` is every operation already: say `all`, or `{others or 'all'}` alone")
    names = [] if rest == ["all"] else rest
    if config is None:
        return verified(arguments, _own(), names)

    def how(subject: Subject, names: Sequence[str], options: Options) -> Report:
        found = replace(in_workers(subject, names, options), strict=arguments.strict)
        report = waived(found, config.waivers, date.today())
        if report.whole and report.complete:
            for waiver in unused(report, config.waivers):
                way_out = "it fails no more: take the waiver out of pyproject.toml"
                print(f"verify: the waiver of {waiver} waives nothing; {way_out}", file=sys.stderr)
        return report

    from verify.subjects.together import together

    waived_operations = [waiver.operation for waiver in config.waivers]
    subject = together(_subjects(config), config.corners or {}, waived_operations)
    code = verified(arguments, subject, names, how)
    return OK if code == FAILED and config.fail_on == "nothing" else code


def _subjects(config: Config) -> tuple[Subject, ...]:
    from verify.subjects.named import subject_named

    return tuple(subject_named(name, config.folder) for name in config.subjects) or (_own(),)


def _own() -> Subject:
    from verify.subjects.values import own_engine

    return own_engine()
