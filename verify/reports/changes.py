"""Two reports, side by side: each operation, operand and question whose verdict has changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from backproof.verify.results.findings import Question, Verdict
from backproof.verify.results.report import Cell, Report

BETTER, WORSE, NEW, GONE = "better", "worse", "new", "gone"
_SEVERITY = {verdict: place for place, verdict in enumerate(Verdict)}
_UNREACHED = "not reached"


@dataclass(frozen=True)
class Change:
    """One verdict that has changed: "" before a new one, and after one that is gone."""

    kind: str
    operation: str
    operand: str
    question: Question
    before: str
    after: str


def changes(old: Report, new: Report) -> Iterator[Change]:
    """What changed, worst first.

    What an interrupt or a limit of time or memory cut off is not a change.  A new failure is worse, whatever was
    before it.
    """
    before, after = _cells(old), _cells(new)
    found = []
    for key in dict.fromkeys((*before, *after)):
        name, operand, question = key
        if (key not in before and name in old.missing) or (key not in after and name in new.missing):
            continue
        was, now = before.get(key), after.get(key)
        if _stopped(was) or _stopped(now):
            continue
        kind = _kind(was, now, fails_now=now is not None and _fails(now, new.strict))
        if kind:
            found.append(Change(kind, name, operand, question, _word(was), _word(now)))
    order = (WORSE, GONE, NEW, BETTER)
    yield from sorted(found, key=lambda change: order.index(change.kind))


def _cells(report: Report) -> dict[tuple[str, str, Question], Cell]:
    return {
        (cell.operation.name, cell.operand, cell.question): cell
        for operation in report.operations
        for cell in operation.cells()
    }


def _stopped(cell: Cell | None) -> bool:
    return cell is not None and cell.answer is not None and cell.answer.verdict is Verdict.STOPPED


def _fails(cell: Cell, strict: bool) -> bool:
    return cell.answer is not None and cell.answer.fails(strict)


def _word(cell: Cell | None) -> str:
    if cell is None:
        return ""
    return cell.answer.verdict.value if cell.answer is not None else _UNREACHED


def _kind(was: Cell | None, now: Cell | None, *, fails_now: bool) -> str:
    """Better, worse, new, gone, or "" for no change."""
    if now is None:
        return GONE
    if was is None:
        return WORSE if fails_now else NEW
    if was.answer is None or now.answer is None:
        return "" if was.answer is now.answer else WORSE if fails_now else GONE if now.answer is None else BETTER
    a, b = _SEVERITY[was.answer.verdict], _SEVERITY[now.answer.verdict]
    return "" if a == b else WORSE if b > a else BETTER
