"""``all``, names of operations, and ``engine``: verify, report, and say by the exit code how it went."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from fractions import Fraction
from importlib import import_module

from verify import baseline
from verify.baseline import Known
from verify.commands.codes import FAILED, INTERRUPTED, NOTHING, OK
from verify.errors import UsageError
from verify.escape import visible
from verify.findings import Question
from verify.harness import verify
from verify.lines import columns
from verify.mirror import Row
from verify.options import Options
from verify.report import Report
from verify.reports.output import to_stdout as to_standard_output
from verify.reports.output import write_text
from verify.reports.targets import formulas, plots, targets, to_stdout, write
from verify.subjects.operation import Operation
from verify.subjects.sandbox import silence
from verify.subjects.subject import PartedSubject, Subject


def run_engine(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Somebody's engine, or pairs of functions: what the first word names, then operations."""
    if not rest:
        raise UsageError("engine needs a class: package.module:Class, or path/to/file.py:Class")
    from verify.subjects.foreign import discovered
    from verify.subjects.load import place_of
    from verify.subjects.named import holds_pairs, subject_named

    place = place_of(rest[0])
    try:
        subject: Subject = discovered(place)
    except UsageError:
        if not holds_pairs(place):
            raise
        subject = subject_named(rest[0])
    return verified(arguments, subject, rest[1:])


def in_workers(subject: Subject, names: Sequence[str], options: Options) -> Report:
    """Verify in workers, and load what tells of it while they are busy: that takes as long as a dozen operations."""

    def load() -> None:
        for module in ("verify.reports.text", "tabulate"):
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

    The evidence is told in full for operations that are asked for by ``names``, or where the subject itself is so
    (``named``); else a row each, and what fails.
    """
    full = named or bool(names)
    wanted = targets(arguments.report)
    known = accepted(arguments)
    if arguments.order == 2:
        from verify.subjects.second import second_order

        subject = second_order(subject)
    here = arguments.proof or arguments.certificate or arguments.accuracy or arguments.dtype or arguments.exhaustive
    read = here or not isinstance(subject, PartedSubject)  # else its code runs in workers alone
    cases = chosen(subject, names) if read else []
    options = replace(options_of(arguments), portraits=formulas(wanted), plots=plots(wanted))
    if arguments.order == 2:  # corners and wiring are the first order's
        options = replace(options, questions=tuple(q for q in options.questions if q in _SECOND))
    if read and options.point:
        _check_point(options, cases)
    if (read and not cases) or not options.questions:
        print("verify: nothing selected", file=sys.stderr)
        return NOTHING
    if arguments.proof:
        return _proofs(cases, options)
    if arguments.accuracy or arguments.dtype or arguments.exhaustive:
        from verify.accuracy import command

        without_reports(arguments, "--accuracy, --dtype and --exhaustive")
        return command.run(cases, options, arguments, full=full)
    if arguments.certificate:
        return _certificate(cases, options, arguments.certificate)
    report = replace(how(subject, names, options), strict=arguments.strict)
    if known is not None:
        report = with_baseline(report, known, arguments)
    from verify.reports import text

    seconds = time.perf_counter() - arguments.started
    told = text.spelled(report) if arguments.ascii else report  # before it is folded into lines
    if arguments.quiet:
        lines = text.failures(told, seconds=seconds, strict=arguments.strict, width=columns())
    else:
        lines = text.lines(told, full=full, seconds=seconds, strict=arguments.strict, width=columns())
    show(lines, arguments, file=sys.stderr if to_stdout(wanted) else sys.stdout)
    for target in wanted:
        write(target, report)
    if not report.complete:
        return INTERRUPTED
    return OK if report.ok else FAILED


def without_reports(arguments: argparse.Namespace, what: str) -> None:
    """Raises UsageError for options that only a verification can do something with."""
    given = [name for name in ("report", "baseline", "certificate") if getattr(arguments, name)]
    if given:
        named = ", ".join(f"--{name}" for name in given)
        raise UsageError(f"{named}: {what} tell of accuracy on stdout and write nothing else; leave one of them out")


def _check_point(options: Options, cases: Sequence[tuple[Operation, Row]]) -> None:
    """Raises UsageError for a point of inputs that no operation has."""
    given = {name for name, _ in options.point}
    if cases and not any(given == set(row.inputs) for _, row in cases):
        inputs = " or ".join(dict.fromkeys(", ".join(row.inputs) for _, row in cases))
        raise UsageError(f"--point: a point of {', '.join(sorted(given))}, and the inputs are {inputs}")


def accepted(arguments: argparse.Namespace) -> list[Known] | None:
    """The failures that ``--baseline`` puts up with; none yet where it is about to be made.

    Raises UsageError where the file cannot be used, or an option stands without it.
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
    from verify.reports import text

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


