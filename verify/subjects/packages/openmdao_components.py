"""Components of OpenMDAO: ``compute`` and ``compute_partials``, with the sparsity that ``declare_partials`` states.

An entry that a declared sparsity leaves out is the claim 0, and a pair that is not declared the claim of a zero matrix.
A component is set up in a problem of its own; a plain dictionary then serves for inputs and partials.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from backproof.verify.subjects.packages.pair import Pair, followed

_MOST = 48
_AROUND = 1.0


def recognises(kind: type) -> bool:
    """An explicit component that computes its partial derivatives itself, or states them as constants."""
    names = {base.__name__ for base in kind.__mro__ if str(base.__module__).startswith("openmdao.")}
    if "ExplicitComponent" not in names:
        return False
    return _overrides(kind, "compute") and not _overrides(kind, "compute_jacvec_product")


def _overrides(kind: type, name: str) -> bool:
    return any(name in vars(base) for base in kind.__mro__ if base.__name__ not in _BASES)


_BASES = ("ExplicitComponent", "Component", "System", "ImplicitComponent", "object")


def pairs(component: Any) -> Iterator[Pair]:
    """The partial derivatives of each output by all continuous inputs."""
    if component._problem_meta is None:
        api = import_module("openmdao.api")
        problem = api.Problem(reports=False)
        problem.model.add_subsystem("component", component)
        problem.setup()
        problem.final_setup()
    declared = _declared(component)
    inputs = _variables(component, "input")
    for out, meta in _variables(component, "output").items():
        matrices = {name: declared.get((out, name)) for name in inputs}
        if not any(matrices.values()) or any(matrix and matrix["approximated"] for matrix in matrices.values()):
            continue
        constant = not _overrides(type(component), "compute_partials")
        if constant and not all(matrix is None or np.any(matrix["val"]) for matrix in matrices.values()):
            continue  # others write them: it is a base of theirs
        sizes = {name: int(np.prod(one["shape"])) for name, one in inputs.items()}
        if sum(sizes.values()) > _MOST:
            continue
        alone, whole = (_pair(one, component, out, meta, inputs, matrices) for one in (_alone(component), component))
        yield replace(alone, others=(whole,))


class Alone:
    """What a component's own code needs of it: plain attributes, options, methods; and nothing of the framework."""


Alone.__module__ = "packages"
_PLAIN = (bool, int, float, str, tuple, list, np.ndarray, np.generic)


def _alone(component: Any) -> Any:
    made = Alone()
    plain = {name: x for name, x in vars(component).items() if isinstance(x, _PLAIN)}
    attributes: dict[str, Any] = {name: x for name, x in plain.items() if name[0] != "_"}
    options = getattr(component, "options", {})
    attributes["options"] = {name: options[name] for name in options}
    for base in reversed(type(component).__mro__):
        if not str(base.__module__).startswith("openmdao.core") and base is not object:
            own = {name: x for name, x in vars(base).items() if isinstance(x, FunctionType)}
            attributes |= {name: MethodType(x, made) for name, x in own.items() if not name.startswith("__")}
    made.__dict__.update(attributes)
    return made


