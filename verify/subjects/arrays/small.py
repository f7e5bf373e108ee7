"""Pairs of functions of arrays, at small shapes: every entry of every gradient, as one scalar operation.

A rule on arrays multiplies the transposed Jacobian by the upstream gradient.  With weights w for that gradient, one
for each entry k of the output, it must return the gradient of the number F(x; w) = Σ w[k]·f(x)[k].  So the pair is
verified as the scalar operation F of all entries of x and of w: its gradient by x is the backward's result for g·w,
its gradient by w is g·f(x), which is right by construction.  A proof of F proves the rule at this shape, entry by
entry, for any upstream gradient.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import product
from typing import Any

import numpy as np

from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.functions.declared import RuleError
from backproof.verify.subjects.functions.pairs import OUT, UPSTREAM, PythonPair, TracedPair, inputs_of
from backproof.verify.subjects.functions.returned import gradients_of, no_gradient, plain
from backproof.verify.subjects.operation import Run, Shape, terms_of
from backproof.verify.support.errors import NO_TRACE, UsageError, in_a_line, kind_of
from backproof.verify.terms.notation.code import written
from backproof.verify.terms.parser import nearest
from backproof.verify.terms.simplify import simplify
from backproof.verify.terms.term import Condition, Term, compare, constant, symbol
from backproof.verify.tracing.branches import TooManyPaths, explore

MOST_ENTRIES = 16  # of all inputs and the output together: each is two symbols to the prover, which knows 40
FARTHEST = 1000
"""The range of entries on floats: past where exp overflows, but not so far that any sum of products does.

Weights range from -1 to 1: for a rule that is linear in the upstream gradient larger ones add nothing.
"""


class ArrayPair(PythonPair):
    """A forward and a backward on arrays, at fixed shapes; an input without a shape is a scalar."""

    def __init__(
        self,
        forward: Callable[..., Any],
        backward: Callable[..., Any],
        shapes: Mapping[str, int | Shape],
        name: str = "",
        inputs: Sequence[str] = (),
    ) -> None:
        self.arrays = tuple(inputs) or inputs_of(forward)
        super().__init__(forward, backward, name, self.arrays)
        for one in shapes:
            if one not in self.arrays:
                raise UsageError(f"shapes: {one!r} is not an input{nearest(one, self.arrays)}")
        self.shapes = {one: _shape(shapes.get(one, ())) for one in self.arrays}
        self.sizes = {one: math.prod(shape) for one, shape in self.shapes.items()}
        told = ", ".join(f'"{one}": {_literal(shape)}' for one, shape in self.shapes.items() if shape)
        self.command = f"{self.command[:-1]}, shapes={{{told}}})"

    @property
    def valued(self) -> str:
        """What returns its values, for a message."""
        return f"{self.name}: the forward"

    def shaped(self, entries: Sequence[Any]) -> list[Any]:
        """The entries of all inputs, as arrays."""
        found, start = [], 0
        for one in self.arrays:
            shape = self.shapes[one]
            size = math.prod(shape)
            part = entries[start : start + size]
            found.append(array_of(part, shape) if shape else part[0])
            start += size
        return found

    def gradients(self, backward: Callable[..., Any], given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """What the backward returned for each input.  Raises RuleError for another shape than the input's."""
        returned = gradients_of(self._returned(backward, given), self.arrays, self.wrt, self._every)
        for one, gradient in zip(self.arrays, returned, strict=True):
            if one not in self.wrt:
                yield one, np.zeros(self.shapes[one]) if self.shapes[one] else 0.0
                continue
            if not _is_of_numbers(gradient):
                raise RuleError(f"the backward returned a {type(gradient).__name__} for {one}, which is not an array")
            if np.iscomplexobj(gradient):
                raise RuleError(f"the backward returned complex numbers for {one}: return their real part")
            if np.shape(gradient) != self.shapes[one]:
                wrong = f"a gradient of shape {np.shape(gradient)} for {one}, whose shape is {self.shapes[one]}"
                raise RuleError(f"the backward returned {wrong}")
            yield one, gradient

    def written(self) -> tuple[str, ...]:
        """A line for each input: the formulas of the entries are too long to be readable."""
        return tuple(f"(an array of shape {format_shape(self.shapes[one])})" for one in self.arrays)

    def rerun(self, seed: int, point: Mapping[str, str]) -> str:
        """The call that verifies this again, at a point if one is given."""
        if point or not self.command.endswith(")"):
            return super().rerun(seed, point)
        return f"{self.command[:-1]}, seed={seed})"


