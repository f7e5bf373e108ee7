"""Derivatives handed over as such: jac, hess, hessp, jvp, fprime, fprime2, each as a question to the prover.

| contract           | question                                                                                  |
|--------------------|-------------------------------------------------------------------------------------------|
| jac, fprime        | each row of the Jacobian is the gradient of its output                                    |
| hess, fprime2      | the same of the derivative before; where that is not proved, also of the function's own   |
| jvp, hessp         | the product is the derivative along the vector, for every vector                          |

What a derivative returns is read as the contract says (`verify.subjects.contracts.readings`).  Where that is not
proved, the other readings are tried, so that a transposed Jacobian is called one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from backproof.verify.checks.case import Case
from backproof.verify.checks.proof import check as proof_of
from backproof.verify.config.options import USUAL, Options
from backproof.verify.mirror.table import Spec
from backproof.verify.numerics.natural_domain import natural_domain
from backproof.verify.proof.decide import decided
from backproof.verify.proof.obligation import UPSTREAM, Obligation, accumulated, among_reals
from backproof.verify.proof.result import Status
from backproof.verify.results.findings import Question as Asked
from backproof.verify.results.findings import Verdict
from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.contracts import diagnosis
from backproof.verify.subjects.contracts.arguments import Arguments, arguments_of
from backproof.verify.subjects.contracts.claim import Claim, Code, Derived, Source, values_on_symbols
from backproof.verify.subjects.contracts.directions import Directional, by_unit_vectors, product_code, with_tangents
from backproof.verify.subjects.contracts.opaque import OpaqueClaim
from backproof.verify.subjects.contracts.readings import (
    LAYOUTS,
    OTHERS,
    Products,
    Reading,
    readings,
    refused,
    standard,
)
from backproof.verify.subjects.contracts.readings import (
    what as shown,
)
from backproof.verify.subjects.contracts.rows import Row
from backproof.verify.subjects.contracts.where import Domain, domain_given, limited, shape_of
from backproof.verify.subjects.functions.arguments import as_term, is_function, kinks_of, point_of
from backproof.verify.subjects.functions.pairs import RuleError, name_of
from backproof.verify.subjects.operation import Shape
from backproof.verify.subjects.subject import Cases, Specified
from backproof.verify.support.errors import NO_TRACE, SubjectError, UsageError, in_a_line
from backproof.verify.support.limits import OutOfTime, time_limit
from backproof.verify.terms.derivatives import derivative
from backproof.verify.terms.term import TRUE, Term, symbol, symbols_of

MOST_ROWS, MOST_ENTRIES = 256, 64
"""What is verified row by row; a larger Jacobian is compared with differences only."""

_FEWEST = 100  # points for a row


@dataclass
class HandedOver:
    """The arguments of `check` for a function and its derivatives."""

    function: Callable[..., Any]
    jac: Any = None
    hess: Any = None
    hessp: Any = None
    jvp: Any = None
    fprime: Any = None
    fprime2: Any = None
    definition: Any = None
    names: Sequence[str] = ()
    inputs: Any = None
    shapes: Mapping[str, Any] | None = None
    wrt: Any = None
    args: Any = ()
    domain: Any = None
    bounds: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    kinks: Any = ()
    layout: str | None = None
    name: str = ""
    seconds: float = 20.0
    made: tuple[Specified, ...] = ()

    def subject(self) -> Cases:
        """All that is to be verified.  Raises UsageError."""
        self._refuse_nonsense()
        cases: list[Specified] = []
        try:
            with time_limit(self.seconds):
                for part in self._claims():
                    cases += part
        except OutOfTime:
            late = f"the functions did not end within {self.seconds:g} s when they were run for the first time"
            raise UsageError(f"{self.called}: {late}") from None
        self.made = tuple(cases)
        return Cases(self.called, self.made)

    def options(self, options: Options, points: int | None, point: Any) -> Options:
        """The options of a run: fewer points for each of many rows; no accuracy of arrays, whose sums have no order."""
        rows = sum(math.prod(shape) for shape in self.arguments.shapes.values())
        asked = tuple(q for q in Asked if not self.arguments.of_arrays or q is not Asked.ACCURATE)
        several = max(1, len(self.made) - 1, rows // 4)
        count = points or max(_FEWEST, options.points // several)
        return replace(options, points=count, questions=asked, point=point_of(point, self.arguments.entries()))

    @property
    def called(self) -> str:
        return self.name or name_of(self.function, "f")

    def _refuse_nonsense(self) -> None:
        if not callable(self.function):
            raise UsageError(f"the function {self.function!r} is not a function")
        given = {"jac": self.jac, "hess": self.hess, "hessp": self.hessp, "jvp": self.jvp}
        given |= {"fprime": self.fprime, "fprime2": self.fprime2}
        for what, one in given.items():
            if one is not None and not callable(one) and not (what == "jac" and one is True):
                also = ", nor True for a function that returns (value, gradient)" if what == "jac" else ""
                raise UsageError(f"{what}: {one!r} is not a function{also}")
        if self.jac is not None and self.fprime is not None:
            raise UsageError("jac and fprime: both are the first derivative; pass one")
        if self.fprime2 is not None and self.fprime is None:
            raise UsageError("fprime2: it is the derivative of fprime, which was not passed")
        if self.layout is not None and self.layout not in LAYOUTS:
            raise UsageError(f"layout: {self.layout!r} is none of {', '.join(LAYOUTS)}")

    @cached_property
    def arguments(self) -> Arguments:
        """What the functions are called with."""
        if not isinstance(self.bounds, Mapping):
            raise UsageError(f'bounds: {self.bounds!r} names no inputs: write {{"x": (0, 10)}}')
        return arguments_of(
            self.function, self.names, self.inputs, self.shapes, self.wrt, self.args, tuple(map(str, self.bounds))
        )

    @cached_property
    def where(self) -> Domain:
        """Where the functions are meant."""
        return domain_given(self.arguments, self.bounds, self.domain)

    # ------------------------------------------------------------------------------------------------ the claims

    def _claims(self) -> Iterator[list[Specified]]:
        arguments = self.arguments
        function = Code(self.function, arguments.call, 0 if self.jac is True else None)
        known, before = True, None
        if self.jac is not None or self.fprime is not None:
            what = "jac" if self.jac is not None else "fprime"
            first = self.jac if self.jac is not None else self.fprime
            slope = replace(function, part=1) if first is True else Code(first, arguments.caller(first, what))
            made = Question(self, what, function, slope).answered()
            yield made.cases
            known = made.proved
            before = replace(slope, read=made.reading) if what == "jac" else slope
        if self.jvp is not None:
            yield self._products("jvp", function, self.jvp)
        for what, second in (("fprime2", self.fprime2), ("hess", self.hess)):
            if second is not None:
                code = Code(second, arguments.caller(second, what))
                yield from self._second(what, function, before, code, known)
        if self.hessp is not None:
            gradient = before if before is not None and known else self._slopes(function, "hessp")
            yield self._products("hessp", gradient, self.hessp)

    def _second(
        self, what: str, function: Code, before: Code | None, code: Code, known: bool
    ) -> Iterator[list[Specified]]:
        """A second derivative, of the first that was passed; and of the function's own, where that is another."""
        if before is None or known:
            yield Question(self, what, before or self._slopes(function, what), code).answered().cases
            return
        first = "fprime" if what == "fprime2" else "jac"
        yield Question(self, what, before, code, f"of {first}, which is not proved").answered().cases
        try:
            slopes = self._slopes(function, what)
        except UsageError:  # the function does not run on symbols: its own second derivative is not known
            return
        yield Question(self, what, slopes, code, "of the function's own derivative").answered().cases

    def _slopes(self, function: Code, what: str) -> Derived:
        """The true first derivative of a function that runs on symbols."""
        arguments = self.arguments
        try:
            values = values_on_symbols(function, arguments)
        except NO_TRACE as error:
            reason = in_a_line(error)
            raise UsageError(
                f"{what}: the function does not run on symbols ({reason}), so that its own derivative is not known: "
                "pass jac= as well"
            ) from None
        moved = arguments.moved
        if len(values) == 1:
            terms = tuple(derivative(values[0], entry, plain=True) for entry in moved)
            names = arguments.wrt
            return Derived(terms, arguments.entries(), arguments.shapes[names[0]] if len(names) == 1 else (len(moved),))
        if len(values) != len(moved):
            raise UsageError(f"{what}: the function returns {len(values)} numbers; a second derivative is that of one")
        shape = arguments.shapes[arguments.wrt[0]]
        terms = tuple(derivative(value, entry, plain=True) for value, entry in zip(values, moved, strict=True))
        return Derived(terms, arguments.entries(), shape)

    def _products(self, what: str, value: Source, product: Callable[..., Any]) -> list[Specified]:
        """A product with a vector, for each output."""
        arguments, tangents = with_tangents(self.arguments)
        where = domain_given(arguments, self.bounds, self.domain)
        shape = shape_of(value, arguments, where, f"{self.called}: the function")
        claim = Claim(value, product_code(product, arguments, tangents, what), arguments, shape, Products(shape))
        name = f"{self.called}.{what}"
        if isinstance(claim.traced, Exception):
            return self.run_as_it_is(by_unit_vectors(claim, self.arguments, tangents), name, in_a_line(claim.traced))
        cases: list[Specified] = []
        for place in range(claim.count):
            row = Directional(claim, place, name, self.command, tangents, separate=where.separate)
            natural = natural_domain(claim.traced.values[place])
            cases.append(limited(row, row.value(), where, natural, row.label))
        return cases

    # ------------------------------------------------------------------------------------------- what cannot be traced

    def run_as_it_is(self, claim: Claim, name: str, why: str) -> list[Specified]:
        """A claim that does not run on symbols, on floats alone."""
        where, arguments = self.where, claim.arguments
        place = next(where.places(), None)
        if place is None:
            raise UsageError(f"{self.called}: no point was found inside of the domain and the bounds")
        held = dict(zip(arguments.entries(), place, strict=True))
        bounds = {one: pair for one, pair in self.bounds.items() if one in arguments.wrt}
        made = OpaqueClaim(claim, name, held, why, bounds, TRUE if where.condition is None else where.condition)
        made.problem, made.command = made.complaint(), self.command
        return [(made, None)]

    @property
    def command(self) -> str:
        """The call, as far as it can be typed again."""
        given = {"jac": self.jac, "hess": self.hess, "hessp": self.hessp, "jvp": self.jvp}
        given |= {"fprime": self.fprime, "fprime2": self.fprime2}
        told = [name_of(self.function, "f")]
        passed = [(what, one) for what, one in given.items() if one is not None]
        told += [f"{what}={one if one is True else name_of(one, what)}" for what, one in passed]
        arguments = self.arguments
        shapes = {name: shape if len(shape) > 1 else shape[0] for name, shape in arguments.shapes.items() if shape}
        told += [f"shapes={shapes!r}"] if shapes else []
        told += [f"wrt={arguments.wrt!r}"] if arguments.held else []
        told += ["args=..."] if arguments.args else []
        told += [f"domain={self.domain!r}"] if isinstance(self.domain, str) else []
        told += [f"bounds={dict(self.bounds)!r}"] if self.bounds else []
        return f"verify.check({', '.join(told)})"


