"""A mutant as an operation under verification, beside all that its row says, which is worked out only once."""

from __future__ import annotations

from collections.abc import Iterator

from verify.case import Case
from verify.findings import Source
from verify.mutants.generate import Mutant
from verify.mutants.source import built
from verify.options import Options
from verify.subjects.values import ValueEngine, ValueOperation

SHARED = ("definition", "stable", "slopes", "domain", "region", "points", "screened", "truths", "values", "at_corner")
"""What a case knows from its row alone: the same for the rule and for every mutant of it."""


class MutantOperation(ValueOperation):
    """An operation whose rule has been changed; it tells of the changed line."""

    mutant: Mutant

    @property
    def source(self) -> Source:
        file, _, line = self.mutant.place.rpartition(":")
        return Source(file, int(line), self.mutant.after)

    def written(self) -> tuple[str, ...]:
        return ("",) * len(self.inputs)  # nobody reads it


def cases(mutant: Mutant, engine: ValueEngine, rows: list[Case]) -> Iterator[Case]:
    """The mutant under each row of its operation; ``rows`` are the cases of the engine's own rule."""
    kind = built(engine.kind, mutant.attribute, mutant.lines)
    changed = ValueEngine(kind, {mutant.operation: mutant.attribute}, engine.follows_rows)
    for row in rows:
        own = row.operation
        assert isinstance(own, ValueOperation)
        operation = MutantOperation(changed, own.name, own.method, own.constants)
        operation.mutant = mutant
        case = Case(operation, row.row, row.options)
        vars(case).update({name: getattr(row, name) for name in SHARED})
        yield case


def own_cases(engine: ValueEngine, operation: str, options: Options) -> list[Case]:
    """The engine's own rule under each of its rows."""
    return [Case(o, row, options) for o, row in engine.operations() if o.name == operation]
