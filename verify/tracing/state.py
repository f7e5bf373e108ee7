"""What twins leave behind: the state that a later run of theirs may read."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from backproof.verify.terms.term import Term
from backproof.verify.tracing.classes import body, container_of, made_in_c, name_of_class, slots, variables

_DEEP = 4  # levels of containers and objects that are looked into

Mark = tuple[Any, ...]
"""Equal for equal states.  Terms are hash-consed: a term stands for itself."""


class Elsewhere:
    """The base of what stands for something whose state is looked at elsewhere: the variables of a module."""


def state_of(twins: Iterable[Any], scopes: Iterable[Mapping[str, Any]]) -> Mark:
    """The variables of functions, the contents of containers and the attributes of objects, and global variables."""
    functions = tuple(_of_function(x) if type(x) is types.FunctionType else _mark(x, _DEEP) for x in twins)
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
    """What an object is, by its type and its memory: no code of its class runs, which may be anything."""
    kind = type(x)
    name = name_of_class(kind)
    if issubclass(kind, Term):
        return ("term", x)
    if _is_plain(x) or issubclass(kind, np.generic) or x is None:
        return (name, repr(x))
    if kind is types.GeneratorType:
        return ("generator", x.gi_frame.f_lasti if x.gi_frame is not None else -1)
    if made_in_c(kind) and kind.__module__ == "itertools":
        return (name, repr(x))
    if depth == 0 or issubclass(kind, Elsewhere):
        return (name,)
    container = container_of(x)
    if container in (list, tuple):
        return (name, *(_mark(part, depth - 1) for part in container.__iter__(x)))
    if container in (set, frozenset):
        return (name, container.__len__(x))
    if container is dict:
        entries = list(dict.items(x))
        return (name, *((_of_key(key), _mark(value, depth - 1)) for key, value in entries))
    if issubclass(kind, np.ndarray):
        plain = np.ndarray.view(x, np.ndarray)
        held = [_mark(v, 0) for v in plain.flat] if plain.dtype.kind == "O" else plain.tobytes()
        return ("array", plain.shape, held if isinstance(held, bytes) else tuple(held))
    if issubclass(kind, type) and depth == _DEEP:
        mine = {key: value for key, value in body(x).items() if any(type(value) is one for one in _OF_CLASSES)}
        return ("class", _mark(mine, depth - 1))
    if issubclass(kind, (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType)):
        return (name,)
    own = [(one, _mark(value, depth - 1)) for one, value in list(variables(x).items())]
    return (name, *own, *((slot.__name__, _mark(value, depth - 1)) for slot, value in slots(x)))


def _of_key(key: Any) -> Any:
    return str(key) if _is_plain(key) else name_of_class(type(key))


def _is_plain(x: Any) -> bool:
    return any(type(x) is one for one in _PLAIN)


_PLAIN = (bool, int, float, complex, str, bytes)
_OF_CLASSES = (int, float, str, list, dict, set)
