"""A pair of functions of NumPy arrays: run on floats as it is, and traced as a private copy of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from backproof.verify.arrays.layouts import laid_out, values_in
from backproof.verify.arrays.program import Node, contiguous
from backproof.verify.arrays.traced import Floats, Point, Traced, Unread, upstream
from backproof.verify.results.findings import Source
from backproof.verify.subjects.arrays.small import shape_returned
from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.functions.declared import RuleError
from backproof.verify.subjects.functions.pairs import OUT, UPSTREAM
from backproof.verify.subjects.functions.returned import narrower, narrowest
from backproof.verify.subjects.tensors.code import Ran, TensorCode, is_float
from backproof.verify.subjects.tensors.numpy.arrays import TracedArray, TracedNumber, node_of, wrapped
from backproof.verify.subjects.tensors.numpy.dispatch import NumpyReader
from backproof.verify.subjects.tensors.numpy.pair import Pair
from backproof.verify.subjects.tensors.numpy.storage import Storage
from backproof.verify.subjects.tensors.numpy.tape import Tape, line_of
from backproof.verify.support.errors import SubjectError, UsageError, in_a_line


def numpy_code(
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    inputs: Mapping[str, Any],
    name: str = "",
    wrt: Sequence[str] | None = None,
) -> NumpyCode:
    """A forward and a backward of NumPy arrays, with a value for each argument by its name.

    inputs: arrays of floats of any format, which are taken as float64; floats; and what is passed as it is, such as
        integers, arrays of integers or truths, text, None
    wrt: the names of the inputs that are differentiated; by default those that are declared of the backward, or the
        arrays of floats and each float that it returns a gradient for

    Raises UsageError for a pair that cannot be called, or for arrays that are not of real numbers.
    """
    pair = Pair(forward, backward, name, tuple(inputs))
    given = {one: _copied(inputs[one]) for one in pair.inputs}
    for one, value in given.items():
        if isinstance(value, np.ndarray) and value.dtype.kind not in "biufSU":
            raise UsageError(f"{pair.name}: {one} is an array of {value.dtype.name}: pass one of real numbers")
    chosen = tuple(wrt or pair.declared_wrt)
    for one in chosen:
        if not is_float(given.get(one)):
            reason = "is not an input" if one not in given else "is neither a float nor an array of floats"
            raise UsageError(f"wrt: {one} {reason}: {pair.name} is differentiated by {', '.join(_floats(given))}")
    return NumpyCode(pair, given, chosen or _differentiated(pair, given))


class NumpyCode(TensorCode):
    """A pair of functions of NumPy arrays; see `numpy_code`."""

    def __init__(self, pair: Pair, inputs: dict[str, Any], wrt: tuple[str, ...]) -> None:
        super().__init__(pair.name, pair.command, inputs, wrt)
        self._pair = pair

    @property
    def source(self) -> Source:
        return self._pair.source

    def written(self) -> tuple[str, ...]:
        return self._pair.written()

    def code_texts(self) -> list[tuple[str, str]]:
        return self._pair.code_texts()

    # ---------------------------------------------------------------------------------------------------- on floats

    def forward(self, inputs: Mapping[str, Any]) -> list[Floats]:
        with np.errstate(all="ignore"), subject_code:
            out, _ = self._pair.run_forward(self._pair.both[0], self._fresh(inputs))
        return [self._value(out)]

    def run(self, inputs: Mapping[str, Any], weights: Sequence[Floats], layout: str = "contiguous") -> Ran:
        given = self._fresh(inputs)
        forward, backward = self._pair.both
        watched = _Watched(given)
        with np.errstate(all="ignore"), subject_code:
            out, cache = self._pair.run_forward(forward, given)
        value = self._value(out)
        (weight,) = weights
        if value.shape != np.shape(weight):
            raise UsageError(f"{self.name} returned shape {value.shape}, and {np.shape(weight)} before")
        g: Any = laid_out(values_in(weight, layout), layout).array if value.ndim else float(weight)
        watched.add({OUT: out, UPSTREAM: g, "cache": cache})
        with np.errstate(all="ignore"), subject_code:
            returned = self._pair.run_backward(backward, given, out, cache, g)
        gradients = self._pair.by_input(returned, self.wrt)
        slopes = {name: _slope(name, gradient, np.shape(given[name])) for name, gradient in gradients.items()}
        formats = narrowest([out, *(gradient for gradient in gradients.values() if gradient is not None)])
        return Ran([value], slopes, formats, watched.changed())

    def _fresh(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The values in the order of the arguments, each array a copy."""
        return {name: _copied(inputs[name]) for name in self._pair.inputs}

    def _value(self, out: Any) -> Floats:
        with subject_code:
            shape_returned(f"{self.name}: the forward", out)
            return np.array(out, dtype=float)

    # ------------------------------------------------------------------------------------------------------- traced

    def trace(self, point: Point) -> Traced:
        (weight,) = upstream([value.shape for value in self.forward(point.inputs)], point.seed)
        weight = values_in(weight, point.layout)
        ran = self.run(point.inputs, [weight], point.layout)  # what it raises on floats is no matter of the trace
        reader = NumpyReader()
        tape = reader.tape
        given = self._fresh(point.inputs)
        leaves = {name: tape.program.leaf(name, value) for name, value in given.items() if is_float(value)}
        given |= {name: wrapped(tape, given[name], leaf) for name, leaf in leaves.items()}
        g, arriving = _arriving(tape, weight, point.layout, "g0" if "g0" not in given else "upstream g0")
        try:
            with np.errstate(all="ignore"), subject_code:
                forward, backward = map(reader.modules.private, self._pair.both)
                out, cache = self._pair.run_forward(forward, given)
                value = node_of(tape, out)  # before the backward, which may write into it
                gradients = self._pair.by_input(self._pair.run_backward(backward, given, out, cache, g), self.wrt)
                nodes = {name: None if x is None else node_of(tape, x) for name, x in gradients.items()}
        except SubjectError as error:
            where = line_of(error.cause.__traceback__) or self.source.file
            raise tape.refused or Unread(f"on traced arrays it raises {in_a_line(error)} ({where})") from None
        if tape.refused is not None:  # and the code caught the error
            raise tape.refused
        for name, node in nodes.items():
            if node is not None and node.shape != leaves[name].shape:
                raise Unread(f"on traced arrays the gradient for {name} is of shape {node.shape}")
        rounded = [f"the code rounds to {name}, its trace does not" for name in tape.narrow]
        return Traced(
            program=tape.program,
            inputs=leaves,
            outputs=[value],
            weights=[arriving],
            gradients=nodes,
            values=ran.outputs,
            slopes=ran.gradients,
            margins=tape.margins,
            decisions=tape.decisions,
            notes=rounded,
            formats=narrower(ran.formats, *tape.narrow),
        )


