"""A pair of functions of NumPy arrays: run on floats as it is, and traced as a private copy of itself.

The pair is called as everywhere (`verify.subjects.functions.pairs`): the backward takes inputs, the value ``out`` and
the upstream gradient ``g`` by name, or the upstream gradient and a cache that the forward returned beside its value.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from backproof.verify.arrays.layouts import Laid, laid_out, values_in
from backproof.verify.arrays.program import Node, contiguous
from backproof.verify.arrays.traced import Floats, Point, Traced, Unread, upstream
from backproof.verify.results.findings import Source
from backproof.verify.subjects.arrays.small import shape_returned
from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.functions.declared import RuleError, both_of
from backproof.verify.subjects.functions.looked_at import parameters_of
from backproof.verify.subjects.functions.pairs import OUT, UPSTREAM, PythonPair
from backproof.verify.subjects.functions.returned import gradients_of, narrowest
from backproof.verify.subjects.tensors.code import Ran, TensorCode, is_float
from backproof.verify.subjects.tensors.numpy.arrays import TracedArray, TracedNumber, node_of, wrapped
from backproof.verify.subjects.tensors.numpy.dispatch import NumpyReader
from backproof.verify.subjects.tensors.numpy.storage import Storage
from backproof.verify.subjects.tensors.numpy.tape import Tape, line_of
from backproof.verify.support.errors import SubjectError, UsageError, in_a_line

Function = Callable[..., Any]


class Pair(PythonPair):
    """A forward and a backward, called with values of any kind of number."""

    def __init__(
        self, forward: Function, backward: Function, name: str, inputs: Sequence[str], wrt: Sequence[str] | None
    ) -> None:
        super().__init__(forward, backward, name, _in_order(forward, inputs))
        self.declared_wrt = None if self.wrt == self.inputs and wrt is None else tuple(wrt or self.wrt)
        known = {p.name for p in parameters_of(forward) or () if p.kind not in _WITHOUT_NAMES}
        self._by_name = known.issuperset(self.inputs)

    @property
    def both(self) -> tuple[Function, Function]:
        """Forward and backward, as they were given."""
        return self._given

    def forward(self, function: Function, given: Mapping[str, Any]) -> tuple[Any, Any]:
        """The value of a forward, and the cache that it returned beside it, if it does."""
        found = function(**given) if self._by_name else function(*given.values())
        return both_of(found) if self._cached else (found, None)

    def backward(self, function: Function, given: Mapping[str, Any], out: Any, cache: Any, g: Any) -> Any:
        """What a backward returns."""
        if self._cached:
            return function(g, cache)
        return self._returned(function, {**given, OUT: out, UPSTREAM: g})

    def by_name(self, returned: Any, wrt: Sequence[str]) -> dict[str, Any]:
        """The gradients by the names of inputs; None where it returned None.  Raises RuleError for a wrong count."""
        found = gradients_of(_boxed(returned), self.inputs, wrt, self._every)
        return {name: box.x for name, box in zip(self.inputs, found, strict=True) if name in wrt}

    def written(self) -> tuple[str, ...]:
        """The line of the backward that returns its result."""
        return (self.source.text,)


_WITHOUT_NAMES = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _in_order(forward: Function, names: Sequence[str]) -> tuple[str, ...]:
    """The names in the order of the forward's parameters, if they are names of parameters."""
    with subject_code:
        order = [p.name for p in parameters_of(forward) or ()]
    return tuple(sorted(names, key=order.index)) if set(names) <= set(order) else tuple(names)


class _Box:
    """A gradient, of whatever kind: it is not looked at where gradients are counted and named."""

    def __init__(self, x: Any) -> None:
        self.x = x


def _boxed(returned: Any) -> Any:
    if isinstance(returned, Mapping):
        return {name: _Box(x) for name, x in returned.items()}
    if isinstance(returned, (tuple, list)):
        return tuple(map(_Box, returned))
    return None if returned is None else _Box(returned)


