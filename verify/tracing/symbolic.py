"""The names that traced code sees: a `math`, a `numpy` and a `float` that accept terms.

`private(kind)` is a copy of the subject's class with these in place of the real ones (see `verify.tracing.rebuild`);
the class itself, its module and the real `math` are not modified.
"""

from __future__ import annotations

import math
import numbers
import types
from functools import cache
from typing import Any

import numpy as np

from backproof.engine.node import Node
from backproof.verify.terms.ledger import leak
from backproof.verify.terms.term import PI, Term
from backproof.verify.tracing import linear_algebra, pieces
from backproof.verify.tracing.functions import FUNCTIONS, SEVERAL, Function
from backproof.verify.tracing.namespaces import (
    LINALG,
    MATHEMATICS,
    NUMPY,
    OF_SCIPY_LINALG,
    SPECIAL,
    Namespace,
    function_among_symbols,
)
from backproof.verify.tracing.rebuild import Lifter
from backproof.verify.tracing.texts import Text


def private(kind: type) -> type:
    """The class rebuilt for symbols; one derived from our Node accepts terms already: only its literals are lifted."""
    lifter, twin = _private(kind)
    lifter.report()
    return twin


def beside(kind: type, function: Function) -> Function:
    """A function of the module of ``kind``, as that class knows it: its twin where the class is one."""
    lifter = next((_LIFTERS[id(base)][1] for base in kind.__mro__ if id(base) in _LIFTERS), None)
    return function if lifter is None else lifter.twin(function)


_LIFTERS: dict[int, tuple[type, Lifter]] = {}  # by the twin that it made, which is kept alive


@cache
def _private(kind: type) -> tuple[Lifter, type]:
    if issubclass(kind, Node):
        lifter = Lifter()
    else:
        numbers.Real.register(Term)  # `isinstance(x, numbers.Real)`: a term is a real number
        lifter = Lifter(_replaced, {"float": Float})
    return lifter, _made_by(lifter, kind)


def _made_by(lifter: Lifter, kind: type) -> type:
    twin: type = lifter.twin(kind)
    _LIFTERS[id(twin)] = twin, lifter
    return twin


def symbolic(function: Function) -> Function:
    """The function rebuilt for symbols, its float literals exact."""
    return lifter_for_symbols().twin(function)  # type: ignore[no-any-return]


def lifter_for_symbols() -> Lifter:
    """Makes functions for symbols that keep shared state: two methods of one object still share that object."""
    return Lifter(_replaced, {"float": Float})


def _replaced(x: Any) -> Any:
    """The replacement of a module, a function or a mathematical constant; ``x`` itself for anything else."""
    if isinstance(x, types.ModuleType):
        return _MODULES.get(x.__name__, x)
    if x is float:
        return Float
    if x is math.pi:
        return PI
    try:
        name, module = getattr(x, "__name__", None), getattr(x, "__module__", None)
    except Exception:  # an object of a user may do anything when it is asked for an attribute
        return x
    if isinstance(x, types.BuiltinFunctionType) and x.__module__ == "math":
        return getattr(MATHEMATICS, x.__name__)
    if type(x).__name__ == "ufunc" and (name in FUNCTIONS or name in SEVERAL):
        return function_among_symbols(name, x)
    if not isinstance(module, str) or not isinstance(name, str) or not callable(x) or isinstance(x, type):
        return x
    if module == "numpy":
        return getattr(NUMPY, name, x)
    of = next((functions for home, functions in _BY_NAME.items() if module.startswith(home)), {})
    return of.get(name, x)


_MODULES: dict[str, Any] = {
    "math": MATHEMATICS,
    "numpy": NUMPY,
    "numpy.linalg": LINALG,
    "scipy.special": SPECIAL,
    "scipy.linalg": OF_SCIPY_LINALG,
}
_BY_NAME = {
    "numpy.linalg": linear_algebra.FUNCTIONS,
    "scipy.linalg": linear_algebra.OF_SCIPY,
    "scipy.special": pieces.OF_SCIPY,
}
"""Functions by the module that they say they are of, and their names there."""


class _TakesTerms(type):
    def __instancecheck__(cls, x: object) -> bool:
        return isinstance(x, (float, Term))

    def __subclasscheck__(cls, kind: type) -> bool:
        return kind is Float or issubclass(kind, (float, Term))


class Float(metaclass=_TakesTerms):
    """`float`, for code that checks ``isinstance(x, float)`` or converts with ``float(x)``: a term is a number."""

    dtype = np.dtype(float)  # NumPy asks a type for it: ``x.dtype == float``

    def __new__(cls, x: Any = 0.0) -> Any:
        if isinstance(x, Term):
            return x
        if isinstance(x, Text):
            leak("the text of a symbol was converted to a float")
        item = getattr(x, "item", None)
        if item is not None and getattr(x, "size", 0) == 1 and isinstance(item(), Term):
            return item()
        return float(x)

    fromhex = float.fromhex


numbers.Real.register(Float)
Float.__name__ = Float.__qualname__ = "float"  # also for code that goes by a type's name


def doubled(kind: type) -> type:
    """The class rebuilt to keep double precision where it uses a narrower NumPy dtype."""
    return _made_by(Lifter(_doubled, literal=lambda x: "float64" if isinstance(x, str) and x in _SHORT else x), kind)


_SHORT = ("float32", "float16", "single", "half", "f4", "f2")


class _InDouble(Namespace):
    """`numpy` with float64 in place of narrower floats."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, "float64" if name in _SHORT else name)


def _doubled(x: Any) -> Any:
    if x is np:
        return _IN_DOUBLE
    return np.float64 if x in (np.float32, np.float16) else x


_IN_DOUBLE = _InDouble(np)
