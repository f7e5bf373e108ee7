"""Several subjects as one, their corners held to a policy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from verify.errors import UsageError
from verify.language.parse import nearest
from verify.mirror import Row
from verify.subjects.operation import Operation
from verify.subjects.pairs import Cases
from verify.subjects.subject import Subject


def together(
    subjects: Sequence[Subject], corners: Mapping[str, tuple[float, ...]], mentioned: Sequence[str] = ()
) -> Cases:
    """The operations of all subjects; one that two of them have is called by its subject's name as well.

    corners: operation -> the slopes that it is to answer at its corners; mentioned: operations that must exist

    Raises UsageError for an operation that there is not, and for too few slopes or too many.
    """
    cases = [(subject, *case) for subject in subjects for case in subject.operations()]
    owners = Counter(name for name, _ in {(operation.name, subject.name) for subject, operation, _ in cases})
    found = []
    for subject, operation, row in cases:
        if owners[operation.name] > 1:
            operation.name = f"{subject.name}:{operation.name}"
        if operation.name in corners and not operation.problem:
            row = _answering(operation, row, corners[operation.name])
        found.append((operation, row))
    names = list(dict.fromkeys(operation.name for operation, _ in found))
    whole = ", ".join(subject.name for subject in subjects)
    for name in (*corners, *mentioned):
        if name not in names:
            raise UsageError(f"[tool.verify] {name!r} is no operation of {whole}{nearest(name, names)}")
    return Cases(whole, tuple(found))


def _answering(operation: Operation, row: Row, answers: tuple[float, ...]) -> Row:
    """The row with these slopes at all its corners, to which the operation is held."""
    if len(answers) != len(row.inputs):
        needed = f"{len(row.inputs)} slopes, one an operand ({', '.join(row.inputs)})"
        raise UsageError(f"[tool.verify.corners] {operation.name} needs {needed}, not {len(answers)}")
    operation.keeps_policy = True
    return replace(row, corners=tuple(replace(corner, answers=answers) for corner in row.corners))
