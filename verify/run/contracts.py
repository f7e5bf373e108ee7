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
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from itertools import islice
from types import MappingProxyType
from typing import Any

from backproof.verify.config.options import USUAL, Options
from backproof.verify.numerics.natural_domain import natural_domain
from backproof.verify.proof.obligation import accumulated
from backproof.verify.results.findings import Question, Verdict
from backproof.verify.run.questions import (
    MOST_USED,
    PLACES,
    Asked,
    Derivative,
    as_a_whole,
    is_proved,
    what_stopped,
    widest,
)
from backproof.verify.subjects.contracts.arguments import Arguments, arguments_of
from backproof.verify.subjects.contracts.claim import Claim, Code, Derived, Source, values_on_symbols
from backproof.verify.subjects.contracts.directions import Directional, by_unit_vectors, product_code, with_tangents
from backproof.verify.subjects.contracts.readings import (
    LAYOUTS,
    Products,
)
from backproof.verify.subjects.contracts.where import Domain, domain_given, limited, shape_of
from backproof.verify.subjects.functions.arguments import point_of
from backproof.verify.subjects.functions.looked_at import name_of
from backproof.verify.subjects.subject import Cases, Specified
from backproof.verify.support.errors import NO_TRACE, UsageError, in_a_line
from backproof.verify.support.limits import OutOfTime, time_limit
from backproof.verify.terms.derivatives import derivative
from backproof.verify.terms.term import constant, substitute, symbol

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
        asked = tuple(q for q in Question if not self.arguments.of_arrays or q is not Question.ACCURATE)
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

    @cached_property
    def given(self) -> Asked:
        """What all questions share."""
        return Asked(
            self.function,
            self.called,
            self.command,
            self.arguments,
            self.where,
            self.definition,
            self.kinks,
            self.layout,
            self.bounds,
        )

    # ------------------------------------------------------------------------------------------------ the claims

    def _claims(self) -> Iterator[list[Specified]]:
        arguments = self.arguments
        function = Code(self.function, arguments.call, 0 if self.jac is True else None)
        known, before = True, None
        if self.jac is not None or self.fprime is not None:
            what = "jac" if self.jac is not None else "fprime"
            first = self.jac if self.jac is not None else self.fprime
            slope = replace(function, part=1) if first is True else Code(first, arguments.caller(first, what))
            made = Derivative(self.given, what, function, slope).answered()
            yield made.cases
            known = not made.refuted
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
            yield Derivative(self.given, what, before or self._slopes(function, what), code).answered().cases
            return
        first = "fprime" if what == "fprime2" else "jac"
        yield Derivative(self.given, what, before, code, f"of {first}, which is refuted").answered().cases
        try:
            slopes = self._slopes(function, what)
        except UsageError:  # the function does not run on symbols: its own second derivative is not known
            return
        yield Derivative(self.given, what, slopes, code, "of the function's own derivative").answered().cases

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
        claim.points = tuple(islice(where.places(), PLACES))
        if isinstance(claim.traced, Exception) or widest(claim) > MOST_USED:
            by_columns = by_unit_vectors(claim, self.arguments, tangents)
            why = what_stopped(claim.traced) if isinstance(claim.traced, Exception) else ""
            return as_a_whole(self.given, by_columns, name, why)
        cases: list[Specified] = []
        for place in range(claim.count):
            row = Directional(claim, place, name, self.command, tangents, separate=where.separate)
            natural = natural_domain(claim.traced.values[place])
            cases.append(limited(row, row.value(), where, natural, row.label))
        return cases

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


def handed_over(function: Callable[..., Any], options: Mapping[str, Any], name: str = "") -> HandedOver:
    """A function with its derivatives by name, as an entry of a list has them.  Raises UsageError."""
    known = {one.name for one in fields(HandedOver)} - {"function", "made", "seconds"}
    for one in options:
        if one not in known:
            raise UsageError(f"{one!r} is none of {', '.join(sorted(known))}")
    if not known_derivatives(options):
        raise UsageError("no derivative is passed: jac, hess, hessp, jvp, fprime or fprime2")
    return HandedOver(function, **{"name": name, **options})


def known_derivatives(options: Mapping[str, Any]) -> list[str]:
    """The derivatives among the arguments of `check`."""
    return [one for one in ("jac", "hess", "hessp", "jvp", "fprime", "fprime2") if options.get(one) is not None]


def is_right(handed: HandedOver) -> str:
    """In words, that all that is handed over is proved, or agrees with differences; "" where neither is so.

    Raises UsageError.
    """
    cases = handed.subject().cases
    if all(spec is not None and is_proved(operation, spec) for operation, spec in cases):
        return "is proved"
    if any(spec is not None for _, spec in cases):
        return ""
    from backproof.verify.run.harness import verify_here

    report = verify_here(handed.subject(), options=replace(USUAL, points=_FEWEST, questions=(Question.RIGHT,)))
    agrees = all(operation.right.verdict in (Verdict.MATCHED, Verdict.PROBABLE) for operation in report.operations)
    return "agrees with finite differences" if agrees else ""


def is_zero(operation: Any) -> bool:
    """Whether a rule returns 0 by its form, whatever its inputs are."""
    try:
        traced = operation.traced()
    except NO_TRACE:
        return False
    zero = {symbol(accumulated(name)): constant(0) for name in operation.inputs}
    entries = set(operation.inputs) - set(operation.arriving)
    gradients = zip(operation.inputs, substitute(traced.gradients, zero), strict=True)
    return all(gradient is constant(0) for name, gradient in gradients if name in entries)
