"""The arguments of a function whose derivative is handed over: which are differentiated, which vary, which are fixed.

A function is called in the way that SciPy calls it: the inputs by position, then ``args``.  An input is an array of the
shape that ``shapes`` or its value says, else a number.  ``wrt`` names those that are differentiated; the other inputs
vary among the points as well, but nothing is differentiated by them (they are `held`).
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backproof.verify.subjects.arrays.small import array_of, entries_of
from backproof.verify.subjects.contracts.trees import Path, is_tree, leaf_name, leaves, named_leaves, with_leaves
from backproof.verify.subjects.functions.looked_at import name_of, parameters_of
from backproof.verify.subjects.functions.pairs import check_names
from backproof.verify.subjects.operation import INPUT_NAMES, Shape
from backproof.verify.support.errors import UsageError
from backproof.verify.terms.parser import nearest
from backproof.verify.tracing.classes import told

ARGS = "*args"
"""The place of the further arguments among the values."""

POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True)
class Arguments:
    """What a function is called with.

    names: the inputs that vary, in the order of the call; shapes: theirs; wrt: those that are differentiated, in the
        order in which their partial derivatives are returned
    fixed: the values of other arguments, by name; args: further ones, by position, after the inputs
    by_position, by_keyword: all arguments, as they are passed
    trees: arguments that hold several inputs, with the keys that lead to each (see `trees`)
    """

    names: tuple[str, ...]
    shapes: Mapping[str, Shape]
    wrt: tuple[str, ...]
    fixed: Mapping[str, Any]
    args: tuple[Any, ...]
    by_position: tuple[str, ...]
    by_keyword: tuple[str, ...]
    trees: Mapping[str, tuple[Any, Mapping[Path, str]]] = field(default_factory=dict)

    @property
    def held(self) -> tuple[str, ...]:
        """The inputs that vary and are not differentiated."""
        return tuple(name for name in self.names if name not in self.wrt)

    def entries(self, *names: str) -> tuple[str, ...]:
        """The names of the entries of these inputs, of all without any: x_0, x_1, ..., or x for a number."""
        return tuple(entry for name in names or self.names for entry in entries_of(name, self.shapes[name]))

    @property
    def moved(self) -> tuple[str, ...]:
        """The entries that are differentiated, in the order of ``wrt``."""
        return self.entries(*self.wrt)

    @property
    def of_arrays(self) -> bool:
        """Whether any input is an array."""
        return any(self.shapes.values())

    def size(self, name: str) -> int:
        return math.prod(self.shapes[name])

    def values(self, entries: Sequence[Any], lifted: Callable[[Any], Any] = lambda x: x) -> dict[str, Any]:
        """The entries of all inputs, as arrays and numbers by name, and the values of the fixed arguments.

        lifted: how data is prepared for a run on symbols, as the data in the functions is
        """
        found = {name: lifted(value) for name, value in self.fixed.items()} | {ARGS: tuple(map(lifted, self.args))}
        start = 0
        for name in self.names:
            size = self.size(name)
            part = entries[start : start + size]
            found[name] = array_of(part, self.shapes[name]) if self.shapes[name] else part[0]
            start += size
        for name, (tree, paths) in self.trees.items():
            found[name] = with_leaves(tree, {path: found[leaf] for path, leaf in paths.items()})
        return found

    def parts_of(self, result: Any) -> Any:
        """What a derivative returned, for inputs in trees by their names."""
        if not self.trees:
            return result
        wrt = list(dict.fromkeys(self._tree_of(name) or name for name in self.wrt))
        if len(wrt) == 1 and is_tree(result):
            found = named_leaves(wrt[0], result)
        elif isinstance(result, (list, tuple)) and len(result) == len(wrt):
            found = {}
            for name, part in zip(wrt, result, strict=True):
                found |= named_leaves(name, part) if name in self.trees and is_tree(part) else {name: part}
        else:
            return result
        return {name: part for name, part in found.items() if name in self.wrt}

    def _tree_of(self, name: str) -> str:
        return next((tree for tree, (_, paths) in self.trees.items() if name in paths.values()), "")

    def call(self, function: Callable[..., Any], values: Mapping[str, Any]) -> Any:
        """The function of these values."""
        named = {name: values[name] for name in self.by_keyword}
        return function(*(values[name] for name in self.by_position), *values[ARGS], **named)

    def caller(self, function: Callable[..., Any], what: str) -> Callable[[Callable[..., Any], Mapping[str, Any]], Any]:
        """How a derivative is called: as the function is, or by name where it takes fewer of the arguments.

        Raises UsageError where it can be called in neither way.
        """
        parameters = parameters_of(function)
        if parameters is None or any(p.kind is p.VAR_POSITIONAL for p in parameters):
            return self.call
        places = [p for p in parameters if p.kind in POSITIONAL]
        required = [p for p in places if p.default is p.empty]
        count = len(self.by_position) + len(self.args)
        if len(required) <= count <= len(places):
            return self.call
        known = (*self.names, *self.fixed)
        if not self.args and all(p.name in known for p in required):
            taken = [p.name for p in parameters if p.name in known and p.kind is not p.POSITIONAL_ONLY]
            return lambda called, values: called(**{name: values[name] for name in taken})
        takes = ", ".join(p.name for p in required) or "nothing"
        given = ", ".join((*self.by_position, *(f"args[{k}]" for k in range(len(self.args)))))
        raise UsageError(f"{what} takes ({takes}); it is called as the function is, with ({given})")


def arguments_of(
    function: Callable[..., Any],
    names: Sequence[str] = (),
    values: Any = None,
    shapes: Mapping[str, Any] | None = None,
    wrt: Any = None,
    args: Any = (),
    mentioned: Sequence[str] = (),
) -> Arguments:
    """The arguments of a function, from what the user says of them.

    names: of its inputs, where it has none of its own; values: of its inputs, by place or by name: an array of floats
        gives its shape, a number of Python's or NumPy's floats is an input, and all else is fixed
    mentioned: further names that are inputs, such as those with bounds

    Raises UsageError.
    """
    who = name_of(function, "the function")
    args = tuple(args) if isinstance(args, (tuple, list)) else (args,)
    wanted = _listed(wrt)
    if names:
        check_names(who, names)
    stated = dict(shapes or {})
    named = _named(who, values)
    places, keywords, required = _inputs(
        function, who, tuple(names), (*wanted, *stated, *mentioned, *named), len(args), values
    )
    if isinstance(values, (tuple, list)):
        if values and all(isinstance(value, str) for value in values):
            raise UsageError(f"inputs: {values!r} are no numbers; names of inputs are passed as names=")
        if len(values) > len(places):
            raise UsageError(f"inputs: {len(values)} values for the {len(places)} arguments ({', '.join(places)})")
        named = dict(zip(places, values, strict=False))
        stays = {*named, *wanted, *stated, *mentioned, *required}
        places = [name for name in places if name in stays]
    known = (*places, *keywords)
    every = {leaf_name(name, path) for name, tree in named.items() if is_tree(tree) for path, _ in leaves(tree)}
    for what, given in (("wrt", wanted), ("shapes", stated), ("inputs", named), ("bounds", mentioned)):
        for name in given:
            if name not in known and name not in every:
                raise UsageError(f"{what}: {name!r} is not an argument of {who}{nearest(str(name), known)}")
    fixed: dict[str, Any] = {}
    seen: dict[str, Shape] = {}
    trees, wanted = _opened(named, wanted)
    for name, value in named.items():
        if name in trees:
            seen |= {leaf: np.shape(part) for leaf, part in trees[name][2].items()}
        elif (shape := _shape_of(name, value)) is None or (wanted and name not in wanted):
            fixed[name] = value
        else:
            seen[name] = shape
    for name in wanted:
        if name in fixed:
            raise UsageError(f"wrt: {name!r} is {_kind(fixed[name])}: nothing can be differentiated by it")
    inputs = [name for name in known if name not in fixed]
    varying = tuple(one for name in inputs for one in (trees[name][2] if name in trees else [name]))
    if not varying:
        raise UsageError(f"{who} has no inputs: it must take at least one number or array of floats")
    check_names(who, list(varying))
    found = {name: _shape(name, stated[name]) if name in stated else seen.get(name, ()) for name in varying}
    entries = [entry for name in varying for entry in entries_of(name, found[name])]
    if twice := next((entry for k, entry in enumerate(entries) if entry in entries[:k]), ""):
        raise UsageError(f"{who}: {twice} is an input, and an entry of an array: pass names= to tell them apart")
    several = {name: (tree, paths) for name, (tree, paths, _) in trees.items()}
    return Arguments(varying, found, tuple(wanted) or varying, fixed, args, tuple(places), tuple(keywords), several)


def _opened(
    named: Mapping[str, Any], wanted: tuple[str, ...]
) -> tuple[dict[str, tuple[Any, dict[Path, str], dict[str, Any]]], tuple[str, ...]]:
    """The values that are trees of floats, with the names and the values of their leaves; ``wrt`` by the leaves."""
    found: dict[str, tuple[Any, dict[Path, str], dict[str, Any]]] = {}
    for name, value in named.items():
        if not is_tree(value):
            continue
        parts = {path: part for path, part in leaves(value) if _shape_of(name, part) is not None}
        paths = {path: leaf_name(name, path) for path in parts}
        if parts and (not wanted or any(one in (name, *paths.values()) for one in wanted)):
            found[name] = value, paths, {paths[path]: part for path, part in parts.items()}
    spread = [leaf for name in wanted for leaf in (found[name][2] if name in found else [name])]
    return found, tuple(spread)


def parameter_names(function: Callable[..., Any]) -> list[str]:
    """The names of a function's parameters; none where they are not known."""
    return [p.name for p in parameters_of(function) or ()]


