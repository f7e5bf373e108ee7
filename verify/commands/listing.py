"""``list``: every operation, its definition, and below it domain, corners and rule as written."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from sympy import sympify

from verify.commands.codes import OK
from verify.commands.verification import chosen
from verify.lines import columns, folded
from verify.mirror import Row
from verify.reports.output import to_stdout
from verify.subjects.operation import Operation
from verify.subjects.values import own_engine
from verify.trace.from_sympy import condition_from_sympy, from_sympy
from verify.trace.text import written

_NAME, _LABEL = 11, 7  # columns of a name and of a label


def run(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Print the list; ``rest`` names operations, all without."""
    lines = [line for operation, row in chosen(own_engine(), rest) for line in _lines(operation, row)]
    to_stdout("\n".join(lines) + "\n")
    return OK


def _lines(operation: Operation, row: Row) -> Iterator[str]:
    """The definition beside the name, a line for each thing that there is to say of it."""
    case = f"   ({row.case})" if row.case else ""
    yield from _beside(f"{operation.name:<{_NAME}}", f"{written(from_sympy(row.form))}{case}")
    yield from _said("rule", " | ".join(operation.written()))
    if row.domain != True:  # noqa: E712 - SymPy's true
        yield from _said("domain", written(condition_from_sympy(row.domain)))
    for corner in row.corners:
        where = " and ".join(f"{written(from_sympy(e))} = 0" for e in corner.at)
        answers = ", ".join(written(from_sympy(sympify(answer))) for answer in corner.answers)
        yield from _said("corner", f"{where}: answers {answers}")


def _said(label: str, text: str) -> list[str]:
    return _beside(f"{'':<{_NAME}} {label:<{_LABEL}}", text)


def _beside(head: str, text: str) -> list[str]:
    first, *more = folded(text, columns(), hang=_NAME + _LABEL + 2, first=len(head) + 1)
    return [f"{head} {first}", *more]
