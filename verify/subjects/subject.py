"""What every subject has, whatever its adapter: a name, and operations with their specs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:  # SymPy and the rest are imported only by processes that load a subject
    from backproof.verify.mirror.table import Spec
    from backproof.verify.subjects.operation import BaseOperation, Operation

Specified: TypeAlias = "tuple[Operation, Spec] | tuple[BaseOperation, None]"
"""A scalar operation with its spec, or an operation on arrays, which has none."""


def of_numbers(cases: Iterable[Specified]) -> list[tuple[Operation, Spec]]:
    """The scalar operations."""
    from backproof.verify.subjects.operation import Operation

    return [(operation, spec) for operation, spec in cases if isinstance(operation, Operation) and spec is not None]


class Subject(Protocol):
    """What is under verification: a name, and operations with their specs."""

    @property
    def name(self) -> str: ...

    def operations(self) -> Iterator[Specified]: ...


@dataclass(frozen=True)
class Cases:
    """Operations with their specs, as a subject.

    recipe: how another process loads them, if they come from a file and not from objects of this process
    """

    name: str
    cases: tuple[Specified, ...]
    recipe: Recipe | None = None

    def operations(self) -> Iterator[Specified]:
        yield from self.cases


@runtime_checkable
class PartedSubject(Subject, Protocol):
    """A subject whose code never runs in the main process, nor in a fork of it: a framework's functions.

    It is a value, which can be pickled, and loads its code in the process that uses it.
    """

    def parts(self) -> Iterator[tuple[str, PartedSubject]]:
        """The names of its operations, each with a subject of that operation alone."""

    def prepare(self) -> None:
        """Load what all of its operations need."""


Recipe = tuple[Callable[..., Subject], tuple[Any, ...]]
"""How another process loads a subject by itself: a function of a module, and names and other values for it."""


def recipe_of(subject: Subject) -> Recipe | None:
    """Its ``recipe``; None for a subject that holds objects of this process."""
    if isinstance(subject, PartedSubject):
        return _itself, (subject,)
    recipe: Recipe | None = getattr(subject, "recipe", None)
    return recipe


def read(recipe: Recipe) -> Subject:
    """The subject."""
    function, arguments = recipe
    return function(*arguments)


def _itself(subject: Subject) -> Subject:
    return subject


@dataclass(frozen=True)
class Elsewhere:
    """A subject that workers load, and this process only if it has to: that avoids importing SymPy and the rest.

    place: ``module:function``, which takes no arguments and returns the subject
    """

    name: str
    place: str

    @property
    def recipe(self) -> Recipe:
        """How another process loads it."""
        return _at, (self.place,)

    def operations(self) -> Iterator[Specified]:
        """Loaded in this process after all."""
        return _at(self.place).operations()


def _at(place: str) -> Subject:
    module, _, function = place.partition(":")
    subject: Subject = getattr(import_module(module), function)()
    return subject