class NumpyCode(TensorCode):
    """A pair of functions of NumPy arrays as the code of a rule."""

    def __init__(self, pair: Pair, inputs: Mapping[str, Any], wrt: Sequence[str]) -> None:
        super().__init__(pair.name, pair.command, dict(inputs), tuple(wrt))
        self._pair = pair

    @property
    def source(self) -> Source:
        return self._pair.source

    def written(self) -> tuple[str, ...]:
        return self._pair.written()

    def code_texts(self) -> list[tuple[str, str]]:
        return self._pair.code_texts()

    # --------------------------------------------------------------------------------------------------- on floats

    def forward(self, inputs: Mapping[str, Any]) -> list[Floats]:
        given = self._fresh(inputs)
        with np.errstate(all="ignore"), subject_code:
            out, _ = self._pair.forward(self._pair.both[0], given)
        return [self._value(out)]

    def run(self, inputs: Mapping[str, Any], weights: Sequence[Floats], layout: str = "contiguous") -> Ran:
        given = self._fresh(inputs)
        (weight,) = weights
        forward, backward = self._pair.both
        watched = _Watched(given)
        with np.errstate(all="ignore"), subject_code:
            out, cache = self._pair.forward(forward, given)
        value = self._value(out)
        if value.shape != np.shape(weight):
            raise UsageError(f"{self.name} returned shape {value.shape}, and {np.shape(weight)} before")
        g: Any = laid_out(values_in(weight, layout), layout).array if value.ndim else float(weight)
        watched.add({OUT: out, UPSTREAM: g, "cache": cache})
        with np.errstate(all="ignore"), subject_code:
            returned = self._pair.backward(backward, given, out, cache, g)
            gradients = self._pair.by_name(returned, self.wrt)
            formats = narrowest([out, *(x for x in gradients.values() if x is not None)])
        slopes = {name: self._slope(name, x, given) for name, x in gradients.items()}
        return Ran([value], slopes, formats, watched.changed())

    def _fresh(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The values in the order of the arguments, each array a copy."""
        return {name: _copied(inputs[name]) for name in self._pair.inputs}

    def _value(self, out: Any) -> Floats:
        with subject_code:
            shape_returned(f"{self.name}: the forward", out)
            return np.array(out, dtype=float)

    def _slope(self, name: str, gradient: Any, given: Mapping[str, Any]) -> Floats | None:
        """A gradient as floats.  Raises RuleError for another shape than the input's, or what is no array of them."""
        if gradient is None:
            return None
        self._accept(name, gradient, np.shape(given[name]))
        with subject_code:
            return np.array(gradient, dtype=float)

    def _accept(self, name: str, gradient: Any, shape: tuple[int, ...]) -> None:
        with subject_code:
            if not (hasattr(gradient, "__float__") or isinstance(gradient, (np.ndarray, list, tuple, complex))):
                raise RuleError(f"the backward returned a {type(gradient).__name__} for {name}, which is not an array")
            if np.iscomplexobj(gradient):
                raise RuleError(f"the backward returned complex numbers for {name}: return their real part")
            if np.shape(gradient) != shape:
                found = f"a gradient of shape {np.shape(gradient)} for {name}, whose shape is {shape}"
                raise RuleError(f"the backward returned {found}")

    # ----------------------------------------------------------------------------------------------------- traced

    def trace(self, point: Point) -> Traced:
        shapes = [value.shape for value in self.forward(point.inputs)]
        (weight,) = upstream(shapes, point.seed)
        weight = values_in(weight, point.layout)
        ran = self.run(point.inputs, [weight], point.layout)
        reader = NumpyReader()
        tape = reader.tape
        leaves: dict[str, Node] = {}
        given = {}
        for name, value in self._fresh(point.inputs).items():
            if is_float(value):
                leaves[name] = tape.program.leaf(name, value)
                value = wrapped(tape, value, leaves[name])
            given[name] = value
        g, arriving = _arriving(tape, weight, point.layout, leaves)
        try:
            with np.errstate(all="ignore"), subject_code:
                forward, backward = map(reader.modules.private, self._pair.both)
                out, cache = self._pair.forward(forward, given)
                gradients = self._pair.by_name(self._pair.backward(backward, given, out, cache, g), self.wrt)
                found = node_of(tape, out)
                nodes = {name: None if x is None else node_of(tape, x) for name, x in gradients.items()}
        except SubjectError as error:
            line = line_of(error.cause.__traceback__)
            raise tape.refused or Unread(f"on traced arrays it raises {in_a_line(error)} ({line})") from None
        if tape.refused is not None:
            raise tape.refused
        for name, node in nodes.items():
            if node is not None and node.shape != leaves[name].shape:
                raise Unread(f"on traced arrays the gradient for {name} has shape {node.shape}")
        return Traced(
            tape.program,
            leaves,
            [found],
            [arriving],
            nodes,
            ran.outputs,
            ran.gradients,
            tape.margins,
            tape.decisions,
            [f"the code rounds to {name}, and its trace does not" for name in tape.narrow],
        )


def _copied(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return np.array(value, float if value.dtype.kind == "f" else None)
    return float(value) if isinstance(value, (float, np.floating)) else value


def _arriving(tape: Tape, weight: Floats, layout: str, leaves: Mapping[str, Node]) -> tuple[Any, Node]:
    """The upstream gradient as it lies in memory, and its node.

    Of an expanded one all rows are the first row of the leaf, which has the shape of the output as always.
    """
    program = tape.program
    leaf = program.leaf("g0" if "g0" not in leaves else "upstream g0", weight)
    if not weight.ndim:
        return TracedNumber(np.float64(weight), leaf, tape), leaf
    laid = laid_out(weight, layout)
    places = laid._replace(buffer=np.arange(laid.buffer.size)).array.reshape(-1)
    numbers = np.full(laid.buffer.size, leaf.size)  # what lies between the entries is another operand
    numbers[places[::-1]] = np.arange(leaf.size)[::-1]
    between = program.number(7)
    storage = Storage(tape, laid.buffer.astype(float), tape.gathered([leaf, between], numbers))
    g = TracedArray(Laid(storage.floats, laid.offset, laid.shape, laid.strides).array, storage)
    strides = (0, *contiguous(leaf.shape)[1:]) if layout == "expanded" else contiguous(leaf.shape)
    return g, program.view(leaf, 0, leaf.shape, strides)


class _Watched:
    """Arrays that the code is handed, and what was in them."""

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        self._was: list[tuple[str, Any, bytes]] = []
        self.add(arrays)

    def add(self, values: Mapping[str, Any]) -> None:
        """Watch these from now on, arrays within tuples, lists, dictionaries and objects, too."""
        for name, value in values.items():
            for array in _arrays_in(value):
                self._was.append((name, array, array.tobytes()))

    def changed(self) -> tuple[str, ...]:
        """The names of those in which something else is now."""
        return tuple(dict.fromkeys(name for name, array, was in self._was if array.tobytes() != was))


def _arrays_in(value: Any, depth: int = 3) -> list[Any]:
    if isinstance(value, np.ndarray):
        return [value]
    if depth and isinstance(value, Mapping):
        value = list(value.values())
    if depth and isinstance(value, (list, tuple)):
        return [array for part in value for array in _arrays_in(part, depth - 1)]
    return []


def numpy_code(
    forward: Function,
    backward: Function,
    inputs: Mapping[str, Any],
    name: str = "",
    wrt: Sequence[str] | None = None,
) -> NumpyCode:
    """A forward and a backward of NumPy arrays, with a value for each argument by its name.

    inputs: arrays of floats of any format, which are taken as float64, floats, and what is passed as it is: integers,
        arrays of integers or truths, text, None
    wrt: the names of the inputs that are differentiated; by default what is declared of the backward, else all floats

    Raises UsageError for a pair that cannot be called so.
    """
    pair = Pair(forward, backward, name, tuple(inputs), wrt)
    given = {one: _copied(inputs[one]) for one in pair.inputs}
    floats = [one for one, value in given.items() if is_float(value)]
    chosen = floats if pair.declared_wrt is None else pair.declared_wrt
    for one in chosen:
        if one not in floats:
            raise UsageError(f"{pair.name}: {one} is no array of floats, by which it could be differentiated")
    for one, value in given.items():
        if isinstance(value, np.ndarray) and value.dtype.kind not in "biufSU":
            raise UsageError(f"{pair.name}: {one} is an array of {value.dtype.name}: pass real numbers")
    return NumpyCode(pair, given, chosen)
