"""A claim that is not verified row by row: at shapes that are too large, or run as it is, for it cannot be traced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from backproof.verify.evaluate.stepwise import At
from backproof.verify.mirror.table import Spec
from backproof.verify.numerics.natural_domain import natural_domain
from backproof.verify.numerics.trace_agreement import Leaking
from backproof.verify.numerics.working_range import Bounds
from backproof.verify.results.findings import Source
from backproof.verify.subjects.arrays.large import LargePair
from backproof.verify.subjects.arrays.small import array_of, format_shape
from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.contracts.arguments import Arguments
from backproof.verify.subjects.contracts.claim import Claim
from backproof.verify.subjects.contracts.memory import told
from backproof.verify.subjects.contracts.readings import Products, Reading
from backproof.verify.subjects.contracts.rows import Row
from backproof.verify.subjects.contracts.where import Domain, limited, shape_of
from backproof.verify.subjects.functions.declared import RuleError
from backproof.verify.subjects.functions.looked_at import source_of
from backproof.verify.subjects.operation import MOST_TERMS, Operation, Shape
from backproof.verify.support.errors import NotTraced, UsageError
from backproof.verify.terms.ledger import Ledger
from backproof.verify.terms.term import (
    TRUE,
    Condition,
    Term,
    asking,
    at_most,
    constant,
    keeping,
    substitute,
    symbol,
    term,
)


class WholeClaim(LargePair):
    """A claim as the pair of its function and the product of an upstream gradient with its matrix.

    at: the values of the inputs by which nothing is differentiated; why: what stopped the trace; "" if nothing did
    """

    def __init__(
        self,
        claim: Claim,
        name: str,
        at: Mapping[str, float],
        why: str,
        bounds: Mapping[str, Any] = MappingProxyType({}),
        domain: Condition = TRUE,
    ) -> None:
        self.claim, self.at, self.why, self.where = claim, dict(at), why, domain
        arguments = claim.arguments
        shapes = {one: arguments.shapes[one] for one in arguments.wrt if arguments.shapes[one]}
        super().__init__(self._function, self._product, shapes, name, arguments.wrt, None, bounds)

    @property
    def case(self) -> str:
        held = ", ".join(f"{entry} = {self.at[entry]:g}" for entry in self._held())
        return ", ".join(filter(None, (super().case, held and f"with {held}")))

    def _held(self) -> tuple[str, ...]:
        arguments = self.claim.arguments
        return tuple(entry for name in arguments.held for entry in arguments.entries(name))

    @cached_property
    def source(self) -> Source:
        return source_of(self.claim.derivative.function)

    def code_texts(self) -> list[tuple[str, str]]:
        return []

    def _data(self, arrays: Mapping[str, Any]) -> list[float]:
        arguments = self.claim.arguments
        found: list[float] = []
        for name in arguments.names:
            given = arrays[name] if name in arrays else [self.at[entry] for entry in arguments.entries(name)]
            found += [float(x) for x in np.ravel(given)]
        return found

    def _function(self, *arrays: Any) -> Any:
        values = self.claim.values(self._data(dict(zip(self.claim.arguments.wrt, arrays, strict=True))))
        return array_of([float(v) for v in values], self.claim.shape) if self.claim.shape else float(values[0])

    def _product(self, **given: Any) -> Any:
        """Σ g·J, for each input."""
        arguments = self.claim.arguments
        matrix = self.claim.partials(self._data({name: given[name] for name in arguments.wrt})).astype(float)
        product = np.ravel(given["g"]) @ matrix
        found, start = [], 0
        for name in arguments.wrt:
            part = product[start : start + arguments.size(name)]
            start += len(part)
            found.append(part.reshape(arguments.shapes[name]) if arguments.shapes[name] else float(part[0]))
        return tuple(found) if len(found) > 1 else found[0]

    def bound(self, bounds: Mapping[str, Any], domain: Any = None) -> None:
        """Take the bounds, and the domain at the values of the inputs that are held."""
        held = {symbol(entry): constant(self.at[entry]) for entry in self._held()}
        (domain,) = substitute((self.where,), held)
        assert isinstance(domain, Condition)
        self.domain = domain
        self.stay_within(domain)
        super().bound(bounds)

    def remembers(self) -> tuple[str, list[tuple[str, str]]] | None:
        return told(self.claim)

    def along(self, at: At) -> tuple[list[Term], list[Term], list[Term]]:
        if self.why:
            raise NotTraced(self.why)
        arguments = self.claim.arguments
        moved = set(arguments.moved)
        data = [symbol(entry) if entry in moved else self.at[entry] for entry in arguments.entries()]
        ledger = Ledger(arrays=True)
        with np.errstate(all="ignore"), subject_code, at_most(MOST_TERMS), asking(at), keeping(ledger):
            values, matrix = self.claim.once(data)
            outputs = [term(value) for value in values]
            gradients = [constant(0)] * len(arguments.moved)
            for weight, row in zip(self.symbols(self.upstream), matrix, strict=True):
                for j, partial in enumerate(row):
                    if partial is not constant(0) and not (isinstance(partial, float) and partial == 0):
                        gradients[j] = gradients[j] + weight * partial
        if ledger.leaks:
            raise Leaking(tuple(ledger.leaks))
        return outputs, gradients, outputs

    def at_shapes(self, shapes: Mapping[str, Shape]) -> tuple[Operation, Spec]:
        """Its first row at other shapes, where all branches are followed; data of the old shape stops that."""
        if self.why:
            raise UsageError(self.why)
        arguments = replace(self.claim.arguments, shapes={**self.claim.arguments.shapes, **shapes})
        where = Domain(arguments, self.small_bounds(arguments), None)
        if self.where is not TRUE:
            raise UsageError("the domain is stated by the entries of the shape that was asked for")
        try:
            shape = shape_of(self.claim.value, arguments, where, self.name)
        except RuleError as error:
            raise UsageError(str(error)) from None
        if isinstance(self.claim.reading, Products):
            raise UsageError("a product is looked at in the shape that was asked for")
        reading = Reading(self.claim.reading.name, shape, arguments)
        claim = Claim(self.claim.value, self.claim.derivative, arguments, shape, reading)
        traced = claim.traced
        if isinstance(traced, Exception) or traced.leaks:
            raise UsageError("it does not run on symbols at this shape")
        row = Row(claim, 0, self.name, self.command)
        return limited(row, traced.values[0], where, natural_domain(traced.values[0]), self.described(shapes))

    def small_bounds(self, arguments: Arguments) -> Bounds:
        return {entry: pair for name, pair in self.bounds.items() for entry in arguments.entries(name)}

    def described(self, shapes: Mapping[str, Shape]) -> str:
        return ", ".join(f"{one}: {format_shape(shape)}" for one, shape in shapes.items() if shape)
