"""``all``, names of operations, and ``engine``: verify, report, and return the exit code."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib import import_module

from backproof.verify.commands.arguments import check_point, chosen, options_of, without_reports
from backproof.verify.commands.codes import FAILED, INTERRUPTED, NOTHING, OK, STOPPED
from backproof.verify.config.options import Options
from backproof.verify.reports.output import to_stdout as to_standard_output
from backproof.verify.reports.output import write_text
from backproof.verify.reports.targets import formulas, plots, targets, to_stdout, write
from backproof.verify.results import baseline
from backproof.verify.results.findings import Known, Question
from backproof.verify.run.harness import verify
from backproof.verify.run.report import Report
from backproof.verify.subjects.sandbox import silence
from backproof.verify.subjects.subject import Elsewhere, PartedSubject, Specified, Subject
from backproof.verify.support.errors import UsageError
from backproof.verify.support.escape import visible
from backproof.verify.support.layout import columns


def run_engine(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Another engine, or pairs of functions: what the first word names, then operations."""
    if not rest:
        raise UsageError("engine needs a class: package.module:Class, or path/to/file.py:Class")
    from backproof.verify.run.targets import holds_pairs, subject_named
    from backproof.verify.subjects.engines.discovery import discovered
    from backproof.verify.subjects.load import place_of

    place = place_of(rest[0])
    try:
        subject: Subject = discovered(place)
    except UsageError:
        if not holds_pairs(place):
            raise
        subject = subject_named(rest[0])
    return verified(arguments, subject, rest[1:])


def in_workers(subject: Subject, names: Sequence[str], options: Options) -> Report:
    """Verify in workers, and load the renderers while they are busy: that takes as long as a dozen operations."""

    def load() -> None:
        for module in ("backproof.verify.reports.text", "tabulate"):
            import_module(module)

    return verify(subject, names, options, meanwhile=load)


_SECOND = (Question.RIGHT, Question.ACCURATE)


def verified(
    arguments: argparse.Namespace,
    subject: Subject,
    names: Sequence[str],
    how: Callable[..., Report] = in_workers,
    *,
    named: bool = False,
) -> int:
    """Verify ``subject`` as the options say (by ``how``, in workers or here), print the outcome, write the reports.

    The evidence is printed in full for operations requested by ``names``, at a point that is asked for,
    or where the subject itself is (``named``); else a row each, and what fails.
    """
    full = named or bool(names or arguments.point)
    wanted = targets(arguments.report)
    known = accepted(arguments)
    if arguments.order == 2:
        from backproof.verify.subjects.engines.second_order import second_order

        subject = second_order(subject)
    alone = arguments.proof or arguments.certificate or arguments.coq
    here = alone or arguments.accuracy or arguments.dtype or arguments.exhaustive
    elsewhere = isinstance(subject, PartedSubject) or (isinstance(subject, Elsewhere) and not arguments.point)
    read = here or not elsewhere  # else its code runs in workers alone
    cases = chosen(subject, names) if read else []
    names = list(dict.fromkeys(operation.name for operation, _ in cases)) if names and read else names
    options = replace(options_of(arguments), plot_data=formulas(wanted), plots=plots(wanted))
    if arguments.order == 2:  # kinks and wiring are the first order's
        options = replace(options, questions=tuple(q for q in options.questions if q in _SECOND))
    if read and options.point:
        check_point(options, cases)
    if (read and not cases) or not options.questions:
        why = f": {subject.name} has no operations" if read and not cases else ""
        print(f"verify: nothing selected{why}", file=sys.stderr)
        return NOTHING
    if arguments.proof:
        return _proofs(cases, options)
    if arguments.accuracy or arguments.dtype or arguments.exhaustive:
        from backproof.verify.commands import accuracy as command

        without_reports(arguments, "--accuracy, --dtype and --exhaustive")
        return command.run(cases, options, arguments, full=full)
    if arguments.certificate:
        return _certificate(cases, options, arguments.certificate)
    if arguments.coq:
        from backproof.verify.commands import coq

        return coq.run(cases, options, arguments.coq)
    report = replace(how(subject, names, options), strict=arguments.strict)
    if known is not None:
        report = with_baseline(report, known, arguments)
    from backproof.verify.reports import text

    seconds = time.perf_counter() - arguments.started
    explain = text.spelled(report) if arguments.ascii else report  # before it is folded into lines
    if arguments.quiet:
        lines = text.failures(explain, seconds=seconds, strict=arguments.strict, width=columns())
    else:
        lines = text.lines(explain, full=full, seconds=seconds, strict=arguments.strict, width=columns())
    show(lines, arguments, file=sys.stderr if to_stdout(wanted) else sys.stdout)
    for target in wanted:
        write(target, report)
    if not report.complete:
        return INTERRUPTED
    return OK if report.ok else STOPPED if report.only_stopped else FAILED


