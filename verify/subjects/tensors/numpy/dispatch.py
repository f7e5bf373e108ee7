"""What happens when NumPy is called with something traced: which reading stands for the function.

What is made of constants alone is a constant, computed by NumPy itself.  Everything else has a reading in the tables of
`registry`, is written in Python and then run on traced arrays, or is refused by its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from backproof.verify.subjects.tensors.numpy import choices, matrices, orders, products, reductions
from backproof.verify.subjects.tensors.numpy.arrays import (
    TracedArray,
    TracedNumber,
    is_constant,
    node_of,
    value_of,
    wrapped,
)
from backproof.verify.subjects.tensors.numpy.elementwise import entrywise
from backproof.verify.subjects.tensors.numpy.modules import Modules
from backproof.verify.subjects.tensors.numpy.moves import INSTEAD, of_constants
from backproof.verify.subjects.tensors.numpy.registry import ALWAYS, METHODS, READINGS
from backproof.verify.subjects.tensors.numpy.tape import Tape

_WITH_READINGS = (choices, matrices, orders, products, reductions)
"""The modules that fill the tables when they are loaded."""


class NumpyReader:
    """Carries out functions of NumPy that are given something traced, and writes one tape.

    modules: what stands for NumPy's modules meanwhile
    """

    def __init__(self) -> None:
        self.tape = Tape(self)
        self.modules = Modules(self.tape)

    def function(self, function: Any, args: Sequence[Any], options: dict[str, Any]) -> Any:
        """A function that dispatches by its arguments.  Raises Unread."""
        if function in ALWAYS:
            return ALWAYS[function](*args, **options)
        options = {name: x for name, x in options.items() if x is not np._NoValue}
        out = options.pop("out", None)
        if is_constant((*args, options)):
            value = function(*map(value_of, args), **value_of(options))
            return self._stored(of_constants(self.tape, value, args, options), out)
        self._refuse_format(function.__name__, options.get("dtype"))
        reading = READINGS.get(function) or self.modules.own_code(function)
        if reading is None:
            raise self.tape.refuse(f"no reading of {function.__module__}.{function.__name__}")
        return self._stored(reading(*args, **options), out)

    def ufunc(self, ufunc: np.ufunc, method: str, inputs: Sequence[Any], options: dict[str, Any]) -> Any:
        """A ufunc, called, or another of its methods.  Raises Unread."""
        out = options.pop("out", None)
        out = out if out is None or isinstance(out, tuple) else (out,)
        self._refuse_format(ufunc.__name__, options.pop("dtype", None))
        if method == "__call__":
            return self._called(ufunc, inputs, out, **options)
        if method == "outer":
            a, b = inputs
            shape = (*np.shape(value_of(a)), *(1,) * np.ndim(value_of(b)))
            return self._stored(ufunc(np.reshape(a, shape), b), out)
        if method == "at":
            return self._at(ufunc, *inputs)
        reading = METHODS.get((ufunc.__name__, method))
        if reading is None:
            raise self.tape.refuse(f"no reading of numpy.{ufunc.__name__}.{method}")
        return self._stored(reading(ufunc, *inputs, **options), out)

    def _called(self, ufunc: np.ufunc, inputs: Sequence[Any], out: Any, where: Any = True, **options: Any) -> Any:
        if unread := options.keys() - {"casting", "order", "subok"}:
            raise self.tape.refuse(f"no reading of numpy.{ufunc.__name__} with {', '.join(sorted(unread))}")
        if where is True:
            return self._stored(entrywise(self.tape, ufunc, inputs), out)
        (target,) = out or (None,)
        if not isinstance(target, TracedArray):
            wanted = "without an out= of floats, leaves entries without a value"
            raise self.tape.refuse(f"numpy.{ufunc.__name__} with where=, {wanted}")
        chosen = np.broadcast_to(where, target.shape)  # the others are not computed
        target[chosen] = ufunc(*(np.broadcast_to(x, target.shape)[chosen] for x in inputs))
        return target

    def _refuse_format(self, name: str, dtype: Any) -> None:
        if dtype is not None and self.tape.kind_of(dtype) not in "fb":
            raise self.tape.refuse(f"no reading of numpy.{name} of traced floats as {np.dtype(dtype).name}")

    def _stored(self, result: Any, out: Any) -> Any:
        """The result, written into what was given for it.  Raises Unread for a plain array."""
        outs = out if isinstance(out, tuple) else (out,)
        if outs[0] is ...:  # an array, also of no axes
            return result if result.ndim else wrapped(self.tape, np.asarray(result.value), result.node)
        if all(one is None or isinstance(one, TracedNumber) for one in outs):
            return result  # ``s += x`` of a number makes another one
        results = result if isinstance(result, tuple) else (result,)
        for one, part in zip(outs, results, strict=True):
            if not isinstance(one, TracedArray):
                raise self.tape.refuse(f"traced floats were written into a plain array, {INSTEAD}")
            if np.ndim(value_of(part)) > one.ndim:  # which an assignment allows
                raise ValueError(f"non-broadcastable output operand with shape {one.shape}")
            one[...] = part
        return out if len(outs) > 1 else outs[0]

    def _at(self, ufunc: np.ufunc, target: Any, key: Any, *values: Any) -> None:
        """ufunc.at: what is added is collected, other functions are carried out entry by entry."""
        if not isinstance(target, TracedArray):
            raise self.tape.refuse(f"numpy.{ufunc.__name__}.at of traced floats into a plain array, {INSTEAD}")
        numbers = np.asarray(np.arange(target.size).reshape(target.shape)[key])
        if ufunc.__name__ not in _SIGNS:
            parts = [np.broadcast_to(x, numbers.shape) for x in values]
            for place in np.ndindex(*numbers.shape):
                at = np.unravel_index(numbers[place], target.shape)
                target[at] = ufunc(target[at], *(part[place] for part in parts))
            return
        program = self.tape.program
        each = program.broadcast(node_of(self.tape, values[0]), numbers.shape)
        added = program.collect(program.scaled(each, _SIGNS[ufunc.__name__]), numbers, target.size)
        node = program.add(target.node, program.reshape(added, target.shape))
        ufunc.at(target.value, key, value_of(values[0]))
        target.storage.write(target.storage.numbers(target.value), node)


_SIGNS = {"add": 1, "subtract": -1}
"""What is added at places, and by which factor."""
