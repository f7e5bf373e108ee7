"""What twins leave behind: the state that a later run of theirs may read."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from backproof.verify.terms.term import Term

_DEEP = 4  # levels of containers and objects that are looked into

Mark = tuple[Any, ...]
"""Equal for equal states.  Terms are hash-consed: a term stands for itself."""


def state_of(twins: Iterable[Any], scopes: Iterable[Mapping[str, Any]]) -> Mark:
    """The variables of functions, the contents of containers and the attributes of objects, and global variables."""
    functions = tuple(_of_function(x) if isinstance(x, types.FunctionType) else _mark(x, _DEEP) for x in twins)
    return functions, tuple(_mark(dict(scope), 1) for scope in scopes)


def _of_function(function: types.FunctionType) -> Mark:
    cells = []
    for cell in function.__closure__ or ():
        try:
            cells.append(_mark(cell.cell_contents, _DEEP))
        except ValueError:  # an empty cell
            cells.append(())
    return (*cells, _mark(function.__defaults__, _DEEP), _mark(vars(function), _DEEP))


def _mark(x: Any, depth: int) -> Mark:
    if isinstance(x, Term):
        return ("term", x)
    if isinstance(x, (bool, int, float, complex, str, bytes, np.generic)) or x is None:
        return (type(x).__name__, repr(x))
    if isinstance(x, types.GeneratorType):
        return ("generator", x.gi_frame.f_lasti if x.gi_frame is not None else -1)
    if type(x).__module__ == "itertools":
        return (type(x).__name__, repr(x))
    if depth == 0:
        return (type(x).__name__,)
    if isinstance(x, (list, tuple)):
        return (type(x).__name__, *(_mark(part, depth - 1) for part in x))
    if isinstance(x, (set, frozenset)):
        return (type(x).__name__, len(x))
    if isinstance(x, dict):
        return (type(x).__name__, *((str(key), _mark(value, depth - 1)) for key, value in x.items()))
    if isinstance(x, np.ndarray):
        entries = tuple(_mark(v, 0) for v in x.flat) if x.dtype.kind == "O" else (x.tobytes(),)
        return ("array", x.shape, *entries)
    if isinstance(x, type) and depth == _DEEP:
        kinds = (int, float, str, list, dict, set)
        return ("class", _mark({key: value for key, value in vars(x).items() if isinstance(value, kinds)}, depth - 1))
    if isinstance(x, (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType)):
        return (type(x).__name__,)
    return (type(x).__name__, *((name, _mark(value, depth - 1)) for name, value in getattr(x, "__dict__", {}).items()))