@dataclass
class Question:
    """One derivative of one function, and how it is answered: its cases, whether all are proved, how it was read."""

    asked: HandedOver
    what: str
    value: Source
    code: Code
    label: str = ""
    cases: list[Specified] = field(default_factory=list)
    proved: bool = False
    reading: Reading | None = None

    def answered(self) -> Question:
        """Itself, with its cases.  Raises UsageError."""
        asked, arguments, where = self.asked, self.asked.arguments, self.asked.where
        shape = shape_of(self.value, arguments, where, f"{asked.called}: the function")
        result = self._result()
        names = (asked.layout,) if asked.layout is not None else standard(result)
        fitting = readings(result, shape, arguments, names)
        others = [] if asked.layout is not None else readings(result, shape, arguments, OTHERS)
        if not fitting and not others:
            raise UsageError(f"{self.what}: {refused(result, shape, arguments)}")
        claim = Claim(self.value, self.code, arguments, shape, (fitting or others)[0])
        self.reading = (fitting or others)[0]
        name = f"{asked.called}.{self.what}"
        traced = claim.traced
        if isinstance(traced, Exception) or claim.count > MOST_ROWS or len(arguments.entries()) > MOST_ENTRIES:
            if not fitting:
                raise UsageError(f"{self.what}: {refused(result, shape, arguments)}")
            why = in_a_line(traced) if isinstance(traced, Exception) else "too many entries to be proved one by one"
            self.cases = asked.run_as_it_is(claim, name, why)
            return self
        self._rows(claim, name)
        if not self.proved:
            self._explain(claim, fitting[1:], others)
        elif not fitting:
            self._read_otherwise(result, shape)
        return self

    def _result(self) -> Any:
        """What the derivative returns at the first point where it returns something."""
        refusal: SubjectError | None = None
        for place in self.asked.where.places():
            try:
                with np.errstate(all="ignore"), subject_code:
                    return self.code.result(self.code.function, self.asked.arguments.values(place))
            except RuleError:
                raise
            except SubjectError as error:  # possibly a point outside its domain
                refusal = refusal or error
        why = in_a_line(refusal)
        raise UsageError(f"{self.what} fails at every point that was tried ({why}): state bounds= or domain=")

    def _rows(self, claim: Claim, name: str) -> None:
        asked, traced = self.asked, claim.traced
        assert not isinstance(traced, Exception)
        for place in range(claim.count):
            row = Row(claim, place, name, asked.command, separate=asked.where.separate)
            meant = self._meant(row, traced.values[place])
            label = ", ".join(filter(None, (row.label, self.label)))
            bends = kinks_of(asked.kinks, row.inputs)
            self.cases.append(limited(row, meant, asked.where, natural_domain(meant), label, bends))
        self.proved = not traced.leaks and all(is_proved(*case) for case in self.cases)

    def _meant(self, row: Row, own: Term) -> Term:
        """What the function is meant to compute."""
        asked = self.asked
        if asked.definition is None or not isinstance(self.value, Code) or self.value.function is not asked.function:
            return own
        row.own_definition = False
        if is_function(asked.definition):
            return values_on_symbols(replace(self.value, function=asked.definition), asked.arguments)[row.place]
        return as_term("definition", asked.definition, row.claim.arguments.entries(), False)

    def _explain(self, claim: Claim, standard_ones: Sequence[Reading], others: Sequence[Reading]) -> None:
        """Say what else it is, where that is proved: another layout, or a known mistake."""
        for reading in (*standard_ones, *others):
            if self._holds_as(claim.read_as(reading)):
                self._likely(AS[reading.name])
                return
        traced = claim.traced
        if isinstance(traced, Exception) or traced.leaks:
            return
        arguments = self.asked.arguments
        true = diagnosis.true_partials(traced.values, arguments.moved)
        self._likely(diagnosis.diagnosed(traced.matrix, true, arguments, self.asked.where.places(), self._are_equal))

    def _likely(self, message: str) -> None:
        for operation, _ in self.cases:
            operation.likely = message  # type: ignore[union-attr]  # rows, all of them

    def _holds_as(self, claim: Claim) -> bool:
        traced = claim.traced
        if isinstance(traced, Exception):
            return False
        rows = [Row(claim, place, "reading", "", separate=self.asked.where.separate) for place in range(claim.count)]
        values = traced.values
        return all(
            is_proved(*limited(row, values[row.place], self.asked.where, natural_domain(values[row.place]), ""))
            for row in rows
        )

    def _read_otherwise(self, result: Any, shape: Shape) -> None:
        """Accepted where only the layout is another one; a sum over observations is not what the caller gets."""
        assert self.reading is not None
        if self.reading.name == "per observation":
            sizes = shown(result)
            raise UsageError(
                f"{self.what} returned {sizes} for one number; the sum over its rows is the gradient (proved): "
                "pass the function that returns one number an observation, or the sum"
            )
        for operation, _ in self.cases:
            operation.remark = 'read as columns: say layout="columns"'  # type: ignore[union-attr]

    def _are_equal(self, pairs: Sequence[diagnosis.Pair]) -> bool:
        """Whether pairs of terms are proved equal in the domain."""
        where = self.asked.where
        return all(equal(ours, true, where) for ours, true in pairs)