def _inputs(
    function: Callable[..., Any],
    who: str,
    names: tuple[str, ...],
    mentioned: Sequence[str],
    args: int,
    values: Any,
) -> tuple[list[str], list[str], list[str]]:
    """The arguments that are passed by position, by keyword, and those of the first that have no default."""
    count = told(function, "nin", 0)
    if not names and isinstance(count, int) and count:  # a ufunc of NumPy, which has no names of its own before 2.4
        names = INPUT_NAMES[:count]
    parameters = parameters_of(function)
    if parameters is None:
        if not names:
            raise UsageError(f'the signature of {who} is unknown: pass names=("x",), one for each input')
        return list(names), [], list(names)
    named = [p for p in parameters if p.kind is p.KEYWORD_ONLY]
    keywords = [p.name for p in named if p.default is p.empty or p.name in mentioned]
    if names:
        return list(names), [name for name in keywords if name not in names], list(names)
    several = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "")
    places = [p for p in parameters if p.kind in POSITIONAL]
    required = [p.name for p in places if p.default is p.empty]
    if isinstance(values, (tuple, list)):
        return [p.name for p in places], keywords, required
    if args:  # they come after the inputs, as in SciPy
        taken = required[: len(required) if several else max(1, len(required) - args)]
        return taken, keywords, taken
    if several:
        raise UsageError(f'{who} takes *{several}: pass names=("x", "y"), a name for each input, or args=')
    optional = [p.name for p in places if p.default is not p.empty and p.name in mentioned]
    return required, [*optional, *keywords], required


