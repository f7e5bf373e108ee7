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
from backproof.verify.subjects.contracts.directions import is_linear
from backproof.verify.subjects.contracts.memory import told
from backproof.verify.subjects.contracts.readings import Products, Reading
from backproof.verify.subjects.contracts.rows import Row
from backproof.verify.subjects.contracts.where import Domain, limited, shape_of
from backproof.verify.subjects.functions.declared import Declared, RuleError
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
    symbol,
    term,
)


class WholeClaim(LargePair):
    """A claim as the pair of its function and the product of an upstream gradient with its matrix.

    why: what stopped the trace; "" if nothing did
    """

    def __init__(
        self,
        claim: Claim,
        name: str,
        why: str,
        bounds: Mapping[str, Any] = MappingProxyType({}),
        domain: Condition = TRUE,
    ) -> None:
        self.claim, self.why, self.where = claim, why, domain
        arguments = claim.arguments
        shapes = {one: shape for one, shape in arguments.shapes.items() if shape}
        backward = Declared(self._product, arguments.wrt, arguments.names)
        super().__init__(self._function, backward, shapes, name, arguments.names, None, bounds)

    @cached_property
    def source(self) -> Source:
        return source_of(self.claim.derivative.function)

    def code_texts(self) -> list[tuple[str, str]]:
        return []

    def _data(self, arrays: Mapping[str, Any]) -> list[float]:
        return [float(x) for name in self.claim.arguments.names for x in np.ravel(arrays[name])]

    def _function(self, *arrays: Any) -> Any:
        values = self.claim.values(self._data(dict(zip(self.claim.arguments.names, arrays, strict=True))))
        return array_of([float(v) for v in values], self.claim.shape) if self.claim.shape else float(values[0])

    def _product(self, **given: Any) -> Any:
        """Σ g·J, for each input that is differentiated."""
        arguments = self.claim.arguments
        matrix = self.claim.partials(self._data(given)).astype(float)
        product = np.ravel(given["g"]) @ matrix
        found, start = {}, 0
        for name in arguments.wrt:
            part = product[start : start + arguments.size(name)]
            start += len(part)
            found[name] = part.reshape(arguments.shapes[name]) if arguments.shapes[name] else float(part[0])
        return found

    def bound(self, bounds: Mapping[str, Any], domain: Any = None) -> None:
        """Take the bounds and the domain."""
        self.domain = self.where
        self.stay_within(self.where)
        super().bound(bounds)

    def remembers(self) -> tuple[str, list[tuple[str, str]]] | None:
        found = told(self.claim)
        if found is None and self.claim.product is not None:
            found = is_linear(self.claim, self.claim.product)
        return found

    def along(self, at: At) -> tuple[list[Term], list[Term], list[Term]]:
        if self.why:
            raise NotTraced(self.why)
        arguments = self.claim.arguments
        entries = arguments.entries()
        ledger = Ledger(arrays=True)
        with np.errstate(all="ignore"), subject_code, at_most(MOST_TERMS), asking(at), keeping(ledger):
            values, matrix = self.claim.once([symbol(entry) for entry in entries])
            outputs = [term(value) for value in values]
            gradients = dict.fromkeys(entries, constant(0))
            for weight, row in zip(self.symbols(self.upstream), matrix, strict=True):
                for entry, partial in zip(arguments.moved, row, strict=True):
                    if partial is not constant(0) and not (isinstance(partial, float) and partial == 0):
                        gradients[entry] = gradients[entry] + weight * partial
        if ledger.leaks:
            raise Leaking(tuple(ledger.leaks))
        return outputs, list(gradients.values()), outputs

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