def _arriving(tape: Tape, weight: Floats, layout: str, name: str) -> tuple[Any, Node]:
    """The upstream gradient as it lies in memory, and its node.

    Where one entry stands for an axis it is a view of the first ones of its leaf, which has the shape of the output.
    """
    program = tape.program
    leaf = program.leaf(name, weight)
    if not weight.ndim:
        return TracedNumber(weight, leaf, tape), leaf
    laid = laid_out(weight, layout)
    places = laid._replace(buffer=np.arange(laid.buffer.size)).array.reshape(-1)
    numbers = leaf.size + np.arange(laid.buffer.size)  # what lies between the entries is a constant
    numbers[places[::-1]] = np.arange(leaf.size)[::-1]  # of entries in one place the first
    storage = Storage(tape, laid.buffer, tape.gathered([leaf, program.constant(laid.buffer)], numbers))
    strides = (0 if s == 0 else usual for s, usual in zip(laid.strides, contiguous(leaf.shape), strict=True))
    return TracedArray(laid.array, storage), program.view(leaf, 0, leaf.shape, strides)


def _slope(name: str, gradient: Any, shape: tuple[int, ...]) -> Floats | None:
    """A gradient as floats.  Raises RuleError for another shape than the input's, or what is no array of floats."""
    if gradient is None:
        return None
    with subject_code:
        if not (hasattr(gradient, "__float__") or isinstance(gradient, (np.ndarray, list, tuple, complex))):
            raise RuleError(f"the backward returned a {type(gradient).__name__} for {name}, which is not an array")
        if np.iscomplexobj(gradient):
            raise RuleError(f"the backward returned complex numbers for {name}: return their real part")
        if np.shape(gradient) != shape:
            found = f"a gradient of shape {np.shape(gradient)} for {name}, whose shape is {shape}"
            raise RuleError(f"the backward returned {found}")
        return np.array(gradient, dtype=float)


def _copied(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return np.array(value, float if value.dtype.kind == "f" else None)
    return float(value) if isinstance(value, (float, np.floating)) else value


def _floats(given: Mapping[str, Any]) -> list[str]:
    return [name for name, value in given.items() if is_float(value)]


def _differentiated(pair: Pair, given: Mapping[str, Any]) -> tuple[str, ...]:
    """The arrays of floats, and the floats that the backward returns a gradient for, as it is seen at these values."""
    floats = _floats(given)
    arrays = [name for name in floats if isinstance(given[name], np.ndarray)]
    if not arrays or arrays == floats:
        return tuple(floats)
    forward, backward = pair.both
    fresh = {name: _copied(x) for name, x in given.items()}
    try:
        with np.errstate(all="ignore"), subject_code:
            out, cache = pair.run_forward(forward, fresh)
            g = np.ones(np.shape(out)) if np.ndim(out) else 1.0
            returned = pair.run_backward(backward, fresh, out, cache, g)
    except SubjectError:  # reported when it is run
        return tuple(floats)
    if isinstance(returned, Mapping):
        return tuple(name for name in floats if name in arrays or returned.get(name) is not None)
    several = returned if isinstance(returned, (tuple, list)) else (returned,)
    if len(several) == len(given):
        by_name = dict(zip(given, several, strict=True))
        return tuple(name for name in floats if name in arrays or by_name[name] is not None)
    return tuple(arrays if len(several) == len(arrays) else floats)


class _Watched:
    """Arrays that the code is handed, and what was in them."""

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        self._was: list[tuple[str, Any, bytes]] = []
        self.add(arrays)

    def add(self, values: Mapping[str, Any]) -> None:
        """Watch these from now on, also arrays in tuples, lists and dictionaries."""
        self._was += [(name, array, array.tobytes()) for name, x in values.items() for array in _arrays_in(x)]

    def changed(self) -> tuple[str, ...]:
        """The names of those in which something else is now."""
        return tuple(dict.fromkeys(name for name, array, was in self._was if array.tobytes() != was))


def _arrays_in(x: Any, depth: int = 3) -> list[Any]:
    if isinstance(x, np.ndarray):
        return [x]
    parts = x.values() if isinstance(x, Mapping) else x if isinstance(x, (list, tuple)) else ()
    return [array for part in parts for array in _arrays_in(part, depth - 1)] if depth else []
