"""Pairs of functions of arrays at shapes that are too large to prove: run whole, on floats or on symbols.

Unlike at small shapes, branches are not merged: on symbols a pair is run along the path that one point takes, and
the result holds on the cell of that point.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from backproof.verify.evaluate.stepwise import At
from backproof.verify.mirror.table import Spec
from backproof.verify.numerics.lattices import NoRoom, Sample, samples
from backproof.verify.numerics.trace_agreement import Leaking
from backproof.verify.numerics.working_range import Bounds
from backproof.verify.subjects.arrays.small import (
    ArrayPair,
    VectorPair,
    array_of,
    entries_of,
    flat,
    format_shape,
    shape_returned,
    weights_name,
)
from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.functions.arguments import as_condition, beside_spec, bounds_of
from backproof.verify.subjects.functions.declared import RuleError
from backproof.verify.subjects.functions.pairs import OUT, UPSTREAM
from backproof.verify.subjects.operation import MOST_TERMS, ArrayOperation, Arrays, Operation, Shape
from backproof.verify.support.errors import SubjectError, UsageError, in_a_line
from backproof.verify.terms.ledger import Ledger
from backproof.verify.terms.term import TRUE, Term, asking, at_most, keeping, symbol, term
from backproof.verify.tracing.stopped import Stopped

_DRAWN = 50  # times that a point is drawn until it fulfils a condition on several entries

MOST_ENTRIES_AT_ALL = 200_000  # of an array that is checked on floats


class LargePair(ArrayPair, ArrayOperation):
    """A pair at fixed shapes.  ``meant``: another function that defines what the forward must compute, if any."""

    takes_bounds = True
    _numbers: tuple[type, ...] = (float,)  # kinds of its inputs without a shape, the first that it runs on is taken
    _number: type = float
    _turns = 1  # how often the points of all scales are drawn

    def __init__(
        self,
        forward: Callable[..., Any],
        backward: Callable[..., Any],
        shapes: Mapping[str, int | Shape],
        name: str = "",
        inputs: Sequence[str] = (),
        meant: Callable[..., Any] | None = None,
        bounds: Mapping[str, Any] = MappingProxyType({}),
        domain: Any = None,
    ) -> None:
        super().__init__(forward, backward, shapes, name, inputs)
        self.meant, self.domain, self.given_domain = meant, TRUE, domain
        self.own_definition = meant is None
        if sum(self.sizes.values()) > MOST_ENTRIES_AT_ALL:
            raise UsageError(f"shapes: {sum(self.sizes.values())} entries are more than {MOST_ENTRIES_AT_ALL}")
        self.upstream = weights_name(self.arrays)
        self.bound(bounds, domain)
        self.out_shape: Shape = self._out_shape()
        self.sizes[self.upstream] = math.prod(self.out_shape)

    @property
    def count(self) -> int:
        """The number of entries of all inputs and the output."""
        return sum(self.sizes.values())

    @property
    def case(self) -> str:
        return ", ".join(f"{one}: {format_shape(shape)}" for one, shape in self.shapes.items() if shape)

    def entries(self) -> tuple[str, ...]:
        """The names of the entries of all inputs: x_0, x_1, ..."""
        return tuple(name for one in self.arrays for name in entries_of(one, self.shapes[one]))

    def shape_of(self, name: str) -> Shape:
        """The shape of an input, or of the upstream gradient."""
        return self.out_shape if name == self.upstream else self.shapes[name]

    def samples(self, seed: int, *, far: bool = False) -> Iterator[Sample]:
        for turn in range(self._turns):
            yield from self._drawn(f"{seed}|turn {turn}" if turn else str(seed), far)

    def _drawn(self, seed: str, far: bool) -> Iterator[Sample]:
        shapes = {name: self.shape_of(name) for name in self.sizes}  # the upstream gradient's, too, once it is known
        boxed = self.allowed is None or self.allowed.is_a_box
        drawn = ("", *(f"|{k}" for k in range(1, _DRAWN)))[: 1 if boxed else _DRAWN]
        streams = [samples(self.name, shapes, f"{seed}{more}", far=far, bounds=self._stretches()) for more in drawn]
        for same in zip(*streams, strict=True):
            inside = (one for one in same if self.allowed is None or self.allowed.admits(self._point(one.arrays)))
            if (found := next(inside, None)) is not None:
                yield found

    def _stretches(self) -> Bounds:
        """What the domain and the bounds leave to all entries of an array."""
        found, start = {}, 0
        for one in self.arrays:
            stop = start + self.sizes[one]
            if self.allowed is not None:
                low, high = self.allowed.stretch(start, stop)
                if low < high and (low > -math.inf or high < math.inf):
                    found[one] = low, high
            start = stop
        return found

    def _point(self, arrays: Arrays) -> Any:
        return np.concatenate([np.ravel(arrays[one]) for one in self.arrays]).astype(float)

    def reach(self, arrays: Arrays, direction: Arrays) -> tuple[float, float]:
        """How far one may go against and along a direction until an entry leaves the domain or its bounds."""
        if self.allowed is None:
            return -math.inf, math.inf
        whole = {one: direction.get(one, np.zeros(self.shapes[one])) for one in self.arrays}
        return self.allowed.reach(self._point(arrays), self._point(whole))

    def _coordinates(self) -> Sequence[str]:
        return self.entries()

    def _bounds_of_entries(self) -> Bounds:
        return {name: ends for one, ends in self.bounds.items() for name in entries_of(one, self.shapes[one])}

    def bound(self, bounds: Mapping[str, Any], domain: Any = None) -> None:
        """Take the bounds that a user gives, of an array each, and the domain.  Raises UsageError."""
        self.bounds = bounds_of(bounds, {one: (one,) for one in self.arrays})
        if domain is not None:
            arrays = {one: entries_of(one, self.shapes[one]) for one in self.arrays}
            self.domain = as_condition(domain, self.entries(), arrays)
            self.stay_within(self.domain)
        try:
            for far in (False, True):
                list(self.samples(0, far=far))
        except NoRoom as error:
            raise UsageError(f"bounds: {error}; state wider ones, or a smaller shape") from None

    def at_shapes(self, shapes: Mapping[str, Shape]) -> tuple[Operation, Spec]:
        small = VectorPair(*self.functions, shapes, self.name, self.arrays)
        return beside_spec(small, self.meant, self.given_domain, bounds=self.bounds)

    # --------------------------------------------------------------------------------------------------- on floats

    def values(self, arrays: Arrays) -> Any:
        return self._numbers_of(self._forward, arrays)

    def _numbers_of(self, function: Callable[..., Any], arrays: Arrays) -> Any:
        with np.errstate(all="ignore"), subject_code:
            if self.allowed is not None:
                self._admit(self._point(arrays))
            return _numbers(function(*(self._copy(arrays[one]) for one in self.arrays)))

    def partials(self, arrays: Arrays) -> Arrays:
        out = self.out(arrays)
        given = {**{one: self._copy(arrays[one]) for one in self.arrays}, OUT: out}
        given[UPSTREAM] = self._copy(arrays[self.upstream])
        return self.returned(given)

    def _copy(self, x: Any) -> Any:
        return x.copy() if isinstance(x, np.ndarray) else self._number(x)

    def returned(self, given: Arrays) -> Arrays:
        with np.errstate(all="ignore"), subject_code:
            if self.allowed is not None:
                self._admit(self._point(given))
            return {one: _numbers(found) for one, found in self.gradients(self._backward, given)}

    def _out_shape(self) -> Shape:
        """The shape that the forward returns.  Raises UsageError where it returns none, or does not run."""
        refused: SubjectError | None = None
        for kind in self._numbers:
            self._number = kind
            for sample in self.samples(0):
                try:
                    out = self.values(sample.arrays)
                except SubjectError as error:  # possibly a point outside its domain
                    refused = refused or error
                    continue
                return shape_returned(self.valued, out)
        if refused is None:
            self.problem = "no point of the domain was found among those that were drawn; narrow them: bounds={...}"
            return ()
        reason = in_a_line(refused)
        who = self.valued if self.surrogate else self.name
        raise UsageError(f"{who} does not run on {self._described} ({reason})")

    @property
    def _described(self) -> str:
        return f"arrays of shapes {self.case or '()'}"

    # -------------------------------------------------------------------------------------------------- on symbols

    def symbols(self, name: str) -> list[Term]:
        return list(map(symbol, entries_of(name, self.shape_of(name))))

    def along(self, at: At) -> tuple[list[Term], list[Term], list[Term]]:
        ledger = Ledger(arrays=True)
        try:
            found = self._run_along(at, ledger)
        except SubjectError as error:
            if type(error) is SubjectError:  # the code raised, and the tracer has not said why
                raise Stopped(error, ledger) from error
            raise
        if ledger.leaks:
            raise Leaking(tuple(ledger.leaks))
        return found

    def _run_along(self, at: At, ledger: Ledger) -> tuple[list[Term], list[Term], list[Term]]:
        with np.errstate(all="ignore"), subject_code, at_most(MOST_TERMS), asking(at), keeping(ledger):
            forward, backward = self._functions(symbols=True)
            out, outputs, meant = self._outputs(forward)
            weights = self.symbols(self.upstream)
            g = array_of(weights, self.out_shape) if self.out_shape else weights[0]
            given = {**dict(zip(self.arrays, self._on_symbols(), strict=True)), OUT: out, UPSTREAM: g}
            gradients = [t for _, found in self.gradients(backward, given) for t in _terms(found)]
        return outputs, gradients, meant

    def _outputs(self, forward: Callable[..., Any]) -> tuple[Any, list[Term], list[Term]]:
        """What the backward is given as the output, the output's entries, and those of the definition."""
        out = forward(*self._on_symbols())
        if np.shape(out) != self.out_shape:
            raise RuleError(f"the forward returned shape {np.shape(out)} on symbols, {self.out_shape} on floats")
        outputs = _terms(out)
        return out, outputs, outputs if self.meant is None else self._meant()

    def _on_symbols(self) -> list[Any]:
        return self.shaped([t for one in self.arrays for t in self.symbols(one)])

    def _meant(self) -> list[Term]:
        found = self._meant_on_symbols()(*self._on_symbols())
        if np.shape(found) != self.out_shape:
            raise RuleError(f"the definition returned shape {np.shape(found)}, and the forward {self.out_shape}")
        return _terms(found)

    def _meant_on_symbols(self) -> Callable[..., Any]:
        from backproof.verify.tracing.symbolic import symbolic

        assert self.meant is not None
        return symbolic(self.meant)

    # ---------------------------------------------------------------------------------------------- what it reports

    def complaint(self) -> str:
        """What is wrong with what the backward returns, "" if it is one gradient of the right shape for each input."""
        for sample in self.samples(0):
            try:
                self.partials(sample.arrays)
            except RuleError as error:
                return str(error)
            except SubjectError:  # reported by the checks
                continue
            return ""
        return ""


class NumbersAsTheyAre(LargePair):
    """A pair of numbers whose forward does not run on symbols: it is held to its own slopes.

    It may ask its inputs for what entries of arrays have and floats have not: a size, a format.
    """

    as_it_is = True
    _numbers = (float, np.float64)
    _turns = 6  # they cost little

    @property
    def _described(self) -> str:
        return "any number that was tried"


def _numbers(x: Any) -> Any:
    """The array itself; raises if its entries are not numbers: here an error in user code, further on one of ours."""
    if np.shape(x):
        np.asarray(x, dtype=float)
    return x


def _terms(x: Any) -> list[Term]:
    return list(map(term, flat(x)))