class VectorPair(ArrayPair, TracedPair):
    """A pair at shapes small enough to be one scalar operation of all its entries."""

    compiled = True  # NumPy sums in an order of its own

    def __init__(
        self,
        forward: Callable[..., Any],
        backward: Callable[..., Any],
        shapes: Mapping[str, int | Shape],
        name: str = "",
        inputs: Sequence[str] = (),
    ) -> None:
        super().__init__(forward, backward, shapes, name, inputs)
        entries = [name for one in self.arrays for name in entries_of(one, self.shapes[one])]
        _refuse_many(len(entries))
        self.entries = tuple(entries)
        self.first_output = self._on_symbols()
        self.out_shape: Shape = shape_returned(self.valued, self.first_output)
        self.weights = tuple(entries_of(weights_name(self.arrays), self.out_shape))
        _refuse_many(len(entries) + len(self.weights))
        self.inputs, self.arriving = (*self.entries, *self.weights), self.weights
        unmoved = [one for one in self.arrays if one not in self.wrt]
        self.held = frozenset(entry for one in unmoved for entry in entries_of(one, self.shapes[one]))
        self.sampled_region = between(self.entries, FARTHEST) & between(self.weights, 1)

    def bounded_names(self) -> dict[str, tuple[str, ...]]:
        return {name: tuple(entries_of(name, self.shapes[name])) for name in self.arrays}

    of_entries = True

    def with_forward(self, forward: Callable[..., Any]) -> VectorPair:
        backward = no_gradient if self._cached else self._passed_as[1]
        return VectorPair(forward, backward, self.shapes, self.name, self.arrays)

    def value(self) -> Term:
        """The weighted sum of the output on symbols.  Raises TooManyEntries if it has too many branches."""
        try:
            return super().value()
        except TooManyPaths as error:
            raise TooManyEntries(str(error)) from None

    def _on_symbols(self) -> Any:
        """The output on symbols, along its first path.  Raises UsageError if the forward does not run on symbols."""
        found: list[Any] = []

        def run() -> tuple[Term, ...]:
            with subject_code:
                forward, _ = self._functions(symbols=True)
                found.append(forward(*self.shaped(list(map(symbol, self.entries)))))
            return ()

        try:
            explore(run)
        except TooManyPaths as error:
            raise TooManyEntries(str(error)) from None
        except NO_TRACE as error:
            reason = in_a_line(error)
            raise UsageError(f"{self.name} does not run on arrays of symbols of these shapes ({reason})") from None
        return found[0]

    def run(self, data: Sequence[Any], *, upstream: Any = 1.0, before: Sequence[Any] | None = None) -> Run:
        symbols = any(isinstance(x, Term) for x in (*data, upstream))
        count = len(self.entries)
        weights = list(data[count:])
        with np.errstate(all="ignore"), subject_code:
            if not symbols:
                self._admit(data)
            backward = self._functions(symbols)[1]
            out, values = self._outputs(data[:count], symbols)
            was = flat(out)
            arriving = [upstream * w for w in weights]
            g = array_of(arriving, self.out_shape) if self.out_shape else arriving[0]
            given = {**dict(zip(self.arrays, self.shaped(data[:count]), strict=True)), OUT: out, UPSTREAM: g}
            gradients = tuple(v for _, found in self.gradients(backward, given) for v in flat(found))
            after = tuple(data) if symbols else self._after(given, weights, upstream)
            gradients += tuple(upstream * v for v in values)
            if before is not None:
                gradients = tuple(b + v for b, v in zip(before, gradients, strict=True))
            value, now = weighted(weights, values), flat(out)
            unchanged = symbols or repr(now) == repr(was)
            return Run(value, gradients, after, value if unchanged else weighted(weights, now), upstream)

    def _outputs(self, entries: Sequence[Any], symbols: bool) -> tuple[Any, list[Any]]:
        """What the backward is given as the output, and the entries of what is weighted."""
        out = self._functions(symbols)[0](*self.shaped(entries))
        if np.shape(out) != self.out_shape:
            raise RuleError(f"the forward returned shape {np.shape(out)}, and {self.out_shape} before")
        return out, flat(out)

    def raw(self, point: Sequence[float]) -> list[Any]:
        self._admit(point)
        arrays = self.shaped(list(point)[: len(self.entries)])
        out = self._forward(*arrays)
        g = array_of([1.0] * len(flat(out)), self.out_shape) if self.out_shape else 1.0
        given = {**dict(zip(self.arrays, arrays, strict=True)), OUT: out, UPSTREAM: g}
        return [out, self._returned(self._backward, given)]

    def forward(self, *data: Any) -> Any:
        count = len(self.entries)
        with np.errstate(all="ignore"), subject_code:
            symbols = any(isinstance(x, Term) for x in data)
            if not symbols:
                self._admit(data)
            forward, _ = self._functions(symbols)
            return weighted(data[count:], flat(forward(*self.shaped(data[:count]))))

    def _after(self, given: Mapping[str, Any], weights: Sequence[float], upstream: float) -> tuple[float, ...]:
        """The current values in the arrays of floats: the backward may have modified arrays it does not own."""
        arrived = zip(weights, flat(given[UPSTREAM]), strict=True)
        now = (w if repr(g) == repr(upstream * w) else g / (upstream or 1.0) for w, g in arrived)
        return (*(v for one in self.arrays for v in flat(given[one])), *now)

    def written(self) -> tuple[str, ...]:
        """The gradient of each entry, for an upstream gradient of 1."""
        data = [symbol(name) for name in self.inputs]
        try:
            found = explore(lambda: terms_of(*self.run(data, upstream=constant(1)).gradients))
        except NO_TRACE as error:
            return (f"(does not run on symbols: {kind_of(error)})",) * len(self.inputs)
        return tuple(written(simplify(partial)) for partial in found)


