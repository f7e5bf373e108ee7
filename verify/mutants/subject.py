"""A mutant as an operation under verification, with everything that depends on its spec alone, computed once."""

from __future__ import annotations

from collections.abc import Iterator

from backproof.verify.checks.case import Case
from backproof.verify.config.options import Options
from backproof.verify.mutants.generate import Mutant
from backproof.verify.mutants.source import built
from backproof.verify.results.findings import Source
from backproof.verify.subjects.engines.own import ValueEngine, ValueOperation

SHARED = (
    *("definition", "stable", "partials", "domain", "region", "points", "screened", "reference_values", "values"),
    "at_kink",
)
"""What a case computes from its spec alone: the same for the rule and for every mutant of it."""


class MutantOperation(ValueOperation):
    """An operation with a changed rule; it reports the changed line."""

    mutant: Mutant

    @property
    def source(self) -> Source:
        file, _, line = self.mutant.place.rpartition(":")
        return Source(file, int(line), self.mutant.after)

    def written(self) -> tuple[str, ...]:
        return ("",) * len(self.inputs)  # not used


def cases(mutant: Mutant, engine: ValueEngine, specs: list[Case]) -> Iterator[Case]:
    """The mutant under each spec of its operation; ``specs`` are the cases of the engine's own rule."""
    kind = built(engine.kind, mutant.attribute, mutant.lines)
    changed = ValueEngine(kind, {mutant.operation: mutant.attribute}, engine.matches_mirror_kinks)
    for spec in specs:
        own = spec.operation
        assert isinstance(own, ValueOperation)
        operation = MutantOperation(changed, own.name, own.method, own.constants)
        operation.mutant = mutant
        case = Case(operation, spec.spec, spec.options)
        vars(case).update({name: getattr(spec, name) for name in SHARED})
        yield case


def own_cases(engine: ValueEngine, operation: str, options: Options) -> list[Case]:
    """The engine's own rule under each of its specs."""
    return [Case(o, spec, options) for o, spec in engine.operations() if o.name == operation]
