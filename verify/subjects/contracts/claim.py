"""A function and what is handed over as its derivative, at fixed shapes: run on floats, and traced once for all rows.

Both run on symbols as copies of themselves, as pairs do (`verify.tracing.symbolic`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from backproof.verify.evaluate.formulas import Formulas
from backproof.verify.numerics.trace_agreement import Leaking
from backproof.verify.subjects.arrays.small import shape_returned
from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.contracts.arguments import Arguments
from backproof.verify.subjects.contracts.copies import Copies
from backproof.verify.subjects.contracts.readings import Matrix, Products, Reading, entries, what
from backproof.verify.subjects.functions.declared import RuleError
from backproof.verify.subjects.functions.returned import plain
from backproof.verify.subjects.operation import Shape
from backproof.verify.support.errors import NO_TRACE, SubjectError, UsageError
from backproof.verify.terms.ledger import Entry, Ledger
from backproof.verify.terms.term import Term, symbol

Call = Callable[[Callable[..., Any], dict[str, Any]], Any]
"""How a function is called with the values of its arguments."""


@dataclass(frozen=True)
class Code:
    """A function of the user's: itself, how it is called, and the part of its result that is meant, if not all.

    read: how a gradient is read, which then is the value: what a Hessian is the derivative of
    """

    function: Callable[..., Any]
    call: Call
    part: int | None = None
    read: Reading | None = None

    def result(self, function: Callable[..., Any], values: dict[str, Any]) -> Any:
        """What it returns, by itself or by a copy for symbols."""
        found = self.call(function, values)
        if self.part is not None:
            if not isinstance(found, (tuple, list)) or len(found) != 2:
                raise RuleError(f"jac=True: the function must return (value, gradient), not {what(found)}")
            found = found[self.part]
        return found if self.read is None else self.read.as_gradient(found)


@dataclass(frozen=True)
class Derived:
    """A function that is given by terms, one an entry of its value: a derivative that was worked out from a trace.

    names: the entries of its arguments, the first of those that it is called with
    """

    terms: tuple[Term, ...]
    names: tuple[str, ...]

    shape: Shape

    @cached_property
    def functions(self) -> Formulas:
        """All of them as one function of data of any kind."""
        return Formulas(self.terms, self.names)


Source = Code | Derived
"""What is differentiated."""


@dataclass(frozen=True)
class TracedClaim:
    """Values and partial derivatives as terms of the entries, and what the code may have learned beside them."""

    values: tuple[Term, ...]
    matrix: tuple[tuple[Term, ...], ...]
    ledger: Ledger
    extra: tuple[Entry, ...] = ()

    @property
    def leaks(self) -> tuple[Entry, ...]:
        return (*self.ledger.leaks, *self.extra)


class Claim:
    """What is verified: ``derivative`` is that of ``value``, read by ``reading``.

    shape: of the value
    """

    def __init__(
        self,
        value: Source,
        derivative: Code,
        arguments: Arguments,
        shape: Shape,
        reading: Reading | Products,
    ) -> None:
        self.value, self.derivative, self.arguments = value, derivative, arguments
        self.shape, self.reading = shape, reading
        self._copies = Copies([code.function for code in self.codes])
        self.product: Claim | None = None  # the product with a vector of which this is the Jacobian by unit vectors
        self.spoils = False  # the function returns something else after the derivative was called
        self.points: tuple[Sequence[float], ...] = ()  # some where both are meant, the plainest
        self.admits: Callable[[Sequence[float]], bool] = lambda _: True  # whether they may be called at a point

    @property
    def count(self) -> int:
        """The number of outputs."""
        return math.prod(self.shape)

    @property
    def codes(self) -> tuple[Code, ...]:
        """The functions of the user's that it is made of."""
        return (self.value, self.derivative) if isinstance(self.value, Code) else (self.derivative,)

    def read_as(self, reading: Reading) -> Claim:
        """The same, its derivative read in another way."""
        return Claim(self.value, self.derivative, self.arguments, self.shape, reading)

    # ------------------------------------------------------------------------------------------------ on numbers

    def values(self, data: Sequence[float]) -> list[Any]:
        """The entries of the value, of floats.  Raises SubjectError."""
        with np.errstate(all="ignore"), subject_code:
            return self._values(data, *(code.function for code in self.codes))

    def partials(self, data: Sequence[float]) -> Matrix:
        """The matrix of the claimed partial derivatives, of floats.  Raises SubjectError."""
        with np.errstate(all="ignore"), subject_code:
            return self._matrix(self.arguments.values(data), self.derivative.function)

    def both(self, data: Sequence[float]) -> tuple[list[Any], Matrix, list[Any]]:
        """Value and partial derivatives, and the entries of the arguments afterwards.  Raises SubjectError."""
        with np.errstate(all="ignore"), subject_code:
            values = self._values(data, *(code.function for code in self.codes))
        return values, *self.derived(data)

    def derived(self, data: Sequence[float]) -> tuple[Matrix, list[Any]]:
        """What the derivative alone returns, and the entries of the arguments afterwards.  Raises SubjectError."""
        with np.errstate(all="ignore"), subject_code:
            given = self.arguments.values(data)
            matrix = self._matrix(given, self.derivative.function)
            after = [plain(v) for name in self.arguments.names for v in np.ravel(given[name]).tolist()]
        return matrix, after

    def _given(self, data: Sequence[Any], symbols: bool = False) -> dict[str, Any]:
        return self.arguments.values(data, self._copies.lifter.twin) if symbols else self.arguments.values(data)

    def _values(self, data: Sequence[Any], *functions: Callable[..., Any], symbols: bool = False) -> list[Any]:
        if isinstance(self.value, Derived):
            return list(self.value.functions(*data[: len(self.value.names)]))
        found = self.value.result(functions[0], self._given(data, symbols))
        if np.shape(found) != self.shape:
            raise RuleError(f"the function returned shape {np.shape(found)}, and {self.shape} before")
        return list(entries(found).reshape(-1))

    def _matrix(self, values: dict[str, Any], function: Callable[..., Any]) -> Matrix:
        return self.reading.read(self.derivative.result(function, values))

    # ------------------------------------------------------------------------------------------------ on symbols

    @cached_property
    def traced(self) -> TracedClaim | Exception:
        """Both on symbols, over all branches; else what stopped that."""
        data = [symbol(entry) for entry in self.arguments.entries()]

        def run(functions: tuple[Callable[..., Any], ...]) -> list[Any]:
            matrix = self._matrix(self._given(data, symbols=True), functions[-1])
            return [*self._values(data, *functions, symbols=True), *matrix.reshape(-1)]

        try:
            found, ledger, state = self._copies.traced(run, arrays=self.arguments.of_arrays)
        except NO_TRACE as error:
            return error
        m, n = self.count, self.reading.width
        rows = tuple(found[m + k * n : m + (k + 1) * n] for k in range(m))
        return TracedClaim(found[:m], rows, ledger, state)

    def once(self, data: Sequence[Any]) -> tuple[list[Any], Matrix]:
        """Value and partial derivatives of symbols, along one path of the code: whoever calls says which."""
        functions = self._copies()
        matrix = self._matrix(self._given(data, symbols=True), functions[-1])
        return self._values(data, *functions, symbols=True), matrix

    @property
    def numbers(self) -> tuple[float, ...]:
        """The numbers that the code mentions."""
        return tuple(self._copies.lifter.numbers)