def accepted(arguments: argparse.Namespace) -> list[Known] | None:
    """The failures that ``--baseline`` accepts; none yet where it is about to be made.

    Raises UsageError where the file cannot be used, or an option is given without it.
    """
    if not arguments.baseline:
        for option in ("update_baseline", "allow_stale"):
            if getattr(arguments, option):
                raise UsageError(f"--{option.replace('_', '-')} needs --baseline FILE")
        return None
    if arguments.update_baseline and not os.path.exists(arguments.baseline):
        return []
    return baseline.load(arguments.baseline)


def with_baseline(report: Report, known: list[Known], arguments: argparse.Namespace) -> Report:
    """The report as the baseline has it; with ``--update-baseline`` as the new baseline has it, which is written."""
    if arguments.update_baseline:
        known = baseline.updated(report, known)
        write_text(arguments.baseline, baseline.dumps(known))
    return baseline.apply(report, known, allow_stale=arguments.allow_stale)


def show(lines: Iterator[str], arguments: argparse.Namespace, file: object = None) -> None:
    """Print, in colour or plain ASCII as the options and the terminal say."""
    from backproof.verify.reports import text

    shown = visible("\n".join(lines))
    if not shown:
        return
    if arguments.ascii:
        shown = text.in_ascii(shown)
    if _colour(arguments.color):
        shown = text.coloured(shown)
    if file is sys.stderr:
        print(shown, file=file)
    else:
        to_standard_output(shown + "\n")


def _proofs(cases: list[Specified], options: Options) -> int:
    """Print the proof of every case."""
    from backproof.verify.checks.case import Case
    from backproof.verify.checks.cases import case_of
    from backproof.verify.proof.result import Status
    from backproof.verify.reports import proof

    complete = True
    for place, (operation, spec) in enumerate(cases):
        case = case_of(operation, spec, options)
        with silence():
            if isinstance(case, Case):
                explain, found = proof.explain(case, columns()), case.rule_proof
            else:
                explain, found = proof.format_arrays(case.title, operation.source, columns()), None
        print("\n" * bool(place) + explain)
        complete &= found is not None and found.status is Status.PROVED
    return OK if complete else FAILED


def _certificate(cases: list[Specified], options: Options, path: str) -> int:
    """Write the certificates into one file, a line a case."""
    from backproof.verify.checks.case import Case
    from backproof.verify.checks.cases import case_of
    from backproof.verify.checks.certified import about
    from backproof.verify.proof.certificate.claims import Uncertifiable
    from backproof.verify.proof.certificate.writer import certificate

    lines = []
    for operation, spec in cases:
        case = case_of(operation, spec, options)
        try:
            if not isinstance(case, Case):
                raise Uncertifiable("so large an array is tested as a whole")
            with silence():
                proved = case.proof
            if proved is None:
                raise Uncertifiable(case.untraced)
            lines.append(certificate(proved, about(case)))
        except Uncertifiable as reason:
            print(f"verify: {case.title} has no certificate: {reason}", file=sys.stderr)
    write_text(path, "".join(lines))
    return OK if len(lines) == len(cases) else FAILED


def _is_terminal() -> bool:
    try:
        return os.isatty(sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):  # captured output has no file number
        return False


def _colour(choice: str) -> bool:
    if choice == "auto":  # https://no-color.org
        return _is_terminal() and not os.environ.get("NO_COLOR")
    return choice == "always"
