"""``[tool.verify]`` in pyproject.toml: what a project verifies, how, and which failures it accepts until when.

    [tool.verify]
    subjects = ["mypackage.engine:Value", "rules.toml"]
    points = 2000
    seed = 7
    fuel = "8M"                    # units of work for one question to the prover
    fail-on = "warnings"

    [tool.verify.kinks]
    relu = 0                       # the derivative of relu at its kinks
    max = [1, 0]                   # one derivative per operand

    [tool.verify.bounds]
    softplus = { x = [-700, 700] } # where its points lie

    [tool.verify.surrogates]
    round_ste = "x"                # the function whose derivative its rule is declared to be

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
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backproof.verify.support.errors import UsageError
from backproof.verify.support.fuel import FUEL, units_of
from backproof.verify.support.spelling import suggestion

if TYPE_CHECKING:
    from backproof.verify.results.findings import Answer
    from backproof.verify.results.report import AnyReport, Report

KEYS = ("subjects", "points", "seed", "fuel", "fail-on", "bounds", "kinks", "surrogates", "waivers")
FAIL_ON = ("failures", "warnings", "nothing")
QUESTIONS = ("right", "accurate", "safe", "wired")
_WAIVER = ("operation", "question", "reason", "expires")


@dataclass(frozen=True)
class Waiver:
    """Accepted failures: of an operation (for one question, or for all), with the reason and an expiry date."""

    operation: str
    reason: str
    question: str = ""
    expires: date | None = None

    def __str__(self) -> str:
        return f"{self.operation} ({self.question or 'all questions'})"


@dataclass(frozen=True)
class Config:
    """The table, checked.

    folder: of pyproject.toml; subjects, points, seed, fuel: None or empty by default
    kinks: operation -> the derivatives required at its kinks, one per operand
    bounds: operation -> input -> (low, high), read with the operation; surrogates: operation -> a formula in its inputs
    """

    folder: Path
    subjects: tuple[str, ...] = ()
    points: int | None = None
    seed: int | None = None
    fuel: int | None = None
    fail_on: str = "failures"
    kinks: Mapping[str, tuple[float, ...]] | None = None
    waivers: tuple[Waiver, ...] = ()
    bounds: Mapping[str, Mapping[str, Any]] | None = None
    surrogates: Mapping[str, str] | None = None

    @property
    def strict(self) -> bool:
        """Warnings fail."""
        return self.fail_on == "warnings"


def load(start: Path) -> Config | None:
    """The configuration of the nearest pyproject.toml at or above ``start`` that has the table; None without one.

    Raises UsageError for a table that cannot be used, naming its file and key.
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
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}") from None
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
        _fuel(table),
        fail_on,
        dict(_kinks(table.get("kinks", {}))),
        tuple(_waiver(w, f"waivers[{place}]") for place, w in enumerate(waivers)),
        _bounds(table.get("bounds", {})),
        _surrogates(table.get("surrogates", {})),
    )


def _known(table: Any, keys: Sequence[str], where: str) -> None:
    if not isinstance(table, dict):
        raise UsageError(f"{where or 'it'} is a table")
    for key in table:
        if key not in keys:
            raise UsageError(f"{where}{': ' * bool(where)}unknown key {key!r}{_meant(key, keys)}")


def _meant(word: Any, known: Sequence[str]) -> str:
    return suggestion(str(word), known)


def _whole(table: Mapping[str, Any], key: str, least: int) -> int | None:
    value = table.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise UsageError(f"{key}: {value!r} is not an integer of at least {least}")
    return value


def _fuel(table: Mapping[str, Any]) -> int | None:
    value = table.get("fuel")
    if isinstance(value, str):
        try:
            return units_of(value)
        except ValueError:
            raise UsageError(f'fuel: {value!r} is no number of units: write "8M", "500k" or 8000000') from None
    return _whole(table, "fuel", 1)


def _kinks(table: Any) -> Iterator[tuple[str, tuple[float, ...]]]:
    if not isinstance(table, dict):
        raise UsageError("kinks: a table, operation = derivative, or operation = [derivative, derivative]")
    for name, given in table.items():
        partials = given if isinstance(given, list) else [given]
        if not partials or not all(map(_is_partial, partials)):
            raise UsageError(f"kinks: {name} = {given!r}: the derivative at its kinks, or a list, one per operand")
        yield name, tuple(partials)


def _bounds(table: Any) -> dict[str, Mapping[str, Any]]:
    if not isinstance(table, dict) or not all(isinstance(given, dict) for given in table.values()):
        raise UsageError("bounds: a table of tables, operation = { x = [0, 10] }")
    return table


def _surrogates(table: Any) -> dict[str, str]:
    if not isinstance(table, dict) or not all(isinstance(given, str) for given in table.values()):
        raise UsageError('surrogates: a table, operation = "formula in its inputs"')
    return table


def _is_partial(x: Any) -> bool:
    return isinstance(x, (int, float)) and not isinstance(x, bool) and math.isfinite(x)


def _waiver(table: Any, where: str) -> Waiver:
    _known(table, _WAIVER, where)
    operation, reason = table.get("operation", ""), table.get("reason", "")
    if not isinstance(operation, str) or not operation:
        raise UsageError(f"{where}: which operation?")
    if not isinstance(reason, str) or not reason.strip():
        raise UsageError(f"{where} ({operation}) has no reason: say why it is accepted")
    question = table.get("question", "")
    if question and question not in QUESTIONS:
        raise UsageError(f"{where} ({operation}): {question!r} is not a question{_meant(question, QUESTIONS)}")
    expires = table.get("expires")
    if isinstance(expires, datetime):
        expires = expires.date()
    if expires is not None and not isinstance(expires, date):
        raise UsageError(f"{where} ({operation}): expires is a date without quotes, such as 2027-01-01")
    return Waiver(operation, reason.strip(), question, expires)


def fill(arguments: Any, config: Config | None) -> None:
    """Fills options that the command line left open, from the project, else with the defaults."""
    points, seed, fuel = (config.points, config.seed, config.fuel) if config is not None else (None, None, None)
    if arguments.points is None:
        arguments.points = 1000 if points is None else points
    if arguments.seed is None:
        arguments.seed = seed or 0
    if arguments.fuel is None:
        arguments.fuel = fuel or FUEL
    arguments.strict = arguments.strict or (config is not None and config.strict)
    arguments.config = config


# --------------------------------------------------------------------------------------------------------- effects


def waived(report: AnyReport, waivers: Sequence[Waiver], today: date) -> AnyReport:
    """The report with waived failures accepted; an expired waiver accepts nothing, which the finding says."""
    from backproof.verify.results.findings import Answer, Finding

    def accepted(finding: Finding) -> Finding:
        for waiver in waivers if finding.noteworthy else ():
            if finding.op == waiver.operation and waiver.question in ("", finding.question.value):
                if waiver.expires is None or today <= waiver.expires:
                    return replace(finding, accepted=waiver.reason)
                told = f"its waiver ended on {waiver.expires} ({waiver.reason}): fix the rule, or set another date"
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
    """Waivers that match nothing in a whole report: what they were for is fixed, or misspelt."""
    needed = {
        (operation.name, name)
        for operation in report.operations
        for question, answer in operation.answers.items()
        if _counts(answer)
        for name in ("", question.value)
    }
    return [waiver for waiver in waivers if (waiver.operation, waiver.question) not in needed]


def _counts(answer: Answer) -> bool:
    """It fails or is warned of: there is something to accept."""
    return answer.failing or answer.warning
