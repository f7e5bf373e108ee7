"""NumPy's functions that are written in Python, as NumPy has written them, on traced arrays.

np.median, np.gradient, np.kron and a hundred others are made of functions that have readings.  They run as copies of
themselves whose globals are replaced like those of a user's functions.  What they return is compared with what the
function returns on floats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from backproof.verify.arrays.traced import Unread
from backproof.verify.subjects.tensors.numpy.arrays import node_of, value_of, wrapped
from backproof.verify.subjects.tensors.numpy.elementwise import is_of_floats
from backproof.verify.subjects.tensors.numpy.registry import package_of
from backproof.verify.subjects.tensors.numpy.tape import Tape
from backproof.verify.support.errors import in_a_line

_AGREE = 1e-9  # of the size of a result: another order of the same sums

_NO_READING = "no reading of"  # begins the message that a function has none, which need not be one of the user's


class OwnCode:
    """Copies of NumPy's functions, each made once.  replaced: what stands for an object that they refer to."""

    def __init__(self, tape: Tape, replaced: Callable[[Any], Any]) -> None:
        self.tape, self._replaced = tape, replaced
        self._copies: dict[FunctionType, FunctionType] = {}

    def of_dispatching(self, function: Any) -> Callable[..., Any] | None:
        """A function that dispatches by its arguments; None if it is not written in Python."""
        implementation = getattr(function, "_implementation", None)
        if not isinstance(implementation, FunctionType):
            return None
        return lambda *args, **options: self._checked(function, implementation, args, options)

    def of_plain(self, function: Any) -> Callable[..., Any] | None:
        """A function that does not dispatch; None if it is not NumPy's, or not written in Python."""
        if not _is_python(function):
            return None
        return lambda *args, **options: self._copy(function)(*args, **options)

    def _checked(self, function: Any, implementation: FunctionType, args: Any, options: Any) -> Any:
        value = function(*map(value_of, args), **value_of(options))
        name = f"{function.__module__}.{function.__name__}"
        before = self.tape.refused
        try:
            found = self._copy(implementation)(*args, **options)
        except Unread as error:
            if not str(error).startswith(_NO_READING):
                raise
            self.tape.refused = before
            raise self.tape.refuse(f"no reading of {name}") from None
        except Exception as error:  # NumPy's code, which was not written for these arrays
            raise self.tape.refuse(f"no reading of {name}: its code raises {in_a_line(error)}") from None
        return self._equal(name, value, found)

    def _equal(self, name: str, value: Any, found: Any) -> Any:
        """What was traced, with the floats of the function.  Raises Unread where it is something else."""
        if isinstance(value, (list, tuple)) and type(found) is type(value) and len(found) == len(value):
            parts = [self._equal(name, v, part) for v, part in zip(value, found, strict=True)]
            return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
        floats = value_of(found)
        if np.shape(floats) != np.shape(value) or not np.allclose(floats, value, _AGREE, _AGREE, equal_nan=True):
            raise self.tape.refuse(f"no reading of {name}: its code has another result on traced arrays")
        if floats is found or not is_of_floats(value):
            return found
        return wrapped(self.tape, value, node_of(self.tape, found))

    def _copy(self, function: FunctionType) -> FunctionType:
        if function in self._copies:
            return self._copies[function]
        known, code = function.__globals__, function.__code__
        scope = {"__builtins__": known["__builtins__"], "__name__": function.__module__}
        copy = FunctionType(code, scope, function.__name__, function.__defaults__, function.__closure__)
        copy.__kwdefaults__ = function.__kwdefaults__
        self._copies[function] = copy  # before its globals, which may refer to it
        scope.update({name: self._global(known[name]) for name in _names(code) if name in known})
        return copy

    def _global(self, x: Any) -> Any:
        return self._copy(x) if _is_python(x) else self._replaced(x)


def _is_python(x: Any) -> bool:
    """Whether it is a function of NumPy, written in Python, that does not dispatch."""
    return isinstance(x, FunctionType) and package_of(x) == "numpy"


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _names(part)
