"""``list``: every operation, its definition, domain, corners and rule as written."""

from __future__ import annotations

import argparse

from tabulate import tabulate

from verify.commands.codes import OK
from verify.commands.verification import chosen
from verify.mirror import Row
from verify.subjects.operation import Operation
from verify.subjects.values import own_engine

HEAD = ["operation", "definition", "domain", "corners: answer", "rule as written"]


def run(arguments: argparse.Namespace, rest: list[str]) -> int:
    """Print the table; ``rest`` names operations, all without."""
    rows = [_row(operation, row) for operation, row in chosen(own_engine(), rest)]
    print(tabulate(rows, HEAD, tablefmt="simple", disable_numparse=True))
    return OK


def _row(operation: Operation, row: Row) -> list[str]:
    corners = "; ".join(
        " and ".join(f"{e} = 0" for e in corner.at) + ": " + ", ".join(map(str, corner.answers))
        for corner in row.corners
    )
    domain = "" if row.domain == True else str(row.domain)  # noqa: E712 - SymPy's true
    name = f"{operation.name} ({row.case})" if row.case else operation.name
    return [name, str(row.form), domain, corners, " | ".join(operation.written())]