def shape_returned(who: str, out: Any) -> Shape:
    """The shape of what a forward returned.  Raises UsageError if that is not an array of real numbers."""
    what = ""
    if out is None or isinstance(out, (tuple, list)) or not _is_of_numbers(out):
        what = "None" if out is None else f"a {type(out).__name__}"
    elif np.iscomplexobj(out):
        what = "complex numbers"
    elif 0 in np.shape(out):
        what = "an empty array"
    if what:
        raise UsageError(f"{who} returned {what}: it must return one array, or one number")
    return np.shape(out)


def format_shape(shape: Shape) -> str:
    """2×3; a scalar has no shape."""
    return "×".join(map(str, shape)) or "one number"


def _is_of_numbers(x: Any) -> bool:
    return hasattr(x, "shape") or hasattr(x, "__float__") or isinstance(x, (tuple, list, complex))


class TooManyEntries(UsageError):
    """Raised for an array that is too large for the prover."""


def _refuse_many(count: int) -> None:
    if count > MOST_ENTRIES:
        raise TooManyEntries(f"{count} entries, the output's included, are more than {MOST_ENTRIES}")


def weights_name(arrays: Sequence[str]) -> str:
    """The names of the entries of the upstream gradient."""
    return "w" if "w" not in arrays else "w_out"


def entries_of(name: str, shape: Shape) -> list[str]:
    """x_0, x_1, ...; the name itself for a scalar."""
    return [f"{name}_{'_'.join(map(str, place))}" for place in product(*map(range, shape))] if shape else [name]


def between(names: Sequence[str], bound: int) -> Condition:
    """-bound <= x <= bound for each."""
    ends = [compare(op, symbol(name), end) for name in names for op, end in (("ge", -bound), ("le", bound))]
    return reduce(lambda a, b: a & b, ends)


def _shape(given: Any) -> Shape:
    sizes = given if isinstance(given, (tuple, list)) else (given,)
    if any(isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1 for n in sizes):
        raise UsageError(f"shapes: {given!r} is not a shape: write 3, or (2, 3)")
    return tuple(map(int, sizes))


def _literal(shape: Shape) -> str:
    return str(shape[0]) if len(shape) == 1 else str(shape)


def array_of(entries: Sequence[Any], shape: Shape) -> Any:
    """Entries as an array: of terms where there are any, of floats otherwise."""
    if any(isinstance(x, Term) for x in entries):
        from backproof.verify.tracing.arrays import terms

        return terms(list(entries)).reshape(shape)
    return np.array(entries, dtype=float).reshape(shape)


def weighted(weights: Sequence[Any], values: Sequence[Any]) -> Any:
    """Σ w·v."""
    return plain(sum((w * v for w, v in zip(weights[1:], values[1:], strict=True)), weights[0] * values[0]))


def flat(x: Any) -> list[Any]:
    """The entries of an array, or the one number, as the checks expect them."""
    return [plain(v) for v in np.asarray(x).reshape(-1).tolist()] if np.shape(x) else [plain(x)]
