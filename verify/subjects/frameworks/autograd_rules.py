"""HIPS autograd: a primitive and the rules that `defvjp` gave it, which are Python and run on terms as they are.

NumPy's and SciPy's functions reach terms through `TermArray`; a rule that leaves them is matched at points instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from autograd.core import primitive_vjps

from verify.errors import UsageError
from verify.findings import Source
from verify.subjects.arrays import TermArray, terms
from verify.subjects.frameworks.base import FrameworkOperation, Untraceable, inputs_of, source_of
from verify.trace.term import Term, term


class RuleArray(TermArray):
    """An array of terms that stays one in `np.where`, which is no ufunc."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
        return _kept(super().__array_ufunc__(ufunc, method, *inputs, out=out, **options))

    def __array_function__(self, function: Any, kinds: Any, arguments: Any, options: Any) -> Any:
        return _kept(super().__array_function__(function, kinds, arguments, options))


def _kept(x: Any) -> Any:
    return x.view(RuleArray) if isinstance(x, np.ndarray) and x.dtype.kind == "O" else x


def _array(x: Term) -> Any:
    return terms(x).view(RuleArray)


class AutogradOperation(FrameworkOperation):
    """A primitive of scalars."""

    def __init__(self, function: Any, name: str, inputs: Sequence[str], command: str) -> None:
        super().__init__(function, name, inputs, command)
        self._rule = _rule(function)

    @property
    def source(self) -> Source:
        return source_of(self.function.fun)

    def _back(self, g: Any, out: Any, x: Sequence[Any]) -> tuple[Any, ...]:
        places = tuple(range(len(x)))
        return tuple(self._rule(places, out, tuple(x), {})(g))

    def traced_forward(self, *x: Term) -> Term:
        return _scalar(self.function.fun(*map(_array, x)))

    def traced_rule(self, g: Term, *x: Term) -> tuple[Term, ...]:
        arrays = list(map(_array, x))
        out = _array(_scalar(self.function.fun(*arrays)))
        return tuple(map(_scalar, self._back(_array(g), out, arrays)))

    def kernel(self, g: float, *x: float) -> tuple[float, tuple[float, ...]]:
        with np.errstate(all="ignore"):
            arrays = list(map(np.float64, x))
            out = self.function(*arrays)
            return float(out), tuple(map(float, self._back(np.float64(g), out, arrays)))

    def forward(self, *data: Any) -> Any:
        if any(isinstance(x, Term) for x in data):
            return super().forward(*data)
        with np.errstate(all="ignore"):
            return float(self.function(*map(np.float64, data)))

    def batch(self, columns: Sequence[Any], dtype: str) -> tuple[Any, tuple[Any, ...]]:
        if dtype == "bfloat16":
            raise UsageError(f"{self.name} has no kernel for bfloat16, which NumPy lacks")
        with np.errstate(all="ignore"):
            arrays = [np.asarray(column).astype(dtype) for column in columns]
            out = self.function(*arrays)
            slopes = self._back(np.ones_like(out), out, arrays)
        return np.asarray(out, dtype=float), tuple(np.asarray(s, dtype=float) for s in slopes)

    @classmethod
    def count_inputs(cls, function: Any, count: int = 0) -> tuple[str, ...]:
        _rule(function)
        return inputs_of(function.fun, count)


def _rule(function: Any) -> Any:
    """What `defvjp` registered.  Raises UsageError."""
    found = primitive_vjps.get(function)
    if found is None:
        name = getattr(function, "__name__", repr(function))
        raise UsageError(f"{name} is no primitive of autograd with a rule: give it one, defvjp({name}, ...)")
    return found


def _scalar(x: Any) -> Term:
    """The term of an answer.  Raises Untraceable for an array of several."""
    if isinstance(x, np.ndarray):
        if x.size != 1:
            raise Untraceable(f"an answer of shape {x.shape}")
        x = x.item()
    return term(x)
