"""A walk over a jaxpr with real arrays: what depends on a leaf has a node beside it, and control flow is unrolled.

Integers and booleans have no nodes: a comparison, a branch, the number of turns of a loop are those of this point.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from backproof.verify.arrays.program import Program
from backproof.verify.arrays.traced import Unread
from backproof.verify.subjects.tensors.jax import lines
from backproof.verify.subjects.tensors.jax.choices import to_integers
from backproof.verify.subjects.tensors.jax.moves import arranged
from backproof.verify.subjects.tensors.jax.numbers import computed
from backproof.verify.subjects.tensors.jax.primitives import READINGS
from backproof.verify.subjects.tensors.jax.step import Path, Step, Value, as_array, as_node, is_real

MOST_STEPS = 100_000
"""Equations that are walked along, those of every turn of a loop counted, before the walk gives up."""

MOST_UNKNOWNS = 64
"""Of a linear system whose matrix is written down."""

_CALLS = {
    **dict.fromkeys(("jit", "pjit", "closed_call", "remat", "remat2", "checkpoint", "composite"), "jaxpr"),
    **dict.fromkeys(("core_call", "core_closed_call", "custom_jvp_call", "custom_vjp_call"), "call_jaxpr"),
    "custom_vjp_call_jaxpr": "fun_jaxpr",
    "custom_vmap_call": "call",
    "remat_opt": "fwd_jaxpr",
}
"""Primitives that call another jaxpr, and the parameter in which it is."""

_COMPILED = ("jit", "pjit")

_OUTSIDE = {
    **dict.fromkeys(("pure_callback", "io_callback"), "Python code that is called back"),
    **dict.fromkeys(("pallas_call", "ffi_call", "tpu_custom_call", "cudnn_fusion"), "a kernel outside of JAX"),
    **dict.fromkeys(("new_ref", "get", "swap", "addupdate", "run_state", "freeze"), "an array that is written into"),
    "rng_uniform": "random numbers without a key",
}
"""Primitives whose results are not made of their operands alone, or not by JAX."""

_PRINTS = ("debug_callback", "debug_print")

_MEANT = {
    "fft": "a Fourier transform, which is complex",
    "random_gamma": "random numbers whose distribution depends on an input",
    "bitcast_convert_type": "the bits of a float",
}
"""What primitives are that have no reading, where their names do not say it."""

_OF_BITS = ("shift_right_logical", "shift_right_arithmetic")


class Walk:
    """A walk, or several over the same leaves."""

    def __init__(self, program: Program) -> None:
        self.path = Path(program)
        self.steps = 0
        self.calls: list[Any] = []  # the equations of the calls that are being walked through

    def closed(self, jaxpr: Any, values: Sequence[Value]) -> list[Value]:
        """The results of a jaxpr, closed or open, for these arguments.  Raises Unread."""
        if hasattr(jaxpr, "consts"):
            return self._open(jaxpr.jaxpr, [Value(as_array(c)) for c in jaxpr.consts], values)
        return self._open(jaxpr, [], values)

    def _open(self, jaxpr: Any, constants: Sequence[Value], arguments: Sequence[Value]) -> list[Value]:
        known: dict[Any, Value] = {}

        def value(atom: Any) -> Value:
            return Value(as_array(atom.val)) if hasattr(atom, "val") else known[atom]

        for variables, given in ((jaxpr.constvars, constants), (jaxpr.invars, arguments)):
            known.update(zip(variables, given, strict=True))
        for equation in jaxpr.eqns:
            self.steps += 1
            if self.steps > MOST_STEPS:
                raise Unread(f"more than {MOST_STEPS} steps along its loops{self._line(equation)}")
            results = self._results(equation, [value(atom) for atom in equation.invars])
            known.update(zip(equation.outvars, results, strict=True))
        return [value(atom) for atom in jaxpr.outvars]

    def _results(self, equation: Any, values: list[Value]) -> list[Value]:
        name, parameters = equation.primitive.name, equation.params
        match name:
            case "cond":
                return self.closed(parameters["branches"][int(values[0].data)], values[1:])
            case "while":
                return self._while(parameters, values)
            case "scan":
                return self._scan(parameters, values)
            case "custom_linear_solve":
                return self._solve(parameters, values)
        if name in _CALLS:
            return self._call(equation, values)
        if name in _PRINTS:
            return []
        if name in _OUTSIDE:
            raise Unread(f"{_OUTSIDE[name]}: {name}{self._line(equation)}")
        kinds = [variable.aval.dtype for variable in equation.outvars]
        results = computed(equation.primitive, parameters, [v.data for v in values], kinds)
        if all(v.node is None and v.bits is None for v in values):
            return [Value(x) for x in results]
        return self._read(equation, Step(self.path, name, parameters, values, results))

    def _read(self, equation: Any, step: Step) -> list[Value]:
        name, results = step.name, step.results
        if any(jax.dtypes.issubdtype(x.dtype, np.complexfloating) for x in (*step.data, *results)):
            raise Unread(f"complex numbers: {name}{self._line(equation)}")
        if any(v.bits is not None for v in step.values):
            return self._of_bits(equation, step)
        if name == "bitcast_convert_type" and results[0].shape == step.nodes[0].shape:
            return [Value(results[0], bits=step.nodes[0])]
        reading = READINGS.get(name) if any(map(is_real, results)) else to_integers
        try:
            if reading is None:
                raise Unread(f"no reading of {_MEANT.get(name, name)}")
            nodes = reading(step)
        except Unread as reason:
            raise Unread(f"{reason}{self._line(equation)}") from reason
        each = nodes if isinstance(nodes, (list, tuple)) else [nodes] * len(results)
        return [Value(x, node if is_real(x) else None) for x, node in zip(results, each, strict=True)]

    def _of_bits(self, equation: Any, step: Step) -> list[Value]:
        """Only the sign is read, the first of the bits: a decision."""
        node, last = step.values[0].bits, 8 * step.results[0].dtype.itemsize - 1
        if node is None or step.name not in _OF_BITS or not np.all(step.data[1] == last):
            raise Unread(f"the bits of a float: {step.name}{self._line(equation)}")
        self.path.decided("the sign", node)
        return [Value(step.results[0])]

    def _line(self, equation: Any) -> str:
        """Where an equation comes from: of a compiled function where it is called, since JAX keeps its jaxpr from an
        earlier call; of what is traced later the call before."""
        compiled = [call for call in self.calls if call.primitive.name in _COMPILED]
        found = (lines.of_equation(one) for one in (*compiled, equation, *reversed(self.calls)))
        return next(filter(None, found), "")

    # ------------------------------------------------------------------------------------------------ control flow

    def _call(self, equation: Any, values: list[Value]) -> list[Value]:
        self.calls.append(equation)
        results = self.closed(equation.params[_CALLS[equation.primitive.name]], values)
        self.calls.pop()
        return results

    def _while(self, parameters: Any, values: list[Value]) -> list[Value]:
        first = parameters["cond_nconsts"]
        second = first + parameters["body_nconsts"]
        asked, used, carried = values[:first], values[first:second], values[second:]
        while np.any(goes_on := self.closed(parameters["cond_jaxpr"], [*asked, *carried])[0].data):
            after = self.closed(parameters["body_jaxpr"], [*used, *carried])
            carried = [self._chosen(goes_on, a, b) for a, b in zip(after, carried, strict=True)]
        return carried

    def _chosen(self, goes_on: Any, after: Value, before: Value) -> Value:
        """Of many loops in one, made by vmap along the first axes, each goes on for itself."""
        if np.all(goes_on):
            return after
        which = np.reshape(goes_on, np.shape(goes_on) + (1,) * (np.ndim(after.data) - np.ndim(goes_on)))
        data = np.where(which, after.data, before.data)
        if after.node is None and before.node is None:
            return Value(data)
        p = self.path.program
        numbers = np.arange(data.size).reshape(data.shape)
        nodes = [as_node(p, after), as_node(p, before)]
        return Value(data, arranged(p, nodes, np.where(which, numbers, numbers + data.size)))

    def _scan(self, parameters: Any, values: list[Value]) -> list[Value]:
        fixed, length = parameters["num_consts"], parameters["length"]
        end = fixed + parameters["num_carry"]
        used, carried, arrays = values[:fixed], values[fixed:end], values[end:]
        rows: list[list[Value]] = []
        for turn in reversed(range(length)) if parameters["reverse"] else range(length):
            results = self.closed(parameters["jaxpr"], [*used, *carried, *(self._row(a, turn) for a in arrays)])
            carried = results[: end - fixed]
            rows.append(results[end - fixed :])
        if parameters["reverse"]:
            rows.reverse()
        if not length:
            kinds = parameters["jaxpr"].out_avals[end - fixed :]
            return [*carried, *(Value(np.zeros((0, *kind.shape), kind.dtype)) for kind in kinds)]
        return [*carried, *(self._stacked(column) for column in zip(*rows, strict=True))]

    def _row(self, a: Value, turn: int) -> Value:
        data = as_array(a.data[turn])
        if a.node is None:
            return Value(data)
        numbers = np.arange(a.node.size).reshape(a.node.shape)[turn]
        return Value(data, arranged(self.path.program, [a.node], numbers))

    def _stacked(self, rows: Sequence[Value]) -> Value:
        data = np.stack([row.data for row in rows])
        if all(row.node is None for row in rows):
            return Value(data)
        p = self.path.program
        return Value(data, arranged(p, [as_node(p, row) for row in rows], np.arange(data.size).reshape(data.shape)))

    def _solve(self, parameters: Any, values: list[Value]) -> list[Value]:
        """A linear system: by the inverse of its matrix, whatever solves it; a large one by the solver that is named.

        The matrix is what the product with it makes of unit vectors.  So iterations that go on until the error is small
        are read as what they are meant to find, of which the rule is the derivative.
        """
        lengths, jaxprs, p = parameters["const_lengths"], parameters["jaxprs"], self.path.program
        start = lengths.matvec + lengths.vecmat
        end = start + lengths.solve
        right = values[end + lengths.transpose_solve :]
        found = self.closed(jaxprs.solve, [*values[start:end], *right])
        size = np.size(right[0].data)
        if len(right) > 1 or size > MOST_UNKNOWNS or all(v.node is None for v in found):
            return found
        shape, kind = np.shape(right[0].data), right[0].data.dtype
        units = [np.asarray(row, kind).reshape(shape) for row in np.eye(size)]
        columns = [self.closed(jaxprs.matvec, [*values[: lengths.matvec], Value(unit)])[0] for unit in units]
        matrix = p.transpose(p.reshape(as_node(p, self._stacked(columns)), (size, size)))
        solution = p.dot(p.inverse(matrix), p.reshape(as_node(p, right[0]), (size, 1)))
        return [Value(found[0].data, p.reshape(solution, shape))]
