"""``list``: every operation, its definition, and below it domain, kinks and rule as written."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from sympy import sympify

from backproof.verify.commands.arguments import chosen
from backproof.verify.commands.codes import OK
from backproof.verify.mirror.table import Spec
from backproof.verify.reports.output import to_stdout
from backproof.verify.subjects.engines.own import own_engine
from backproof.verify.subjects.operation import Operation
from backproof.verify.subjects.subject import of_numbers
from backproof.verify.support.layout import columns, folded
from backproof.verify.terms.from_sympy import condition_from_sympy, from_sympy
from backproof.verify.terms.notation.code import written

_NAME, _LABEL = 11, 7  # columns of a name and of a label


def run(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Print the list; ``rest`` names operations, all without."""
    lines = [line for operation, spec in of_numbers(chosen(own_engine(), rest)) for line in _lines(operation, spec)]
    to_stdout("\n".join(lines) + "\n")
    return OK


def _lines(operation: Operation, spec: Spec) -> Iterator[str]:
    """The definition beside the name, a line for each of its properties."""
    case = f"   ({spec.case})" if spec.case else ""
    yield from _beside(f"{operation.name:<{_NAME}}", f"{written(from_sympy(spec.form))}{case}")
    yield from _said("rule", " | ".join(operation.written()))
    if spec.domain != True:  # noqa: E712 - SymPy's true
        yield from _said("domain", written(condition_from_sympy(spec.domain)))
    for kink in spec.kinks:
        where = " and ".join(f"{written(from_sympy(e))} = 0" for e in kink.at)
        answers = ", ".join(written(from_sympy(sympify(answer))) for answer in kink.returns)
        yield from _said("kink", f"{where}: returns {answers}")


def _said(label: str, text: str) -> list[str]:
    return _beside(f"{'':<{_NAME}} {label:<{_LABEL}}", text)


def _beside(head: str, text: str) -> list[str]:
    first, *more = folded(text, columns(), hang=_NAME + _LABEL + 2, first=len(head) + 1)
    return [f"{head} {first}", *more]