def values_on_symbols(code: Code, arguments: Arguments) -> tuple[Term, ...]:
    """The entries of a function's value as terms.

    Raises SubjectError where it does not run on symbols, or may have learned more than the terms record.
    """
    data = [symbol(entry) for entry in arguments.entries()]

    copies = Copies([code.function])

    def run(functions: tuple[Callable[..., Any], ...]) -> list[Any]:
        given = arguments.values(data, copies.lifter.twin)
        return list(entries(code.result(functions[0], given)).reshape(-1))

    found, ledger, state = copies.traced(run, arrays=arguments.of_arrays)
    if ledger.leaks or state:
        raise Leaking((*ledger.leaks, *state))
    return found


def shape_of_value(value: Source, arguments: Arguments, places: Iterator[Sequence[float]], name: str) -> Shape:
    """The shape of what a function returns, at the first of these places where it returns something.

    Raises UsageError for a result that is no array of real numbers; SubjectError where it fails at all of them.
    """
    if isinstance(value, Derived):
        return value.shape
    refused: SubjectError | None = None
    for place in places:
        try:
            with np.errstate(all="ignore"), subject_code:
                found = value.result(value.function, arguments.values(place))
        except RuleError:
            raise
        except SubjectError as error:  # possibly a point outside its domain
            refused = refused or error
            continue
        return shape_returned(name, np.asarray(entries(found)) if isinstance(found, (list, tuple)) else found)
    if refused is None:
        raise UsageError(f"{name}: no point was found inside of the domain and the bounds")
    raise refused
