"""``all`` and names of operations: of the subjects in the project's pyproject.toml, else of backproof's own engine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from backproof.verify.commands.codes import FAILED, OK
from backproof.verify.commands.verification import in_workers, verified
from backproof.verify.config.options import Options
from backproof.verify.config.project import Config, unused, waived
from backproof.verify.run.report import Report
from backproof.verify.subjects.subject import Elsewhere, Subject
from backproof.verify.support.errors import UsageError
from backproof.verify.support.processes import forks


def run(arguments: argparse.Namespace, rest: list[str]) -> int:
    """All of it, or the operations that ``rest`` names."""
    config: Config | None = arguments.config
    if "all" in rest and len(rest) > 1:
        others = " ".join(name for name in rest if name != "all")
        raise UsageError(f"`all` is every operation already: say `all`, or `{others or 'all'}` alone")
    names = [] if rest == ["all"] else rest
    if config is None:
        return verified(arguments, _own(names), names)

    def how(subject: Subject, names: Sequence[str], options: Options) -> Report:
        found = replace(in_workers(subject, names, options), strict=arguments.strict)
        report = waived(found, config.waivers, date.today())
        if report.whole and report.complete:
            for waiver in unused(report, config.waivers):
                way_out = "it fails no more: remove the waiver from pyproject.toml"
                print(f"verify: the waiver of {waiver} matches nothing; {way_out}", file=sys.stderr)
        return report

    code = verified(arguments, project_subject(config), names, how)
    return OK if code == FAILED and config.fail_on == "nothing" else code


def project_subject(config: Config | None) -> Subject:
    """The subjects of the project as one; without a project backproof's own engine."""
    if config is None:
        from backproof.verify.subjects.engines.own import own_engine

        return own_engine()
    from backproof.verify.subjects.project_subjects import together

    waived_operations = [waiver.operation for waiver in config.waivers]
    declared = config.kinks or {}, waived_operations, config.bounds or {}, config.surrogates or {}
    return together(_subjects(config), *declared)


def _subjects(config: Config) -> tuple[Subject, ...]:
    from backproof.verify.run.targets import subject_named

    return tuple(subject_named(name, config.folder) for name in config.subjects) or (_own(),)


def _own(names: Sequence[str] = ("",)) -> Subject:
    """Backproof's own engine; read in the workers only, where those are started anew and all names are known."""
    from backproof.engine import OPS, Value

    if not forks() and OPS.keys() >= set(names):
        return Elsewhere(f"{Value.__module__}:{Value.__qualname__}", "backproof.verify.subjects.engines.own:own_engine")
    from backproof.verify.subjects.engines.own import own_engine

    return own_engine()
