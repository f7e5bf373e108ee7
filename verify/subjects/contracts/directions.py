"""Products with a vector: a forward-mode rule, or a Hessian times a vector, as a scalar operation for each output.

That c(x, v) is the derivative of f at x along v is an identity between numbers, c = Σ ∂f/∂x_j·v_j.  It is asked as a
derivative: of s·Σ ∂f/∂x_j·v_j by a fresh symbol s, with x and v held.  It is linear in s, and so proved where both are
equal.  That the product is linear in v need not be asked: it follows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backproof.verify.evaluate.formulas import Formula
from backproof.verify.subjects.arrays.small import array_of
from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.contracts.arguments import Arguments, parameter_names
from backproof.verify.subjects.contracts.claim import Claim, Code
from backproof.verify.subjects.contracts.readings import Reading
from backproof.verify.subjects.contracts.rows import Row
from backproof.verify.subjects.functions.returned import plain
from backproof.verify.subjects.operation import Line, Run, Traced, terms_of
from backproof.verify.support.errors import SubjectError
from backproof.verify.terms.derivatives import derivative
from backproof.verify.terms.simplify import simplify
from backproof.verify.terms.term import Term, constant, symbol, symbols_of
from backproof.verify.tracing.arrays import TermArray

_POINTS = 4  # at which a product that is not traced as one is asked whether it is linear


def with_tangents(arguments: Arguments) -> tuple[Arguments, tuple[str, ...]]:
    """The same arguments with a vector for each input that is differentiated, after the inputs; and its names."""
    names = []
    for name in arguments.wrt:
        tangent = f"v_{name}" if len(arguments.wrt) > 1 or "v" in arguments.names else "v"
        while tangent in arguments.names or tangent in arguments.fixed:
            tangent += "_"
        names.append(tangent)
    shapes = {**arguments.shapes, **dict(zip(names, (arguments.shapes[name] for name in arguments.wrt), strict=True))}
    every = (*arguments.names, *names)
    made = replace(arguments, names=every, shapes=shapes, by_position=(*arguments.by_position, *names))
    return made, tuple(names)


def product_code(function: Callable[..., Any], arguments: Arguments, tangents: Sequence[str], what: str) -> Code:
    """How a product is called: with the inputs, then the vectors; or, as in JAX, with a tuple of each.

    arguments: with the vectors among them
    """
    inputs = [name for name in arguments.by_position if name not in tangents]
    if parameter_names(function)[:2] == ["primals", "tangents"]:

        def call(called: Callable[..., Any], values: dict[str, Any]) -> Any:
            found = called(tuple(values[name] for name in inputs), tuple(values[name] for name in tangents))
            return found[1] if isinstance(found, tuple) and len(found) == 2 else found

        return Code(function, call)
    return Code(function, arguments.caller(function, what))


def by_unit_vectors(claim: Claim, arguments: Arguments, tangents: Sequence[str]) -> Claim:
    """The Jacobian that a product gives, one unit vector after another: for a product that is not traced.

    arguments: without the vectors
    """
    code = claim.derivative

    def call(function: Callable[..., Any], values: dict[str, Any]) -> Any:
        columns = []
        for name, tangent in zip(arguments.wrt, tangents, strict=True):
            for entry in range(arguments.size(name)):
                given = {t: np.zeros(claim.arguments.shapes[t]) for t in tangents}
                given[tangent].reshape(-1)[entry] = 1.0
                symbols = any(isinstance(x, TermArray | Term) for x in values.values())
                vectors = {t: _vector(v, symbols) for t, v in given.items()}
                columns.append(claim.reading.read(code.call(function, {**values, **vectors})).reshape(-1))
        return np.array(columns, dtype=object).T

    reading = Reading("rows", claim.shape, arguments)
    made = Claim(claim.value, Code(code.function, call), arguments, claim.shape, reading)
    made.points = tuple(point[: len(arguments.entries())] for point in claim.points)
    made.product = claim
    return made


def is_linear(claim: Claim, product: Claim) -> tuple[str, list[tuple[str, str]]] | None:
    """Evidence that a product is not linear in the vector, which the Jacobian by unit vectors takes for granted.

    claim: that Jacobian; product: the product itself.  Asked along vectors that are neither units nor positive.
    """
    random = Random(0)
    count = len(claim.arguments.moved)
    for point in claim.points[:_POINTS]:
        try:
            matrix = claim.partials(point).astype(float)
            for scale in (1.0, -3.0, 2.0**-10):
                vector = [scale * random.uniform(-1, 1) for _ in range(count)]
                ours = product.partials([*point, *vector]).astype(float).reshape(-1)
                expected = matrix @ np.array(vector)
                size = float(np.abs(matrix).max(initial=0.0)) * max(map(abs, vector)) * count
                if not np.all(np.abs(ours - expected) <= 1e-9 * max(size, 1e-300)):
                    place = int(np.argmax(np.abs(ours - expected)))
                    shown = [("ours", f"{ours[place]!r}"), ("expected", f"{expected[place]!r}   = J·v by unit vectors")]
                    return "the product is not linear in the vector", shown
        except SubjectError:  # for the checks of values to report
            continue
    return None


def _vector(unit: NDArray[np.float64], symbols: bool) -> Any:
    """A vector of zeros and a one, among symbols as terms."""
    entries = [constant(x) for x in unit.reshape(-1).tolist()] if symbols else unit.reshape(-1).tolist()
    return array_of(entries, unit.shape) if unit.shape else entries[0]


class Directional(Row):
    """The product of one output's gradient with a vector; the derivative by ``scale``, which is a fresh symbol."""

    def __init__(
        self, claim: Claim, place: int, name: str, command: str, tangents: Sequence[str], *, separate: bool = True
    ) -> None:
        moved = claim.arguments.moved
        vectors = claim.arguments.entries(*tangents)
        traced = claim.traced
        assert not isinstance(traced, Exception)
        slopes = [derivative(traced.values[place], entry) for entry in moved]
        product = constant(0)
        for slope, v in zip(slopes, vectors, strict=True):
            product = product + slope * symbol(v)
        self.product = simplify(product)
        self.moved, self.vectors = moved, vectors
        self.scale = "s"
        while self.scale in claim.arguments.entries():
            self.scale += "_"
        super().__init__(claim, place, name, command, separate=separate)
        self.inputs = (self.scale, *self.inputs)
        self.columns = {self.scale: 0}
        self.held = frozenset(self.inputs) - {self.scale}
        self.wanted = f"the derivative of the function along {', '.join(tangents)}"
        self._formula = Formula(self.product, claim.arguments.entries())

    def _used(self, separate: bool) -> Sequence[str]:
        entries, traced = self.claim.arguments.entries(), self.claim.traced
        if isinstance(traced, Exception) or traced.leaks or not separate:
            return entries
        found = set(symbols_of(self.product, traced.values[self.place], *traced.matrix[self.place]))
        return [entry for entry in entries if entry in found]

    def coordinates(self, point: Sequence[Any]) -> list[tuple[str, Any]]:
        return super().coordinates(point)[1:]

    def value(self) -> Term:
        """The definition: the true product, times the scale."""
        return symbol(self.scale) * self.product

    def run(self, data: Sequence[Any], *, upstream: Any = 1.0, before: Sequence[Any] | None = None) -> Run:
        if any(isinstance(x, Term) for x in (*data, upstream)):
            return self._on_symbols(data, upstream, before)
        scale, *rest = data
        filled = self._filled(rest)
        matrix, after = self.claim.derived(filled)
        with subject_code:
            found = dict(zip(self.claim.arguments.entries(), after, strict=True))
            gradients = (upstream * plain(matrix[self.place, 0]), *(0.0 * upstream for _ in rest))
            if before is not None:
                gradients = tuple(b + g for b, g in zip(before, gradients, strict=True))
            out = scale * self._formula(*filled)
        return Run(out, gradients, (scale, *(found[entry] for entry in self.inputs[1:])), out, upstream)

    def forward(self, *data: Any) -> Any:
        if any(isinstance(x, Term) for x in data):
            return self._on_symbols(data, constant(1), None).out
        return data[0] * self._formula(*self._filled(data[1:]))

    @property
    def entries(self) -> tuple[str, ...]:
        return self.inputs[1:]

    def line(self, point: Sequence[float], i: int) -> Line | None:
        """The function itself along the vector: its slope at 0 is the product, divided by nothing that was traced."""
        if i != 0:
            return None
        at = dict(zip(self.claim.arguments.entries(), self._filled(point[1:]), strict=True))
        rates = {x: at[v] for x, v in zip(self.moved, self.vectors, strict=True)}

        def function(t: float) -> float:
            moved = [x + t * rates[entry] if entry in rates else x for entry, x in at.items()]
            return float(self.claim.values(moved)[self.place])

        return Line(function, {self.inputs.index(x): r for x, r in rates.items() if x in self.inputs and r})

    def traced(self) -> Traced:
        found = self.claim.traced
        if isinstance(found, Exception):
            raise found
        claimed, g = found.matrix[self.place][0], symbol("g")
        gradients = [symbol(f"acc_{self.scale}") + g * claimed, *(symbol(f"acc_{entry}") for entry in self.inputs[1:])]
        ledger = found.ledger
        asked = dict.fromkeys(term for terms in ledger.asked.values() for term in terms)
        out, *made = terms_of(self.value(), *gradients)
        return Traced(
            self.inputs, out, tuple(made), found.leaks, tuple(ledger.asked), tuple(asked), tuple(ledger.formats)
        )

