"""A row of a Jacobian along a set that equations describe: the derivative of F(φ(u)) by the parameters of a chart."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from backproof.verify.arithmetics.floats import QUIET
from backproof.verify.evaluate.evaluate import evaluate
from backproof.verify.evaluate.formulas import Formulas
from backproof.verify.subjects.boundary import NotCalled, subject_code
from backproof.verify.subjects.contracts.charts import Chart
from backproof.verify.subjects.contracts.claim import Claim
from backproof.verify.subjects.contracts.rows import Row
from backproof.verify.subjects.functions.returned import plain
from backproof.verify.subjects.operation import Run, Traced, terms_of
from backproof.verify.terms.derivatives import derivative
from backproof.verify.terms.term import Term, constant, substitute, symbol, term


class Along(Row):
    """The output ``place`` of a claim along the image of a chart; its inputs are the chart's parameters."""

    def __init__(self, claim: Claim, place: int, name: str, command: str, chart: Chart) -> None:
        self.chart = chart
        super().__init__(claim, place, name, command, separate=False)
        self.inputs = chart.names
        self.held = frozenset(entry for name in claim.arguments.held for entry in claim.arguments.entries(name))
        self.compiled = True  # what is compared are sums of products with the chart's derivatives
        entries = claim.arguments.entries()
        self.moved = claim.arguments.moved
        self.rates = {(i, u): derivative(chart.images[i], u, plain=True) for i in self.moved for u in self.inputs}
        self._images = Formulas([chart.images[entry] for entry in entries], self.inputs)
        self._rates = Formulas(list(self.rates.values()), self.inputs)

    def coordinates(self, point: Sequence[Any]) -> list[tuple[str, Any]]:
        """The entries, at exact points as exact numbers."""
        try:
            found = self._images(*point)
        except TypeError:  # of an irrational radius
            found = self._images(*map(float, point))
        return list(zip(self.claim.arguments.entries(), found, strict=True))

    def bounded_names(self) -> dict[str, tuple[str, ...]]:
        return {name: (name,) for name in self.inputs}

    def _filled(self, data: Sequence[float]) -> list[float]:
        return [float(x) for x in self._images(*data)]

    def run(self, data: Sequence[Any], *, upstream: Any = 1.0, before: Sequence[Any] | None = None) -> Run:
        if any(isinstance(x, Term) for x in (*data, upstream)):
            return self._on_symbols(data, upstream, before)
        filled = self._filled(data)
        at = dict(zip(self.claim.arguments.entries(), filled, strict=True))
        if not evaluate([self.chart.rest], at, QUIET)[0]:
            raise NotCalled("the nearest floats lie outside of the domain")
        values, matrix, _ = self.claim.both(filled)
        rates = dict(zip(self.rates, self._rates(*data), strict=True))
        with subject_code:
            row = [float(plain(partial)) for partial in matrix[self.place]]
            gradients = []
            for u in self.inputs:
                gradients.append(upstream * sum(p * rates[i, u] for p, i in zip(row, self.moved, strict=True)))
            if before is not None:
                gradients = [b + g for b, g in zip(before, gradients, strict=True)]
            out = plain(values[self.place])
        return Run(out, tuple(gradients), tuple(data), out, upstream)

    def moved_to_chart(self, *terms: Term) -> tuple[Term, ...]:
        """Terms of the entries at the chart's image."""
        return substitute(terms, {symbol(entry): image for entry, image in self.chart.images.items()})

    @cached_property
    def definition(self) -> Term:
        """The function on the chart."""
        found = self.claim.traced
        assert not isinstance(found, Exception)
        return self.moved_to_chart(found.values[self.place])[0]

    def traced(self) -> Traced:
        found = self.claim.traced
        if isinstance(found, Exception):
            raise found
        row, g = self.moved_to_chart(*map(term, found.matrix[self.place])), symbol("g")
        gradients = []
        for u in self.inputs:
            total = constant(0)
            for partial, entry in zip(row, self.moved, strict=True):
                total = total + partial * self.rates[entry, u]
            gradients.append(symbol(f"acc_{u}") + g * total)
        ledger = found.ledger
        asked = dict.fromkeys(t for terms in ledger.asked.values() for t in terms)
        out, *made = terms_of(self.definition, *gradients)
        asked_here = self.moved_to_chart(*asked)
        return Traced(
            self.inputs, out, tuple(made), found.leaks, tuple(ledger.asked), asked_here, tuple(ledger.formats)
        )

    def written(self) -> tuple[str, ...]:
        """The row as it was handed over, at the chart's image, by its parameters."""
        return tuple(f"(along the set, by {u})" for u in self.inputs)