def _listed(wrt: Any) -> tuple[str, ...]:
    if wrt is None:
        return ()
    given = (wrt,) if isinstance(wrt, str) else wrt
    if not isinstance(given, (tuple, list)) or not given or not all(isinstance(name, str) for name in given):
        raise UsageError(f'wrt: {wrt!r} names no inputs: write ("a", "b")')
    if len(set(given)) < len(given):
        raise UsageError(f"wrt: {', '.join(given)} names an input twice")
    return tuple(given)


def _named(who: str, values: Any) -> dict[str, Any]:
    if values is None or isinstance(values, (tuple, list)):
        return {}
    if not isinstance(values, Mapping):
        way = 'nor a mapping such as {"x": 0.5}'
        raise UsageError(f"inputs: {values!r} is neither a tuple of values for {who} {way}")
    return dict(values)


def _shape_of(name: str, value: Any) -> Shape | None:
    """The shape of a value that may be differentiated; None for integers, labels, booleans and all else."""
    if isinstance(value, complex) or getattr(getattr(value, "dtype", None), "kind", "") == "c":
        raise UsageError(f"inputs: {name} is complex: pass real and imaginary part as two inputs, f(xr, xi)")
    if isinstance(value, (float, np.floating)):
        return ()
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return tuple(map(int, value.shape))
    if isinstance(value, (list, tuple)) and value and all(isinstance(v, (float, np.floating)) for v in value):
        return (len(value),)
    return None


def _kind(value: Any) -> str:
    dtype = getattr(value, "dtype", None)
    return f"an array of {dtype}" if dtype is not None else f"the {type(value).__name__} {value!r}"


def _shape(name: str, given: Any) -> Shape:
    sizes = given if isinstance(given, (tuple, list)) else (given,)
    if any(isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1 for n in sizes):
        raise UsageError(f"shapes: {given!r} is not a shape for {name}: write 3, or (2, 3)")
    return tuple(map(int, sizes))


def named_entries(arguments: Arguments) -> dict[str, tuple[str, ...]]:
    """What a user may bound, and the entries that each name stands for."""
    return {name: arguments.entries(name) for name in arguments.names}
