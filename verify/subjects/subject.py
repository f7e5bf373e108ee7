"""What every subject is, whatever its adapter: a name, and operations beside their rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from verify.mirror import Row
from verify.subjects.operation import Operation


class Subject(Protocol):
    """What is under verification: a name, and operations beside their rows."""

    @property
    def name(self) -> str: ...

    def operations(self) -> Iterator[tuple[Operation, Row]]: ...


@runtime_checkable
class PartedSubject(Subject, Protocol):
    """A subject whose code does not run in our own process at all, nor in a fork of it: a framework's functions."""

    def parts(self) -> Iterator[tuple[str, PartedSubject]]:
        """The names of its operations, each with a subject of that one alone, which can be pickled."""

    def prepare(self) -> None:
        """Load what all of its operations need."""
