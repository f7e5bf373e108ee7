"""The one reader of arguments: the options of a run, the operations that are named, and what goes with what."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from fractions import Fraction

from backproof.verify.config.options import Options
from backproof.verify.results.findings import Question
from backproof.verify.subjects.subject import Specified, Subject
from backproof.verify.support.errors import UsageError
from backproof.verify.support.spelling import suggestion


def options_of(arguments: argparse.Namespace) -> Options:
    """The harness's options from the command line's."""
    return Options(
        points=arguments.points,
        seed=arguments.seed,
        questions=_questions(arguments.select),
        jobs=arguments.jobs,
        fuel=arguments.fuel,
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
            raise UsageError(f"--select: {word!r} is not a question{nearest(word, known)}")
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


def check_point(options: Options, cases: Sequence[Specified]) -> None:
    """Raises UsageError for a point of inputs that no operation has."""
    given = {name for name, _ in options.point}
    if cases and not any(given == set(operation.inputs) for operation, _ in cases):
        inputs = " or ".join(dict.fromkeys(", ".join(operation.inputs) for operation, _ in cases))
        raise UsageError(f"--point: a point of {', '.join(sorted(given))}, and the inputs are {inputs}")


def without_reports(arguments: argparse.Namespace, what: str) -> None:
    """Raises UsageError for options that only a verification can do something with."""
    given = [name for name in ("report", "baseline", "certificate", "coq") if getattr(arguments, name)]
    if given:
        named = ", ".join(f"--{name}" for name in given)
        raise UsageError(f"{named}: {what} print the accuracy to stdout and write nothing else; leave one of them out")


def engine_and_names(rest: Sequence[str]) -> tuple[str, list[str]]:
    """``package.module:Class`` if the first word is one ("" for the built-in engine), and the operations after it."""
    return (rest[0], list(rest[1:])) if rest and ":" in rest[0] else ("", list(rest))


def chosen(subject: Subject, names: Sequence[str]) -> list[Specified]:
    """The subject's cases of these operations, all without names; of a function all of its derivatives.

    Raises UsageError for an unknown name, with the nearest known one.
    """
    cases = list(subject.operations())
    known = list(dict.fromkeys(operation.name for operation, _ in cases))
    wanted: set[str] = set()
    for name in names:
        meant = [one for one in known if one == name] or [one for one in known if one.startswith(f"{name}.")]
        if not meant:
            raise UsageError(f"{name!r} is not an operation of {subject.name}{nearest(name, known)}")
        wanted.update(meant)
    return [case for case in cases if not names or case[0].name in wanted]


def nearest(name: str, known: Sequence[str]) -> str:
    """A suggestion for an unknown name: the nearest known one, or all."""
    return suggestion(name, known, few=math.inf)