def chosen(subject: Subject, names: Sequence[str]) -> list[tuple[Operation, Row]]:
    """The subject's cases of these operations, all without names.

    Raises UsageError for an unknown name, with the nearest known one.
    """
    cases = list(subject.operations())
    known = list(dict.fromkeys(operation.name for operation, _ in cases))
    for name in names:
        if name not in known:
            raise UsageError(f"{name!r} is no operation of {subject.name}{nearest(name, known)}")
    return [case for case in cases if not names or case[0].name in names]


def nearest(name: str, known: Sequence[str]) -> str:
    """The way out of an unknown name: the likeliest, or all there are."""
    close = get_close_matches(name, known, n=1, cutoff=0.5) or get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    return f": did you mean {close[0]!r}?" if close else f"; there are {', '.join(known)}"


def options_of(arguments: argparse.Namespace) -> Options:
    """The harness's options from the command line's."""
    return Options(
        points=arguments.points,
        seed=arguments.seed,
        questions=_questions(arguments.select),
        jobs=arguments.jobs,
        seconds=arguments.seconds,
        point=tuple(map(_coordinate, arguments.point)),
    )


def _questions(select: str) -> tuple[Question, ...]:
    if not select:
        return tuple(Question)
    known = [q.value for q in Question]
    wanted = [word.strip() for word in select.split(",")]
    for word in wanted:
        if word not in known:
            raise UsageError(f"--select: {word!r} is no question{nearest(word, known)}")
    return tuple(q for q in Question if q.value in wanted)


def _coordinate(text: str) -> tuple[str, float]:
    """``x=0x1.6p-1``, ``x=7/10`` or ``x=0.7``."""
    name, _, value = text.partition("=")
    try:
        if not name.strip():
            raise ValueError
        number = float.fromhex(value) if "0x" in value.lower() else float(Fraction(value))
    except (ValueError, ZeroDivisionError, OverflowError):
        raise UsageError(f"--point {text!r}: write x=0.7, x=7/10 or x=0x1.6666666666666p-1") from None
    return name.strip(), number


def _proofs(cases: list[tuple[Operation, Row]], options: Options) -> int:
    """Tell the proof of every case."""
    from verify.case import Case
    from verify.proof.result import Status
    from verify.reports import proof

    complete = True
    for place, (operation, row) in enumerate(cases):
        case = Case(operation, row, options)
        with silence():
            told = proof.told(case, columns())
        print("\n" * bool(place) + told)
        complete &= case.rule_proof is not None and case.rule_proof.status is Status.PROVED
    return OK if complete else FAILED


def _certificate(cases: list[tuple[Operation, Row]], options: Options, path: str) -> int:
    """Write the certificates into one file, a line a case."""
    from verify.case import Case
    from verify.proof.certificate import Uncertifiable, certificate

    lines = []
    for operation, row in cases:
        case = Case(operation, row, options)
        try:
            with silence():
                proved = case.proof
            if proved is None:
                raise Uncertifiable(case.untraced)
            lines.append(certificate(proved))
        except Uncertifiable as reason:
            name = f"{operation.name} ({row.case})" if row.case else operation.name
            print(f"verify: {name} has no certificate: {reason}", file=sys.stderr)
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
