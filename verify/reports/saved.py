"""A report read back from its JSON, so that every other format can be made later."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from backproof.verify.reports.json import SCHEMA_VERSION
from backproof.verify.results.findings import Answer, Finding, Known, Question, Source, Verdict
from backproof.verify.results.report import Kink, OperationReport, PlotData, Report, Series
from backproof.verify.support.errors import UsageError


def load(path: str) -> Report:
    """The report in a file.

    Raises UsageError where it cannot be read, is not a report, or is of a version that this program does not support.
    """
    try:
        content = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    try:
        return loads(content)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def loads(content: str) -> Report:
    """The report in a text.

    Raises UsageError, saying what is missing or wrong.
    """
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"not JSON: {error}") from error
    found = document.get("schema_version") if isinstance(document, dict) else None
    if found is None:
        raise UsageError("not a report of backproof: it has no schema_version; --report json=PATH writes one")
    if found not in (SCHEMA_VERSION, *_RENAMED):
        raise UsageError(f"schema_version {found!r} is not {SCHEMA_VERSION}: it is of another release of backproof")
    document = _in_new_words(document, _RENAMED.get(found, {}))
    try:
        return _report(document)
    except KeyError as error:
        raise UsageError(f"not a whole report: {error.args[0]!r} is missing") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"not a whole report: {error}") from error


_RENAMED: dict[int, dict[str, dict[str, str]]] = {
    1: {
        "keys": {"portraits": "plot_data", "corners": "kinks", "slopes": "partials", "answers": "returns"},
        "check": {
            **{"corners": "kinks", "special": "infinities", "identity": "array_identity"},
            **{"directions": "array_differences", "scales": "array_extremes", "passing": "array_wiring"},
        },
    }
}
"""By schema_version, what has been renamed since: keys, and the names of checks."""


def _in_new_words(part: Any, renamed: dict[str, dict[str, str]]) -> Any:
    """The document, or a part of it, as the present version has it."""
    if not renamed:
        return part
    if isinstance(part, list):
        return [_in_new_words(item, renamed) for item in part]
    if not isinstance(part, dict):
        return part
    found = {renamed["keys"].get(key, key): _in_new_words(value, renamed) for key, value in part.items()}
    if isinstance(check := found.get("check"), str):
        found["check"] = renamed["check"].get(check, check)
    return found


def _report(d: dict[str, Any]) -> Report:
    return Report(
        subject=_text(d["subject"]),
        seed=_whole(d["seed"]),
        points=_whole(d["points"]),
        operations=tuple(map(_operation, d["operations"])),
        complete=bool(d["complete"]),
        strict=bool(d["strict"]),
        whole=bool(d["whole"]),
        missing=tuple(map(_text, d["missing"])),
        stale=tuple(Known(**{name: _text(text) for name, text in known.items()}) for known in d["stale"]),
    )


def _operation(d: dict[str, Any]) -> OperationReport:
    name = _text(d["name"])
    asked = [question for question in Question if question.value in d]
    return OperationReport(
        name=name,
        rule=tuple(map(_text, d["rule"])),
        source=_source(d["source"]),
        answers={q: Answer(q, tuple(_finding(name, q, f) for f in d[q.value]["findings"])) for q in asked},
        operands=tuple(map(_text, d["operands"])),
        command=_text(d["command"]),
        plot_data=tuple(map(_plot_data, d["plot_data"])),
    )


def _finding(op: str, question: Question, d: dict[str, Any]) -> Finding:
    return Finding(
        op=op,
        question=question,
        verdict=Verdict(d["verdict"]),
        check=_text(d["check"]),
        message=_text(d["message"]),
        operand=_text(d["operand"]),
        case=_text(d["case"]),
        details=tuple((_text(line["label"]), _text(line["text"])) for line in d["details"]),
        point={_text(name): _text(value) for name, value in d["point"].items()},
        source=_source(d["source"]) if d["source"] else None,
        accepted=_text(d["accepted"]),
    )


def _source(d: dict[str, Any]) -> Source:
    return Source(_text(d["file"]), _whole(d["line"]), _text(d["text"]))


def _plot_data(d: dict[str, Any]) -> PlotData:
    return PlotData(
        case=_text(d["case"]),
        definition=_text(d["definition"]),
        partials=tuple(map(_text, d["partials"])),
        domain=_text(d["domain"]),
        kinks=tuple(Kink(_text(c["where"]), tuple(map(_text, c["returns"]))) for c in d["kinks"]),
        proof=_text(d["proof"]),
        series=tuple(map(_series, d["series"])),
    )


def _series(d: dict[str, Any]) -> Series:
    columns = {_text(name): tuple(map(_number, _text(numbers).split())) for name, numbers in d["columns"].items()}
    if len({len(numbers) for numbers in columns.values()}) > 1:
        raise ValueError(f"the columns of the series {d['name']!r} have different lengths")
    kinks = tuple(_number(_text(place)) for place in d["kinks"])
    return Series(_text(d["name"]), _text(d["operand"]), _text(d["at"]), columns, kinks)


def _number(text: str) -> str:
    float(text)  # raises ValueError, naming it
    return text


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} stands where text belongs")
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r} stands where a whole number belongs")
    return value
