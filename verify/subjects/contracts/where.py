"""Where a function is meant whose derivative is handed over: the domain, the bounds, and rows limited to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from backproof.verify.evaluate.formulas import Formulas
from backproof.verify.mirror.table import Kink
from backproof.verify.numerics.allowed import Allowed
from backproof.verify.numerics.domain import domain_of
from backproof.verify.numerics.natural_domain import natural_domain, simplified
from backproof.verify.numerics.points import points
from backproof.verify.numerics.working_range import Bounds, bounded
from backproof.verify.subjects.arrays.small import FARTHEST, between
from backproof.verify.subjects.contracts.along import Along
from backproof.verify.subjects.contracts.arguments import Arguments, named_entries
from backproof.verify.subjects.contracts.charts import REACH, Chart, charts, equations, reached
from backproof.verify.subjects.contracts.claim import Source, shape_of_value
from backproof.verify.subjects.contracts.rows import Row, RowSpec, row_spec
from backproof.verify.subjects.functions.arguments import as_condition, bounds_of
from backproof.verify.subjects.functions.declared import RuleError
from backproof.verify.subjects.operation import Shape
from backproof.verify.support.errors import SubjectError, UsageError, in_a_line
from backproof.verify.terms.conditions import conjunction, conjuncts
from backproof.verify.terms.notation.code import written
from backproof.verify.terms.simplify import simplify
from backproof.verify.terms.term import TRUE, Condition, Term, symbols_of

_PROBES = 64  # points that are tried, for one where the functions return something
_PLAIN = (0.75, 2.5, -0.625, 0.25, 1.5)
"""Values of the entries at the first points that are tried, in turn."""


@dataclass(frozen=True)
class Domain:
    """Where a function is meant: bounds and a condition on the entries of its inputs."""

    arguments: Arguments
    bounds: Bounds
    condition: Condition | None

    @property
    def separate(self) -> bool:
        """Whether each entry may have any value of its own, whatever the others are."""
        return self.condition is None or all(len(set(symbols_of(part))) < 2 for part in conjuncts(self.condition))

    def of(self, inputs: Sequence[str]) -> Condition | None:
        """The condition on these entries alone."""
        if self.condition is None:
            return None
        taken = set(inputs)
        parts = [part for part in conjuncts(self.condition) if set(symbols_of(part)) <= taken]
        return conjunction(parts)

    @cached_property
    def allowed(self) -> Allowed | None:
        """Where the functions may be called; None where nothing was said of that."""
        if self.condition is None and not self.bounds:
            return None
        return Allowed(TRUE if self.condition is None else self.condition, self.bounds, self.arguments.entries())

    @cached_property
    def charts(self) -> list[Chart]:
        """Charts of the set that the equations of the domain describe; none without equations.  Raises UsageError."""
        if self.condition is None or not equations(self.condition):
            return []
        bound = set(symbols_of(*equations(self.condition)))
        if held := [name for name in self.arguments.held if bound & set(self.arguments.entries(name))]:
            raise UsageError(f"domain: {held[0]} is bound by an equation, and not differentiated: name it in wrt=")
        everything = conjunction([self.condition, *bounded(self.bounds)])
        return charts(everything, self.arguments.shapes, self.arguments.entries())

    @property
    def told(self) -> str:
        """The equations, for a message."""
        return " and ".join(written(part) for part in equations(self.condition))

    def places(self) -> Iterator[tuple[float, ...]]:
        """Points inside, the plainest first."""
        for chart in self.charts:
            images = Formulas([chart.images[entry] for entry in self.arguments.entries()], chart.names)
            for point in self._inside(conjunction([chart.condition, *reached(chart.near)]), chart.names):
                yield tuple(map(float, images(*point)))
        if not self.charts:
            yield from self._inside(conjunction(self._conditions()), self.arguments.entries())

    def _conditions(self) -> list[Condition]:
        return [*([self.condition] if self.condition is not None else []), *bounded(self.bounds)]

    def _inside(self, condition: Condition, entries: Sequence[str]) -> Iterator[tuple[float, ...]]:
        region = domain_of(condition & between(entries, FARTHEST), entries)
        for shift in range(len(_PLAIN)):
            place = tuple(_PLAIN[(k + shift) % len(_PLAIN)] for k in range(len(entries)))
            if place in region:
                yield place
        yield from points("probe", region, (), _PROBES, 0)


def domain_given(arguments: Arguments, bounds: Mapping[str, Any], domain: Any) -> Domain:
    """The domain and the bounds that a user states.  Raises UsageError."""
    entries = named_entries(arguments)
    condition = None if domain is None else as_condition(domain, arguments.entries(), entries)
    return Domain(arguments, bounds_of(bounds, entries), condition)


def shape_of(value: Source, arguments: Arguments, where: Domain, who: str) -> Shape:
    """The shape of what a function returns.  Raises UsageError where it returns nothing at all."""
    try:
        return shape_of_value(value, arguments, where.places(), who)
    except RuleError:
        raise
    except SubjectError as error:
        raise UsageError(f"{who} fails at every point that was tried ({in_a_line(error)}): {way_out(error)}") from None


def way_out(error: SubjectError) -> str:
    """What to state where a function fails at all points: most often the shape of an array."""
    if error.raised(TypeError, IndexError, AttributeError):
        return "state shapes= for inputs that are arrays"
    return "state bounds= or domain=" if error.without_value else "call it once yourself"


def limited(
    row: Row, definition: Term, where: Domain, natural: Condition, label: str, kinks: Sequence[Kink] = ()
) -> tuple[Row, RowSpec]:
    """A row with its spec, in the domain and within the bounds."""
    row.everywhere = where.bounds
    row.bounds = {entry: pair for entry, pair in where.bounds.items() if entry in row.inputs}
    row.sampled_region = between(row.inputs, FARTHEST) if row.of_entries else None
    if isinstance(row, Along):
        near = row.chart.near
        row.everywhere = row.bounds = dict.fromkeys(near, (-REACH, REACH))
        others = [name for name in row.inputs if name not in near]
        row.sampled_region = between(others, FARTHEST) if others else None
        label = ", ".join(filter(None, (label, row.chart.label)))
        inside = row.chart.condition & natural_domain(definition)
        return row, row_spec(row, definition, simplified(inside), label, kinks)
    row.where_allowed = where.allowed
    condition = where.of(row.inputs)
    return row, row_spec(row, simplify(definition), natural if condition is None else condition, label, kinks)
