"""The arguments of a function of JAX: which are arrays of floats, by what names, and how they are put together."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import numpy as np

from backproof.verify.subjects.functions.looked_at import parameters_of
from backproof.verify.subjects.tensors.jax.step import dtype_of, is_real
from backproof.verify.support.errors import UsageError

_BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Argument(NamedTuple):
    """An argument: the names of the values that it is made of, and the tree in which they are; None if it is one."""

    names: tuple[str, ...]
    tree: Any = None

    def joined(self, values: Mapping[str, Any]) -> Any:
        """The argument itself."""
        if self.tree is None:
            return values[self.names[0]]
        return jax.tree_util.tree_unflatten(self.tree, [values[name] for name in self.names])


@dataclass(frozen=True)
class Arguments:
    """What a function is called with.

    values: by name; those inside of an argument that is a tree, as a tuple or a dictionary, are called "p.0", "p.w"
    every: the arguments by the names of the parameters, in their order; by_keyword: those that are passed so
    parameters: the names of the function's parameters that have a place
    """

    values: dict[str, Any]
    every: dict[str, Argument]
    by_keyword: frozenset[str]
    parameters: tuple[str, ...]

    def call(self, function: Any, values: Mapping[str, Any]) -> Any:
        """The function of these values, by name."""
        joined = {name: argument.joined(values) for name, argument in self.every.items()}
        by_place = [value for name, value in joined.items() if name not in self.by_keyword]
        return function(*by_place, **{name: joined[name] for name in joined if name in self.by_keyword})

    def names_of(self, which: int | str) -> tuple[str, ...]:
        """The names of the values of an argument, by its place or name, or of a value in it.

        Raises UsageError if there is none.
        """
        names = self.parameters or tuple(self.every)
        if isinstance(which, int) and -len(names) <= which < len(names):
            argument = self.every.get(names[which])
            return () if argument is None else argument.names  # it has a default
        if which in self.every:
            return self.every[str(which)].names
        if which in self.values:
            return (str(which),)
        raise UsageError(f"there is no input {which!r}: the inputs are {', '.join(self.values)}")


def arguments(function: Any, inputs: Mapping[str, Any] | Sequence[Any]) -> Arguments:
    """The arguments by the names of the function's parameters, or x0, x1... where it does not tell them.

    Raises UsageError for a name that it does not have, and for what is no array of real numbers.
    """
    parameters = {} if _takes_any(function) else {p.name: p for p in parameters_of(function) or ()}
    by_place = tuple(name for name, p in parameters.items() if p.kind in _BY_PLACE)
    if isinstance(inputs, Mapping):
        named, by_keyword = _by_name(parameters, inputs)
    else:
        named, by_keyword = _in_order(parameters, by_place, inputs), frozenset()
    values: dict[str, Any] = {}
    every = {name: _taken_apart(name, value, values) for name, value in named.items()}
    return Arguments(values, every, by_keyword, by_place)


def _takes_any(function: Any) -> bool:
    """Whether it takes `*args` alone: a wrapper whose arguments are not those of the function inside of it."""
    code = getattr(function, "__code__", None)
    if code is None or code.co_argcount or code.co_kwonlyargcount:
        return False
    return bool(code.co_flags & inspect.CO_VARARGS) and not code.co_flags & inspect.CO_VARKEYWORDS


def _by_name(parameters: Mapping[str, inspect.Parameter], inputs: Mapping[str, Any]) -> Any:
    """In the order of the parameters, and which are passed by keyword: those after one that is left out."""
    kinds = {p.kind for p in parameters.values()}
    unknown = [name for name in inputs if name not in parameters]
    if unknown and inspect.Parameter.VAR_KEYWORD not in kinds:
        if parameters and inspect.Parameter.VAR_POSITIONAL not in kinds:
            raise UsageError(f"the function has no parameter {unknown[0]!r}: it has {', '.join(parameters)}")
        return dict(inputs), frozenset()
    by_keyword = set(unknown)
    left_out = False
    for name, parameter in parameters.items():
        left_out |= name not in inputs or parameter.kind not in _BY_PLACE
        if left_out and name in inputs:
            by_keyword.add(name)
    known = {name: inputs[name] for name in parameters if name in inputs}
    return known | {name: inputs[name] for name in unknown}, frozenset(by_keyword)


def _in_order(
    parameters: Mapping[str, inspect.Parameter], by_place: Sequence[str], inputs: Sequence[Any]
) -> dict[str, Any]:
    names = [*by_place]
    if not parameters or any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters.values()):
        names += [f"x{k}" for k in range(len(names), len(inputs))]
    if len(names) < len(inputs):
        raise UsageError(f"{len(inputs)} inputs for a function of {len(names)}: {', '.join(names)}")
    return dict(zip(names, inputs, strict=False))


def _taken_apart(name: str, value: Any, values: dict[str, Any]) -> Argument:
    """Files the values that an argument is made of under their names."""
    inside, tree = jax.tree_util.tree_flatten_with_path(value)
    if not inside or not inside[0][0]:  # None, an empty tuple; a value that is no tree
        values[name] = _taken(name, value)
        return Argument((name,))
    names = tuple(".".join([name, *map(_key, path)]) for path, _ in inside)
    values.update((inner, _taken(inner, leaf)) for inner, (_, leaf) in zip(names, inside, strict=True))
    return Argument(names, tree)


def _key(key: Any) -> str:
    return str(next((getattr(key, kind) for kind in ("key", "idx", "name") if hasattr(key, kind)), key))


def _taken(name: str, value: Any) -> Any:
    """A value as it is passed on: arrays of floats in float64.  Raises UsageError."""
    kind = dtype_of(value) if is_array(value) else None
    if isinstance(value, complex) or (kind is not None and jax.dtypes.issubdtype(kind, np.complexfloating)):
        raise UsageError(f"{name} is complex: pass its real and imaginary parts as two arrays")
    if kind is None:
        return value
    if is_real(value):
        return np.array(value, dtype=np.float64)
    if jax.dtypes.issubdtype(kind, jax.dtypes.extended) or kind.kind in "biu":
        return value
    raise UsageError(f"{name} is an array of {kind}: pass arrays of floats, integers or booleans")


def is_array(value: Any) -> bool:
    """Whether it is an array, or a number of NumPy."""
    return isinstance(value, (np.ndarray, np.generic, jax.Array))
