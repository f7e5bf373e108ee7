"""One output of a function, and its row of a Jacobian, as a scalar operation: the derivative question, without weights.

A Jacobian says what each output's gradient is, so each row is a question by itself: the sum that a vector-Jacobian
product needs, with one weight an output, would have as many cells as all rows together.  At a kink each row must lie in
the Clarke generalized gradient of its own output, which is what a Jacobian claims; that of a weighted sum is smaller
(Clarke 1983, 2.6): of (|x|, -|x|) the rows 1 and 1 are valid, and with the weights (1, 1) they are not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from types import MappingProxyType
from typing import Any

from backproof.verify.arithmetics.ulps import FORMATS
from backproof.verify.mirror.table import Kink
from backproof.verify.numerics.allowed import Allowed
from backproof.verify.numerics.working_range import Bounds
from backproof.verify.results.findings import Source
from backproof.verify.subjects.boundary import NotCalled, subject_code
from backproof.verify.subjects.contracts.claim import Claim
from backproof.verify.subjects.contracts.memory import told
from backproof.verify.subjects.functions.formulas import FormulaRow, formula_spec
from backproof.verify.subjects.functions.looked_at import source_of
from backproof.verify.subjects.functions.returned import narrowest, plain
from backproof.verify.subjects.operation import Operation, Run, Traced, terms_of
from backproof.verify.support.errors import SubjectError
from backproof.verify.terms.notation.code import written
from backproof.verify.terms.ops import PARAMETRIC, SPECIAL
from backproof.verify.terms.simplify import simplify
from backproof.verify.terms.term import Condition, Term, constant, substitute, symbol, symbols_of, term, topological
from backproof.verify.tracing.source_code import reached

_ELSEWHERE = (0.5, 1.5, -0.5, 2.5)  # values of entries that an output does not depend on, where no other is at hand


class Row(Operation):
    """The output ``place`` of a claim, by the entries that occur in it or in its row.

    separate: whether each entry may have any value, whatever the others are
    """

    own_definition = True
    returns_derivative = True

    def __init__(self, claim: Claim, place: int, name: str, command: str, *, separate: bool = True) -> None:
        self.claim, self.place, self.name, self.command = claim, place, name, command
        self.inputs = tuple(self._used(separate))
        self.columns = {entry: k for k, entry in enumerate(claim.arguments.moved)}
        self.held = frozenset(self.inputs) - set(self.columns)
        arrays = bool(claim.shape) or claim.arguments.of_arrays  # NumPy sums in an order of its own
        self.compiled = arrays or self._uses_kernels()
        self.of_entries = claim.arguments.of_arrays
        self.everywhere: Bounds = MappingProxyType({})  # the bounds of all entries, of this row or not
        self.where_allowed: Allowed | None = None  # where the functions may be called, by all entries

    def _used(self, separate: bool) -> Sequence[str]:
        entries, traced = self.claim.arguments.entries(), self.claim.traced
        if isinstance(traced, Exception) or traced.leaks or not separate:
            return entries
        moved, row = self.claim.arguments.moved, traced.matrix[self.place]
        found = set(symbols_of(traced.values[self.place], *row))
        found |= {entry for entry, partial in zip(moved, row, strict=True) if partial is not constant(0)}
        return [entry for entry in entries if entry in found] or [moved[0]]

    def _uses_kernels(self) -> bool:
        """Whether floats come from somebody's approximations of functions that neither Python nor NumPy has."""
        traced = self.claim.traced
        if isinstance(traced, Exception):
            return False
        nodes = topological(traced.values[self.place], *traced.matrix[self.place])
        return any(t.op in SPECIAL or t.op in PARAMETRIC for t in nodes)

    def bounded_names(self) -> dict[str, tuple[str, ...]]:
        arguments = self.claim.arguments
        taken = set(self.inputs)
        named = {name: tuple(e for e in arguments.entries(name) if e in taken) for name in arguments.names}
        return {name: entries for name, entries in named.items() if entries}

    @property
    def label(self) -> str:
        """Which output it is: f[0, 2]; "" for the only one."""
        shape = self.claim.shape
        if not shape:
            return ""
        places, rest = [], self.place
        for size in reversed(shape):
            rest, place = divmod(rest, size)
            places.append(place)
        return f"output {', '.join(map(str, reversed(places)))}" if self.claim.count > 1 else ""

    # ------------------------------------------------------------------------------------------------ on numbers

    @property
    def entries(self) -> tuple[str, ...]:
        """Its inputs that are entries of the arguments: all of them."""
        return self.inputs

    def _filled(self, data: Sequence[float]) -> list[float]:
        """Values for all entries: one that the output does not depend on has that of another of its array."""
        arguments, given = self.claim.arguments, dict(zip(self.entries, data, strict=True))
        found: list[float] = []
        for name in arguments.names:
            entries = arguments.entries(name)
            at_hand = next((given[e] for e in entries if e in given), None)
            found += [given.get(e, self._elsewhere(name) if at_hand is None else at_hand) for e in entries]
        if self.where_allowed is not None and not self.where_allowed.admits(found):
            raise NotCalled("not called there: it is outside of the domain or of the bounds")
        return found

    def _elsewhere(self, name: str) -> float:
        """A value for the entries of an array of which the output depends on none."""
        low, high = self.everywhere.get(self.claim.arguments.entries(name)[0], (-math.inf, math.inf))
        inside = [x for x in _ELSEWHERE if low <= x <= high]
        return inside[0] if inside else low if math.isfinite(low) else high

    def run(self, data: Sequence[Any], *, upstream: Any = 1.0, before: Sequence[Any] | None = None) -> Run:
        if any(isinstance(x, Term) for x in (*data, upstream)):
            return self._on_symbols(data, upstream, before)
        filled = self._filled(data)
        values, matrix, after = self.claim.both(filled)
        with subject_code:
            found = dict(zip(self.claim.arguments.entries(), after, strict=True))
            row = {entry: plain(matrix[self.place, k]) for entry, k in self.columns.items()}
            gradients = tuple(upstream * row[entry] if entry in row else 0.0 * upstream for entry in self.inputs)
            if before is not None:
                gradients = tuple(b + g for b, g in zip(before, gradients, strict=True))
            out = plain(values[self.place])
        return Run(out, gradients, tuple(found[entry] for entry in self.inputs), out, upstream)

    def forward(self, *data: Any) -> Any:
        if any(isinstance(x, Term) for x in data):
            return self._on_symbols(data, constant(1), None).out
        return plain(self.claim.values(self._filled(data))[self.place])

    def format_of_results(self) -> str:
        for place in (0.75, 2.5, -0.625):
            try:
                return self._format_at([place] * len(self.entries))
            except SubjectError:  # possibly a point outside its domain
                continue
        return "float64"

    def _format_at(self, data: Sequence[float]) -> str:
        values = self.claim.arguments.values(self._filled(data))
        with subject_code:
            found = [code.result(code.function, values) for code in self.claim.codes]
        return min(map(narrowest, found), key=lambda name: FORMATS[name].width)

    # ------------------------------------------------------------------------------------------------ on symbols

    def _on_symbols(self, data: Sequence[Any], upstream: Any, before: Sequence[Any] | None) -> Run:
        traced = self.traced()
        replaced = {symbol(n): term(x) for n, x in zip(self.inputs, data, strict=True)}
        replaced[symbol("g")] = term(upstream)
        zero = before if before is not None else [constant(0)] * len(self.inputs)
        replaced |= {symbol(f"acc_{n}"): term(b) for n, b in zip(self.inputs, zero, strict=True)}
        out, *gradients = substitute((traced.forward, *traced.gradients), replaced)
        return Run(out, tuple(gradients), tuple(data), out, upstream)

    def traced(self) -> Traced:
        found = self.claim.traced
        if isinstance(found, Exception):
            raise found
        row, g = found.matrix[self.place], symbol("g")
        gradients = [
            symbol(f"acc_{entry}") + g * row[self.columns[entry]] if entry in self.columns else symbol(f"acc_{entry}")
            for entry in self.inputs
        ]
        ledger = found.ledger
        asked = dict.fromkeys(term for terms in ledger.asked.values() for term in terms)
        out, *made = terms_of(found.values[self.place], *gradients)
        return Traced(
            self.inputs, out, tuple(made), found.leaks, tuple(ledger.asked), tuple(asked), tuple(ledger.formats)
        )

    def constants_of_code(self) -> tuple[float, ...]:
        return self.claim.numbers

    # --------------------------------------------------------------------------------------------- what it reports

    @cached_property
    def source(self) -> Source:
        return source_of(self.claim.derivative.function)

    def written(self) -> tuple[str, ...]:
        """The row as it was handed over, one formula an entry; of those that are held none."""
        found = self.claim.traced
        if isinstance(found, Exception):
            return ("(does not run on symbols)",) * len(self.inputs)
        row = found.matrix[self.place]
        return tuple(
            written(simplify(row[self.columns[entry]])) if entry in self.columns else "(not differentiated)"
            for entry in self.inputs
        )

    def code_texts(self) -> list[tuple[str, str]]:
        return reached(*(code.function for code in self.claim.codes))

    def remembers(self) -> tuple[str, list[tuple[str, str]]] | None:
        return told(self.claim) if self.place == 0 else None

    def rerun(self, seed: int, point: Mapping[str, str]) -> str:
        if not self.command.endswith(")"):
            return super().rerun(seed, point)
        at = ", ".join(f'"{name}": "{value}"' for name, value in point.items())
        return f"{self.command[:-1]}, seed={seed}, point={{{at}}})" if point else f"{self.command[:-1]}, seed={seed})"


@dataclass(frozen=True)
class RowSpec(FormulaRow):
    """The spec of one output.  label: which output it is"""

    label: str = ""

    @property
    def case(self) -> str:
        return self.label


def row_spec(row: Row, definition: Term, domain: Condition, label: str, kinks: Sequence[Kink] = ()) -> RowSpec:
    """The spec of a row: of this definition, in this domain."""
    made = formula_spec(row.name, definition, row.inputs, domain, kinks, row.held)
    return RowSpec(**{field.name: getattr(made, field.name) for field in fields(made)}, label=label)


