"""HIPS autograd: a primitive and the rules registered by `defvjp`, which are Python and run on terms unchanged.

NumPy's and SciPy's ufuncs reach terms through `TermArray`.  On terms a rule runs as a copy of itself, in which other
primitives are replaced by those of `scipy_terms`; a rule that uses anything else is matched at points instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from types import FunctionType
from typing import Any, NamedTuple

import numpy as np
from autograd.core import primitive_vjps

from backproof.verify.results.findings import Source
from backproof.verify.subjects.boundary import subject_code
from backproof.verify.subjects.frameworks import scipy_terms
from backproof.verify.subjects.frameworks.base import FrameworkOperation, Untraceable, inputs_of, source_of
from backproof.verify.subjects.frameworks.calls import Argument, filled
from backproof.verify.support.errors import UsageError
from backproof.verify.terms.term import Term, constant, term
from backproof.verify.tracing.arrays import TermArray, elementwise, terms
from backproof.verify.tracing.rebuild import Lifter


class RuleArray(TermArray):
    """An array of terms that stays one in `np.where`, which is not a ufunc."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
        return _kept(super().__array_ufunc__(ufunc, method, *inputs, out=out, **options))

    def __array_function__(self, function: Any, kinds: Any, arguments: Any, options: Any) -> Any:
        return _kept(super().__array_function__(function, kinds, arguments, options))


def _kept(x: Any) -> Any:
    return x.view(RuleArray) if isinstance(x, np.ndarray) and x.dtype.kind == "O" else x


def _array(x: Term) -> Any:
    return terms(x).view(RuleArray)


class Bound(NamedTuple):
    """A primitive, and its arguments: names of operands, and numbers."""

    primitive: Any
    arguments: tuple[Argument, ...]


class AutogradOperation(FrameworkOperation):
    """A primitive on scalars; arguments that are not operands are numbers."""

    def __init__(self, function: Any, name: str, inputs: Sequence[str], command: str) -> None:
        given = function if isinstance(function, Bound) else Bound(function, tuple(inputs))
        super().__init__(given.primitive, name, inputs, command)
        self._arguments = given.arguments
        self._places = tuple(k for k, a in enumerate(given.arguments) if isinstance(a, str))
        self._rule = _rule(given.primitive)

    @classmethod
    def bound(cls, function: Any, arguments: Sequence[Argument]) -> Any:
        _rule(function)
        return Bound(function, tuple(arguments))

    @property
    def source(self) -> Source:
        return source_of(self.function.fun)

    @cached_property
    def _rule_of_terms(self) -> Any:
        return Lifter(_replaced, literal=lambda x: x).twin(self._rule)

    def _on_terms(self, x: Sequence[Term]) -> list[Any]:
        return filled(self._arguments, list(map(_array, x)), lambda c: _array(constant(c)))

    def _on_floats(self, x: Sequence[Any]) -> list[Any]:
        return filled(self._arguments, list(map(np.float64, x)))

    def traced_forward(self, *x: Term) -> Term:
        return _scalar(_of_terms(self.function)(*self._on_terms(x)))

    def traced_rule(self, g: Term, *x: Term) -> tuple[Term, ...]:
        arguments = self._on_terms(x)
        out = _array(_scalar(_of_terms(self.function)(*arguments)))
        return tuple(map(_scalar, self._rule_of_terms(self._places, out, tuple(arguments), {})(_array(g))))

    def _back(self, g: Any, out: Any, arguments: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(self._rule(self._places, out, tuple(arguments), {})(g))

    def kernel(self, g: float, *x: float) -> tuple[float, tuple[float, ...]]:
        with np.errstate(all="ignore"):
            arguments = self._on_floats(x)
            out = self.function(*arguments)
            return float(out), tuple(map(float, self._back(np.float64(g), out, arguments)))

    def forward(self, *data: Any) -> Any:
        if any(isinstance(x, Term) for x in data):
            return super().forward(*data)
        with np.errstate(all="ignore"), subject_code:
            return float(self.function(*self._on_floats(data)))

    def batch(self, columns: Sequence[Any], dtype: str) -> tuple[Any, tuple[Any, ...]]:
        if dtype == "bfloat16":
            raise UsageError(f"{self.name} has no kernel for bfloat16, which NumPy lacks")
        with np.errstate(all="ignore"), subject_code:
            arrays = [np.asarray(column).astype(dtype) for column in columns]
            arguments = filled(self._arguments, arrays, lambda c: np.dtype(dtype).type(float(c)))
            out = self.function(*arguments)
            partials = self._back(np.ones_like(out), out, arguments)
            return np.asarray(out, dtype=float), tuple(np.asarray(s, dtype=float) for s in partials)

    @classmethod
    def count_inputs(cls, function: Any, count: int = 0) -> tuple[str, ...]:
        _rule(function)
        return inputs_of(function.fun, count)


def _rule(function: Any) -> Any:
    """What `defvjp` registered.  Raises UsageError."""
    found = primitive_vjps.get(function)
    if found is None:
        name = getattr(function, "__name__", repr(function))
        raise UsageError(f"{name} is not an autograd primitive with a rule: register one, defvjp({name}, ...)")
    return found


def _replaced(x: Any) -> Any:
    """What replaces a primitive while a rule runs on terms; autograd's own helpers for arrays are kept."""
    if getattr(x, "_is_autograd_primitive", False):
        return _of_terms(x)
    helper = isinstance(x, FunctionType) and x.__module__.startswith("autograd.numpy.")
    return partial(x) if helper else x


def _of_terms(primitive: Any) -> Callable[..., Any]:
    """The primitive on arrays of terms: NumPy dispatches its ufuncs itself, the others are looked up."""
    builder = scipy_terms.FUNCTIONS.get(scipy_terms.name_of(primitive.fun))
    if builder is None:
        return primitive.fun  # type: ignore[no-any-return]

    def of_terms(*x: Any) -> Any:
        return elementwise(builder, *x).view(RuleArray) if any(map(_has_terms, x)) else primitive.fun(*x)

    return of_terms


def _has_terms(x: Any) -> bool:
    return getattr(getattr(x, "dtype", None), "kind", "") == "O"


def _scalar(x: Any) -> Term:
    """The term of a result.  Raises Untraceable for an array of several entries."""
    if isinstance(x, np.ndarray):
        if x.size != 1:
            raise Untraceable(f"a result of shape {x.shape}")
        x = x.item()
    return term(x)