AS = {
    "rows": "read by rows it is the Jacobian (proved)",
    "partials": "read as one part for each input it is the derivative (proved)",
    "elementwise": "entry by entry it is the derivative (proved)",
    "columns": "it is the transpose of the Jacobian (proved): return its transpose, or say layout=\"columns\"",
    "per observation": "the sum over its rows is the gradient (proved)",
}
"""What a derivative is if another reading of it is proved."""


def equal(ours: Term, true: Term, where: Domain) -> bool:
    """Whether two terms are proved equal in the domain: s·true has the derivative ``ours`` by a fresh symbol s."""
    names = tuple(dict.fromkeys(symbols_of(ours, true)))
    scale = "s"
    while scale in names:
        scale += "_"
    inputs = (scale, *names)
    definition, forward, rule = among_reals((symbol(scale) * true, symbol(scale) * true, ours))
    condition = where.of(names)
    obligation = Obligation(
        "identity",
        inputs,
        definition,
        natural_domain(true) if condition is None else condition,
        forward,
        (symbol(accumulated(scale)) + symbol(UPSTREAM) * rule, *(symbol(accumulated(n)) for n in names)),
        frozenset(names),
    )
    return decided(obligation).status is Status.PROVED


def is_proved(operation: Any, spec: Spec | None) -> bool:
    """Whether the prover proves a row; kept, so that the check which reports it does not prove it again."""
    assert spec is not None
    return any(f.verdict is Verdict.PROVED for f in proof_of(Case(operation, spec, replace(USUAL, alone=True))))
