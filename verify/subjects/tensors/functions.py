"""Functions of whole arrays of a framework as a subject: those of its table, or one that is named, with shapes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from backproof.verify.subjects.subject import PartedSubject, Specified
from backproof.verify.subjects.tensors.calls import parsed_bounds, parsed_call, parsed_shapes
from backproof.verify.subjects.tensors.catalogue import TENSORS, TensorEntry
from backproof.verify.support.errors import UsageError
from backproof.verify.support.escape import quoted
from backproof.verify.support.program import program


@dataclass(frozen=True)
class TensorFunctions:
    """Functions of whole arrays; a value, whose code is loaded in the process that uses it."""

    name: str
    entries: tuple[TensorEntry, ...]

    def operations(self) -> Iterator[Specified]:
        """One operation for each entry.  Raises UsageError."""
        for entry in self.entries:
            yield from _cases(self.name, entry)

    def parts(self) -> Iterator[tuple[str, TensorFunctions]]:
        """Each function alone: none of its code runs for this, and no framework is imported."""
        for entry in self.entries:
            yield entry.call, TensorFunctions(self.name, (entry,))

    def prepare(self) -> None:
        """Import the framework.  Raises UsageError where it is not installed."""
        from backproof.verify.subjects.frameworks import operation_class

        operation_class(self.name)


@dataclass(frozen=True)
class AllFunctions:
    """The functions of a framework's two tables: of numbers, and of whole arrays."""

    name: str
    of_numbers: PartedSubject

    def operations(self) -> Iterator[Specified]:
        """All of them.  Raises UsageError."""
        yield from self.of_numbers.operations()
        yield from self._of_arrays.operations()

    def parts(self) -> Iterator[tuple[str, PartedSubject]]:
        """Each function alone."""
        yield from self.of_numbers.parts()
        yield from self._of_arrays.parts()

    def prepare(self) -> None:
        """Import the framework.  Raises UsageError where it is not installed."""
        self.of_numbers.prepare()

    @property
    def _of_arrays(self) -> TensorFunctions:
        return TensorFunctions(self.name, TENSORS.get(self.name, ()))


def named(framework: str, target: str, shapes: str, bounds: str = "", integers: str = "") -> TensorFunctions:
    """The function that the command line names, at these shapes.  Raises UsageError."""
    parsed_call(target)
    known = parsed_shapes(shapes)
    for one in (*parsed_bounds(bounds), *filter(None, integers.split(","))):
        if one.strip() not in known:
            raise UsageError(f"{one.strip()!r} has no shape: write --shapes {one.strip()}=4")
    return TensorFunctions(framework, (TensorEntry(target, shapes, bounds, integers),))


def _cases(framework: str, entry: TensorEntry) -> Iterator[Specified]:
    from backproof.verify.subjects.frameworks import found_function
    from backproof.verify.subjects.tensors.cases import tensor_cases

    call = parsed_call(entry.call)
    function = call.bound(found_function(call.path))
    whole = [one.strip() for one in entry.integers.split(",") if one.strip()]
    command = f"{program()} {framework} {quoted(entry.call)} --shapes {entry.shapes.replace(' ', '')}"
    command += f" --bounds {entry.bounds.replace(' ', '')}" if entry.bounds else ""
    command += f" --integers {','.join(whole)}" if whole else ""
    cases = tensor_cases(
        function,
        framework,
        shapes=parsed_shapes(entry.shapes),
        dtypes=dict.fromkeys(whole, "int64"),
        bounds=parsed_bounds(entry.bounds),
        names=call.operands,
        name=entry.call,
        command=command,
    )
    yield from cases.cases
