"""Functions of JAX with their rules: `jax.custom_vjp`, `jax.custom_jvp`, and whatever `jax.vjp` differentiates.

On floats the function runs compiled, as JAX runs it; where it looks at values, step by step.  It is traced twice: the
function itself, which is the definition, and the function with its vjp, which is the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from backproof.verify.arrays.layouts import values_in
from backproof.verify.arrays.program import Program
from backproof.verify.arrays.traced import Floats, Point, Traced, Unread, upstream
from backproof.verify.results.findings import Source
from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.functions.looked_at import name_of, source_of
from backproof.verify.subjects.tensors.code import Ran, TensorCode, shapes_of
from backproof.verify.subjects.tensors.jax import lines
from backproof.verify.subjects.tensors.jax.arguments import Arguments, arguments, is_array
from backproof.verify.subjects.tensors.jax.formats import narrowest, within
from backproof.verify.subjects.tensors.jax.rules import (
    LOOKS,
    functions_of,
    places_not_differentiated,
    usage_error,
)
from backproof.verify.subjects.tensors.jax.step import Value, as_node, dtype_of, is_real
from backproof.verify.subjects.tensors.jax.walk import Walk
from backproof.verify.support.errors import SubjectError, UsageError, in_a_line
from backproof.verify.tracing.source_code import reached

AGREE = 1e-9
"""The distance, relative above 1, up to which two floats are the same value."""


def jax_code(
    function: Any,
    inputs: Mapping[str, Any] | Sequence[Any],
    name: str = "",
    wrt: Sequence[str] | None = None,
    nondiff: Sequence[int | str] = (),
) -> JaxCode:
    """A function of JAX with its rule, for these inputs.

    inputs: arrays of JAX or NumPy, numbers, trees of them (as dictionaries); whatever else is passed on as it is
    wrt: what is differentiated, by name; otherwise every array of floats, or every float if there is no array
    nondiff: arguments that are never differentiated, by place or name, beside those of `nondiff_argnums`

    Raises UsageError for a name that no input has, and for what is no array of real numbers.
    """
    given = arguments(function, inputs)
    places = [*places_not_differentiated(function), *nondiff]
    fixed = frozenset(inner for which in places for inner in given.names_of(which))
    chosen = _differentiated(given, fixed, wrt)
    values = {inner: np.array(x, float) if inner in chosen else x for inner, x in given.values.items()}
    called = name or name_of(function, "function")
    command = f"verify.check({called}, inputs=...)"
    return JaxCode(called, command, values, chosen, function=function, arguments=given, fixed=fixed)


def _differentiated(given: Arguments, fixed: frozenset[str], wrt: Sequence[str] | None) -> tuple[str, ...]:
    """The names of the inputs that are differentiated.  Raises UsageError."""
    if wrt is None:
        free = {inner: value for inner, value in given.values.items() if inner not in fixed}
        arrays = tuple(inner for inner, value in free.items() if is_array(value) and is_real(value))
        found = arrays or tuple(inner for inner, value in free.items() if isinstance(value, float))
        if not found:
            raise UsageError("no input is an array of floats: there is nothing to differentiate")
        return found
    for inner in (chosen := tuple(inner for which in wrt for inner in given.names_of(which))):
        if inner in fixed:
            raise UsageError(f"{inner} is among those that are not differentiated: leave it out of wrt")
        value = given.values[inner]
        if not (isinstance(value, float) or (is_array(value) and is_real(value))):
            raise UsageError(f"{inner} is no array of floats: leave it out of wrt")
    return chosen


@dataclass(kw_only=True)
class JaxCode(TensorCode):
    """A function of JAX.  fixed: the names of what is closed over, as its rule says or the caller.

    An array of JAX has no strides: of the layouts of an upstream gradient only "expanded" makes a difference here,
    that of its values.
    """

    has_layouts = False  # its arrays have no strides
    refuses_indices = False

    function: Any
    arguments: Arguments
    fixed: frozenset[str]

    # ------------------------------------------------------------------------------------------------------ floats

    def forward(self, inputs: Mapping[str, Any]) -> list[Floats]:
        return [np.asarray(a, float) for a in self._run(self._outputs, inputs)]

    def run(self, inputs: Mapping[str, Any], weights: Sequence[Floats], layout: str = "contiguous") -> Ran:
        outputs, gradients = self._run(self._differentiated, inputs, [values_in(w, layout) for w in weights])
        floats = [np.asarray(a, float) for a in (*outputs, *gradients)]
        slopes: dict[str, Floats | None] = dict(zip(self.wrt, floats[len(outputs) :], strict=True))
        formats = [self._narrowest_within, *(dtype_of(a) for a in (*outputs, *gradients) if is_real(a))]
        return Ran(floats[: len(outputs)], slopes, narrowest(formats))

    def _run(self, function: Callable[..., Any], inputs: Mapping[str, Any], weights: Sequence[Floats] = ()) -> Any:
        """One of the two functions, compiled for the shapes of the arrays; step by step where that cannot be.

        That is where it looks at values, which JAX refuses, and for other numbers or texts than those it was made for.
        """
        others = {name: x for name, x in inputs.items() if not self._moves(name, x)}
        compiled = self._compiled[function.__name__] if all(x is self.inputs[n] for n, x in others.items()) else None
        with jax.enable_x64(True):
            given = {name: jnp.asarray(x) for name, x in inputs.items() if name not in others}
            try:
                if compiled is not None:
                    return self._called(compiled, given, weights)
            except SubjectError as error:
                if not error.raised(*LOOKS):
                    raise
                self._compiled[function.__name__] = None
            whole = {name: x for name, x in inputs.items() if name in given and not is_real(x)}  # as they were passed
            return self._called(lambda a, w: function({**others, **a, **whole}, w), given, weights)

    @cached_property
    def _compiled(self) -> dict[str, Any]:
        """Each of the two functions compiled; None for one that looks at values."""
        others = {name: x for name, x in self.inputs.items() if not self._moves(name, x)}

        def compiled(function: Callable[..., Any]) -> Any:
            return jax.jit(lambda arrays, weights: function({**others, **arrays}, weights))

        return {function.__name__: compiled(function) for function in (self._outputs, self._differentiated)}

    def _moves(self, name: str, value: Any) -> bool:
        """Whether it is an array that may be another at another point."""
        return name not in self.fixed and is_array(value)

    def _called(self, function: Callable[..., Any], arrays: Mapping[str, Any], weights: Sequence[Floats]) -> Any:
        try:
            with subject_code:
                return jax.tree.map(np.asarray, function(arrays, [jnp.asarray(w) for w in weights]))
        except SubjectError as error:
            raise usage_error(self.function, self.arguments, error) or error from error

    def _outputs(self, values: Mapping[str, Any], _: Sequence[Any] = ()) -> list[Any]:
        """The arrays of floats that it returns."""
        leaves = [jnp.asarray(a) for a in jax.tree.leaves(self.arguments.call(self.function, values))]
        if any(jax.dtypes.issubdtype(a.dtype, np.complexfloating) for a in leaves):
            raise UsageError(f"{self.name} returns complex numbers: return their real and imaginary parts")
        found = [a for a in leaves if is_real(a)]
        if not found:
            raise UsageError(f"{self.name} returns no array of floats: there is nothing to differentiate")
        return found

    def _differentiated(self, values: Mapping[str, Any], weights: Sequence[Any]) -> tuple[list[Any], tuple[Any, ...]]:
        """The outputs, as the rule has them, and the gradients."""

        def of(*moved: Any) -> list[Any]:
            return self._outputs({**values, **dict(zip(self.wrt, moved, strict=True))})

        outputs, back = jax.vjp(of, *(values[name] for name in self.wrt))
        if len(weights) != len(outputs):
            raise UsageError(f"{len(weights)} upstream gradients for {len(outputs)} outputs")
        return outputs, back([jnp.asarray(w, a.dtype) for w, a in zip(weights, outputs, strict=True)])

    @cached_property
    def _narrowest_within(self) -> str:
        """The narrowest format in which it computes on the way, as attention does in float32."""
        weights = [np.zeros(shape) for shape in shapes_of(self.forward(self.inputs))]
        try:
            both = self._jaxpr(self._differentiated, *self._parted(self.inputs), weights)
        except Unread:
            return "float64"
        return narrowest(within(both))

    # ------------------------------------------------------------------------------------------------------- nodes

    def trace(self, point: Point) -> Traced:
        values = self.forward(point.inputs)
        weights = [values_in(w, point.layout) for w in upstream(shapes_of(values), point.seed)]
        ran = self.run(point.inputs, weights)
        arrays, others = self._parted(point.inputs)
        program = Program()
        inputs = {name: program.leaf(name, x) for name, x in arrays.items()}
        names = [f"upstream g{k}" if f"g{k}" in arrays else f"g{k}" for k in range(len(weights))]
        ups = [program.leaf(name, w) for name, w in zip(names, weights, strict=True)]
        given = [Value(x, inputs[name]) for name, x in arrays.items()]
        given_ups = [Value(w, node) for w, node in zip(weights, ups, strict=True)]
        own = self._jaxpr(self._outputs, arrays, others)
        both = self._jaxpr(self._differentiated, arrays, others, weights)
        walk = Walk(program)
        with jax.enable_x64(True):
            outputs = [as_node(program, a) for a in walk.closed(own, given)]
            gradients = [as_node(program, a) for a in walk.closed(both, [*given, *given_ups])[len(outputs) :]]
        return Traced(
            program,
            inputs,
            outputs,
            ups,
            dict(zip(self.wrt, gradients, strict=True)),
            values,
            ran.gradients,
            walk.path.margins,
            walk.path.decisions,
            _narrower(ran.formats),
            _other_value(values, ran.outputs),
            ran.formats,
        )

    def _parted(self, inputs: Mapping[str, Any]) -> tuple[dict[str, Floats], dict[str, Any]]:
        """The arrays of floats, which are leaves, and what is closed over."""
        arrays = {
            name: np.asarray(x, float)
            for name, x in inputs.items()
            if name in self.wrt or (self._moves(name, x) and is_real(x))
        }
        return arrays, {name: x for name, x in inputs.items() if name not in arrays}

    def _jaxpr(
        self,
        function: Callable[..., Any],
        arrays: Mapping[str, Floats],
        others: Mapping[str, Any],
        weights: Sequence[Floats] = (),
    ) -> Any:
        """The jaxpr of one of the two functions.  Raises Unread where it looks at values."""

        def in_order(*moved: Any) -> Any:
            return function({**others, **dict(zip(arrays, moved, strict=False))}, moved[len(arrays) :])

        try:
            with jax.enable_x64(True), subject_code:
                return jax.make_jaxpr(in_order)(*arrays.values(), *weights)
        except SubjectError as error:
            if error.raised(*LOOKS):
                where = lines.of_error(error.cause)
                raise Unread(f"code that looks at values, as `if x > 0`: {in_a_line(error)}{where}") from error
            raise usage_error(self.function, self.arguments, error) or error from error

    # ------------------------------------------------------------------------------------------------------ source

    @property
    def source(self) -> Source:
        functions = functions_of(self.function)
        return source_of(functions.get("bwd") or functions.get("jvp") or functions["fun"])

    def written(self) -> tuple[str, ...]:
        """The line that returns the gradients, or the tangents; of a function without a rule the line of its value."""
        return (self.source.text,)

    def code_texts(self) -> list[tuple[str, str]]:
        return reached(*functions_of(self.function).values())


def _narrower(formats: str) -> list[str]:
    return [] if formats == "float64" else [f"it computes in {formats}, on the way or in the end"]


def _other_value(values: Sequence[Floats], rule: Sequence[Floats]) -> list[str]:
    """A note where the fwd of a rule does not return what the function itself returns."""
    for a, b in zip(values, rule, strict=True):
        off = ~np.isclose(a, b, AGREE, AGREE, equal_nan=True)
        if off.any():
            place = tuple(map(int, np.argwhere(off)[0]))
            where = f"entry {list(place)} " if place else ""
            return [f"its fwd returns another value than the function itself: {where}{a[place]:.6g}, {b[place]:.6g}"]
    return []
