"""A function of a package and its derivative, as an adapter hands them over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Pair:
    """A function and its derivative.

    name: of the derivative, beside the object's
    function: what is differentiated
    given: the derivative, by its contract: jac, fprime, hess, hessp, jvp, backward
    more: further arguments of `verify.check`: domain, bounds, shapes, ...
    domain_known: whether the adapter knows where the function is meant
    others: ways to call the same where this one cannot be read: of arrays, for example
    """

    name: str
    function: Callable[..., Any]
    given: Mapping[str, Any]
    more: Mapping[str, Any] = field(default_factory=dict)
    domain_known: bool = True
    others: tuple[Pair, ...] = ()


def followed(of: Any) -> Callable[[Function], Function]:
    """Marks a function of an adapter: on symbols it is followed as code of the package is.

    of: the package's function that it stands for, whose place is reported
    """

    def mark(function: Function) -> Function:
        function.__module__ = "packages"
        return standing_for(of)(function)

    return mark


def standing_for(of: Any) -> Callable[[Function], Function]:
    """Marks a function of an adapter that is run on floats only: symbols end in its first ``float``."""

    def mark(function: Function) -> Function:
        if of is not None:
            _STANDS_FOR[function] = of
        return function

    return mark


_STANDS_FOR: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
"""Beside the functions and not among their attributes, which a trace follows."""


def original(function: Any) -> Any:
    """The package's function that an adapter's stands for, or the function itself."""
    try:
        return _STANDS_FOR.get(function, function)
    except TypeError:  # an object that cannot be referred to
        return function


def on_floats(pair: Pair) -> Pair:
    """The same run as it is: its functions take nothing but floats.  A product of numbers is one by 1."""
    given = {what: _as_it_is(one) for what, one in pair.given.items()}
    if "backward" in given and "shapes" not in pair.more:
        given = {"jac": _with(_as_it_is(pair.given["backward"]), 1.0)}
    return replace(pair, function=_as_it_is(pair.function), given=given, others=())


def _as_it_is(function: Any) -> Any:
    if not callable(function):
        return function

    @standing_for(original(function))
    @wraps(function)
    def run(*data: Any, **named: Any) -> Any:
        return function(*map(_floats, data), **{name: _floats(x) for name, x in named.items()})

    return run


def _with(product: Any, g: float) -> Any:
    @standing_for(original(product))
    def derivative(*data: Any) -> Any:
        found = product(*data, g)
        return tuple(map(float, found)) if isinstance(found, tuple) else float(found)

    return derivative


def _floats(x: Any) -> Any:
    return np.asarray(x, dtype=float) if isinstance(x, np.ndarray) else float(x)


@followed(None)
def number(x: Any) -> Any:
    """A plain float as NumPy's, which has a shape and a size; all else as it is."""
    return np.float64(x) if type(x) is float else x


@followed(None)
def as_float(x: Any) -> Any:
    """A plain number as a float of NumPy's; all else as it is."""
    return np.float64(x) if type(x) in (int, float) else x


def has(target: Any, *names: str) -> bool:
    """Whether it has all of these methods."""
    return all(callable(getattr(target, name, None)) for name in names)


def chains(target: Any, table: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, Any, Any]]:
    """The (function, derivative) of a table that an object has: their names and themselves."""
    for function, derivative in table:
        if has(target, function, derivative):
            yield function, derivative, getattr(target, function), getattr(target, derivative)
