"""The command line: ``python -m verify all | list | engine SPEC | <operation> ...``."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NoReturn

from verify.errors import UsageError
from verify.version import version

OK, FAILED, USAGE, INTERNAL, NOTHING, INTERRUPTED = 0, 1, 2, 3, 5, 130

_EPILOG = """\
what to verify:
  all                            every operation of the engine
  tanh gelu max                  just these, with the evidence in full
  list                           every operation: definition, domain, corners, rule as written
  engine micrograd.engine:Value  somebody else's engine (then, if you like, operations)

exit codes: 0 all verified, 1 something failed, 2 usage, 3 internal error, 5 nothing selected, 130 interrupted
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def parser() -> argparse.ArgumentParser:
    """The options, with their defaults."""
    p = _Parser(
        prog="python -m verify",
        description="Verify hand-written derivatives: right, accurate, safe, wired.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    p.add_argument("what", nargs="*", help="all, list, engine, or names of operations", metavar="WHAT")
    p.add_argument("--points", type=_at_least(1), default=1000, metavar="N", help="points per operand combination")
    p.add_argument("--seed", type=_at_least(0), default=0, metavar="S", help="the points derive from it")
    p.add_argument("--point", action="append", default=[], metavar="x=V", help="look at this point as well")
    p.add_argument("--select", default="", metavar="Q,Q", help="only these questions: right,accurate,safe,wired")
    p.add_argument("--strict", action="store_true", help="warnings fail the run too")
    p.add_argument(
        "--report", action="append", default=[], metavar="FORMAT=PATH", help="json=PATH, or json=- for stdout"
    )
    p.add_argument("--jobs", type=_at_least(0), default=0, metavar="N", help="worker processes (0: one a core)")
    p.add_argument("--color", choices=("auto", "always", "never"), default="auto")
    p.add_argument("--ascii", action="store_true", help="no characters past ASCII")
    p.add_argument("--quiet", action="store_true", help="only what fails")
    p.add_argument("--version", action="version", version=f"backproof {version()}")
    return p


def _at_least(least: int):  # type: ignore[no-untyped-def]  # argparse wants a plain callable
    def whole(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
        if number < least:
            raise argparse.ArgumentTypeError(f"{number} is less than {least}")
        return number

    return whole


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    try:
        arguments = parser().parse_args(argv)
        return _dispatch(arguments)
    except UsageError as error:
        print(f"verify: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # the reader has gone (`| head`): that is no error of ours, and Python must not complain at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INTERNAL


def _dispatch(arguments: argparse.Namespace) -> int:
    what: list[str] = arguments.what
    if not what:
        raise UsageError("nothing to verify: say `all`, or names of operations (`list` shows them)")
    if what[0] == "list":
        return _list(arguments, what[1:])
    from verify.subjects.values import own_engine

    if what[0] == "engine":
        if len(what) < 2:
            raise UsageError("engine needs a class: package.module:Class, or path/to/file.py:Class")
        from verify.subjects.load import engine_class
        from verify.subjects.values import discovered

        return _verify(arguments, discovered(engine_class(what[1])), what[2:])
    return _verify(arguments, own_engine(), [] if what == ["all"] else what)


def _verify(arguments: argparse.Namespace, subject, names: list[str]) -> int:  # type: ignore[no-untyped-def]
    from verify.harness import Options, verify
    from verify.reports import text

    start = time.perf_counter()
    known = list(dict.fromkeys(operation.name for operation, _ in subject.operations()))
    for name in names:
        if name not in known:
            raise UsageError(f"{name!r} is no operation of {subject.name}{_nearest(name, known)}")
    options = Options(
        points=arguments.points,
        seed=arguments.seed,
        questions=_questions(arguments.select),
        jobs=arguments.jobs,
        point=_point(arguments.point),
    )
    targets = [_target(target) for target in arguments.report]
    if not options.questions or not known:
        print("verify: nothing selected", file=sys.stderr)
        return NOTHING
    report = verify(subject, names, options)
    shown = "\n".join(
        text.lines(
            report,
            full=bool(names) and not arguments.quiet,
            seconds=time.perf_counter() - start,
            strict=arguments.strict,
            width=_width(),
        )
        if not arguments.quiet
        else text.failures(report, seconds=time.perf_counter() - start, strict=arguments.strict)
    )
    if arguments.ascii:
        shown = text.in_ascii(shown)
    if _colour(arguments.color):
        shown = text.coloured(shown)
    to_stdout = any(path == "-" for _, path in targets)
    print(shown, file=sys.stderr if to_stdout else sys.stdout)
    for form, path in targets:
        _write(form, path, report)
    if not report.complete:
        return INTERRUPTED
    return OK if report.ok(arguments.strict) else FAILED


def _nearest(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f": did you mean {close[0]!r}?" if close else f"; there are {', '.join(known)}"


def _questions(select: str):  # type: ignore[no-untyped-def]
    from verify.findings import Question

    if not select:
        return tuple(Question)
    wanted = [word.strip() for word in select.split(",")]
    for word in wanted:
        if word not in {q.value for q in Question}:
            raise UsageError(f"--select {word!r} is no question{_nearest(word, [q.value for q in Question])}")
    return tuple(q for q in Question if q.value in wanted)


def _point(texts: list[str]) -> tuple[tuple[str, float], ...]:
    """``x=0x1.6p-1`` or ``x=7/10`` or ``x=0.7``, each exact where a float can be."""
    from fractions import Fraction

    found = []
    for text in texts:
        name, _, value = text.partition("=")
        try:
            number = float.fromhex(value) if "0x" in value.lower() else float(Fraction(value))
        except (ValueError, ZeroDivisionError, OverflowError):
            raise UsageError(f"--point {text!r}: write x=0.7, x=7/10 or x=0x1.6666666666666p-1") from None
        found.append((name.strip(), number))
    return tuple(found)


def _target(text: str) -> tuple[str, str]:
    form, _, path = text.partition("=")
    if form != "json":
        raise UsageError(f"--report {text!r}: the format is json, as in --report json=report.json")
    if not path:
        raise UsageError(f"--report {text!r} needs a path: --report {form}=PATH, or {form}=- for stdout")
    return form, path


def _write(form: str, path: str, report) -> None:  # type: ignore[no-untyped-def]
    from verify.reports import json

    content = json.render(report)
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
        raise UsageError(f"--report {form}={path}: {error.strerror}") from error


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


def _list(arguments: argparse.Namespace, names: list[str]) -> int:
    from tabulate import tabulate

    from verify.subjects.values import own_engine

    rows = []
    for operation, row in own_engine().operations():
        if not names or operation.name in names:
            corners = "; ".join(
                " and ".join(f"{e} = 0" for e in corner.at) + " -> " + ", ".join(map(str, corner.answers))
                for corner in row.corners
            )
            domain = "" if row.domain == True else str(row.domain)  # noqa: E712 - SymPy's true
            name = f"{operation.name} ({row.case})" if row.case else operation.name
            rows.append([name, str(row.form), domain, corners, " | ".join(operation.written())])
    if not rows:
        raise UsageError(f"{names[0]!r} is no operation of the engine")
    head = ["operation", "definition", "domain", "corners: answer", "rule as written"]
    print(tabulate(rows, head, tablefmt="simple", disable_numparse=True))
    return OK
