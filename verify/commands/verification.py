"""``all``, names of operations, and ``engine``: verify, report, and say by the exit code how it went."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from fractions import Fraction

from verify.commands.codes import FAILED, INTERRUPTED, NOTHING, OK
from verify.errors import UsageError
from verify.findings import Question
from verify.harness import Options, Subject, verify
from verify.mirror import Row
from verify.reports import text
from verify.reports.targets import targets, write
from verify.subjects.operation import Operation


def run(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Our own engine: all of it, or the operations that ``rest`` names."""
    from verify.subjects.values import own_engine

    return verified(arguments, own_engine(), [] if rest == ["all"] else rest)


def run_engine(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Somebody's engine: the class that the first word names, then operations."""
    if not rest:
        raise UsageError("engine needs a class: package.module:Class, or path/to/file.py:Class")
    from verify.subjects.load import engine_class
    from verify.subjects.values import discovered

    return verified(arguments, discovered(engine_class(rest[0]), rest[0]), rest[1:])


def verified(arguments: argparse.Namespace, subject: Subject, names: Sequence[str]) -> int:
    """Verify ``subject`` as the options say, print the outcome, write the reports."""
    start = time.perf_counter()
    cases = chosen(subject, names)
    options = options_of(arguments)
    wanted = targets(arguments.report)
    if not cases or not options.questions:
        print("verify: nothing selected", file=sys.stderr)
        return NOTHING
    if arguments.proof:
        return _proofs(cases, options)
    if arguments.certificate:
        return _certificate(cases, options, arguments.certificate)
    report = verify(subject, names, options)
    seconds = time.perf_counter() - start
    if arguments.quiet:
        lines = text.failures(report, seconds=seconds, strict=arguments.strict)
    else:
        lines = text.lines(report, full=bool(names), seconds=seconds, strict=arguments.strict, width=_width())
    show(lines, arguments, file=sys.stderr if any(path == "-" for _, path in wanted) else sys.stdout)
    for form, path in wanted:
        write(form, path, report)
    if not report.complete:
        return INTERRUPTED
    return OK if report.ok(arguments.strict) else FAILED


def show(lines: Iterator[str], arguments: argparse.Namespace, file: object = None) -> None:
    """Print, in colour or plain ASCII as the options and the terminal say."""
    shown = "\n".join(lines)
    if not shown:
        return
    if arguments.ascii:
        shown = text.in_ascii(shown)
    if _colour(arguments.color):
        shown = text.coloured(shown)
    print(shown, file=file)  # type: ignore[call-overload]  # any text stream


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
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f": did you mean {close[0]!r}?" if close else f"; there are {', '.join(known)}"


def options_of(arguments: argparse.Namespace) -> Options:
    """The harness's options from the command line's."""
    return Options(
        points=arguments.points,
        seed=arguments.seed,
        questions=_questions(arguments.select),
        jobs=arguments.jobs,
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
        print("\n" * bool(place) + proof.told(case))
        complete &= case.rule_proof is not None and case.rule_proof.status is Status.PROVED
    return OK if complete else FAILED


def _certificate(cases: list[tuple[Operation, Row]], options: Options, path: str) -> int:
    """Write the certificates of every case into one file."""
    from verify.case import Case
    from verify.proof import certificate
    from verify.reports.targets import write_text

    proofs = [Case(operation, row, options).proof for operation, row in cases]
    proved = [proof for proof in proofs if proof is not None]
    write_text(path, certificate.dumps(proved))
    return OK if len(proved) == len(proofs) else FAILED


def _width() -> int | None:
    """The terminal's columns; None for a pipe, where nothing is cut."""
    return os.get_terminal_size(sys.stdout.fileno()).columns if _is_terminal() else None


def _is_terminal() -> bool:
    try:
        return os.isatty(sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):  # captured output has no file number
        return False


def _colour(choice: str) -> bool:
    if choice == "auto":  # https://no-color.org
        return _is_terminal() and not os.environ.get("NO_COLOR")
    return choice == "always"
