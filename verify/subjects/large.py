"""Pairs of functions of arrays at shapes that are too large to prove: run whole, on floats or on symbols.

Nothing is merged over branches here, as it is at small shapes: on symbols a pair is run along the one path that some
point takes, and what is found holds on the cell of that point.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from verify.errors import UsageError, in_a_line
from verify.mirror import Row
from verify.numbers.lattices import Sample, samples
from verify.subjects.operation import Run
from verify.subjects.pairs import OUT, UPSTREAM, RuleError
from verify.subjects.sandbox import stopping
from verify.subjects.vectors import ArrayPair, Shape, array_of, entries_of, flat, shape_returned, weights_name
from verify.trace.stepwise import At
from verify.trace.term import TRUE, Condition, Term, asking, at_most, constant, symbol, term

MOST_TERMS = 200_000
"""Terms of one run on symbols, the forward and the rule: the reference and the trials need a few times as many."""

MOST_ENTRIES_AT_ALL = 200_000  # of an array that is looked at on floats

Arrays = dict[str, Any]


class LargePair(ArrayPair):
    """A pair at fixed shapes.  ``meant``: another function that says what the forward is to compute, if any."""

    large = True

    def __init__(
        self,
        forward: Callable[..., Any],
        backward: Callable[..., Any],
        shapes: Mapping[str, int | Shape],
        name: str = "",
        inputs: Sequence[str] = (),
        meant: Callable[..., Any] | None = None,
        domain: Condition = TRUE,
    ) -> None:
        super().__init__(forward, backward, shapes, name, inputs)
        self.meant, self.domain = meant, domain
        self.own_definition = meant is None
        if sum(self.sizes.values()) > MOST_ENTRIES_AT_ALL:
            raise UsageError(f"shapes: {sum(self.sizes.values())} entries are more than {MOST_ENTRIES_AT_ALL}")
        self.upstream = weights_name(self.arrays)
        self.out_shape: Shape = self._out_shape()
        self.sizes[self.upstream] = math.prod(self.out_shape)

    @property
    def count(self) -> int:
        """Entries of all inputs and of the output together."""
        return sum(self.sizes.values())

    @property
    def told(self) -> str:
        """The shapes for a reader: x: 768, or a: 16×16, b: 16×8."""
        return ", ".join(f"{one}: {shape_told(shape)}" for one, shape in self.shapes.items() if shape)

    def entries(self) -> tuple[str, ...]:
        """The names of the entries of all inputs: x_0, x_1, ..."""
        return tuple(name for one in self.arrays for name in entries_of(one, self.shapes[one]))

    def shape_of(self, name: str) -> Shape:
        """The shape of an input, or of the gradient that arrives."""
        return self.out_shape if name == self.upstream else self.shapes[name]

    def samples(self, seed: int, *, far: bool = False) -> Iterator[Sample]:
        """Points for all of its arrays, and for the gradient that arrives once that has a shape."""
        return samples(self.name, {name: self.shape_of(name) for name in self.sizes}, seed, far=far)

    def run(self, data: Sequence[Any], *, upstream: Any = 1.0, before: Sequence[Any] | None = None) -> Run:
        """Raises TypeError: it is no operation of numbers, whatever asks for one."""
        raise TypeError(f"arrays of {self.told} are run whole, not number by number")

    # --------------------------------------------------------------------------------------------------- on floats

    def values(self, arrays: Arrays) -> Any:
        """The forward on floats, which is handed copies."""
        with np.errstate(all="ignore"), stopping():
            return self._forward(*(_copy(arrays[one]) for one in self.arrays))

    def slopes(self, arrays: Arrays) -> dict[str, Any]:  # type: ignore[override]  # of arrays, not of numbers
        """The gradients on floats of Σ w·f(x), each an array; forward and backward are handed copies."""
        out = self.values(arrays)
        given = {**{one: _copy(arrays[one]) for one in self.arrays}, OUT: out, UPSTREAM: _copy(arrays[self.upstream])}
        return self.answered(given)

    def answered(self, given: Arrays) -> dict[str, Any]:
        """What the backward answers to just these arrays."""
        with np.errstate(all="ignore"), stopping():
            return dict(self.gradients(self._backward, given))

    def _out_shape(self) -> Shape:
        """The shape that the forward returns.  Raises UsageError where it returns none, or does not run."""
        refused: Exception | None = None
        for sample in self.samples(0):
            try:
                out = self.values(sample.arrays)
            except Exception as error:  # the user's own code may raise anything, a point outside its domain perhaps
                refused = refused or error
                continue
            return shape_returned(self.name, out)
        reason = in_a_line(refused)
        raise UsageError(f"{self.name} does not run on arrays of shapes {self.told or '()'} ({reason})")

    # -------------------------------------------------------------------------------------------------- on symbols

    def symbols(self, name: str) -> list[Term]:
        """The entries of an input, or of the gradient that arrives, as symbols."""
        return list(map(symbol, entries_of(name, self.shape_of(name))))

    def along(self, at: At) -> tuple[list[Term], list[Term], list[Term]]:
        """Outputs, gradients and what is meant, on symbols, along the path of the point ``at``.

        Raises whatever the user's code raises where it leaves the tracer, OnCorner, TooManyTerms.
        """
        forward, backward = self._functions(symbols=True)
        with np.errstate(all="ignore"), stopping(), at_most(MOST_TERMS), asking(at):
            out = forward(*self._on_symbols())
            if np.shape(out) != self.out_shape:
                raise RuleError(f"the forward returned shape {np.shape(out)} on symbols, {self.out_shape} on floats")
            outputs = _terms(out)
            weights = self.symbols(self.upstream)
            g = array_of(weights, self.out_shape) if self.out_shape else weights[0]
            given = {**dict(zip(self.arrays, self._on_symbols(), strict=True)), OUT: out, UPSTREAM: g}
            gradients = [t for _, found in self.gradients(backward, given) for t in _terms(found)]
            meant = outputs if self.meant is None else self._meant()
        return outputs, gradients, meant

    def _on_symbols(self) -> list[Any]:
        return self.shaped([t for one in self.arrays for t in self.symbols(one)])

    def _meant(self) -> list[Term]:
        from verify.subjects.private import symbolic

        assert self.meant is not None
        found = symbolic(self.meant)(*self._on_symbols())
        if np.shape(found) != self.out_shape:
            raise RuleError(f"the definition returned shape {np.shape(found)}, and the forward {self.out_shape}")
        return _terms(found)

    # ---------------------------------------------------------------------------------------------- what it tells

    def written(self) -> tuple[str, ...]:
        """A line for each input: what stands in the entries is too long to be read."""
        return tuple(f"(an array of shape {shape_told(self.shapes[one])})" for one in self.arrays)

    def complaint(self) -> str:
        """What is wrong with what the backward returns, "" if it is one gradient of the right shape for each input."""
        for sample in self.samples(0):
            try:
                self.slopes(sample.arrays)
            except RuleError as error:
                return str(error)
            except Exception:  # the user's own code may raise anything: the checks tell of it
                continue
            return ""
        return ""


class LargeRow(Row):
    """What is known of a large pair: its shapes, which tell its cases apart."""

    def __init__(self, pair: LargePair) -> None:
        super().__init__(pair.name, constant(0), operands=pair.arrays)
        object.__setattr__(self, "_case", pair.told)

    @property
    def case(self) -> str:
        return str(vars(self)["_case"])


def shape_told(shape: Shape) -> str:
    return "×".join(map(str, shape)) or "one number"


def _copy(x: Any) -> Any:
    return x.copy() if isinstance(x, np.ndarray) else x


def _terms(x: Any) -> list[Term]:
    return list(map(term, flat(x)))


def places(shape: Shape) -> Iterator[tuple[int, ...]]:
    """The places of an array's entries, in order."""
    return iter(np.ndindex(*shape))
