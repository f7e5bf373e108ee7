"""A claim that cannot be traced: run as it is on floats, and compared with differences of the function itself."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from backproof.verify.arithmetics.floats import QUIET
from backproof.verify.evaluate.evaluate import evaluate
from backproof.verify.evaluate.stepwise import At
from backproof.verify.mirror.table import Spec
from backproof.verify.numerics.lattices import Sample
from backproof.verify.results.findings import Source
from backproof.verify.subjects.arrays.large import LargePair
from backproof.verify.subjects.arrays.small import array_of
from backproof.verify.subjects.contracts.claim import Claim
from backproof.verify.subjects.functions.pairs import source_of
from backproof.verify.subjects.operation import Operation, Shape
from backproof.verify.support.errors import NotTraced, UsageError
from backproof.verify.terms.term import TRUE, Condition, Term


class OpaqueClaim(LargePair):
    """A claim on floats alone, as the pair of its function and the product of an upstream gradient with its matrix.

    at: the values of the inputs by which nothing is differentiated; why: what stopped the trace
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
        self.domain = domain

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

    def _is_inside(self, sample: Sample) -> bool:
        if self.where is TRUE:
            return True
        point = dict(zip(self.claim.arguments.entries(), self._data(sample.arrays), strict=True))
        return bool(evaluate([self.where], point, QUIET)[0])

    def limit(self, domain: Any) -> None:
        self.given_domain = domain

    def along(self, at: At) -> tuple[list[Term], list[Term], list[Term]]:
        raise NotTraced(self.why)

    def at_shapes(self, shapes: Mapping[str, Shape]) -> tuple[Operation, Spec]:
        raise UsageError(self.why)
