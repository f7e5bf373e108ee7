"""``[tool.verify]`` in pyproject.toml: what a project verifies, how, and what it puts up with until when.

    [tool.verify]
    subjects = ["mypackage.engine:Value", "rules.toml"]
    points = 2000
    seed = 7
    fail-on = "warnings"

    [tool.verify.corners]
    relu = 0                       # at its corners relu answers 0
    max = [1, 0]                   # one slope an operand

    [[tool.verify.waivers]]
    operation = "sqrt"
    question = "safe"
    reason = "raises at 0, as documented"
    expires = 2027-01-01
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verify.errors import UsageError

if TYPE_CHECKING:
    from verify.findings import Answer
    from verify.report import Report

KEYS = ("subjects", "points", "seed", "fail-on", "corners", "waivers")
FAIL_ON = ("failures", "warnings", "nothing")
QUESTIONS = ("right", "accurate", "safe", "wired")
_WAIVER = ("operation", "question", "reason", "expires")


@dataclass(frozen=True)
class Waiver:
    """What is put up with: an operation's failures (of one question, or of all), why, and until when."""

    operation: str
    reason: str
    question: str = ""
    expires: date | None = None

    def __str__(self) -> str:
        return f"{self.operation} ({self.question or 'all questions'})"


@dataclass(frozen=True)
class Config:
    """The table, checked.

    folder: where pyproject.toml stands; subjects, points, seed: None or empty where nothing is said
    corners: operation -> the slopes that it answers at its corners, one an operand
    """

    folder: Path
    subjects: tuple[str, ...] = ()
    points: int | None = None
    seed: int | None = None
    fail_on: str = "failures"
    corners: Mapping[str, tuple[float, ...]] | None = None
    waivers: tuple[Waiver, ...] = ()

    @property
    def strict(self) -> bool:
        """Warnings fail."""
        return self.fail_on == "warnings"


def load(start: Path) -> Config | None:
    """The configuration of the nearest pyproject.toml at or above ``start`` that has the table; None without one.

    Raises UsageError for a table that cannot be used: by its file and key.
    """
    for folder in (start, *start.parents):
        path = folder / "pyproject.toml"
        if path.is_file():
            found = _read(path)
            if found is not None:
                return found
    return None


def _read(path: Path) -> Config | None:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} is no TOML: {error}") from None
    tools = document.get("tool", {})
    table = tools.get("verify") if isinstance(tools, dict) else None
    if table is None:
        return None
    try:
        return parsed(table, path.parent)
    except UsageError as error:
        raise UsageError(f"{path}: [tool.verify] {error}") from None


def parsed(table: Any, folder: Path) -> Config:
    """The table as a Config.

    Raises UsageError, which names the key.
    """
    _known(table, KEYS, "")
    subjects = table.get("subjects", [])
    if not isinstance(subjects, list) or not all(isinstance(s, str) and s for s in subjects):
        raise UsageError('subjects: a list of texts, such as ["package.module:Class", "rules.toml"]')
    fail_on = table.get("fail-on", "failures")
    if fail_on not in FAIL_ON:
        raise UsageError(f"fail-on: {fail_on!r} is not one of {', '.join(FAIL_ON)}{_meant(fail_on, FAIL_ON)}")
    waivers = table.get("waivers", [])
    if not isinstance(waivers, list):
        raise UsageError("waivers: each is a table [[tool.verify.waivers]]")
    return Config(
        folder,
        tuple(subjects),
        _whole(table, "points", 1),
        _whole(table, "seed", 0),
        fail_on,
        dict(_corners(table.get("corners", {}))),
        tuple(_waiver(w, f"waivers[{place}]") for place, w in enumerate(waivers)),
    )


def _known(table: Any, keys: Sequence[str], where: str) -> None:
    if not isinstance(table, dict):
        raise UsageError(f"{where or 'it'} is a table")
    for key in table:
        if key not in keys:
            raise UsageError(f"{where}{': ' * bool(where)}unknown key {key!r}{_meant(key, keys)}")


