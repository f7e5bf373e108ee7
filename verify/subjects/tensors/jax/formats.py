"""The formats of floats in which a function computes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import jax
import numpy as np


def narrowest(kinds: Iterable[Any]) -> str:
    """The narrowest of some formats of floats, by its name; float64 if there are none."""
    return min((str(kind) for kind in kinds), key=lambda name: int(jax.numpy.finfo(name).bits), default="float64")


def within(jaxpr: Any) -> set[str]:
    """The formats of all floats that a jaxpr, and those that it calls, compute."""
    found: set[str] = set()
    for equation in getattr(jaxpr, "jaxpr", jaxpr).eqns:
        kinds = (getattr(variable.aval, "dtype", None) for variable in equation.outvars)
        found.update(str(kind) for kind in kinds if kind is not None and jax.dtypes.issubdtype(kind, np.floating))
        for inner in _called(equation.params.values()):
            found |= within(inner)
    return found


def _called(parameters: Iterable[Any]) -> Iterator[Any]:
    for value in parameters:
        if hasattr(value, "eqns") or hasattr(value, "jaxpr"):
            yield value
        elif isinstance(value, tuple):
            yield from _called(value)