def _pair(called: Any, component: Any, out: str, meta: Any, inputs: dict[str, Any], matrices: dict[str, Any]) -> Pair:
    names = tuple(inputs)
    shapes = {name: tuple(map(int, one["shape"])) for name, one in inputs.items()}
    size = int(np.prod(meta["shape"]))
    sizes = {name: int(np.prod(shape)) for name, shape in shapes.items()}
    outputs = {name: tuple(map(int, one["shape"])) for name, one in _variables(component, "output").items()}
    compute, compute_partials = called.compute, getattr(called, "compute_partials", _nothing)
    symbols = tuple(f"u{k}" for k in range(len(names)))
    packed = {name: bool(shape) and math.prod(shape) > 0 for name, shape in shapes.items()}

    @followed(type(component).compute)
    def value(*data: Any) -> Any:
        found = {name: room(shape) for name, shape in outputs.items()}
        compute(given(data), found)
        return np.reshape(found[out], (size,))

    @followed(type(component).compute_partials)
    def jacobian(*data: Any) -> Any:
        partials = Partials(matrices)
        compute_partials(given(data), partials)
        return [partials.dense(out, name, size, sizes[name]) for name in names]

    @followed(None)
    def given(data: Any) -> Any:
        found = {}
        for name, one in zip(names, data, strict=True):
            found[name] = np.reshape(one, shapes[name]) if packed[name] else one
        return found

    @followed(None)
    def room(shape: Any) -> Any:
        return np.zeros(shape)

    more: dict[str, Any] = {
        "names": symbols,
        "shapes": {symbol: (sizes[name],) for symbol, name in zip(symbols, names, strict=True)},
        "bounds": {symbol: _bounds(inputs[name]) for symbol, name in zip(symbols, names, strict=True)},
        "layout": "partials",
    }
    positive = [symbol for symbol, (low, _) in more["bounds"].items() if low > 0]
    if positive:  # where its values lie; what holds at 0 is not what it is used for
        size_of = dict(zip(symbols, map(sizes.__getitem__, names), strict=True))
        entries = [f"{symbol}_{k}" for symbol in positive for k in range(size_of[symbol])]
        more["domain"] = " and ".join(f"{entry} > 0" for entry in entries)
    return Pair(out, value, {"jac": jacobian}, more)


class Partials(dict):  # type: ignore[type-arg]
    """What a component writes its partial derivatives into: (output, input) -> a value, or the entries declared."""

    @followed(None)
    def __init__(self, declared: Any) -> None:
        super().__init__()
        self.declared = declared

    @followed(None)
    def dense(self, out: str, name: str, rows: int, columns: int) -> Any:
        """The whole matrix: what is not declared is 0."""
        meta = self.declared[name]
        matrix = np.zeros((rows, columns))
        if meta is None:
            return matrix
        found = self.get((out, name), meta["val"])
        if found is None:
            return matrix
        places = meta["places"]
        if places is None:
            return np.reshape(found, (rows, columns)) if np.size(found) > 1 else matrix + found
        entries = list(np.reshape(found, (-1,)))
        made = [[0.0 for _ in range(columns)] for _ in range(rows)]
        for k, (i, j) in enumerate(places):
            made[i][j] = entries[k if len(entries) > 1 else 0]
        return np.array(made)


Partials.__module__ = "packages"


def _variables(component: Any, kind: str) -> dict[str, Any]:
    """The continuous variables by their short names, with what is known of them."""
    found = component._var_rel2meta
    return {name: found[name] for name in component._var_rel_names[kind]}


def _declared(component: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """What is declared of each (output, input): places of the entries, a constant value, whether it is approximated."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    prefix = component.pathname + "." if component.pathname else ""
    for (of, wrt), meta in component._subjacs_info.items():
        if of == wrt:
            continue
        rows, columns, value = meta["rows"], meta["cols"], meta["val"]
        places = None if rows is None else list(zip(map(int, rows), map(int, columns), strict=True))
        if meta.get("diagonal"):
            places = [(k, k) for k in range(int(meta["shape"][0]))]
        if value is not None and hasattr(value, "toarray"):
            value, places = value.toarray(), None
        key = of.removeprefix(prefix), wrt.removeprefix(prefix)
        found[key] = {"places": places, "val": value, "approximated": meta.get("method") not in (None, "exact")}
    return found


@followed(None)
def _nothing(inputs: Any, partials: Any) -> None:
    """Of a component whose partial derivatives are all constants."""
    del inputs, partials


def _bounds(meta: Any) -> tuple[float, float]:
    """Around the value that the component was given."""
    at = np.ravel(np.asarray(meta["val"], dtype=float))
    low, high = float(at.min()), float(at.max())
    if low > 0:
        return low / 2, high * 2
    return low - _AROUND, high + _AROUND
