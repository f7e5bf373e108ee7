"""Subjects by name, as a command line or a configuration has them, and subjects that installed adapters know."""

from __future__ import annotations

import os
import shlex
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from verify.errors import UsageError, in_a_line
from verify.subjects.load import Place, place_of
from verify.subjects.sandbox import Failed, Lost, Step, apart, silence
from verify.subjects.subject import Subject

GROUP = "verify.subjects"
"""The group of entry points: functions that take a target and return its subject, or None if it is not theirs."""


_PAIRS = (list, tuple, dict)
_SILENT = 30.0  # seconds without a word from a process, in which a pair ends by itself after 20


def subject_named(name: str, base: Path | None = None) -> Subject:
    """``rules.toml``, ``package.module:Class``, ``path/to/file.py:Class`` or ``package.module:PAIRS``.

    base: where paths begin, if not in the working directory

    Raises UsageError for what cannot be found.
    """
    if name.endswith(".toml"):
        from verify.subjects.rules_file import rules_file

        return rules_file(_from(base, name))
    from verify.subjects.foreign import discovered

    path, colon, attribute = name.partition(".py:")
    place: Place = place_of(f"{_from(base, path)}.py:{attribute}" if colon else name)
    stopped = tried(place)
    given = getattr(place.load_module(), place.name, None) if place.name else None
    if isinstance(given, _PAIRS):
        from verify.api import subject_of
        from verify.subjects.pairs import FunctionPair

        with silence():
            subject = subject_of(given, stopped)
        for operation, _ in subject.operations():
            if type(operation) is FunctionPair:  # scalars: what --point can say
                operation.command = f"python -m verify engine {place} {shlex.quote(operation.name)}"
        return subject
    found = adapted(given) if given is not None else None
    return found if found is not None else discovered(place, name)


def holds_pairs(place: Place) -> bool:
    """Whether a list or mapping stands there, which is looked at in a process apart."""

    def look(_: Step) -> bool:
        return isinstance(_at(place), _PAIRS)

    try:
        return bool(apart(look))
    except (UsageError, Failed, Lost):
        return False


def tried(place: Place) -> dict[int, str]:
    """Why a pair there cannot be run in this process, by its place in the list or mapping: in one apart each is, first.

    Raises UsageError where the module itself cannot be imported.
    """
    problems: dict[int, str] = {}

    def look(step: Step) -> dict[int, str]:
        from verify.api import pairs_of

        given = _at(place)
        found = list(pairs_of(given, problems, step)) if isinstance(given, _PAIRS) else []
        return {number: operation.problem for number, (operation, _) in enumerate(found) if operation.stopped}

    while True:
        try:
            return dict(apart(look, _SILENT))
        except Lost as lost:
            if not lost.step or int(lost.step) in problems:
                raise UsageError(f"{place.module} cannot be imported: it {lost}") from None
            problems[int(lost.step)] = f"the functions {lost} when they were run for the first time"
        except Failed as failed:
            raise UsageError(f"{place}: {failed}") from None


def _at(place: Place) -> object:
    return getattr(place.load_module(), place.name, None) if place.name else None


def adapted(target: Any) -> Subject | None:
    """The subject that an installed adapter makes of the target; None where none knows it.

    Raises UsageError for an adapter that fails.
    """
    for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name):
        try:
            found = entry.load()(target)
        except Exception as error:  # an adapter is somebody else's code
            reason = in_a_line(error)
            raise UsageError(f"the adapter {entry.name} ({entry.value}) fails: {reason}") from error
        if found is not None:
            return found  # type: ignore[no-any-return]
    return None


def _from(base: Path | None, path: str) -> str:
    """The path from the working directory: what is told of it is the same on every machine."""
    return path if base is None else Path(os.path.relpath(base / path)).as_posix()
