"""The modules that a traced rule sees: a `numpy`, a `math` and a `scipy` whose arrays are traced.

The rule runs as a private copy of itself, which the Lifter (`verify.tracing.rebuild`) makes with these in place of the
real modules: the machinery that runs rules on symbols, with other replacements, and with floats that stay floats.  A
lighter copy, with another ``np`` in the globals of two functions, would leave helpers, methods, closures and names
imported one by one to the real NumPy, whose buffers cannot hold what is traced.  Nothing of a user's is changed.
Every array of floats that a function of NumPy makes is traced from the start, as a constant, so that a buffer of zeros
can hold what depends on the inputs; an array that the rule made beforehand, and reaches through a closure or an
object, is a copy.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from backproof.verify.subjects.tensors.numpy.arrays import is_constant, tape_of, value_of
from backproof.verify.subjects.tensors.numpy.elementwise import of_table
from backproof.verify.subjects.tensors.numpy.makers import Makers
from backproof.verify.subjects.tensors.numpy.own_code import OwnCode
from backproof.verify.subjects.tensors.numpy.registry import package_of
from backproof.verify.subjects.tensors.numpy.scipy_functions import OF_SCIPY
from backproof.verify.subjects.tensors.numpy.tape import Tape
from backproof.verify.terms.ops import by_name
from backproof.verify.tracing.rebuild import Lifter

_PACKAGES = ("numpy", "scipy")


class Modules:
    """What stands for modules and functions while one tape is written."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self._makers = Makers(tape)
        self._known: dict[int, tuple[Any, Any]] = {id(f): (f, x) for f, x in self._makers.by_function.items()}
        self._own_code = OwnCode(tape, self.replaced)
        self._lifter = Lifter(self.replaced, literal=lambda x: x)

    def private(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The private copy of a user's function; copies of one tape share their state."""
        return self._lifter.ready(self._lifter.twin(function))  # type: ignore[no-any-return]

    def own_code(self, function: Any) -> Callable[..., Any] | None:
        """A function of NumPy as NumPy has written it in Python, on traced arrays; None for one of C."""
        return self._own_code.of_dispatching(function)

    def replaced(self, x: Any) -> Any:
        """The replacement of a module, a function or an array; ``x`` itself for anything else."""
        if id(x) in self._known:
            return self._known[id(x)][1]
        made = self._made(x)
        if made is not x:
            self._known[id(x)] = x, made
        return made

    def _made(self, x: Any) -> Any:
        if isinstance(x, types.ModuleType):
            known = x.__name__.partition(".")[0] in (*_PACKAGES, "math")
            return _Module(x, self.replaced) if known else x
        if type(x) is np.ndarray and x.dtype.kind in "biuf":
            return self._makers.adopted(x.copy())
        if type(x) is np.vectorize:
            return self._makers.vectorized(self._lifter.twin(x.pyfunc), otypes=x.otypes)
        if isinstance(x, (type(np.r_), type(np.c_))):
            return _Joiner(x, self._makers)
        if isinstance(x, types.BuiltinFunctionType) and x.__module__ == "math":
            return self._of_math(x)
        return self._of_numpy(x) if _is_function(x) else x

    def _of_numpy(self, function: Any) -> Any:
        """A function of NumPy or SciPy: the arrays of floats that it makes are traced."""
        name = ".".join([*str(getattr(function, "__module__", "")).split(".")[:2], function.__name__])
        reading = OF_SCIPY.get(name) or self._own_code.of_plain(function)

        @wraps(function)
        def adopting(*args: Any, **options: Any) -> Any:
            if tape_of((args, options)) is not None:
                if isinstance(function, _DISPATCHING):  # also for what is traced within lists
                    return self.tape.reader.function(function, args, options)
                if isinstance(function, np.ufunc):
                    outs = {"out": args[function.nin :]} if len(args) > function.nin else {}
                    return self.tape.reader.ufunc(function, "__call__", args[: function.nin], outs | options)
                if not is_constant((args, options)):
                    if reading is None:
                        raise self.tape.refuse(f"no reading of {name}")
                    return reading(*args, **options)
            return self._makers.adopted(function(*args, **options))

        for attribute in ("accumulate", "at", "nin", "nout", "outer", "reduce", "reduceat"):
            if hasattr(function, attribute):
                setattr(adopting, attribute, getattr(function, attribute))
        return adopting

    def _of_math(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function of `math`, which takes traced numbers, too."""

        @wraps(function)
        def called(*args: Any, **options: Any) -> Any:
            if is_constant(args):
                return function(*map(value_of, args), **options)
            if options:
                raise self.tape.refuse(f"no reading of math.{function.__name__} with {', '.join(options)}")
            return self._math(function.__name__, args)

        return called

    def _math(self, name: str, args: tuple[Any, ...]) -> Any:
        if name == "log" and len(args) == 2:
            return np.log(args[0]) / np.log(args[1])
        if name in ("fsum", "prod"):
            return getattr(np, name.removeprefix("f"))(np.stack(list(args[0])))
        if name in ("floor", "ceil", "trunc"):
            raise self.tape.refuse(f"math.{name} would make an integer of a traced number: use np.{name}")
        ufunc = next((f for n in (name, f"arc{name[1:]}") if isinstance(f := getattr(np, n, None), np.ufunc)), None)
        if ufunc is not None and ufunc.nin == len(args):
            return ufunc(*args)
        if name in by_name("math"):
            return of_table(self.tape, name, args)
        raise self.tape.refuse(f"no reading of math.{name}")


def _is_function(x: Any) -> bool:
    """Whether it is a function of NumPy or SciPy."""
    return isinstance(x, np.ufunc) or (isinstance(x, _FUNCTIONS) and package_of(x) in _PACKAGES)


_DISPATCHING = type(np.sum)
_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, _DISPATCHING)


class _Module:
    """A module with the replacements of what it holds."""

    def __init__(self, module: types.ModuleType, replaced: Callable[[Any], Any]) -> None:
        self._module, self._replaced = module, replaced

    def __getattr__(self, name: str) -> Any:
        return self._replaced(getattr(self._module, name))

    def __repr__(self) -> str:
        return f"<{self._module.__name__}, for traced arrays>"


class _Joiner:
    """np.r_ and np.c_."""

    def __init__(self, real: Any, makers: Makers) -> None:
        self._real, self._makers = real, makers

    def __getitem__(self, key: Any) -> Any:
        parts = key if isinstance(key, tuple) else (key,)
        tape = tape_of(parts)
        if tape is None:
            return self._makers.adopted(self._real[key])
        if any(isinstance(part, str) for part in parts):
            raise tape.refuse("no reading of numpy.r_ with directions as text")
        arrays = [np.r_[part] if isinstance(part, slice) else part for part in parts]
        if self._real is np.c_:
            return np.column_stack([part if np.ndim(value_of(part)) else np.reshape(part, (1,)) for part in arrays])
        return np.concatenate([np.reshape(part, (1,)) if not np.ndim(value_of(part)) else part for part in arrays])