def _meant(word: Any, known: Sequence[str]) -> str:
    close = get_close_matches(str(word), known, n=1, cutoff=0.5)
    return f": did you mean {close[0]!r}?" if close else f"; there are {', '.join(known)}"


def _whole(table: Mapping[str, Any], key: str, least: int) -> int | None:
    value = table.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise UsageError(f"{key}: {value!r} is no whole number from {least} on")
    return value


def _corners(table: Any) -> Iterator[tuple[str, tuple[float, ...]]]:
    if not isinstance(table, dict):
        raise UsageError("corners: a table, operation = slope, or operation = [slope, slope]")
    for name, given in table.items():
        slopes = given if isinstance(given, list) else [given]
        if not slopes or not all(map(_is_slope, slopes)):
            raise UsageError(f"corners: {name} = {given!r}: the slope it answers, or a list, one an operand")
        yield name, tuple(slopes)


def _is_slope(x: Any) -> bool:
    return isinstance(x, (int, float)) and not isinstance(x, bool) and math.isfinite(x)


def _waiver(table: Any, where: str) -> Waiver:
    _known(table, _WAIVER, where)
    operation, reason = table.get("operation", ""), table.get("reason", "")
    if not isinstance(operation, str) or not operation:
        raise UsageError(f"{where}: which operation?")
    if not isinstance(reason, str) or not reason.strip():
        raise UsageError(f"{where} ({operation}) has no reason: say why it is put up with")
    question = table.get("question", "")
    if question and question not in QUESTIONS:
        raise UsageError(f"{where} ({operation}): {question!r} is no question{_meant(question, QUESTIONS)}")
    expires = table.get("expires")
    if isinstance(expires, datetime):
        expires = expires.date()
    if expires is not None and not isinstance(expires, date):
        raise UsageError(f"{where} ({operation}): expires is a date without quotes, such as 2027-01-01")
    return Waiver(operation, reason.strip(), question, expires)


def fill(arguments: Any, config: Config | None) -> None:
    """Options that the command line left open: as the project has them, else the defaults."""
    points, seed = (config.points, config.seed) if config is not None else (None, None)
    if arguments.points is None:
        arguments.points = 1000 if points is None else points
    if arguments.seed is None:
        arguments.seed = seed or 0
    arguments.strict = arguments.strict or (config is not None and config.strict)
    arguments.config = config


# ------------------------------------------------------------------------------------------------------ what it does


def waived(report: Report, waivers: Sequence[Waiver], today: date) -> Report:
    """The report with what the waivers put up with accepted; one that is past its day accepts nothing, and says so."""
    from verify.findings import Answer, Finding

    def accepted(finding: Finding) -> Finding:
        for waiver in waivers if finding.noteworthy else ():
            if finding.op == waiver.operation and waiver.question in ("", finding.question.value):
                if waiver.expires is None or today <= waiver.expires:
                    return replace(finding, accepted=waiver.reason)
                told = f"its waiver ended on {waiver.expires} ({waiver.reason}): mend it, or give it another day"
                return replace(finding, details=(*finding.details, ("expired", told)))
        return finding

    operations = tuple(
        replace(
            operation,
            answers={
                question: Answer(question, tuple(map(accepted, answer.findings))) if _counts(answer) else answer
                for question, answer in operation.answers.items()
            },
        )
        for operation in report.operations
    )
    return replace(report, operations=operations)


def unused(report: Report, waivers: Sequence[Waiver]) -> list[Waiver]:
    """Waivers for which nothing stands in a whole report: what they were for is mended, or misspelt."""
    needed = {
        (operation.name, name)
        for operation in report.operations
        for question, answer in operation.answers.items()
        if _counts(answer)
        for name in ("", question.value)
    }
    return [waiver for waiver in waivers if (waiver.operation, waiver.question) not in needed]


def _counts(answer: Answer) -> bool:
    """It fails or is warned of: there is something to put up with."""
    return answer.verdict.fails or answer.verdict.warns
